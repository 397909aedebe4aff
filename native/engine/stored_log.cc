#include "stored_log.h"

#include <utility>

#include "record_fields.h"
#include "split_records.h"

namespace galgo {
namespace {

uint64_t classic_message_bytes(const uint8_t* message) {
  return kClassicHeaderBytes + uint64_t{load32(message + classic::kUserHeadersLength)} + load32(message + classic::kPayloadLength);
}

bool classic_layout(const uint8_t* message) {
  return load32(message + classic::kPayloadLength) <= kPayloadBytesMax && load32(message + classic::kUserHeadersLength) <= kUserHeadersBytesMax &&
         load64(message + classic::kReserved) == 0;
}

/// One message or record: its length, messages and offset, or what is wrong with it.
struct Stored {
  StoredFault fault = StoredFault::kNone;
  uint64_t bytes = 0;
  uint64_t offset = 0;
  uint32_t messages = 1;
};

Stored check_message(const uint8_t* message, size_t left) {
  if (left < kClassicHeaderBytes) return {.fault = StoredFault::kIncomplete, .bytes = kClassicHeaderBytes};
  if (!classic_layout(message)) return {.fault = StoredFault::kLayout};
  const uint64_t bytes = classic_message_bytes(message);
  if (bytes > left) return {.fault = StoredFault::kIncomplete, .bytes = bytes};
  if (checksum_behind_field(message, bytes) != load64(message + classic::kChecksum)) return {.fault = StoredFault::kChecksum, .bytes = bytes};
  return {.bytes = bytes, .offset = load64(message + classic::kOffset)};
}

Stored check_record(const uint8_t* record, size_t left) {
  if (left < kRecordHeaderBytes) return {.fault = StoredFault::kIncomplete, .bytes = kRecordHeaderBytes};
  const uint64_t bytes = load64(record + header::kBatchLength);
  if (bytes < kRecordHeaderBytes || bytes > kStoredRecordBytesMax) return {.fault = StoredFault::kLayout};
  if (bytes > left) return {.fault = StoredFault::kIncomplete, .bytes = bytes};
  RecordInfo info;
  const uint32_t count = load32(record + header::kMessageCount);
  const bool sound = check_batch_layout(record, bytes, count, &info) == kOk && verify_batch_checksums(record, bytes) == kOk;
  if (!sound) return {.fault = StoredFault::kChecksum, .bytes = bytes};
  return {.bytes = bytes, .offset = load64(record + header::kBaseOffset), .messages = count};
}

}  // namespace

StoredRun check_stored(Generation generation, const uint8_t* data, size_t length, uint64_t expected_offset) {
  StoredRun run{.next_offset = expected_offset};
  while (run.bytes < length) {
    const uint8_t* const at = data + run.bytes;
    Stored stored = generation == Generation::kClassic ? check_message(at, length - run.bytes) : check_record(at, length - run.bytes);
    if (stored.fault == StoredFault::kNone && stored.offset != run.next_offset) stored.fault = StoredFault::kOffset;
    // An offset that nothing could follow.
    if (stored.fault == StoredFault::kNone && stored.offset > UINT64_MAX - stored.messages) stored.fault = StoredFault::kLayout;
    if (stored.fault != StoredFault::kNone) {
      run.fault = stored.fault;
      run.fault_bytes = stored.bytes;
      run.fault_offset = stored.offset;
      return run;
    }
    run.bytes += stored.bytes;
    run.next_offset += stored.messages;
    run.messages += stored.messages;
  }
  return run;
}

StoredRecords::~StoredRecords() {
  if (slot_ != kNoSlot) buffers_.release(slot_);
}

Status StoredRecords::read(Generation generation, uint8_t* data, size_t length) {
  return generation == Generation::kClassic ? read_classic(data, length) : read_batches(data, length);
}

Status StoredRecords::split(size_t bytes_max) {
  SplitRecords split;
  const Status status = split_records(data_, records_, bytes_max, buffers_, &split);
  if (status != kOk || split.slot == kNoSlot) return status;
  if (slot_ != kNoSlot) buffers_.release(slot_);
  slot_ = split.slot;
  data_ = buffers_.data(slot_);
  records_ = std::move(split.records);
  return kOk;
}

Status StoredRecords::read_batches(uint8_t* data, size_t length) {
  data_ = data;
  for (size_t at = 0; at < length;) {
    if (length - at < kRecordHeaderBytes) return kInvalidCommand;
    uint8_t* const record = data + at;
    const uint64_t bytes = load64(record + header::kBatchLength);
    if (bytes > length - at) return kInvalidCommand;
    RecordInfo info;
    const Status status = check_batch_layout(record, bytes, load32(record + header::kMessageCount), &info);
    if (status != kOk) return status;
    info.base_offset = info.first_offset = load64(record + header::kBaseOffset);
    info.base_timestamp = load64(record + header::kBaseTimestamp);
    if (!records_.empty()) {
      const RecordInfo& before = records_.back().info;
      if (info.base_offset != before.base_offset + before.message_count) return kInvalidOffset;
    }
    const uint32_t ids_made = fill_missing_ids(record, bytes);
    records_.push_back({at, info, id_flags(ids_made, info.message_count)});
    at += bytes;
  }
  return records_.empty() ? kInvalidCommand : kOk;
}

Status StoredRecords::read_classic(const uint8_t* data, size_t length) {
  // Messages of one time stamp were one append once, and become records together.
  std::vector<ClassicBatch> batches;
  uint64_t next_offset = 0;
  uint64_t timestamp = 0;
  for (size_t at = 0; at < length;) {
    const uint8_t* const message = data + at;
    if (length - at < kClassicHeaderBytes || !classic_layout(message) || classic_message_bytes(message) > length - at) return kInvalidCommand;
    const uint64_t offset = load64(message + classic::kOffset);
    if (at > 0 && offset != next_offset) return kInvalidOffset;
    if (batches.empty() || load64(message + classic::kTimestamp) != timestamp) {
      batches.push_back({.indexes = nullptr, .messages = message, .messages_bytes = 0, .count = 0, .records = 0});
    }
    timestamp = load64(message + classic::kTimestamp);
    batches.back().messages_bytes += classic_message_bytes(message);
    ++batches.back().count;
    next_offset = offset + 1;
    at += classic_message_bytes(message);
  }
  if (batches.empty()) return kInvalidCommand;
  for (ClassicBatch& batch : batches) batch.records = count_classic_records(batch);
  return transcode(batches);
}

Status StoredRecords::transcode(const std::vector<ClassicBatch>& batches) {
  size_t bytes_max = 0;
  size_t records_max = 0;
  for (const ClassicBatch& batch : batches) {
    bytes_max += transcoded_bytes_max(batch);
    records_max += batch.records;
  }
  slot_ = buffers_.acquire(bytes_max);
  if (slot_ == kNoSlot) return kOutOfMemory;
  data_ = buffers_.data(slot_);
  records_.resize(records_max);
  size_t position = 0;
  size_t record = 0;
  for (const ClassicBatch& batch : batches) {
    size_t made = 0;
    const size_t written = transcode_classic(batch, data_ + position, records_.data() + record, records_max - record, &made);
    uint64_t offset = load64(batch.messages + classic::kOffset);
    for (const size_t end = record + made; record < end; ++record) {
      records_[record].position += position;
      RecordInfo& info = records_[record].info;
      info.base_offset = info.first_offset = offset;
      info.base_timestamp = load64(batch.messages + classic::kTimestamp);
      offset += info.message_count;
    }
    position += written;
  }
  records_.resize(record);
  return kOk;
}

}  // namespace galgo
