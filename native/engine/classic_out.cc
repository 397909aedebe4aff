// Frames as 0.8 messages, for polls of 0.8 clients (message layout: classic_in.cc).
#include <cstring>

#include "record_fields.h"

namespace galgo {
namespace {

void seal_messages(uint8_t* message, const uint8_t* end) {
  while (message < end) {
    const uint64_t bytes = kClassicHeaderBytes + uint64_t{load32(message + classic::kUserHeadersLength)} + load32(message + classic::kPayloadLength);
    store64(message + classic::kChecksum, checksum_behind_field(message, bytes));
    message += bytes;
  }
}

}  // namespace

size_t classic_bytes(const uint8_t* frames, const uint8_t* frames_end, uint32_t* count) {
  uint32_t counted = 0;
  for (const uint8_t* frame = frames; frame < frames_end; frame += frame_bytes(frame)) counted++;
  *count = counted;
  return static_cast<size_t>(frames_end - frames) + size_t{counted} * (kClassicHeaderBytes - kFrameHeaderBytes);
}

size_t write_classic(const uint8_t* header, const uint8_t* frames, const uint8_t* frames_end, uint8_t* out) {
  const uint64_t base_offset = load64(header + header::kBaseOffset);
  const uint64_t base_timestamp = load64(header + header::kBaseTimestamp);
  const uint64_t origin_timestamp = load64(header + header::kOriginTimestamp);
  uint8_t* message = out;
  uint8_t* unsealed = out;
  for (const uint8_t* frame = frames; frame < frames_end; frame += frame_bytes(frame)) {
    const uint64_t body_bytes = frame_bytes(frame) - kFrameHeaderBytes;
    std::memcpy(message + classic::kId, frame + frame::kId, 16);
    store64(message + classic::kOffset, base_offset + load32(frame + frame::kOffsetDelta));
    store64(message + classic::kTimestamp, base_timestamp);
    store64(message + classic::kOriginTimestamp, origin_timestamp + load32(frame + frame::kTimestampDelta));
    store32(message + classic::kUserHeadersLength, load32(frame + frame::kUserHeadersLength));
    store32(message + classic::kPayloadLength, load32(frame + frame::kPayloadLength));
    store64(message + classic::kReserved, 0);
    std::memcpy(message + kClassicHeaderBytes, frame + kFrameHeaderBytes, body_bytes);
    message += kClassicHeaderBytes + body_bytes;
    if (static_cast<size_t>(message - unsealed) >= kHashBehindBytes) {
      seal_messages(unsealed, message);
      unsealed = message;
    }
  }
  seal_messages(unsealed, message);
  return static_cast<size_t>(message - out);
}

}  // namespace galgo
