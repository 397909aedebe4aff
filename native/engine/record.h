// Batch records: the one format at rest.
//
// A log file is a concatenation of records. A record is the batch of Iggy 0.9's wire (256-byte header, then 48-byte frames, each followed by payload
// and user headers). Bytes 52..256 of the header are zero on the wire; at rest they hold facts of our own, covered by a checksum keyed with the
// partition's secret.
//
//   0   partition_id      u64     stamped by the server
//   8   base_offset       u64     stamped
//   16  base_timestamp    u64 µs  stamped, one value for a commit group
//   24  origin_timestamp  u64 µs  smallest client time of the batch
//   32  batch_length      u64     header included
//   40  batch_checksum    u64     XXH3-64 over the six fields (partition_id, base_offset, base_timestamp, origin_timestamp, batch_length u64 each,
//                                 message_count u32), then the checksum field of every frame
//   48  message_count     u32
//   -- at rest only, zero on the wire
//   52  format            u16     = 1
//   54  flags             u16     bit 0 encrypted (encrypted_record.h), bit 1 has ids made by the server, bit 2 has no others, bit 3 the batch goes
//   on in
//                                 the next record
//   56  incarnation       u64     of the partition
//   64  first_offset      u64     = base_offset + offset_delta of the first frame (they differ in later records of a batch that was split)
//   72  client_id         16 B    producer; zero for 0.8 clients
//   88  request           u64     producer's request number; zero for 0.8 clients
//   96  user_id           u32
//   100 logical_bytes     u64     sum of 64 + payload + user headers: what Iggy shows as size
//   108 encryption        48 B    key and tag of an encrypted record, else zero
//   156 zero              92 B
//   248 header_checksum   u64     XXH3-64 with secret-derived seed over bytes 0..248
//
// Frame (48 bytes): checksum u64 (XXH3-64 over frame bytes 8..48, payload, user headers) · id u128 · offset_delta u32 · timestamp_delta u32 µs ·
// user_headers_length u32 · payload_length u32 · zero u64, then payload, then user headers.
//
// Pure functions over memory: no I/O, no locks, callable from any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "status.h"

