// Files of the active segment and of the one to come: direct or buffered, and the space made ready ahead of appends. Space is made, and the next log
// prepared, on background threads; no append waits for either.
#include <algorithm>

#include "partition.h"

namespace galgo {
namespace {

// What a segment gets at once whose predecessor is nearly full.
constexpr uint64_t kNextSpaceBytes = 16 << 20;
// Zeros make the sync of a small group cheaper. Of large ones they would only double what the device has to write.
constexpr uint64_t kPrewriteGroupBytesMax = 128 * 1024;

}  // namespace

void Partition::activate(std::shared_ptr<Segment> segment) {
  active_ = std::move(segment);
  active_->count_in(services_.memory);
  active_log_ = active_->file();
  direct_active_ = active_log_->direct();
  next_requested_ = false;
}

int Partition::go_direct(LogFile& log, const std::string& path, uint64_t end) { return log.go_direct(log_, path, services_.buffers, end); }

SpaceAhead Partition::space_ahead() const {
  const SpaceAhead wanted = services_.options.space_ahead;
  if (!waits_for_device()) return SpaceAhead::kNone;
  return wanted == SpaceAhead::kPrewrite && last_group_bytes_ > kPrewriteGroupBytesMax ? SpaceAhead::kReserve : wanted;
}

// The owner's, after each group.
void Partition::make_space_ahead() {
  const uint64_t segment_bytes = segment_bytes_;
  const uint64_t bytes_to_come = segment_bytes - std::min(segment_bytes, end_logical_bytes_);
  const SpaceAhead how = space_ahead();
  const uint64_t to = active_log_->space_due(how, end_position_, bytes_to_come);
  if (to > 0 && !extending_.exchange(true)) {
    services_.background.post([self = shared_from_this(), log = active_log_, path = active_->log_path, how, to] {
      // The new size and blocks are journaled here, not by the sync of the next append.
      if (log->extend_space(self->log_, path, how, to)) {
        if (const int error = self->sync_logs()) self->fence_unsynced(error);
      }
      self->extending_ = false;
    });
  }
  if (!next_requested_ && (bytes_to_come <= segment_bytes / 10 || end_position_ >= kStoredBytesFull / 10 * 9)) {
    next_requested_ = true;
    services_.background.post([self = shared_from_this()] { self->prepare_next_log(); });
  }
}

void Partition::prepare_next_log() {
  const std::lock_guard lock(next_mutex_);
  if (next_log_ || state() != State::kReady) return;
  const std::string path = prepared_log_path(log_.directory);
  std::unique_ptr<File> file;
  if (log_.file_system.open(path, OpenMode::kCreate, &counters_, &file) != 0) return;
  if (file->truncate(0) != 0) return;
  auto log = std::make_shared<LogFile>(std::move(file));
  if (direct_wanted_) go_direct(*log, path, 0);
  const SpaceAhead how = space_ahead();
  if (how != SpaceAhead::kNone && log->extend_space(log_, path, how, std::min<uint64_t>(segment_bytes_, kNextSpaceBytes)) && log->sync() != 0) return;
  next_log_ = std::move(log);
}

// The owner's: the segment that begins at `start`, in the prepared log, or in a new one where none is ready. Returns 0 or errno.
int Partition::next_segment(uint64_t start, std::shared_ptr<Segment>* segment) {
  {
    const std::unique_lock lock(next_mutex_, std::try_to_lock);
    if (lock.owns_lock() && next_log_) {
      auto next = std::make_shared<Segment>(log_.directory, start);
      const std::shared_ptr<LogFile> log = std::move(next_log_);
      if (log_.file_system.rename(prepared_log_path(log_.directory), next->log_path) == 0) {
        next->set_file(log);
        next->set_extents({}, 0);
        *segment = std::move(next);
        return 0;
      }
    }
  }
  if (const int error = make_segment(log_, start, segment)) return error;
  if (direct_wanted_) go_direct(*(*segment)->file(), (*segment)->log_path, 0);
  return 0;
}

// A file that cannot be removed now is by the next opening.
void Partition::drop_next_log() {
  const std::lock_guard lock(next_mutex_);
  if (!next_log_) return;
  next_log_.reset();
  log_.file_system.remove(prepared_log_path(log_.directory));
}

}  // namespace galgo
