// Extents: where in a log which offsets and time stamps are. An extent is a run of whole records of at least 16 KiB; inside a record above 64 KiB it
// is a run of whole frames of at least 16 KiB, so that one message out of a large batch costs a small read, unless the record is encrypted. The index
// file is derived from the log and can be deleted at any time.
//
// Index file: header, then one 40-byte entry per closed extent, in order.
//
//   0   magic            u32     "GLIX"
//   4   version          u16     = 1
//   6   flags            u16     bit 0 sealed
//   8   start            u64     the segment's first offset
//   16  incarnation      u64     of the partition
//   24  secret           u64     of the partition: a second copy, in case partition.meta is lost
//   32  log_length       u64     sealed: bytes of the log
//   40  end_offset       u64     sealed: last offset + 1
//   48  logical_bytes    u64     sealed
//   56  first_timestamp  u64 µs  sealed
//   64  last_timestamp   u64 µs  sealed
//   72  zero             48 B
//   120 check            u64     XXH3-64 of bytes 0..120
//
//   0   relative_offset  u32     of the first message
//   4   position         u32     of the first byte in the log
//   8   length           u32     bytes
//   12  record_position  u32     header of the record that the first byte belongs to
//   16  timestamp        u64 µs  base time stamp of that record
//   24  logical_bytes    u64     of all messages of the segment before this extent
//   32  flags            u32     bit 0: (part of) a record above 64 KiB
//   36  check            u32     low half of XXH3-64 of bytes 0..36, seeded with secret ^ start: zeros and entries of other files do not verify
//
// Pure functions over memory, callable from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "record.h"

namespace galgo {

inline constexpr uint32_t kExtentBytesMin = 16 * 1024;
inline constexpr uint32_t kLargeRecordBytes = 64 * 1024;
inline constexpr size_t kIndexHeaderBytes = 128;
inline constexpr size_t kIndexEntryBytes = 40;

struct Extent {
  uint32_t relative_offset;
  uint32_t position;
  uint32_t record_position;
  bool large;
  bool verified;  // every frame's checksum was seen to be right by this process
  uint64_t timestamp;
  uint64_t logical_bytes;  // before the extent
};

/// Cuts records into extents as they are appended. Copyable: a copy taken before a write that fails is the state to go back to.
class ExtentBuilder {
 public:
  explicit ExtentBuilder(uint64_t segment_start = 0, uint64_t logical_bytes = 0) : segment_start_(segment_start), logical_bytes_(logical_bytes) {}
  /// Adds the record at `position`, complete in memory and stamped; appends an element to `extents` for each extent that begins in it.
  void add(uint64_t position, const RecordInfo& info, const uint8_t* record, std::vector<Extent>* extents);

 private:
  uint64_t segment_start_;
  uint64_t logical_bytes_;  // of the records added
  uint64_t extent_position_ = 0;
  bool open_ = false;  // the extent at extent_position_ takes further records
};

struct IndexHeader {
  bool sealed = false;
  uint64_t start = 0;
  uint64_t incarnation = 0;
  uint64_t secret = 0;
  uint64_t log_length = 0;
  uint64_t end_offset = 0;
  uint64_t logical_bytes = 0;
  uint64_t first_timestamp = 0;
  uint64_t last_timestamp = 0;
};

void encode_index_header(const IndexHeader& header, uint8_t out[kIndexHeaderBytes]);
/// False if these bytes are no valid header.
bool decode_index_header(const uint8_t* in, IndexHeader* header);

/// Appends the entries of extents [first, end) to `out`; `log_end` ends the last of `extents`.
void encode_extents(const std::vector<Extent>& extents, size_t first, size_t end, uint64_t log_end, uint64_t secret, uint64_t start,
                    std::vector<uint8_t>* out);

/// Reads entries for as long as they verify, follow each other without a gap and end at or below `log_end_max`. Returns the byte of the log where the
/// last one ends.
uint64_t decode_extents(const uint8_t* in, size_t length, uint64_t log_end_max, uint64_t secret, uint64_t start, std::vector<Extent>* extents);

}  // namespace galgo
