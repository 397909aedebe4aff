#include "thin_batch.h"

#include <cstring>

#include "record_fields.h"

namespace galgo {
namespace {

/// Moves the frames that are kept to the front. `record` may lie below `from`, where the record is now. Updates `info` and the header's lengths.
void thin_record(uint8_t* record, const uint8_t* from, RecordInfo* info, bool new_ids, uint64_t next_offset, uint64_t timestamp, IdWindow& ids,
                 ThinBatch* batch, bool* first) {
  if (record != from) std::memmove(record, from, kRecordHeaderBytes);
  const uint8_t* const end = from + info->batch_length;
  uint8_t* kept = record + kRecordHeaderBytes;
  uint32_t count = 0;
  for (const uint8_t* frame = from + kRecordHeaderBytes; frame < end;) {
    const uint64_t bytes = frame_bytes(frame);
    const uint64_t offset = next_offset + batch->count + count;
    const auto known = new_ids ? std::nullopt : ids.find(frame + frame::kId);
    if (*first) batch->first_offset = known.value_or(offset);
    *first = false;
    if (!known) {
      if (!new_ids) ids.stage(frame + frame::kId, offset, timestamp);
      if (kept != frame) std::memmove(kept, frame, bytes);
      if (load32(kept + frame::kOffsetDelta) != count) {
        store32(kept + frame::kOffsetDelta, count);
        store64(kept + frame::kChecksum, checksum_behind_field(kept, bytes));
      }
      kept += bytes;
      ++count;
    }
    frame += bytes;
  }
  info->batch_length = static_cast<uint64_t>(kept - record);
  info->message_count = count;
  info->logical_bytes = info->batch_length - kRecordHeaderBytes + uint64_t{count} * (kClassicHeaderBytes - kFrameHeaderBytes);
  store64(record + header::kBatchLength, info->batch_length);
  store32(record + header::kMessageCount, count);
}

}  // namespace

ThinBatch thin_batch(uint8_t* data, std::vector<TranscodedRecord>* records, uint64_t next_offset, uint64_t timestamp, IdWindow& ids) {
  ThinBatch batch;
  bool first = true;
  size_t kept = 0;
  for (TranscodedRecord record : *records) {
    const uint8_t* from = data + record.position;
    record.position = batch.length;
    // An id that was made here cannot come again, so nothing is to be looked up nor remembered.
    const bool new_ids = (record.flags & kRecordServerIdsOnly) != 0;
    thin_record(data + batch.length, from, &record.info, new_ids, next_offset, timestamp, ids, &batch, &first);
    if (record.info.message_count == 0) continue;
    batch.length += record.info.batch_length;
    batch.count += record.info.message_count;
    (*records)[kept++] = record;
  }
  records->resize(kept);
  return batch;
}

}  // namespace galgo
