// Verifying what a partition has on the device, a piece at a time, beside everything else. Runs on background threads.
#include <algorithm>
#include <new>

#include "partition.h"
#include "uncached_file.h"

namespace galgo {

void Partition::verify(const VerifyRequest& verify, CompletionSink* sink) {
  services_.background.post([self = shared_from_this(), verify, sink] {
    Completion completion{.request = verify.request};
    try {
      self->verify_piece(verify, &completion);
    } catch (const std::bad_alloc&) {
      completion = {.request = verify.request, .status = kOutOfMemory};
    }
    complete(sink, completion);
  });
}

// The first log that begins at or behind `from`, and how much of it is durable.
bool Partition::find_verifiable(uint64_t from, Verifiable* found) {
  const std::scoped_lock locks(meta_mutex_, view_mutex_);
  const auto segment = std::find_if(segments_.begin(), segments_.end(), [&](const auto& each) { return each->start >= from; });
  if (segment == segments_.end()) return false;
  const SegmentEnds ends = (*segment)->ends();
  *found = {.segment = *segment, .length = ends.end_position, .end_offset = ends.end_offset};
  const bool newest_durable = (*segment)->start == meta_.active_start;
  if (state() == State::kReady) {
    if ((*segment)->start > meta_.active_start) return false;
    if (!newest_durable) return true;
    // What is written behind it may be half on the device.
    found->length = std::min(ends.end_position, meta_.durable_length);
    found->end_offset = std::min(ends.end_offset, meta_.durable_offset);
    return true;
  }
  // Fenced: what is shown ends where the damage begins.
  if (newest_durable) {
    found->length = std::max(ends.end_position, meta_.durable_length);
    found->end_offset = std::max(ends.end_offset, meta_.durable_offset);
  } else if (segment + 1 != segments_.end()) {
    const uint64_t next = (*(segment + 1))->start;
    const bool given_up =
        std::any_of(meta_.jumps.begin(), meta_.jumps.end(), [&](const Jump& jump) { return jump.from == ends.end_offset && jump.to == next; });
    if (!given_up) found->end_offset = std::max(ends.end_offset, next);
    found->to_file_end = true;
  }
  return true;
}

bool Partition::holds(const std::shared_ptr<Segment>& segment) {
  const std::lock_guard lock(view_mutex_);
  return std::find(segments_.begin(), segments_.end(), segment) != segments_.end();
}

void Partition::verify_piece(const VerifyRequest& verify, Completion* completion) {
  if (state() == State::kOpening || state() == State::kShut) completion->status = kClosed;
  if (completion->status == kOk && !readable_) completion->status = kFenced;
  if (completion->status != kOk) return;
  VerifyPlace place = verify.place;
  uint64_t bytes_left = std::min<uint64_t>(std::max<uint64_t>(verify.bytes_max, 1), UINT32_MAX / 2);
  uint64_t bytes = 0;
  const auto answer = [&] {
    completion->current_offset = place.segment;
    completion->start = static_cast<uint32_t>(place.position);
    completion->timestamp = place.next_offset;
    completion->count = static_cast<uint32_t>(bytes);
  };
  Verifiable log;
  while (bytes_left > 0) {
    if (!find_verifiable(place.segment, &log)) {
      completion->reserved = 1;
      return answer();
    }
    if (log.segment->start != place.segment || place.position == 0) place = {log.segment->start, 0, log.segment->start};
    LogDamage damage;
    const CheckEnd end = verify_log(log, &place, &bytes_left, &bytes, &damage);
    if (end == CheckEnd::kPaused) return answer();
    const bool damaged = end == CheckEnd::kDamaged && holds(log.segment);
    if (damaged) {
      completion->status = kInvalidMessageChecksum;
      completion->first_offset = damage.offset;
      completion->last_offset = damage.end_offset;
      completion->length = static_cast<uint32_t>(damage.position);
      completion->detail = static_cast<uint32_t>(damage.error);
      return answer();
    }
    // A log that went while it was read is no matter. The next one begins behind the start of this one.
    place = {log.segment->start + 1, 0, 0};
  }
  answer();
}

// Verifies a piece of one log. A file that is missing or shorter than it was is damage too.
CheckEnd Partition::verify_log(const Verifiable& log, VerifyPlace* place, uint64_t* bytes_left, uint64_t* bytes, LogDamage* damage) {
  const auto missing = [&](int error) {
    *damage = {.position = place->position,
               .end_position = log.length,
               .record_offset = place->next_offset,
               .offset = place->next_offset,
               .end_offset = std::max(log.end_offset, place->next_offset),
               .error = error};
    place->position = log.length;
    place->next_offset = damage->end_offset;
    return CheckEnd::kDamaged;
  };
  // The partition's counters are those of its clients.
  IoCounters counters;
  std::unique_ptr<File> file;
  uint64_t length = log.length;
  if (place->position < length || log.to_file_end) {
    if (const int error = UncachedFile::open(services_.file_system, log.segment->log_path, &counters, &file)) return missing(error);
    uint64_t size = 0;
    if (const int error = file->size(&size)) return missing(error);
    if (log.to_file_end) length = std::max(length, size);
  }
  if (place->position >= length) return place->next_offset < log.end_offset ? missing(0) : CheckEnd::kWhole;
  LogPlace at{.position = place->position, .next_offset = place->next_offset, .last_timestamp = 0};
  const CheckEnd end = check_log(*file, length, log.end_offset, log_, *bytes_left, &at, damage);
  const uint64_t looked_at = at.position - place->position;
  *bytes += looked_at;
  *bytes_left -= std::min(*bytes_left, looked_at);
  *place = {place->segment, at.position, at.next_offset};
  if (end == CheckEnd::kDamaged) {
    // Behind the last message nothing has to verify.
    const bool behind = log.to_file_end && damage->position >= log.length && damage->end_offset == damage->record_offset;
    return behind ? CheckEnd::kWhole : end;
  }
  if (end == CheckEnd::kWhole && at.next_offset < log.end_offset) return missing(0);
  return end;
}

}  // namespace galgo
