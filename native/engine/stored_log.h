// Messages as Iggy keeps them in its log files, read and checked for an import: 0.8 messages back to back (64-byte headers, XXH3-64 each), or 0.9
// batch records back to back.
//
// Pure functions over memory: no I/O, no locks, callable from any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "engine.h"
#include "record.h"

namespace galgo {

/// What ends a run of sound messages.
enum class StoredFault : uint32_t {
  kNone = 0,        // the bytes end with it
  kIncomplete = 1,  // more bytes are needed
  kLayout = 2,      // what follows is no message: lengths out of bounds, or (0.8) a reserved field that is not zero
  kChecksum = 3,    // what follows does not verify, or (0.9) does not fill its record; its length may be as wrong as the rest
  kOffset = 4,      // what follows is sound, but has another offset than the next one
};

struct StoredRun {
  uint64_t bytes = 0;         // of the run
  uint64_t next_offset = 0;   // after it
  uint64_t fault_offset = 0;  // kOffset: the offset that the message has
  uint64_t fault_bytes = 0;   // kIncomplete: bytes needed from the end of the run on; kChecksum, kOffset: length of what follows
  uint32_t messages = 0;
  StoredFault fault = StoredFault::kNone;
};

/// A 0.9 record above this is taken for damage: no client could send or receive one.
inline constexpr uint64_t kStoredRecordBytesMax = 64ull << 20;

/// Walks messages (0.9: records) from `data` on for as long as they are whole, verify and have consecutive offsets from `expected_offset` on. Reads
/// nothing outside [data, data + length).
StoredRun check_stored(Generation generation, const uint8_t* data, size_t length, uint64_t expected_offset);

/// The records that a run of stored messages becomes, not yet stamped, but with base offset and base time stamp known. Frames are checked for their
/// layout alone: the run went through check_stored. 0.8 messages are transcoded into a slot of their own, a record ending where the time stamp
/// changes; 0.9 records stay where they are.
class StoredRecords {
 public:
  explicit StoredRecords(BufferPool& buffers) : buffers_(buffers) {}
  ~StoredRecords();
  StoredRecords(const StoredRecords&) = delete;
  StoredRecords& operator=(const StoredRecords&) = delete;

  /// kOk; kInvalidCommand for bytes that are no whole messages; kInvalidOffset where offsets do not count up; kOutOfMemory.
  Status read(Generation generation, uint8_t* data, size_t length);
  /// Splits records above `bytes_max` that have several messages. kOk or kOutOfMemory.
  Status split(size_t bytes_max);

  /// Positions are relative to this.
  uint8_t* data() const { return data_; }
  std::vector<TranscodedRecord>& records() { return records_; }

 private:
  Status read_batches(uint8_t* data, size_t length);
  Status read_classic(const uint8_t* data, size_t length);
  Status transcode(const std::vector<ClassicBatch>& batches);

  BufferPool& buffers_;
  uint32_t slot_ = kNoSlot;
  uint8_t* data_ = nullptr;
  std::vector<TranscodedRecord> records_;
};

}  // namespace galgo
