// A commit group: the batches that are written together, and what comes of each.
//
// Threads: belongs to the partition's owner. Its vectors are kept from group to group.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <vector>

#include "encrypted_record.h"
#include "engine.h"
#include "extent_index.h"
#include "id_window.h"

namespace galgo {

/// One accepted append request.
struct AppendJob {
  uint32_t request = 0;
  CompletionSink* sink = nullptr;
  Generation generation = Generation::kVsr;
  uint8_t* data = nullptr;
  size_t length = 0;
  uint32_t count = 0;
  Producer producer{};
  uint32_t slot = kNoSlot;  // of the engine: released when the group is written
  bool verified = false;    // vsr: checksums are known to be right
  bool transcoded = false;  // classic: `data` holds `records` already
  uint64_t logical_bytes = 0;
  RecordInfo info{};  // vsr
  std::vector<TranscodedRecord> records;

  // Outcome.
  Status status = kOk;
  uint64_t first_offset = 0;
  uint32_t stored = 0;  // messages: fewer than `count` where some were repeated
};

class AppendGroup {
 public:
  std::vector<AppendJob> jobs;
  std::vector<Extent> extents;  // that begin in the group
  uint64_t timestamp = 0;
  uint64_t end_offset = 0;
  uint64_t end_position = 0;
  uint64_t logical_bytes = 0;
  int error = 0;  // errno of the write or sync that failed
  bool fills_segment = false;

  void clear();

  /// Verifies and transcodes what is still to be, stamps every record with consecutive offsets from `first_offset` on, and lists the bytes to write.
  /// A job that fails gets its status and no offset. Messages that `ids` knows are left out; a job of such ones alone gets the offset of the first.
  /// Encrypts the records if `sealer`, which is in the segment that they go to, is on. False: nothing is left to write.
  bool prepare(uint64_t first_offset, uint64_t position, uint64_t timestamp, const PartitionOptions& partition, uint64_t secret,
               ExtentBuilder* builder, IdWindow& ids, RecordSealer& sealer, BufferPool& buffers);
  std::vector<iovec>& parts() { return parts_; }
  /// Gives back the slots that the group took or was given.
  void release_slots(BufferPool& buffers);

 private:
  Status prepare_job(AppendJob& job, BufferPool& buffers);
  Status split_job(AppendJob& job, BufferPool& buffers);

  std::vector<iovec> parts_;
  std::vector<uint32_t> slots_;
};

/// Transcodes a checked classic batch into a slot of its own. kOk or kOutOfMemory.
Status transcode_into_slot(const ClassicBatch& batch, BufferPool& buffers, uint32_t* slot, size_t* length, std::vector<TranscodedRecord>* records);

}  // namespace galgo
