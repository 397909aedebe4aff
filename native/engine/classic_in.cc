// 0.8 SendMessages: checks in the reference's order, then transcoding into records.
//
//   index entry (16 bytes): offset u32 = 0 · end position u32 · time stamp u64 = 0
//   message (64 bytes): checksum u64 · id u128 · offset u64 · time stamp u64 · origin time stamp u64 · user headers length u32 · payload length u32 ·
//     reserved u64, then payload, then user headers
#include <algorithm>
#include <cstring>

#include "record_fields.h"

namespace galgo {
namespace {

/// Grows a record message by message; decides where it must be closed.
struct RecordExtent {
  uint64_t bytes = kRecordHeaderBytes;
  uint64_t origin_min = UINT64_MAX;
  uint64_t origin_max = 0;
  uint32_t count = 0;

  /// Takes a message in, or returns false if it must open the next record.
  bool add(uint64_t message_bytes, uint64_t origin_timestamp) {
    const uint64_t bytes_then = bytes + message_bytes - (kClassicHeaderBytes - kFrameHeaderBytes);
    const uint64_t min_then = std::min(origin_min, origin_timestamp);
    const uint64_t max_then = std::max(origin_max, origin_timestamp);
    if (count > 0 && (bytes_then > kTranscodedRecordBytesMax || max_then - min_then > UINT32_MAX)) return false;
    bytes = bytes_then;
    origin_min = min_then;
    origin_max = max_then;
    count++;
    return true;
  }
};

uint64_t classic_message_bytes(const uint8_t* message) {
  return kClassicHeaderBytes + uint64_t{load32(message + classic::kUserHeadersLength)} + load32(message + classic::kPayloadLength);
}

RecordExtent next_extent(const uint8_t* message, const uint8_t* end) {
  RecordExtent extent;
  while (message < end && extent.add(classic_message_bytes(message), load64(message + classic::kOriginTimestamp))) {
    message += classic_message_bytes(message);
  }
  return extent;
}

/// Writes `message` as a frame whose checksum is still to come. Returns true if the frame got an id of ours.
bool write_frame(const uint8_t* message, uint64_t message_bytes, uint32_t offset_delta, uint64_t origin_min, uint8_t* frame) {
  const uint64_t body_bytes = message_bytes - kClassicHeaderBytes;
  const bool without_id = (load64(message + classic::kId) | load64(message + classic::kId + 8)) == 0;
  if (without_id) {
    random_id(frame + frame::kId);
  } else {
    std::memcpy(frame + frame::kId, message + classic::kId, 16);
  }
  store32(frame + frame::kOffsetDelta, offset_delta);
  store32(frame + frame::kTimestampDelta, static_cast<uint32_t>(load64(message + classic::kOriginTimestamp) - origin_min));
  store32(frame + frame::kUserHeadersLength, load32(message + classic::kUserHeadersLength));
  store32(frame + frame::kPayloadLength, load32(message + classic::kPayloadLength));
  store64(frame + frame::kReserved, 0);
  std::memcpy(frame + kFrameHeaderBytes, message + kClassicHeaderBytes, body_bytes);
  return without_id;
}

void seal_frames(uint8_t* frame, const uint8_t* end) {
  for (; frame < end; frame += frame_bytes(frame)) store64(frame + frame::kChecksum, checksum_behind_field(frame, frame_bytes(frame)));
}

}  // namespace

Status check_classic_batch(const uint8_t* data, size_t length, uint32_t count, ClassicBatch* batch) {
  const uint64_t indexes_bytes = uint64_t{count} * kClassicIndexBytes;
  if (indexes_bytes > length) return kInvalidCommand;
  if (count == 0) return kInvalidMessagesCount;
  const uint8_t* const messages = data + indexes_bytes;
  const uint64_t messages_bytes = length - indexes_bytes;

  RecordExtent extent;
  uint32_t records = 1;
  uint64_t start = 0;
  uint64_t bytes_described = 0;
  uint64_t previous_offset = 0;
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t* const index = data + uint64_t{i} * kClassicIndexBytes;
    if (load32(index) != 0) return kNonZeroOffset;
    if (load64(index + 8) != 0) return kNonZeroTimestamp;

    const uint64_t end_position = load32(index + 4);
    const uint64_t end = i + 1 == count ? messages_bytes : end_position;
    if (end > messages_bytes || end < start || end - start < kClassicHeaderBytes) return kMissingIndex;
    const uint8_t* const message = messages + start;
    const uint64_t bytes = classic_message_bytes(message);
    if (bytes > end - start) return kMissingIndex;
    if (load32(message + classic::kPayloadLength) > kPayloadBytesMax) return kTooBigMessagePayload;
    if (load32(message + classic::kUserHeadersLength) > kUserHeadersBytesMax) return kTooBigUserHeaders;

    const uint64_t offset = load64(message + classic::kOffset);
    if (offset < previous_offset) return kInvalidOffset;
    if (end_position < start) return kCannotReadIndexPosition;
    previous_offset = offset;
    bytes_described += bytes;
    start = end;

    const uint64_t origin_timestamp = load64(message + classic::kOriginTimestamp);
    if (!extent.add(bytes, origin_timestamp)) {
      extent = RecordExtent{};
      extent.add(bytes, origin_timestamp);
      records++;
    }
  }
  if (bytes_described != messages_bytes) return kInvalidMessagesSize;
  *batch = {data, messages, messages_bytes, count, records};
  return kOk;
}

