#include "append_group.h"

#include <utility>

#include "record_fields.h"
#include "split_records.h"
#include "thin_batch.h"

namespace galgo {
namespace {

// Kept vectors above this are given back, so that one burst does not hold memory for ever.
constexpr size_t kKeptElementsMax = 4096;

template <typename Element>
void empty(std::vector<Element>& elements) {
  elements.clear();
  if (elements.capacity() > kKeptElementsMax) elements = {};
}

}  // namespace

void AppendGroup::clear() {
  empty(jobs);
  empty(extents);
  empty(parts_);
  empty(slots_);
  timestamp = end_offset = end_position = logical_bytes = 0;
  error = 0;
  fills_segment = false;
}

bool AppendGroup::prepare(uint64_t first_offset, uint64_t position, uint64_t base_timestamp, const PartitionOptions& partition, uint64_t secret,
                          ExtentBuilder* builder, IdWindow& ids, RecordSealer& sealer, BufferPool& buffers) {
  timestamp = base_timestamp;
  end_offset = first_offset;
  end_position = position;
  Stamp stamp{.partition_id = partition.partition_id,
              .base_offset = 0,
              .base_timestamp = base_timestamp,
              .incarnation = partition.incarnation,
              .secret = secret,
              .producer = {}};
  ids.expire(base_timestamp);
  for (AppendJob& job : jobs) {
    job.status = prepare_job(job, buffers);
    if (job.status == kOk && sealer.on()) job.status = split_job(job, buffers);
    if (job.status != kOk) continue;
    job.first_offset = end_offset;
    job.stored = job.count;
    if (ids.on()) {
      const ThinBatch thin = thin_batch(job.data, &job.records, end_offset, base_timestamp, ids);
      job.length = thin.length;
      job.stored = thin.count;
      if (thin.count == 0) job.first_offset = thin.first_offset;
    }
    if (job.records.empty()) continue;
    stamp.producer = job.producer;
    for (TranscodedRecord& record : job.records) {
      uint8_t* bytes = job.data + record.position;
      RecordInfo& info = record.info;
      info.first_offset = end_offset;
      // Deltas run on through the parts of a batch that was split.
      stamp.base_offset = info.base_offset = end_offset - load32(bytes + kRecordHeaderBytes + frame::kOffsetDelta);
      info.base_timestamp = base_timestamp;
      info.flags = static_cast<uint16_t>(record.flags | (&record == &job.records.back() ? 0 : kRecordContinues));
      stamp_record(bytes, info, info.flags, stamp);
      if (sealer.on() && sealer.seal(bytes, &info, secret) != kOk) {
        // What has offsets already cannot be taken out again.
        for (AppendJob& each : jobs) each.status = kCannotEncrypt;
        return false;
      }
      builder->add(end_position, info, bytes, &extents);
      end_position += info.batch_length;
      end_offset += info.message_count;
      logical_bytes += info.logical_bytes;
    }
    parts_.push_back({job.data, job.length});
  }
  return !parts_.empty();
}

Status AppendGroup::prepare_job(AppendJob& job, BufferPool& buffers) {
  if (job.transcoded) return kOk;
  if (job.generation == Generation::kVsr) {
    if (!job.verified) {
      const Status status = verify_batch_checksums(job.data, job.length);
      if (status != kOk) return status;
    }
    const uint32_t ids_made = fill_missing_ids(job.data, job.length);
    job.records.push_back({0, job.info, id_flags(ids_made, job.info.message_count)});
    return kOk;
  }
  ClassicBatch batch;
  Status status = check_classic_batch(job.data, job.length, job.count, &batch);
  if (status != kOk) return status;
  uint32_t slot = kNoSlot;
  status = transcode_into_slot(batch, buffers, &slot, &job.length, &job.records);
  if (status != kOk) return status;
  job.data = buffers.data(slot);
  slots_.push_back(slot);
  return kOk;
}

Status AppendGroup::split_job(AppendJob& job, BufferPool& buffers) {
  SplitRecords split;
  const Status status = split_records(job.data, job.records, kEncryptedRecordBytesMax, buffers, &split);
  if (status != kOk || split.slot == kNoSlot) return status;
  job.data = buffers.data(split.slot);
  job.length = split.length;
  job.records = std::move(split.records);
  slots_.push_back(split.slot);
  return kOk;
}

void AppendGroup::release_slots(BufferPool& buffers) {
  for (const uint32_t slot : slots_) buffers.release(slot);
  slots_.clear();
  for (AppendJob& job : jobs) {
    if (job.slot != kNoSlot) buffers.release(job.slot);
    job.slot = kNoSlot;
  }
}

Status transcode_into_slot(const ClassicBatch& batch, BufferPool& buffers, uint32_t* slot, size_t* length, std::vector<TranscodedRecord>* records) {
  const size_t bytes_max = transcoded_bytes_max(batch);
  *slot = buffers.acquire(bytes_max);
  if (*slot == kNoSlot) return kOutOfMemory;
  // Few batches need more than a record a megabyte; those whose time stamps jump about are done again with room for the worst case.
  const size_t records_likely = bytes_max / (1 << 20) + 4;
  for (const size_t records_max : {records_likely, records_likely + batch.count}) {
    records->resize(records_max);
    size_t made = 0;
    *length = transcode_classic(batch, buffers.data(*slot), records->data(), records_max, &made);
    records->resize(made);
    if (*length > 0) return kOk;
  }
  buffers.release(*slot);
  *slot = kNoSlot;
  return kInvalidCommand;
}

}  // namespace galgo
