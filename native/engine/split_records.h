// Splits records of many messages, before they are stamped: what is encrypted is kept small enough to be decrypted for one message of it.
//
// The parts of a record have its header with their own length and count. Their frames stay as the producer made them, so that offset deltas run on
// from part to part.
//
// Pure functions over memory and the buffer pool, callable from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "buffer_pool.h"
#include "record.h"

namespace galgo {

struct SplitRecords {
  uint32_t slot = kNoSlot;  // holds all records back to back, those that were not split too; kNoSlot: every record is small enough, nothing was done
  size_t length = 0;
  std::vector<TranscodedRecord> records;
};

/// Splits records above `bytes_max` that have several messages. Their layout was checked. kOk or kOutOfMemory.
Status split_records(const uint8_t* data, const std::vector<TranscodedRecord>& records, size_t bytes_max, BufferPool& buffers, SplitRecords* split);

}  // namespace galgo
