// Takes messages out of a batch whose ids are known, before it is stamped: deduplication by message id.
//
// Threads: the partition's owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "id_window.h"
#include "record.h"

namespace galgo {

struct ThinBatch {
  size_t length = 0;          // bytes that are left, from the start of `data` on
  uint32_t count = 0;         // messages that are left
  uint64_t first_offset = 0;  // of the batch's first message: its new offset, or that of the message that it repeats
};

/// Closes the gaps of messages that `ids` knows, numbers those behind them anew and redoes their checksums; `records` loses the ones that become
/// empty. What is left gets offsets from `next_offset` on and is staged in `ids`, but
/// for records whose ids the server made. Of several messages with one id the first is kept.
ThinBatch thin_batch(uint8_t* data, std::vector<TranscodedRecord>* records, uint64_t next_offset, uint64_t timestamp, IdWindow& ids);

}  // namespace galgo