uint32_t count_classic_records(const ClassicBatch& batch) {
  uint32_t records = 0;
  const uint8_t* message = batch.messages;
  for (uint32_t left = batch.count; left > 0; ++records) {
    const RecordExtent extent = next_extent(message, batch.messages + batch.messages_bytes);
    for (uint32_t i = 0; i < extent.count; i++) message += classic_message_bytes(message);
    left -= extent.count;
  }
  return records;
}

size_t transcoded_bytes_max(const ClassicBatch& batch) {
  return batch.records * kRecordHeaderBytes + batch.messages_bytes - size_t{batch.count} * (kClassicHeaderBytes - kFrameHeaderBytes);
}

size_t transcode_classic(const ClassicBatch& batch, uint8_t* out, TranscodedRecord* records, size_t records_max, size_t* records_made) {
  *records_made = 0;
  if (records_max < batch.records) return 0;
  const uint8_t* message = batch.messages;
  const uint8_t* const end = batch.messages + batch.messages_bytes;
  uint8_t* record = out;
  while (message < end) {
    const RecordExtent extent = next_extent(message, end);
    std::memset(record, 0, kRecordHeaderBytes);
    store64(record + header::kOriginTimestamp, extent.origin_min);
    store64(record + header::kBatchLength, extent.bytes);
    store32(record + header::kMessageCount, extent.count);

    uint8_t* frame = record + kRecordHeaderBytes;
    uint8_t* unsealed = frame;
    uint32_t ids_made = 0;
    for (uint32_t i = 0; i < extent.count; i++) {
      const uint64_t message_bytes = classic_message_bytes(message);
      ids_made += write_frame(message, message_bytes, i, extent.origin_min, frame);
      message += message_bytes;
      frame += message_bytes - (kClassicHeaderBytes - kFrameHeaderBytes);
      if (static_cast<size_t>(frame - unsealed) >= kHashBehindBytes) {
        seal_frames(unsealed, frame);
        unsealed = frame;
      }
    }
    seal_frames(unsealed, frame);

    TranscodedRecord& made = records[(*records_made)++];
    made = TranscodedRecord{};
    made.position = static_cast<size_t>(record - out);
    made.info.origin_timestamp = extent.origin_min;
    made.info.batch_length = extent.bytes;
    made.info.logical_bytes = extent.bytes - kRecordHeaderBytes + uint64_t{extent.count} * (kClassicHeaderBytes - kFrameHeaderBytes);
    made.info.message_count = extent.count;
    made.flags = id_flags(ids_made, extent.count);
    record = frame;
  }
  return static_cast<size_t>(record - out);
}

}  // namespace galgo
