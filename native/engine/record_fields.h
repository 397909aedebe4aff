// Byte positions of the record header, the frame header and the 0.8 message header (layouts: record.h), and the batch checksum over them.
#pragma once

#include "record.h"

namespace galgo {

namespace header {
inline constexpr size_t kPartitionId = 0;
inline constexpr size_t kBaseOffset = 8;
inline constexpr size_t kBaseTimestamp = 16;
inline constexpr size_t kOriginTimestamp = 24;
inline constexpr size_t kBatchLength = 32;
inline constexpr size_t kBatchChecksum = 40;
inline constexpr size_t kMessageCount = 48;
inline constexpr size_t kReserved = 52;  // from here on zero on the wire
inline constexpr size_t kFormat = 52;
inline constexpr size_t kFlags = 54;
inline constexpr size_t kIncarnation = 56;
inline constexpr size_t kFirstOffset = 64;
inline constexpr size_t kClientId = 72;
inline constexpr size_t kRequest = 88;
inline constexpr size_t kUserId = 96;
inline constexpr size_t kLogicalBytes = 100;
inline constexpr size_t kKeyId = 108;
inline constexpr size_t kSalt = 116;
inline constexpr size_t kCounter = 132;
inline constexpr size_t kTag = 140;
inline constexpr size_t kZero = 156;
inline constexpr size_t kHeaderChecksum = 248;
}  // namespace header

namespace frame {
inline constexpr size_t kChecksum = 0;
inline constexpr size_t kId = 8;
inline constexpr size_t kOffsetDelta = 24;
inline constexpr size_t kTimestampDelta = 28;
inline constexpr size_t kUserHeadersLength = 32;
inline constexpr size_t kPayloadLength = 36;
inline constexpr size_t kReserved = 40;
}  // namespace frame

namespace classic {
inline constexpr size_t kChecksum = 0;
inline constexpr size_t kId = 8;
inline constexpr size_t kOffset = 24;
inline constexpr size_t kTimestamp = 32;
inline constexpr size_t kOriginTimestamp = 40;
inline constexpr size_t kUserHeadersLength = 48;
inline constexpr size_t kPayloadLength = 52;
inline constexpr size_t kReserved = 56;
}  // namespace classic

/// Transcoding hashes what it wrote this many bytes behind its copying: the processor would stall on loads that straddle stores still in its store
/// buffer, and further behind the data would have left the first-level cache.
inline constexpr size_t kHashBehindBytes = 16 << 10;

/// Checksum of a frame, or of a 0.8 message, of `bytes` bytes: all of it but the checksum field in front.
inline uint64_t checksum_behind_field(const uint8_t* data, uint64_t bytes) { return xxh3_64(data + 8, bytes - 8); }

/// XXH3-64 over the six header fields and the checksum field of each frame in [frames, frames_end), which must tile that range.
uint64_t batch_checksum(const uint8_t* record_header, const uint8_t* frames, const uint8_t* frames_end);

/// Makes the keyed header checksum right, after every other change of the header.
void stamp_header_checksum(uint8_t* header, uint64_t secret);

}  // namespace galgo
