// Restoring: messages that had offsets and time stamps before they came here keep both.
//
// Runs on a sync thread that owns the partition, as purge does. What it writes is what appends write, except that each record brings its own base
// offset and time stamp; where offsets jump, the log goes on in a new segment and the jump is recorded, as after a power loss.
#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "partition.h"
#include "stored_log.h"

namespace galgo {

Completion Partition::restore(const Control& control) {
  Completion completion{.request = control.request, .status = refusal()};
  if (completion.status != kOk) return completion;
  try {
    StoredRecords run(services_.buffers);
    completion.status = run.read(control.generation, control.data, control.length);
    if (completion.status == kOk && sealer_.on()) completion.status = run.split(kEncryptedRecordBytesMax);
    if (completion.status != kOk) return completion;
    std::vector<TranscodedRecord>& records = run.records();
    completion.first_offset = records.front().info.base_offset;
    if (completion.first_offset != end_offset_) completion.status = begin_behind_gap(completion.first_offset, &completion.detail);
    for (size_t next = 0; completion.status == kOk && next < records.size();) {
      if (end_offset_ > active_->start && segment_full(end_logical_bytes_, end_position_)) rotate();
      completion.status = restore_records(run.data(), records, &next, &completion);
    }
    if (completion.status == kOk) completion.last_offset = end_offset_ - 1;
    completion.current_offset = end_offset_ == 0 ? 0 : end_offset_ - 1;
  } catch (const std::bad_alloc&) {
    completion.status = kOutOfMemory;
  }
  return completion;
}

// Writes records from `*next` on, up to the one that fills the segment, with one call.
Status Partition::restore_records(uint8_t* data, std::vector<TranscodedRecord>& records, size_t* next, Completion* completion) {
  if (sealer_.on()) {
    const Status status = sealer_.enter(active_->start);
    if (status != kOk) return status;
  }
  const ExtentBuilder before = builder_;
  const size_t first = *next;
  SegmentEnds ends{.end_offset = end_offset_,
                   .end_position = end_position_,
                   .logical_bytes = end_logical_bytes_,
                   .first_timestamp = segment_timestamp_,
                   .last_timestamp = last_timestamp_};
  Stamp stamp{.partition_id = opened_with_.partition_id,
              .base_offset = 0,
              .base_timestamp = 0,
              .incarnation = opened_with_.incarnation,
              .secret = log_.secret,
              .producer = {}};
  std::vector<Extent> extents;
  uint32_t raised = 0;
  uint32_t count = 0;
  size_t after = first;
  do {
    RecordInfo& info = records[after].info;
    // Time stamps of a log never fall: reading by time rests on it. A clock that was set back gives the messages until then one time stamp.
    if (info.base_timestamp < ends.last_timestamp) raised += info.message_count;
    info.base_timestamp = std::max(info.base_timestamp, ends.last_timestamp);
    stamp.base_offset = info.base_offset;
    stamp.base_timestamp = info.base_timestamp;
    uint8_t* const bytes = data + records[after].position;
    info.flags = records[after].flags;
    stamp_record(bytes, info, info.flags, stamp);
    if (sealer_.on() && sealer_.seal(bytes, &info, log_.secret) != kOk) {
      builder_ = before;
      return kCannotEncrypt;
    }
    builder_.add(ends.end_position, info, bytes, &extents);
    if (ends.end_position == 0) ends.first_timestamp = info.base_timestamp;
    ends.last_timestamp = info.base_timestamp;
    ends.end_offset += info.message_count;
    ends.end_position += info.batch_length;
    ends.logical_bytes += info.logical_bytes;
    count += info.message_count;
    ++after;
  } while (after < records.size() && !segment_full(ends.logical_bytes, ends.end_position));

  iovec part{data + records[first].position, ends.end_position - end_position_};
  if (const int error = active_log_->append(&part, 1, end_position_, ends.end_position)) {
    builder_ = before;
    completion->detail = static_cast<uint32_t>(error);
    if (const int uncut = active_log_->cut(end_position_)) fence(FenceReason::kCutFailed, uncut);
    return error == ENOMEM ? kOutOfMemory : kIoError;
  }
  *next = after;
  completion->count += count;
  completion->start += raised;
  completion->timestamp = ends.last_timestamp;
  if (publish(ends, extents)) request_maintenance();
  make_space_ahead();
  return kOk;
}

// The log in front of the gap is made durable first, so that a jump never follows a segment that a power loss could shorten.
Status Partition::begin_behind_gap(uint64_t offset, uint32_t* detail) {
  const std::lock_guard lock(meta_mutex_);
  if (offset < end_offset_ || end_offset_ == active_->start) return kInvalidOffset;
  if (meta_.jumps.size() >= kJumpsMax) return kInvalidOffset;
  int error = checkpoint();
  if (error == 0) {
    PartitionMeta changed = meta_;
    changed.jumps.push_back({end_offset_, offset});
    error = change_meta(std::move(changed));
  }
  std::shared_ptr<Segment> segment;
  if (error == 0) error = next_segment(offset, &segment);
  if (error != 0) {
    *detail = static_cast<uint32_t>(error);
    return kIoError;
  }
  activate(segment);
  builder_ = ExtentBuilder(offset);
  end_offset_ = offset;
  end_position_ = end_logical_bytes_ = 0;
  const std::lock_guard view_lock(view_mutex_);
  segments_.push_back(std::move(segment));
  next_offset_ = offset;
  return kOk;
}

}  // namespace galgo
