#include "segment.h"

#include <algorithm>
#include <cstdio>

namespace galgo {
Segment::Segment(const std::string& directory, uint64_t first)
    : start(first), log_path(directory + "/" + segment_name(first) + ".log"), index_path(directory + "/" + segment_name(first) + ".index") {
  ends_.end_offset = first;
}

SegmentEnds Segment::ends() const {
  const std::lock_guard lock(mutex_);
  return ends_;
}

void Segment::publish(const SegmentEnds& ends, const std::vector<Extent>& extents) {
  const std::lock_guard lock(mutex_);
  extents_.insert(extents_.end(), extents.begin(), extents.end());
  charge_.set(extents_.capacity() * sizeof(Extent));
  ends_ = ends;
}

bool Segment::plan(uint64_t from, uint64_t to, uint64_t bytes_max, Piece* piece) {
  const std::lock_guard lock(mutex_);
  if (!has_extents_ || !file_ || extents_.empty()) return false;
  const auto after = std::upper_bound(extents_.begin(), extents_.end(), from - start,
                                      [](uint64_t offset, const Extent& extent) { return offset < extent.relative_offset; });
  const auto first = static_cast<size_t>(after - extents_.begin()) - 1;
  const auto wanted =
      std::lower_bound(after, extents_.end(), to - start, [](const Extent& extent, uint64_t offset) { return extent.relative_offset < offset; });
  const uint64_t first_end = after == extents_.end() ? ends_.end_position : after->position;
  const uint64_t position_max = bytes_max > ends_.end_position ? ends_.end_position : first_end + bytes_max;
  const auto affordable =
      std::lower_bound(after, wanted, position_max, [](const Extent& extent, uint64_t position) { return extent.position < position; });
  *piece = piece_of(first, static_cast<size_t>(affordable - extents_.begin()));
  return true;
}

bool Segment::plan_timestamp(uint64_t timestamp, TimestampPlan* plan) {
  const std::lock_guard lock(mutex_);
  if (!has_extents_ || !file_ || extents_.empty()) return false;
  const auto found =
      std::lower_bound(extents_.begin(), extents_.end(), timestamp, [](const Extent& extent, uint64_t value) { return extent.timestamp < value; });
  plan->offset = found == extents_.end() ? ends_.end_offset : start + found->relative_offset;
  // A later record of the extent before may be the one; a large record has its extents to itself.
  plan->exact = found == extents_.begin() || (found - 1)->large;
  if (!plan->exact) {
    const auto before = static_cast<size_t>(found - extents_.begin()) - 1;
    plan->piece = piece_of(before, before + 1);
  }
  return true;
}

bool Segment::plan_tail(uint64_t from, uint64_t since, uint64_t bytes_max, bool frames, TailPlan* plan) {
  const std::lock_guard lock(mutex_);
  if (!has_extents_ || !file_ || extents_.empty()) return false;
  *plan = {.file = file_, .begin = ends_.end_position, .end = ends_.end_position};
  uint64_t begin_max = ends_.end_position;
  for (size_t i = extents_.size(); i-- > 0;) {
    const Extent& extent = extents_[i];
    const bool last = i + 1 == extents_.size();
    if (!last && (start + extents_[i + 1].relative_offset <= from || extents_[i + 1].timestamp < since)) break;
    const bool begins_record = extent.position == extent.record_position;
    uint64_t bytes = (last ? ends_.end_position : extents_[i + 1].position) - extent.position;
    if (extent.large && !frames) bytes = begins_record ? kTailReadBytes : 0;
    if (plan->bytes + bytes > bytes_max) {
      // Of a record that is not taken whole nothing is.
      plan->begin = begin_max;
      plan->cut = true;
      break;
    }
    plan->bytes += bytes;
    plan->begin = extent.record_position;
    if (begins_record) begin_max = extent.position;
  }
  return true;
}

void Segment::mark_verified(size_t extent_first, size_t extent_end) {
  const std::lock_guard lock(mutex_);
  for (size_t i = extent_first; i < std::min(extent_end, extents_.size()); ++i) extents_[i].verified = true;
}

void Segment::unwritten_extents(bool sealing, uint64_t secret, std::vector<uint8_t>* entries, size_t* first_entry) {
  const std::lock_guard lock(mutex_);
  *first_entry = extents_written_;
  const size_t closed = sealing || extents_.empty() ? extents_.size() : extents_.size() - 1;
  if (closed > extents_written_) encode_extents(extents_, extents_written_, closed, ends_.end_position, secret, start, entries);
}

void Segment::extents_written(size_t count) {
  const std::lock_guard lock(mutex_);
  extents_written_ = count;
}

bool Segment::loaded() const {
  const std::lock_guard lock(mutex_);
  return has_extents_ && file_;
}

void Segment::set_file(std::shared_ptr<LogFile> file) {
  const std::lock_guard lock(mutex_);
  file_ = std::move(file);
}

std::shared_ptr<LogFile> Segment::file() const {
  const std::lock_guard lock(mutex_);
  return file_;
}

void Segment::set_extents(std::vector<Extent> extents, size_t written) {
  const std::lock_guard lock(mutex_);
  extents_ = std::move(extents);
  extents_written_ = written;
  has_extents_ = true;
  charge_.set(extents_.capacity() * sizeof(Extent));
}

void Segment::release() {
  const std::lock_guard lock(mutex_);
  extents_ = {};
  extents_written_ = 0;
  has_extents_ = false;
  charge_.set(0);
  file_.reset();
}

void Segment::count_in(MemoryBudget& budget) {
  const std::lock_guard lock(mutex_);
  charge_.bind(budget, MemoryKind::kIndexes);
  charge_.set(extents_.capacity() * sizeof(Extent));
}

uint64_t Segment::extents_bytes() const {
  const std::lock_guard lock(mutex_);
  return extents_.capacity() * sizeof(Extent);
}

Piece Segment::piece_of(size_t first, size_t end) const {
  const bool last = end == extents_.size();
  bool verified = true;
  for (size_t i = first; i < end; ++i) verified = verified && extents_[i].verified;
  return {std::const_pointer_cast<Segment>(shared_from_this()),
          file_,
          extents_[first].position,
          last ? ends_.end_position : extents_[end].position,
          extents_[first].record_position,
          last ? ends_.end_offset : start + extents_[end].relative_offset,
          first,
          end,
          verified};
}

std::string segment_name(uint64_t start) {
  char name[21];
  std::snprintf(name, sizeof name, "%020llu", static_cast<unsigned long long>(start));
  return name;
}

bool parse_log_name(const std::string& name, uint64_t* start) {
  if (name.size() != 24 || name.compare(20, 4, ".log") != 0) return false;
  uint64_t value = 0;
  for (size_t i = 0; i < 20; ++i) {
    if (name[i] < '0' || name[i] > '9') return false;
    const auto digit = static_cast<uint64_t>(name[i] - '0');
    if (__builtin_mul_overflow(value, uint64_t{10}, &value) || __builtin_add_overflow(value, digit, &value)) return false;
  }
  *start = value;
  return true;
}

}  // namespace galgo
