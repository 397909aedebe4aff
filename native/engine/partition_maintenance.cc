// What waits for the device behind the back of appends and polls: checkpoints, removal, purge, closing, on sync threads, one at a time a partition
// (meta_mutex_); index files on background threads (index_mutex_).
#include <algorithm>

#include "index_file.h"
#include "partition.h"

namespace galgo {

using std::chrono::steady_clock;

namespace {

// After so many ticks without an append a direct log gives its staging buffers back.
constexpr uint32_t kIdleTicks = 8;

}  // namespace

void Partition::tick(steady_clock::time_point now) {
  if (state() != State::kReady) return;
  if (direct_active_ && idle_ticks_.fetch_add(1) == kIdleTicks && own_if_idle()) {
    active_log_->shrink();
    release_ownership();
  }
  bool dirty = offsets_.dirty();
  {
    const std::lock_guard lock(view_mutex_);
    dirty = dirty || next_offset_ != checkpointed_offset_;
  }
  if (!dirty) return;
  const uint32_t interval_ms = durability_ == Durability::kInterval ? services_.options.sync_interval_ms : services_.options.checkpoint_interval_ms;
  const steady_clock::time_point last{steady_clock::duration(last_checkpoint_.load())};
  if (now - last >= std::chrono::milliseconds(interval_ms)) request_maintenance();
}

void Partition::request_maintenance() {
  if (maintenance_requested_.exchange(true)) return;
  services_.syncs.post([self = shared_from_this()] { self->maintain(); });
}

void Partition::maintain() {
  {
    const std::lock_guard lock(meta_mutex_);
    // Cleared under the lock: what is requested from here on needs another run.
    maintenance_requested_ = false;
    if (state() != State::kReady || checkpoint() != 0) return;
  }
  request_indexes();
}

void Partition::request_indexes() {
  if (indexes_requested_.exchange(true)) return;
  services_.background.post([self = shared_from_this()] {
    self->indexes_requested_ = false;
    if (const int error = self->write_indexes()) self->fence_unsynced(error);
  });
}

// Seals what is full and synced, and brings the active index up to date. Returns 0, or the errno of a log's sync that failed; what cannot be written
// is written another time.
int Partition::write_indexes() {
  const std::lock_guard lock(index_mutex_);
  if (state() != State::kReady) return 0;
  std::vector<std::shared_ptr<Segment>> segments;
  {
    const std::lock_guard view_lock(view_mutex_);
    const auto unsealed = std::find_if(segments_.rbegin(), segments_.rend(), [](const auto& segment) { return segment->sealed.load(); });
    segments.assign(unsealed.base(), segments_.end());
  }
  if (segments.empty()) return 0;
  const std::shared_ptr<Segment> active = std::move(segments.back());
  segments.pop_back();
  for (const auto& segment : segments) {
    if (!segment->log_synced) break;
    bool unsynced = false;
    if (const int error = segment->file()->finish(segment->ends().end_position, &unsynced)) {
      if (unsynced) return error;
      break;
    }
    // An index that cannot be written is rebuilt from the log some day.
    if (write_index(log_, *segment, true) != 0) continue;
    segment->sealed = true;
    services_.segments.touch(segment);
  }
  write_index(log_, *active, false);
  return 0;
}

// With meta_mutex_. Syncs, and notes in partition.meta how far the log is durable. Returns 0 or errno. A sync that fails fences the partition; what
// cannot be written for want of space is written another time.
int Partition::checkpoint() {
  uint64_t active_start = 0;
  uint64_t next_offset = 0;
  uint64_t last_timestamp = 0;
  SegmentEnds ends;
  {
    const std::lock_guard lock(view_mutex_);
    active_start = segments_.back()->start;
    next_offset = next_offset_;
    last_timestamp = published_timestamp_;
    ends = segments_.back()->ends();
  }
  int error = sync_logs();
  if (error == 0) {
    if (const int unwritten = offsets_.write_missed()) return unwritten;
    if (offsets_.dirty()) error = services_.figures.time_sync([this] { return offsets_.sync(); });
  }
  if (error != 0) {
    fence_faulted(error);
    return error;
  }
  PartitionMeta changed = meta_;
  changed.active_start = active_start;
  changed.durable_length = ends.end_position;
  changed.durable_offset = next_offset;
  changed.last_timestamp = last_timestamp;
  if (durability_ != Durability::kGroup) changed.reserved_offset = std::max(meta_.reserved_offset, next_offset + kReservedOffsets);
  if ((error = change_meta(std::move(changed)))) return error;
  reserved_offset_ = meta_.reserved_offset;
  last_checkpoint_ = steady_clock::now().time_since_epoch().count();
  const std::lock_guard lock(view_mutex_);
  checkpointed_offset_ = next_offset;
  return 0;
}

// Makes everything written durable: segments that were filled since the last sync, the active one, and the names of new ones. Called by the owner for
// its group, and with meta_mutex_ for checkpoints. One at a time: of two syncs side by side only one is told of an error that concerns both, so after
// one that failed no other may succeed.
int Partition::sync_logs() {
  const std::lock_guard syncing(sync_mutex_);
  if (sync_error_ == 0) sync_error_ = sync_written();
  return sync_error_;
}

int Partition::sync_written() {
  std::vector<std::shared_ptr<Segment>> segments;
  uint64_t bytes = 0;
  uint64_t next_offset = 0;
  {
    const std::lock_guard lock(view_mutex_);
    const auto unsynced = std::find_if(segments_.rbegin(), segments_.rend(), [](const auto& segment) { return segment->log_synced.load(); });
    segments.assign(unsynced.base(), segments_.end());
    bytes = unsynced_bytes_;
    next_offset = next_offset_;
  }
  bool new_names = false;
  for (const auto& segment : segments) {
    if (const int error = services_.figures.time_sync([&] { return segment->file()->sync(); })) return error;
    new_names = new_names || !segment->entry_synced;
  }
  if (new_names) {
    if (const int error = services_.file_system.sync_directory(log_.directory)) return error;
  }
  for (const auto& segment : segments) segment->entry_synced = true;
  for (size_t i = 0; i + 1 < segments.size(); ++i) segments[i]->log_synced = true;
  const std::lock_guard lock(view_mutex_);
  // A group and a checkpoint may have synced the same bytes side by side.
  unsynced_bytes_ -= std::min(unsynced_bytes_, bytes);
  durable_offset_ = std::max(durable_offset_, next_offset);
  return 0;
}

// With meta_mutex_. Makes `changed` what partition.meta says. Returns 0, or errno: nothing has changed, or the sync failed and the partition
// is fenced.
int Partition::change_meta(PartitionMeta changed) {
  bool unsynced = false;
  const int error = write_meta(services_.file_system, log_.directory, &counters_, &changed, &unsynced);
  if (error == 0) meta_ = std::move(changed);
  if (unsynced) fence_faulted(error);
  return error;
}

// With meta_mutex_. Nobody knows what of the files is on the device: the next opening is told so, if that can still be written.
void Partition::fence_faulted(int error) {
  fence(FenceReason::kSyncFailed, error);
  // A purge that has begun is finished by the next opening.
  if (meta_.state != StoredState::kPurging) meta_.state = StoredState::kFaulted;
  write_meta(services_.file_system, log_.directory, &counters_, &meta_);
}

// The same, for who has no lock.
void Partition::fence_unsynced(int error) {
  const std::lock_guard lock(meta_mutex_);
  fence_faulted(error);
}

int Partition::reserve_offsets(uint64_t beyond) {
  const std::lock_guard lock(meta_mutex_);
  if (meta_.reserved_offset < beyond) {
    PartitionMeta changed = meta_;
    changed.reserved_offset = beyond + kReservedOffsets;
    if (const int error = change_meta(std::move(changed))) return error;
  }
  reserved_offset_ = meta_.reserved_offset;
  return 0;
}

Completion Partition::remove_oldest(const Control& control) {
  const std::scoped_lock locks(meta_mutex_, index_mutex_);
  Completion completion{.request = control.request, .status = refusal()};
  if (completion.status != kOk) return completion;
  // No consumer that has a place in this partition loses messages it has not passed.
  const uint64_t last_offset_max = std::min(control.last_offset_max, offsets_.lowest());
  std::vector<std::shared_ptr<Segment>> removed;
  uint64_t first_retained = 0;
  {
    const std::lock_guard lock(view_mutex_);
    while (removed.size() < control.segments && removed.size() + 1 < segments_.size()) {
      const auto& segment = segments_[removed.size()];
      if (segment->ends().end_offset - 1 > last_offset_max) break;
      removed.push_back(segment);
    }
    first_retained = segments_[removed.size()]->start;
  }
  if (removed.empty()) return completion;
  // What is to be the first segment must be durable before the ones in front of it go.
  int error = checkpoint();
  if (error == 0) {
    PartitionMeta changed = meta_;
    changed.first_retained = first_retained;
    std::erase_if(changed.jumps, [&](const Jump& jump) { return jump.to <= first_retained; });
    error = change_meta(std::move(changed));
  }
  if (error == 0) {
    {
      const std::lock_guard lock(view_mutex_);
      segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(removed.size()));
    }
    // Files that cannot be removed now are below the first retained offset: the next opening removes them.
    for (const auto& segment : removed) {
      services_.segments.forget(segment);
      if (const int failed = remove_segment_files(log_, *segment)) error = failed;
    }
    if (const int failed = services_.file_system.sync_directory(log_.directory)) {
      error = failed;
      fence_faulted(failed);
    }
    completion.count = static_cast<uint32_t>(removed.size());
  }
  completion.status = error == 0 ? kOk : kIoError;
  completion.detail = static_cast<uint32_t>(error);
  return completion;
}

