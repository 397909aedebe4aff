// Records at rest: stamping, and what recovery and reads check.
#include "record.h"

#include <cstring>

#include "record_fields.h"

namespace galgo {
namespace {

uint64_t header_checksum(const uint8_t* record, uint64_t secret) {
  const uint64_t seed = xxh3_64(&secret, sizeof secret);
  return xxh3_64_keyed(record, header::kHeaderChecksum, seed);
}

uint16_t load16(const uint8_t* p) {
  uint16_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

void store16(uint8_t* p, uint16_t value) { std::memcpy(p, &value, sizeof value); }

}  // namespace

void stamp_record(uint8_t* record, const RecordInfo& info, uint16_t flags, const Stamp& stamp) {
  const uint8_t* const frames = record + kRecordHeaderBytes;
  store64(record + header::kPartitionId, stamp.partition_id);
  store64(record + header::kBaseOffset, stamp.base_offset);
  store64(record + header::kBaseTimestamp, stamp.base_timestamp);
  store64(record + header::kBatchChecksum, batch_checksum(record, frames, record + info.batch_length));
  store16(record + header::kFormat, kRecordFormat);
  store16(record + header::kFlags, flags);
  store64(record + header::kIncarnation, stamp.incarnation);
  store64(record + header::kFirstOffset, stamp.base_offset + load32(frames + frame::kOffsetDelta));
  std::memcpy(record + header::kClientId, stamp.producer.client_id, sizeof stamp.producer.client_id);
  store64(record + header::kRequest, stamp.producer.request);
  store32(record + header::kUserId, stamp.producer.user_id);
  store64(record + header::kLogicalBytes, info.logical_bytes);
  std::memset(record + header::kKeyId, 0, header::kHeaderChecksum - header::kKeyId);
  stamp_header_checksum(record, stamp.secret);
}

void stamp_header_checksum(uint8_t* header, uint64_t secret) { store64(header + header::kHeaderChecksum, header_checksum(header, secret)); }

HeaderCheck read_record_header(const uint8_t* header, uint64_t secret, uint64_t incarnation, RecordInfo* info) {
  if (load64(header + header::kHeaderChecksum) != header_checksum(header, secret)) return HeaderCheck::kForeign;
  RecordInfo read;
  read.base_offset = load64(header + header::kBaseOffset);
  read.first_offset = load64(header + header::kFirstOffset);
  read.base_timestamp = load64(header + header::kBaseTimestamp);
  read.origin_timestamp = load64(header + header::kOriginTimestamp);
  read.batch_length = load64(header + header::kBatchLength);
  read.logical_bytes = load64(header + header::kLogicalBytes);
  read.message_count = load32(header + header::kMessageCount);
  read.flags = load16(header + header::kFlags);
  if (load16(header + header::kFormat) != kRecordFormat || load64(header + header::kIncarnation) != incarnation) return HeaderCheck::kImplausible;
  if (read.message_count == 0 || read.first_offset < read.base_offset) return HeaderCheck::kImplausible;
  if (read.batch_length < kRecordHeaderBytes + uint64_t{read.message_count} * kFrameHeaderBytes) return HeaderCheck::kImplausible;
  *info = read;
  return HeaderCheck::kValid;
}

bool verify_record_body(const uint8_t* record, const RecordInfo& info) {
  const uint8_t* const frames = record + kRecordHeaderBytes;
  const uint8_t* const end = record + info.batch_length;
  if ((info.flags & kRecordEncrypted) != 0) return xxh3_64(frames, static_cast<size_t>(end - frames)) == load64(record + header::kBatchChecksum);
  const uint8_t* frame = frames;
  for (uint32_t i = 0; i < info.message_count; i++) {
    const auto left = static_cast<size_t>(end - frame);
    if (left < kFrameHeaderBytes || left < frame_bytes(frame)) return false;
    if (checksum_behind_field(frame, frame_bytes(frame)) != load64(frame + frame::kChecksum)) return false;
    frame += frame_bytes(frame);
  }
  return frame == end && batch_checksum(record, frames, end) == load64(record + header::kBatchChecksum);
}

}  // namespace galgo
