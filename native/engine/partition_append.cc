// Appending: checks on the calling thread, groups on the owner's.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "partition.h"

namespace galgo {
namespace {

using std::chrono::steady_clock;

constexpr size_t kCallerVerifiesBytesMax = 64 * 1024;
constexpr double kInlineWriteMicrosecondsMax = 200;
constexpr double kInlineWriteBytesPerAllowance = 256 * 1024;
constexpr auto kThreadedAfterSlowWrites = std::chrono::seconds(1);
// Positions in a segment are 32 bits. The largest group cannot jump from kStoredBytesFull over this.
constexpr uint64_t kStoredBytesMax = 3ull << 30;
constexpr uint64_t kUnsyncedBytesMax = 64ull << 20;

uint64_t now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

}  // namespace

bool Partition::segment_full(uint64_t logical_bytes, uint64_t stored_bytes) const {
  return logical_bytes >= segment_bytes_.load(std::memory_order_relaxed) || stored_bytes >= kStoredBytesFull;
}

Status Partition::append(const AppendRequest& request, CompletionSink* sink, Completion* out) {
  Status status = refusal();
  if (status != kOk) return status;
  if (!services_.memory.make_room(kAppendRoomBytes)) return kOutOfMemory;
  Job job;
  AppendJob& append = job.append;
  status = check_append(request, &append);
  if (status != kOk) return status;
  append.sink = sink;

  const bool small = append.length <= services_.options.inline_append_bytes_max;
  if (small && !waits_for_device() && own_if_idle()) {
    if (inline_allowed() && end_offset_ + append.count <= reserved_offset_) {
      group_.clear();
      group_.fills_segment = segment_full(end_logical_bytes_, end_position_);
      group_.jobs.push_back(std::move(append));
      const auto begun = steady_clock::now();
      const bool written = write_group();
      const AppendJob& done = group_.jobs.front();
      *out = outcome(done);
      status = done.status;
      if (written) publish_group();
      const auto ended = steady_clock::now();
      note_inline_write(std::chrono::duration<double, std::micro>(ended - begun).count(), request.length, ended);
      release_ownership();
      return status;
    }
    release_ownership();
  }
  if (request.slot == kNoSlot) {
    status = keep_borrowed(&append);
    if (status != kOk) return status;
  }
  enqueue(std::move(job));
  return kQueued;
}

Status Partition::check_append(const AppendRequest& request, AppendJob* job) {
  job->request = request.request;
  job->generation = request.generation;
  job->data = request.data;
  job->length = request.length;
  job->count = request.count;
  job->producer = request.producer;
  if (request.generation == Generation::kClassic) {
    ClassicBatch batch{};
    const Status status = check_classic_batch(request.data, request.length, request.count, &batch);
    job->logical_bytes = batch.messages_bytes;
    return status;
  }
  const Status status = check_batch_layout(request.data, request.length, request.count, &job->info);
  if (status != kOk) return status;
  job->logical_bytes = job->info.logical_bytes;
  if (request.length > kCallerVerifiesBytesMax) return kOk;
  job->verified = true;
  return verify_batch_checksums(request.data, request.length);
}

// The caller's bytes are its own again when the call returns: a classic batch is transcoded now, which is the copy.
Status Partition::keep_borrowed(AppendJob* job) {
  if (job->generation == Generation::kClassic) {
    ClassicBatch batch{};
    const Status status = check_classic_batch(job->data, job->length, job->count, &batch);
    if (status != kOk) return status;
    const Status transcoded = transcode_into_slot(batch, services_.buffers, &job->slot, &job->length, &job->records);
    if (transcoded != kOk) return transcoded;
    job->transcoded = true;
  } else {
    job->slot = services_.buffers.acquire(job->length);
    if (job->slot == kNoSlot) return kOutOfMemory;
    std::memcpy(services_.buffers.data(job->slot), job->data, job->length);
  }
  job->data = services_.buffers.data(job->slot);
  return kOk;
}

bool Partition::inline_allowed() const { return steady_clock::now() >= threaded_until_; }

void Partition::note_inline_write(double microseconds, size_t bytes, steady_clock::time_point now) {
  // A large batch may take its time: what counts is whether the disk, not the amount, makes the caller wait.
  microseconds /= 1 + static_cast<double>(bytes) / kInlineWriteBytesPerAllowance;
  // One stall, of the disk or of a busy processor, is not yet a slow disk.
  inline_write_us_ += (std::min(microseconds, 10 * kInlineWriteMicrosecondsMax) - inline_write_us_) / 32;
  if (inline_write_us_ <= kInlineWriteMicrosecondsMax) return;
  threaded_until_ = now + kThreadedAfterSlowWrites;
  inline_write_us_ = 0;
}

// On the thread that has the partition's turn, and owns it; `group_` is filled.
void Partition::append_group() {
  const Status refused = refusal();
  if (refused != kOk) {
    for (AppendJob& job : group_.jobs) job.status = refused;
    group_.release_slots(services_.buffers);
    complete_group();
    return release_ownership();
  }
  if (write_group()) {
    // Where the policy has just changed to `group`, this one turn makes an I/O thread wait.
    if (durability_ == Durability::kGroup) {
      finish_synced_group();
    } else {
      publish_group();
    }
  }
  complete_group();
  release_ownership();
}

// Gives offsets and one time stamp, and writes. False: nothing was written and no offset is taken; the jobs' statuses say why (kOk: all of a job's
// messages were there already).
bool Partition::write_group() {
  const ExtentBuilder before = builder_;
  bool written = false;
  try {
    const uint64_t timestamp = std::max(now_us(), last_timestamp_ + 1);
    const Status sealing = sealer_.on() ? sealer_.enter(active_->start) : kOk;
    if (sealing != kOk) fail_group(sealing);
    written = sealing == kOk &&
              group_.prepare(end_offset_, end_position_, timestamp, opened_with_, log_.secret, &builder_, ids_, sealer_, services_.buffers);
    if (written) {
      std::vector<iovec>& parts = group_.parts();
      group_.error =
          group_.end_position > kStoredBytesMax ? EFBIG : active_log_->append(parts.data(), parts.size(), end_position_, group_.end_position);
    }
  } catch (const std::bad_alloc&) {
    written = false;
    for (AppendJob& job : group_.jobs) job.status = kOutOfMemory;
  }
  group_.release_slots(services_.buffers);
  if (written && group_.error != 0) {
    written = false;
    fail_group(group_.error == ENOMEM ? kOutOfMemory : kCannotAppendToFile);
    // What part of it is in the file must not be taken for records after a restart.
    if (const int error = active_log_->cut(end_position_)) fence(FenceReason::kCutFailed, error);
  }
  if (!written) {
    builder_ = before;
    ids_.discard();
  }
  return written;
}

void Partition::fail_group(Status status) {
  for (AppendJob& job : group_.jobs) {
    if (job.status == kOk) job.status = status;
  }
}

// The owner's: offsets for the first append of the queue could not be reserved.
void Partition::fail_first_append(int error) {
  group_.clear();
  group_.error = error;
  {
    const std::lock_guard lock(queue_mutex_);
    if (jobs_.empty() || jobs_.front().control) return;
    group_.jobs.push_back(std::move(jobs_.front().append));
    jobs_.pop_front();
  }
  fail_group(kCannotAppendToFile);
  group_.release_slots(services_.buffers);
  complete_group();
}

void Partition::finish_synced_group() {
  group_.error = sync_logs();
  if (group_.error != 0) {
    fail_group(kCannotAppendToFile);
    fence_unsynced(group_.error);
  } else {
    publish_group();
    const std::lock_guard lock(view_mutex_);
    durable_offset_ = next_offset_;
  }
}

// Makes the group visible, and begins a new segment where it filled the old one.
void Partition::publish_group() {
  const SegmentEnds ends{.end_offset = group_.end_offset,
                         .end_position = group_.end_position,
                         .logical_bytes = end_logical_bytes_ + group_.logical_bytes,
                         .first_timestamp = end_position_ == 0 ? group_.timestamp : segment_timestamp_,
                         .last_timestamp = group_.timestamp};
  const bool checkpoint_due = publish(ends, group_.extents);
  ids_.commit();
  const bool reserve_due = durability_ != Durability::kGroup && end_offset_ + kReservedOffsets / 2 > reserved_offset_;
  if (group_.fills_segment) {
    rotate();
  } else {
    make_space_ahead();
  }
  if (checkpoint_due || reserve_due) request_maintenance();
}

// The active segment now reaches to `ends`; `extents` began since the last time. True: so much is not synced that a checkpoint is due.
bool Partition::publish(const SegmentEnds& ends, const std::vector<Extent>& extents) {
  const uint64_t bytes = ends.end_position - end_position_;
  end_offset_ = ends.end_offset;
  end_position_ = ends.end_position;
  end_logical_bytes_ = ends.logical_bytes;
  segment_timestamp_ = ends.first_timestamp;
  last_timestamp_ = ends.last_timestamp;
  idle_ticks_ = 0;
  last_group_bytes_ = bytes;
  const std::lock_guard lock(view_mutex_);
  active_->publish(ends, extents);
  next_offset_ = end_offset_;
  published_timestamp_ = last_timestamp_;
  unsynced_bytes_ += bytes;
  return unsynced_bytes_ >= kUnsyncedBytesMax;
}

void Partition::rotate() {
  std::shared_ptr<Segment> next;
  // Without a new file the full segment goes on taking batches, and each one tries again.
  if (next_segment(end_offset_, &next) != 0) return;
  activate(next);
  builder_ = ExtentBuilder(next->start);
  end_position_ = 0;
  end_logical_bytes_ = 0;
  {
    const std::lock_guard lock(view_mutex_);
    segments_.push_back(std::move(next));
  }
  request_maintenance();
}

Completion Partition::outcome(const AppendJob& job) const {
  Completion completion{.request = job.request, .status = job.status, .slot = kNoSlot};
  completion.detail = static_cast<uint32_t>(group_.error);
  if (job.status != kOk) return completion;
  completion.count = job.stored;
  completion.first_offset = job.first_offset;
  completion.last_offset = job.first_offset + std::max(job.stored, 1u) - 1;
  completion.current_offset = group_.end_offset - 1;
  completion.timestamp = group_.timestamp;
  return completion;
}

// One wake-up a sink, however many batches the group has.
void Partition::complete_group() {
  for (const AppendJob& job : group_.jobs) job.sink->push(outcome(job));
  std::vector<CompletionSink*> woken;
  for (const AppendJob& job : group_.jobs) {
    if (std::find(woken.begin(), woken.end(), job.sink) != woken.end()) continue;
    woken.push_back(job.sink);
    job.sink->wake();
  }
}

}  // namespace galgo