// The owner's. A crash after the first write is finished by the next opening.
Completion Partition::empty(const Control& control) {
  const std::scoped_lock locks(meta_mutex_, index_mutex_);
  Completion completion{.request = control.request, .status = refusal()};
  if (completion.status != kOk) return completion;
  PartitionMeta purging = meta_;
  purging.state = StoredState::kPurging;
  ++purging.purges;
  if (const int failed = change_meta(std::move(purging))) {
    completion.status = kIoError;
    completion.detail = static_cast<uint32_t>(failed);
    return completion;
  }
  std::shared_ptr<Segment> fresh;
  int error = 0;
  // The new log may get its name.
  active_log_->stop_space();
  drop_next_log();
  {
    std::vector<std::shared_ptr<Segment>> removed;
    {
      const std::lock_guard lock(view_mutex_);
      removed.swap(segments_);
      next_offset_ = durable_offset_ = checkpointed_offset_ = unsynced_bytes_ = 0;
    }
    for (const auto& segment : removed) {
      services_.segments.forget(segment);
      if (error == 0) error = remove_segment_files(log_, *segment);
    }
    // In memory they go with the messages, whatever becomes of the files.
    const int cleared = offsets_.clear();
    if (error == 0) error = cleared;
    if (error == 0) error = offsets_.sync();
    if (error == 0) error = services_.file_system.sync_directory(log_.directory);
    if (error == 0) error = make_segment(log_, 0, &fresh);
    if (error == 0) error = services_.file_system.sync_directory(log_.directory);
    if (error == 0) {
      fresh->entry_synced = true;
      PartitionMeta emptied = meta_;
      emptied.state = StoredState::kOpen;
      emptied.first_retained = emptied.active_start = emptied.durable_length = emptied.durable_offset = 0;
      emptied.jumps.clear();
      emptied.reserved_offset = durability_ == Durability::kGroup ? 0 : kReservedOffsets;
      error = change_meta(std::move(emptied));
    }
  }
  if (error != 0) {
    fence(FenceReason::kPurgeFailed, error);
    completion.status = kIoError;
    completion.detail = static_cast<uint32_t>(error);
    return completion;
  }
  reserved_offset_ = meta_.reserved_offset;
  if (direct_wanted_) go_direct(*fresh->file(), fresh->log_path, 0);
  activate(fresh);
  builder_ = ExtentBuilder(0);
  ids_.clear();
  end_offset_ = end_position_ = end_logical_bytes_ = segment_timestamp_ = 0;
  const std::lock_guard lock(view_mutex_);
  segments_.push_back(std::move(fresh));
  return completion;
}

