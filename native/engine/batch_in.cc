// Incoming 0.9 batches: layout, checksums, missing ids. Everything in a batch is hostile until check_batch_layout returned kOk.
#include <algorithm>

#include "record_fields.h"

namespace galgo {
namespace {

bool reserved_is_zero(const uint8_t* batch) {
  uint64_t bits = load32(batch + header::kReserved);
  for (size_t at = header::kReserved + 4; at < kRecordHeaderBytes; at += 8) bits |= load64(batch + at);
  return bits == 0;
}

}  // namespace

Status check_batch_layout(const uint8_t* batch, size_t length, uint32_t expected_count, RecordInfo* info) {
  if (length < kRecordHeaderBytes) return kInvalidCommand;
  const uint32_t count = load32(batch + header::kMessageCount);
  if (count == 0 || count != expected_count) return kInvalidMessagesCount;
  if (load64(batch + header::kBatchLength) != length) return kInvalidCommand;
  if (!reserved_is_zero(batch)) return kInvalidCommand;

  const uint8_t* frame = batch + kRecordHeaderBytes;
  const uint8_t* const end = batch + length;
  uint32_t timestamp_delta_max = 0;
  for (uint32_t i = 0; i < count; i++) {
    const auto left = static_cast<size_t>(end - frame);
    if (left < kFrameHeaderBytes || left < frame_bytes(frame)) return kInvalidCommand;
    if (load32(frame + frame::kOffsetDelta) != i || load64(frame + frame::kReserved) != 0) return kInvalidCommand;
    if (load32(frame + frame::kPayloadLength) > kPayloadBytesMax) return kTooBigMessagePayload;
    if (load32(frame + frame::kUserHeadersLength) > kUserHeadersBytesMax) return kTooBigUserHeaders;
    timestamp_delta_max = std::max(timestamp_delta_max, load32(frame + frame::kTimestampDelta));
    frame += frame_bytes(frame);
  }
  if (frame != end) return kInvalidCommand;
  const uint64_t origin_timestamp = load64(batch + header::kOriginTimestamp);
  if (origin_timestamp > UINT64_MAX - timestamp_delta_max) return kInvalidMessageTimestampDelta;

  *info = RecordInfo{};
  info->origin_timestamp = origin_timestamp;
  info->batch_length = length;
  info->logical_bytes = length - kRecordHeaderBytes + uint64_t{count} * (kClassicHeaderBytes - kFrameHeaderBytes);
  info->message_count = count;
  return kOk;
}

Status verify_batch_checksums(const uint8_t* batch, size_t length) {
  const uint8_t* const frames = batch + kRecordHeaderBytes;
  const uint8_t* const end = batch + length;
  for (const uint8_t* frame = frames; frame < end; frame += frame_bytes(frame)) {
    if (checksum_behind_field(frame, frame_bytes(frame)) != load64(frame + frame::kChecksum)) return kInvalidMessageChecksum;
  }
  return batch_checksum(batch, frames, end) == load64(batch + header::kBatchChecksum) ? kOk : kInvalidBatchChecksum;
}

uint32_t fill_missing_ids(uint8_t* batch, size_t length) {
  uint32_t filled = 0;
  const uint8_t* const end = batch + length;
  for (uint8_t* frame = batch + kRecordHeaderBytes; frame < end; frame += frame_bytes(frame)) {
    if ((load64(frame + frame::kId) | load64(frame + frame::kId + 8)) != 0) continue;
    random_id(frame + frame::kId);
    store64(frame + frame::kChecksum, checksum_behind_field(frame, frame_bytes(frame)));
    ++filled;
  }
  return filled;
}

}  // namespace galgo