namespace galgo {

static_assert(std::endian::native == std::endian::little, "records are little-endian and read in place");

inline constexpr size_t kRecordHeaderBytes = 256;
inline constexpr size_t kFrameHeaderBytes = 48;
inline constexpr size_t kClassicHeaderBytes = 64;
inline constexpr size_t kClassicIndexBytes = 16;
inline constexpr uint32_t kPayloadBytesMax = 64'000'000;
inline constexpr uint32_t kUserHeadersBytesMax = 100'000;
inline constexpr uint16_t kRecordFormat = 1;
inline constexpr uint16_t kRecordEncrypted = 1;  // flag bits
inline constexpr uint16_t kRecordHasServerIds = 2;
inline constexpr uint16_t kRecordServerIdsOnly = 4;
inline constexpr uint16_t kRecordContinues = 8;
inline constexpr size_t kTranscodedRecordBytesMax = 1 << 20;  // a record of several 0.8 messages is closed before it would pass this

/// Who sends a batch; kept at rest in the record header.
struct Producer {
  uint8_t client_id[16];  // little-endian u128; zero for 0.8 clients
  uint64_t request;
  uint32_t user_id;
};

/// What the server stamps into a record.
struct Stamp {
  uint64_t partition_id;
  uint64_t base_offset;
  uint64_t base_timestamp;  // µs
  uint64_t incarnation;
  uint64_t secret;  // of the partition; keys the header checksum
  Producer producer;
};

/// A verified or freshly parsed header.
struct RecordInfo {
  uint64_t base_offset;
  uint64_t first_offset;
  uint64_t base_timestamp;
  uint64_t origin_timestamp;
  uint64_t batch_length;
  uint64_t logical_bytes;
  uint32_t message_count;
  uint16_t flags;
};

inline uint64_t load64(const uint8_t* p) {
  uint64_t v;
  __builtin_memcpy(&v, p, 8);
  return v;
}
inline uint32_t load32(const uint8_t* p) {
  uint32_t v;
  __builtin_memcpy(&v, p, 4);
  return v;
}
inline void store64(uint8_t* p, uint64_t v) { __builtin_memcpy(p, &v, 8); }
inline void store32(uint8_t* p, uint32_t v) { __builtin_memcpy(p, &v, 4); }

/// Size in bytes of the frame at `frame`, header included. The caller knows that 48 bytes are readable.
inline uint64_t frame_bytes(const uint8_t* frame) { return kFrameHeaderBytes + uint64_t{load32(frame + 32)} + load32(frame + 36); }

// -- Incoming 0.9 batches ------------------------------------------------------------------------------------------------------------------

/// Checks the layout of a batch as a producer sent it: lengths add up, frames tile the record, reserved bytes are zero, offset_delta = position,
/// payload and user header limits, count = `expected_count`. O(message_count), does not touch payloads. Never reads outside [batch, batch + length).
/// Fills `info` (logical_bytes too; base_offset, first_offset, base_timestamp and flags are zero until stamped).
/// Errors: kInvalidMessagesCount, kInvalidCommand (layout), kTooBigMessagePayload, kTooBigUserHeaders, kInvalidMessageTimestampDelta (an origin time
/// stamp past 2⁶⁴, on which clients would overflow).
Status check_batch_layout(const uint8_t* batch, size_t length, uint32_t expected_count, RecordInfo* info);

/// Verifies every frame checksum and the batch checksum of a batch whose layout was checked, as sent: one pass over the data.
/// Errors: kInvalidMessageChecksum, kInvalidBatchChecksum.
Status verify_batch_checksums(const uint8_t* batch, size_t length);

/// Gives ids to frames whose id is zero (random, UUID version 4 layout) and redoes those frames' checksums. Returns how many there were.
uint32_t fill_missing_ids(uint8_t* batch, size_t length);

/// The flags of a record of `count` messages of which `made` have ids that the server made.
constexpr uint16_t id_flags(uint32_t made, uint32_t count) {
  if (made == 0) return 0;
  return made == count ? kRecordHasServerIds | kRecordServerIdsOnly : kRecordHasServerIds;
}

/// Writes the stamped fields, the at-rest fields, batch checksum and header checksum. `info` is of check_batch_layout. Payloads are not touched.
void stamp_record(uint8_t* record, const RecordInfo& info, uint16_t flags, const Stamp& stamp);

// -- Records at rest -----------------------------------------------------------------------------------------------------------------------

enum class HeaderCheck {
  kValid,
  kForeign,      // does not verify: other secret, other data
  kImplausible,  // verifies, but was written for another incarnation, in another format, or makes no sense
};

/// Verifies the keyed header checksum and plausibility (length ≥ 256 + 48 × count, count > 0, format known, incarnation equal). Reads 256 bytes.
/// `info` is filled only if the header is valid.
HeaderCheck read_record_header(const uint8_t* header, uint64_t secret, uint64_t incarnation, RecordInfo* info);

/// Verifies tiling, batch checksum and every frame checksum of a complete record at rest, or the checksum of its encrypted frames:
/// `info.batch_length` bytes are readable.
bool verify_record_body(const uint8_t* record, const RecordInfo& info);

// -- Outgoing 0.9 replies ------------------------------------------------------------------------------------------------------------------

/// Turns an at-rest header into a wire header in place: bytes 52..256 become zero.
void to_wire_header(uint8_t* header);

/// Writes a wire header for frames [frames, frames_end) of a record whose at-rest (or wire) header is `source`: partition, base offset, base and
/// origin time stamps kept; batch_length, message_count, batch_checksum made for these frames from their checksum fields. `header` may overlap bytes
/// just before `frames` and may overlap `source`. `count` is the number of frames in the range.
void write_cut_header(uint8_t* header, const uint8_t* source, const uint8_t* frames, const uint8_t* frames_end, uint32_t count);

// -- 0.8 messages --------------------------------------------------------------------------------------------------------------------------

/// Result of checking a 0.8 SendMessages index and message block.
struct ClassicBatch {
  const uint8_t* indexes;   // 16 × count bytes
  const uint8_t* messages;  // first message
  size_t messages_bytes;
  uint32_t count;
  uint32_t records;  // that transcode_classic makes of it
};

/// Checks index and messages in the reference's order (spec binary-protocol §16.6, rows 8–16). `data` starts at the index block.
/// After kOk the messages lie back to back, and the index's end positions (but the last, which is not looked at) are theirs.
/// Errors: kInvalidCommand (no room for the index), 4009, 4031, 4032, 4033, 4022, 4017, 4100, 10011, 4036.
Status check_classic_batch(const uint8_t* data, size_t length, uint32_t count, ClassicBatch* batch);

/// The records that transcode_classic makes of the batch's messages, which lie back to back.
uint32_t count_classic_records(const ClassicBatch& batch);

/// The bytes that transcode_classic writes for this batch.
size_t transcoded_bytes_max(const ClassicBatch& batch);

/// One record made by transcode_classic.
struct TranscodedRecord {
  size_t position;  // in the output
  RecordInfo info;  // base_offset, first_offset and base_timestamp are zero: known only to who stamps
  uint16_t flags;
};

/// Transcodes a checked 0.8 batch into records in one fused pass (copy and frame checksum). A record is closed at 1 MiB, or where origin time stamps
/// span more than 2³² − 1 µs. A message with id 0 gets a random id; reserved fields become zero. Frames of later records of the same batch start at
/// offset_delta 0 again. `out` holds at least transcoded_bytes_max() and does not overlap the batch. Returns the number of bytes written; `records`
/// gets `batch.records` elements (returns 0 if `records_max` is fewer).
size_t transcode_classic(const ClassicBatch& batch, uint8_t* out, TranscodedRecord* records, size_t records_max, size_t* records_made);

/// Bytes that frames [frames, frames_end) take as 0.8 messages (64-byte headers); `count` gets their number.
size_t classic_bytes(const uint8_t* frames, const uint8_t* frames_end, uint32_t* count);

/// Writes the frames as 0.8 messages with 0.8 checksums: offset = base_offset + offset_delta, time stamp = base_timestamp, origin = origin_timestamp
/// + delta. `header` is the record's header (at rest or wire). Returns the bytes written.
size_t write_classic(const uint8_t* header, const uint8_t* frames, const uint8_t* frames_end, uint8_t* out);

// -- Hashes --------------------------------------------------------------------------------------------------------------------------------

uint64_t xxh3_64(const void* data, size_t length);                       // seed 0
uint64_t xxh3_64_keyed(const void* data, size_t length, uint64_t seed);  // cannot be foretold without the seed
uint32_t xxh32(const void* data, size_t length);                         // seed 0

/// A UUID version 4 in printed order, so never zero: unique, not secret. Thread-safe, fast (a per-thread generator seeded by the kernel).
void random_id(uint8_t out[16]);

}  // namespace galgo