// The owner's.
Completion Partition::shut(const Control& control) {
  const std::lock_guard meta_lock(meta_mutex_);
  Completion completion{.request = control.request};
  if (state() == State::kReady) {
    bool unsynced = false;
    int error = checkpoint();
    if (error == 0) {
      error = write_indexes();
      unsynced = error != 0;
    }
    if (error == 0) error = active_log_->finish(end_position_, &unsynced);
    if (unsynced) fence_faulted(error);
    if (error == 0) {
      PartitionMeta stopped = meta_;
      stopped.state = StoredState::kCleanStop;
      error = change_meta(std::move(stopped));
    }
    completion.status = error == 0 ? kOk : kIoError;
    completion.detail = static_cast<uint32_t>(error);
  }
  state_ = State::kShut;
  drop_next_log();
  const std::scoped_lock locks(index_mutex_, view_mutex_);
  for (const auto& segment : segments_) services_.segments.forget(segment);
  return completion;
}

// One sync serves every request that arrives before it begins.
void Partition::finish_offset_request(Waiter waiter) {
  {
    const std::lock_guard lock(waiters_mutex_);
    offset_waiters_.push_back(waiter);
    if (offset_waiters_.size() > 1) return;
  }
  services_.syncs.post([self = shared_from_this()] {
    std::vector<Waiter> waiters;
    {
      const std::lock_guard lock(self->waiters_mutex_);
      waiters.swap(self->offset_waiters_);
    }
    const int error = self->services_.figures.time_sync([&] { return self->offsets_.sync(); });
    if (error != 0) self->fence_unsynced(error);
    for (const Waiter& each : waiters) {
      complete(each.sink, {.request = each.request, .status = error == 0 ? kOk : kIoError, .detail = static_cast<uint32_t>(error)});
    }
  });
}

}  // namespace galgo
