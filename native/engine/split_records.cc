#include "split_records.h"

#include <algorithm>
#include <cstring>

#include "record_fields.h"

namespace galgo {
namespace {

/// Frames of a record that go into one part.
struct Part {
  const uint8_t* begin;
  const uint8_t* end;
  uint32_t count;
};

/// As many frames from `begin` on as fit, one at least.
Part next_part(const uint8_t* begin, const uint8_t* frames_end, size_t bytes_max) {
  Part part{begin, begin + frame_bytes(begin), 1};
  while (part.end < frames_end && kRecordHeaderBytes + static_cast<uint64_t>(part.end - begin) + frame_bytes(part.end) <= bytes_max) {
    part.end += frame_bytes(part.end);
    ++part.count;
  }
  return part;
}

bool too_large(const TranscodedRecord& record, size_t bytes_max) { return record.info.batch_length > bytes_max && record.info.message_count > 1; }

template <typename Visit>
void for_each_part(const uint8_t* data, const TranscodedRecord& record, size_t bytes_max, const Visit& visit) {
  const uint8_t* const frames = data + record.position + kRecordHeaderBytes;
  const uint8_t* const end = data + record.position + record.info.batch_length;
  for (const uint8_t* at = frames; at < end;) {
    const Part part = next_part(at, end, bytes_max);
    visit(part);
    at = part.end;
  }
}

TranscodedRecord write_part(const uint8_t* source, const TranscodedRecord& whole, const Part& part, uint8_t* out) {
  const auto frames_bytes = static_cast<size_t>(part.end - part.begin);
  TranscodedRecord record = whole;
  RecordInfo& info = record.info;
  info.first_offset = info.base_offset + load32(part.begin + frame::kOffsetDelta);
  info.batch_length = kRecordHeaderBytes + frames_bytes;
  info.message_count = part.count;
  info.logical_bytes = frames_bytes + uint64_t{part.count} * (kClassicHeaderBytes - kFrameHeaderBytes);
  std::memcpy(out, source, kRecordHeaderBytes);
  store64(out + header::kBatchLength, info.batch_length);
  store32(out + header::kMessageCount, part.count);
  std::memcpy(out + kRecordHeaderBytes, part.begin, frames_bytes);
  return record;
}

}  // namespace

Status split_records(const uint8_t* data, const std::vector<TranscodedRecord>& records, size_t bytes_max, BufferPool& buffers, SplitRecords* split) {
  *split = {};
  size_t length = 0;
  size_t count = records.size();
  for (const TranscodedRecord& record : records) {
    length += record.info.batch_length;
    if (!too_large(record, bytes_max)) continue;
    size_t parts = 0;
    for_each_part(data, record, bytes_max, [&](const Part&) { ++parts; });
    count += parts - 1;
    length += (parts - 1) * kRecordHeaderBytes;
  }
  if (count == records.size()) return kOk;
  split->records.reserve(count);
  split->slot = buffers.acquire(length);
  if (split->slot == kNoSlot) return kOutOfMemory;
  uint8_t* const out = buffers.data(split->slot);
  const auto add = [&](const TranscodedRecord& record) {
    split->records.push_back(record);
    split->records.back().position = split->length;
    split->length += record.info.batch_length;
  };
  for (const TranscodedRecord& record : records) {
    const uint8_t* const source = data + record.position;
    if (too_large(record, bytes_max)) {
      for_each_part(data, record, bytes_max, [&](const Part& part) { add(write_part(source, record, part, out + split->length)); });
    } else {
      std::memcpy(out + split->length, source, record.info.batch_length);
      add(record);
    }
  }
  return kOk;
}

}  // namespace galgo
