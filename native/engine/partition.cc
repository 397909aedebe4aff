#include "partition.h"

#include <cerrno>
#include <climits>
#include <new>
#include <utility>

namespace galgo {
namespace {

constexpr uint64_t kGroupBytesMax = 8ull << 20;
constexpr size_t kGroupJobsMax = IOV_MAX;

}  // namespace

Partition::Partition(const Services& services, const std::string& directory, const PartitionOptions& options)
    : services_(services),
      opened_with_(options),
      segment_bytes_(options.segment_bytes),
      durability_(options.durability),
      offset_durability_(options.offset_durability),
      direct_wanted_(options.direct_io),
      log_{services.file_system, counters_, directory, options.incarnation, 0},
      ids_(options.id_entries_max, options.id_expiry_us, services.ids),
      sealer_(services.keys),
      offsets_(services.options.consumer_offsets_max, services.memory) {}

Partition::~Partition() {
  for (const auto& segment : segments_) services_.segments.forget(segment);
}

void Partition::open(uint32_t request, CompletionSink* sink) {
  services_.syncs.post([self = shared_from_this(), request, sink] { self->open_now(request, sink); });
}

void Partition::open_now(uint32_t request, CompletionSink* sink) {
  Completion completion{.request = request};
  try {
    Recovered recovered = recover_partition(log_, opened_with_);
    completion.status = recovered.status;
    completion.detail = static_cast<uint32_t>(recovered.error);
    fence_reason_ = recovered.status == kIoError ? FenceReason::kIoError : recovered.reason;
    fence_error_ = recovered.error;
    if (recovered.readable) {
      bool made = false;
      int error = offsets_.open(services_.file_system, log_.directory, &counters_, log_.secret, recovered.next_offset, recovered.found, &made);
      if (error == 0 && made) error = services_.file_system.sync_directory(log_.directory);
      if (error != 0) {
        completion.status = kIoError;
        completion.detail = static_cast<uint32_t>(error);
        fence_reason_ = FenceReason::kIoError;
        fence_error_ = error;
        recovered.readable = false;
      }
    }
    readable_ = recovered.readable;
    if (recovered.readable) {
      builder_ = recovered.builder;
      activate(recovered.segments.back());
      const SegmentEnds ends = active_->ends();
      end_position_ = ends.end_position;
      end_logical_bytes_ = ends.logical_bytes;
      segment_timestamp_ = ends.first_timestamp;
      end_offset_ = recovered.next_offset;
      last_timestamp_ = recovered.last_timestamp;
      reserved_offset_ = recovered.meta.reserved_offset;
      if (completion.status == kOk && direct_wanted_) {
        // Whatever the reason, buffered appends lose nothing.
        completion.detail = static_cast<uint32_t>(go_direct(*active_log_, active_->log_path, end_position_));
        if (completion.detail != 0) direct_wanted_ = false;
        direct_active_ = active_log_->direct();
      }
      const std::scoped_lock locks(meta_mutex_, view_mutex_);
      meta_ = std::move(recovered.meta);
      segments_ = std::move(recovered.segments);
      for (const auto& segment : segments_) segment->count_in(services_.memory);
      next_offset_ = recovered.next_offset;
      published_timestamp_ = recovered.last_timestamp;
      durable_offset_ = checkpointed_offset_ = meta_.durable_offset;
    }
    if (completion.status == kOk && ids_.on()) restore_ids();
  } catch (const std::bad_alloc&) {
    completion.status = kOutOfMemory;
    fence_reason_ = FenceReason::kIoError;
    fence_error_ = ENOMEM;
    readable_ = false;
  }
  last_checkpoint_ = std::chrono::steady_clock::now().time_since_epoch().count();

  std::vector<WaitingPoll> polls;
  {
    const std::lock_guard lock(queue_mutex_);
    state_.store(completion.status == kOk ? State::kReady : State::kReadOnly, std::memory_order_release);
    polls.swap(waiting_polls_);
  }
  if (completion.status != kOk) {
    services_.figures.fences.fetch_add(1, std::memory_order_relaxed);
  } else if (!begin_segment_of_key()) {
    fence(FenceReason::kIoError);
    completion.status = kFenced;
  }
  completion.current_offset = end_offset_ == 0 ? 0 : end_offset_ - 1;
  release_ownership();
  complete(sink, completion);
  for (const WaitingPoll& poll : polls) {
    services_.syncs.post([self = shared_from_this(), poll] { self->run_poll(poll.request, poll.sink); });
  }
}

// The records of a segment have one key, or none, so that a key can be given up when its segments are gone: where the active one was begun with
// another than the one that is configured now, the log goes on in a new segment. False: it cannot.
bool Partition::begin_segment_of_key() {
  if (!services_.keys.any() || end_position_ == 0) return true;
  uint8_t header[kRecordHeaderBytes];
  size_t done = 0;
  if (active_->file()->read(header, sizeof header, 0, &done) != 0 || done < sizeof header) return false;
  if (encryption_key_id(header) == services_.keys.writing_id()) return true;
  rotate();
  return end_position_ == 0;
}

Status Partition::refusal() const {
  switch (state()) {
    case State::kReadOnly:
      return kFenced;
    case State::kShut:
      return kClosed;
    case State::kOpening:
    case State::kReady:
      break;
  }
  return kOk;
}

void Partition::complete(CompletionSink* sink, const Completion& completion) {
  sink->push(completion);
  sink->wake();
}

// -- Queue and ownership -------------------------------------------------------------------------------------------------------------------

void Partition::enqueue(Job job) {
  {
    const std::lock_guard lock(queue_mutex_);
    if (!job.control) services_.figures.queued_appends.fetch_add(1, std::memory_order_relaxed);
    jobs_.push_back(std::move(job));
    if (owned_ || scheduled_) return;  // the owner looks at the queue when it is done
    scheduled_ = true;
  }
  schedule();
}

void Partition::enqueue_control(Control control) {
  Job job;
  job.control = std::make_unique<Control>(control);
  enqueue(std::move(job));
}

bool Partition::own_if_idle() {
  const std::lock_guard lock(queue_mutex_);
  if (owned_ || !jobs_.empty()) return false;
  owned_ = true;
  return true;
}

void Partition::release_ownership() {
  {
    const std::lock_guard lock(queue_mutex_);
    owned_ = false;
    if (jobs_.empty() || scheduled_) return;
    scheduled_ = true;
  }
  schedule();
}

void Partition::schedule() {
  TaskThreads& threads = waits_for_device() ? services_.syncs : services_.io;
  threads.post([self = shared_from_this()] { self->run(); });
}

// One turn on the I/O thread, or on a sync thread: a commit group or a control request. Further ones wait for their turn behind other partitions.
void Partition::run() {
  std::unique_ptr<Control> control;
  uint64_t reserve_beyond = 0;
  {
    const std::lock_guard lock(queue_mutex_);
    scheduled_ = false;
    if (owned_ || jobs_.empty()) return;
    owned_ = true;
    if (jobs_.front().control) {
      control = std::move(jobs_.front().control);
      jobs_.pop_front();
    } else {
      group_.clear();
      const bool reserves = durability_ != Durability::kGroup && refusal() == kOk;
      uint64_t bytes = 0;
      uint64_t logical_bytes = end_logical_bytes_;
      uint64_t offset = end_offset_;
      while (!jobs_.empty() && !jobs_.front().control && group_.jobs.size() < kGroupJobsMax && !group_.fills_segment) {
        AppendJob& job = jobs_.front().append;
        if (!group_.jobs.empty() && bytes + job.length > kGroupBytesMax) break;
        offset += job.count;
        if (reserves && offset > reserved_offset_) {
          if (group_.jobs.empty()) reserve_beyond = offset;
          break;
        }
        group_.fills_segment = segment_full(logical_bytes, end_position_ + bytes);
        bytes += job.length;
        logical_bytes += job.logical_bytes;
        group_.jobs.push_back(std::move(job));
        jobs_.pop_front();
      }
      services_.figures.queued_appends.fetch_sub(group_.jobs.size(), std::memory_order_relaxed);
    }
  }
  if (control) {
    run_control(*control);
  } else if (reserve_beyond > 0) {
    services_.syncs.post([self = shared_from_this(), reserve_beyond] {
      if (const int error = self->reserve_offsets(reserve_beyond)) self->fail_first_append(error);
      self->release_ownership();
    });
  } else {
    append_group();
  }
}

// Control requests wait for the device, so a sync thread runs them. Those that do not move the log's end give the partition back at once.
void Partition::run_control(const Control& control) {
  const auto self = shared_from_this();
  switch (control.kind) {
    case Control::Kind::kFlush:
    case Control::Kind::kDeleteSegments:
      services_.syncs.post([self, control] {
        Completion completion{.request = control.request};
        if (control.kind == Control::Kind::kDeleteSegments) {
          completion = self->remove_oldest(control);
        } else {
          {
            const std::lock_guard lock(self->meta_mutex_);
            completion.status = self->refusal();
            if (completion.status == kOk) completion.detail = static_cast<uint32_t>(self->checkpoint());
            if (completion.detail != 0) completion.status = kIoError;
          }
          if (completion.status == kOk && (completion.detail = static_cast<uint32_t>(self->write_indexes())) != 0) {
            self->fence_unsynced(static_cast<int>(completion.detail));
            completion.status = kIoError;
          }
        }
        complete(control.sink, completion);
      });
      release_ownership();
      return;
    case Control::Kind::kPurge:
    case Control::Kind::kRestore:
    case Control::Kind::kClose:
      services_.syncs.post([self, control] {
        const Completion completion = control.kind == Control::Kind::kPurge     ? self->empty(control)
                                      : control.kind == Control::Kind::kRestore ? self->restore(control)
                                                                                : self->shut(control);
        self->release_ownership();
        complete(control.sink, completion);
      });
      return;
  }
}

void Partition::fence(FenceReason reason, int error) {
  State ready = State::kReady;
  if (!state_.compare_exchange_strong(ready, State::kReadOnly)) return;
  fence_error_ = error;
  fence_reason_ = reason;
  services_.figures.fences.fetch_add(1, std::memory_order_relaxed);
}

// -- Requests that are only passed on or need no thread -------------------------------------------------------------------------------------

Status Partition::store_offset(ConsumerKind kind, uint32_t id, uint64_t offset, uint32_t request, CompletionSink* sink) {
  if (state() == State::kOpening || state() == State::kShut) return kClosed;
  if (!readable_) return kFenced;
  const uint64_t generation = offsets_.generation();
  {
    const std::lock_guard lock(view_mutex_);
    if (offset >= next_offset_) return kInvalidOffset;
  }
  int error = 0;
  const Status status = offsets_.store(static_cast<uint8_t>(kind), id, offset, generation, false, &error);
  if (status != kOk || offset_durability_ != Durability::kGroup) return status;
  finish_offset_request({request, sink});
  return kQueued;
}

Status Partition::load_offset(ConsumerKind kind, uint32_t id, uint64_t* offset) {
  if (state() == State::kOpening || state() == State::kShut) return kClosed;
  return offsets_.load(static_cast<uint8_t>(kind), id, offset) ? kOk : kConsumerOffsetNotFound;
}

Status Partition::delete_offset(ConsumerKind kind, uint32_t id, uint32_t request, CompletionSink* sink) {
  if (state() == State::kOpening || state() == State::kShut) return kClosed;
  if (!readable_) return kFenced;
  int error = 0;
  const Status status = offsets_.remove(static_cast<uint8_t>(kind), id, &error);
  if (status != kOk || offset_durability_ != Durability::kGroup) return status;
  finish_offset_request({request, sink});
  return kQueued;
}

void Partition::flush(bool sync, uint32_t request, CompletionSink* sink) {
  // What was acknowledged is in the kernel already.
  if (!sync) return complete(sink, {.request = request, .status = refusal()});
  enqueue_control({.kind = Control::Kind::kFlush, .request = request, .sink = sink});
}

void Partition::delete_segments(uint32_t segments, uint64_t last_offset_max, uint32_t request, CompletionSink* sink) {
  enqueue_control(
      {.kind = Control::Kind::kDeleteSegments, .request = request, .sink = sink, .segments = segments, .last_offset_max = last_offset_max});
}

void Partition::purge(uint32_t request, CompletionSink* sink) { enqueue_control({.kind = Control::Kind::kPurge, .request = request, .sink = sink}); }

void Partition::restore(const RestoreRequest& restore, CompletionSink* sink) {
  enqueue_control({.kind = Control::Kind::kRestore,
                   .request = restore.request,
                   .sink = sink,
                   .generation = restore.generation,
                   .data = restore.data,
                   .length = restore.length});
}

void Partition::close(uint32_t request, CompletionSink* sink) { enqueue_control({.kind = Control::Kind::kClose, .request = request, .sink = sink}); }

void Partition::configure(const PartitionOptions& options) {
  segment_bytes_ = options.segment_bytes;
  durability_ = options.durability;
  offset_durability_ = options.offset_durability;
  direct_wanted_ = options.direct_io;
}

void Partition::stats(PartitionStats* out) {
  *out = {};
  {
    const std::lock_guard lock(view_mutex_);
    for (const auto& segment : segments_) {
      const SegmentEnds ends = segment->ends();
      out->messages += ends.end_offset - segment->start;
      out->logical_bytes += ends.logical_bytes;
      out->stored_bytes += ends.end_position;
      const std::shared_ptr<LogFile> log = segment->sealed ? nullptr : segment->file();
      if (log) out->staging_bytes += log->staging_bytes();
    }
    out->first_offset = segments_.empty() ? 0 : segments_.front()->start;
    out->next_offset = next_offset_;
    out->last_timestamp = published_timestamp_;
    out->durable_offset = durable_offset_;
    out->segments = static_cast<uint32_t>(segments_.size());
  }
  out->state = static_cast<uint32_t>(state());
  out->direct_io = direct_active_;
  out->read_calls = counters_.read_calls;
  out->read_bytes = counters_.read_bytes;
  out->write_calls = counters_.write_calls;
  out->write_bytes = counters_.write_bytes;
  out->sync_calls = counters_.sync_calls;
  out->fence_reason = fence_reason_;
  out->fence_error = fence_error_;
}

void Partition::segments(size_t segments_max, std::vector<SegmentStats>* out) {
  const std::lock_guard lock(view_mutex_);
  const size_t count = std::min(segments_max, segments_.size());
  out->reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const SegmentEnds ends = segments_[i]->ends();
    out->push_back({.first_offset = segments_[i]->start,
                    .last_offset = ends.end_offset - 1,
                    .logical_bytes = ends.logical_bytes,
                    .first_timestamp = ends.first_timestamp,
                    .last_timestamp = ends.last_timestamp});
  }
}

}  // namespace galgo
