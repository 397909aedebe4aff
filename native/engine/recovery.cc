#include "recovery.h"

#include <algorithm>
#include <cerrno>

#include "index_file.h"

namespace galgo {
namespace {

constexpr const char* kPreparedLogName = "next.log";

uint64_t random_secret() {
  uint8_t id[16];
  random_id(id);
  return xxh3_64(id, sizeof id);
}

class Recovery {
 public:
  Recovery(LogContext& context, const PartitionOptions& options) : context_(context), options_(options) {}

  Recovered run() {
    const int error = open_folder() ? recover() : error_;
    if (error != 0) {
      result_.status = kIoError;
      result_.error = error;
      result_.readable = false;
    }
    return std::move(result_);
  }

 private:
  bool fail(int error) {
    error_ = error;
    return false;
  }

  bool fence_unreadable(FenceReason reason) {
    fence(reason);
    result_.readable = false;
    return false;
  }

  void fence(FenceReason reason) {
    if (!fenced()) result_.reason = reason;
    result_.status = kFenced;
  }
  bool fenced() const { return result_.status == kFenced; }

  // Pass A: whose folder is this? False: the outcome is decided (error_ or the result's status tell).
  bool open_folder();
  int never_written(bool* answer);
  int log_empty(uint64_t start, bool* answer);
  int log_blank(uint64_t start, bool* answer);
  int finish_purge();
  int recover();

  int open_segments();
  int open_sealed(size_t index, bool* broken);
  int open_active();
  int make_durable(File& file, uint64_t from, uint64_t to);
  int skip_reserved_offsets();
  int write_opened_meta();

  bool recorded_jump(uint64_t from, uint64_t to) const {
    return std::any_of(meta().jumps.begin(), meta().jumps.end(), [&](const Jump& jump) { return jump.from == from && jump.to == to; });
  }
  bool was_durable(uint64_t start, uint64_t position) const {
    return start < meta().active_start || (start == meta().active_start && position < meta().durable_length);
  }

  PartitionMeta& meta() { return result_.meta; }
  const PartitionMeta& meta() const { return result_.meta; }

  LogContext& context_;
  const PartitionOptions& options_;
  Recovered result_;
  int error_ = 0;
  bool made_ = false;      // the folder is new
  bool prepared_ = false;  // there is a log that was made ready, but never appended to
  std::vector<uint64_t> starts_;
};

bool Recovery::open_folder() {
  std::vector<std::string> names;
  int error = context_.file_system.list(context_.directory, &names);
  if (error == ENOENT) {
    if (!options_.create) return fence_unreadable(FenceReason::kMissing);
    error = context_.file_system.make_directories(context_.directory);
  }
  if (error != 0) return fail(error);
  for (const std::string& name : names) {
    uint64_t start = 0;
    if (parse_log_name(name, &start)) starts_.push_back(start);
    prepared_ = prepared_ || name == kPreparedLogName;
  }
  std::sort(starts_.begin(), starts_.end());

  bool found = false;
  error = read_meta(context_.file_system, context_.directory, &context_.counters, &meta(), &found);
  if (error != 0) return fail(error);
  if (found) {
    if (meta().incarnation != options_.incarnation) return fence_unreadable(FenceReason::kForeign);
    // What is read may be in the page cache alone, if the process was killed in the midst of writing it. Nothing may be removed by its word yet.
    if (meta().state != StoredState::kCleanStop) {
      error = secure_meta(context_.file_system, context_.directory, &context_.counters, meta());
      if (error != 0) return fail(error);
    }
  } else if (starts_.empty() || !find_lost_secret(context_, options_.incarnation, starts_, &meta())) {
    bool unwritten = false;
    if (const int failed = never_written(&unwritten)) return fail(failed);
    if (!options_.create || !unwritten) return fence_unreadable(FenceReason::kMissing);
    made_ = true;
    meta().secret = random_secret();
    meta().first_retained = meta().active_start = meta().durable_offset = options_.first_offset;
  }
  result_.found = meta().state;
  meta().incarnation = options_.incarnation;
  context_.secret = meta().secret;
  return true;
}

// The making of a partition that a loss of power cut off may leave the name of its first log and not that of partition.meta.
int Recovery::never_written(bool* answer) {
  *answer = false;
  for (const uint64_t start : starts_) {
    bool empty = false;
    const int error = log_empty(start, &empty);
    if (error != 0 || !empty) return error;
  }
  *answer = true;
  return 0;
}

int Recovery::log_empty(uint64_t start, bool* answer) {
  std::unique_ptr<File> file;
  uint64_t size = 0;
  int error = context_.file_system.open(Segment(context_.directory, start).log_path, OpenMode::kRead, &context_.counters, &file);
  if (error == 0) error = file->size(&size);
  *answer = size == 0;
  return error;
}

// True of a log that has nothing but zeros, which are written ahead of records.
int Recovery::log_blank(uint64_t start, bool* answer) {
  std::unique_ptr<File> file;
  uint64_t size = 0;
  int error = context_.file_system.open(Segment(context_.directory, start).log_path, OpenMode::kRead, &context_.counters, &file);
  if (error == 0) error = file->size(&size);
  return error == 0 ? all_zero(*file, 0, size, answer) : error;
}

int Recovery::recover() {
  if (meta().state == StoredState::kPurging) {
    if (const int error = finish_purge()) return error;
  }
  if (const int error = open_segments()) return error;
  const bool whole = !fenced();
  for (const auto& segment : result_.segments) result_.last_timestamp = std::max(result_.last_timestamp, segment->ends().last_timestamp);
  result_.last_timestamp = std::max(result_.last_timestamp, meta().last_timestamp);
  if (!whole) return 0;
  if (const int error = skip_reserved_offsets()) return error;
  return fenced() ? 0 : write_opened_meta();
}

int Recovery::finish_purge() {
  for (const uint64_t start : starts_) {
    if (const int error = remove_segment_files(context_, Segment(context_.directory, start))) return error;
  }
  starts_.clear();
  if (const int error = context_.file_system.remove(context_.directory + "/offsets.dat")) return error;
  PartitionMeta empty;
  empty.sequence = meta().sequence;
  empty.incarnation = meta().incarnation;
  empty.purges = meta().purges;
  empty.secret = meta().secret;
  meta() = std::move(empty);
  return 0;
}

int Recovery::open_segments() {
  if (prepared_) {
    if (const int error = context_.file_system.remove(prepared_log_path(context_.directory))) return error;
  }
  while (!starts_.empty() && starts_.front() < meta().first_retained) {
    if (const int error = remove_segment_files(context_, Segment(context_.directory, starts_.front()))) return error;
    starts_.erase(starts_.begin());
  }
  if (made_) {
    // The secret must be durable before the first record is keyed with it.
    if (const int error = write_meta(context_.file_system, context_.directory, &context_.counters, &meta())) return error;
  }
  if (starts_.empty()) {
    if (meta().durable_length > 0 || meta().durable_offset > meta().active_start) {
      fence_unreadable(FenceReason::kMissing);
      return 0;
    }
    std::shared_ptr<Segment> segment;
    if (const int error = make_segment(context_, meta().active_start, &segment)) return error;
    result_.segments.push_back(segment);
    result_.builder = ExtentBuilder(segment->start);
    result_.next_offset = segment->start;
    return 0;
  }
  if (starts_.front() != meta().first_retained) fence(FenceReason::kMissing);

  for (size_t i = 0; i < starts_.size(); ++i) {
    result_.segments.push_back(std::make_shared<Segment>(context_.directory, starts_[i]));
    if (i + 1 == starts_.size()) break;
    bool broken = false;
    if (const int error = open_sealed(i, &broken)) return error;
    if (!broken) continue;
    const SegmentEnds ends = result_.segments.back()->ends();
    if (ends.end_offset > starts_[i + 1]) {
      // A file that a failed rotation left behind, after which this segment went on.
      bool stray = false;
      if (const int error = log_blank(starts_[i + 1], &stray)) return error;
      if (stray) {
        if (const int error = remove_segment_files(context_, Segment(context_.directory, starts_[i + 1]))) return error;
        starts_.erase(starts_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        result_.segments.pop_back();
        --i;
        continue;
      }
    }
    if (was_durable(starts_[i], ends.end_position) || starts_[i + 1] <= meta().active_start || options_.durability == Durability::kGroup) {
      // What follows shows that this segment was complete once, and synced.
      fence(FenceReason::kDamaged);
      continue;
    }
    // Never promised: pages of an unsynced segment that a power loss took. What came after it goes too, as one log has no holes.
    for (size_t later = i + 1; later < starts_.size(); ++later) {
      if (const int error = remove_segment_files(context_, Segment(context_.directory, starts_[later]))) return error;
    }
    starts_.resize(i + 1);
    result_.segments.back() = std::make_shared<Segment>(context_.directory, starts_[i]);
    break;
  }
  return open_active();
}

// `broken`: the log ends early, or the next segment does not begin where this one ends.
int Recovery::open_sealed(size_t index, bool* broken) {
  Segment& segment = *result_.segments[index];
  std::unique_ptr<File> file;
  if (const int error = context_.file_system.open(segment.log_path, OpenMode::kReadWrite, &context_.counters, &file)) return error;
  uint64_t size = 0;
  if (const int error = file->size(&size)) return error;
  const auto follows = [&](uint64_t end_offset) { return starts_[index + 1] == end_offset || recorded_jump(end_offset, starts_[index + 1]); };
  IndexContent content;
  if (const int error = read_index(context_, segment, 0, &content)) return error;
  const IndexHeader& header = content.header;
  if (content.valid && header.sealed && header.log_length == size && header.end_offset > segment.start && follows(header.end_offset)) {
    segment.publish({.end_offset = header.end_offset,
                     .end_position = size,
                     .logical_bytes = header.logical_bytes,
                     .first_timestamp = header.first_timestamp,
                     .last_timestamp = header.last_timestamp},
                    {});
    segment.log_synced = segment.entry_synced = segment.sealed = segment.index_made = true;
    return 0;
  }
  ExtentBuilder builder(segment.start);
  ScanState state{.next_offset = segment.start};
  std::vector<Extent> extents;
  if (const int error = scan_log(*file, size, context_, &state, &builder, &extents)) return error;
  // The zeros behind a log that was full, but not yet sealed.
  bool padded = false;
  if (state.position < size) {
    if (const int error = all_zero(*file, state.position, size, &padded)) return error;
  }
  *broken = (state.position != size && !padded) || !follows(state.next_offset);
  segment.publish({state.next_offset, state.position, state.logical_bytes, state.first_timestamp, state.last_timestamp}, {});
  segment.set_extents(std::move(extents), 0);
  if (!*broken) {
    if (padded) {
      if (const int error = file->truncate(state.position)) return error;
    }
    const uint64_t end = state.position;
    const uint64_t synced = segment.start < meta().active_start ? end : segment.start == meta().active_start ? meta().durable_length : 0;
    if (const int error = make_durable(*file, synced, end)) return error;
    if (const int error = write_index(context_, segment, true)) return error;
    segment.log_synced = segment.entry_synced = segment.sealed = true;
  }
  segment.set_file(std::make_shared<LogFile>(std::move(file)));
  return 0;
}

// Syncs what lies between `from` and `to`. After a sync that failed the kernel takes those pages for clean although they are not on the device: they
// are written once more.
int Recovery::make_durable(File& file, uint64_t from, uint64_t to) {
  if (result_.found == StoredState::kFaulted) {
    std::vector<uint8_t> bytes(std::min<uint64_t>(to - std::min(from, to), 1 << 20));
    while (from < to) {
      size_t done = 0;
      if (const int error = file.read(bytes.data(), std::min<uint64_t>(bytes.size(), to - from), from, &done)) return error;
      if (done == 0) return EIO;
      if (const int error = file.write(bytes.data(), done, from)) return error;
      from += done;
    }
  }
  return file.sync();
}

// Pass B: the end of the active segment.
int Recovery::open_active() {
  Segment& segment = *result_.segments.back();
  std::unique_ptr<File> file;
  if (const int error = context_.file_system.open(segment.log_path, OpenMode::kReadWrite, &context_.counters, &file)) return error;
  uint64_t size = 0;
  if (const int error = file->size(&size)) return error;
  const uint64_t durable = segment.start < meta().active_start ? size : segment.start == meta().active_start ? meta().durable_length : 0;

  IndexContent content;
  if (const int error = read_index(context_, segment, std::min(durable, size), &content)) return error;
  std::vector<Extent>& extents = content.extents;
  ScanState state{.next_offset = segment.start};
  // Go on from the last record that begins an extent: what the index says about it is not needed, and the scan begins at a record.
  while (!extents.empty()) {
    const Extent last = extents.back();
    extents.pop_back();
    if (last.position != last.record_position) continue;
    const uint64_t first_timestamp = extents.empty() ? 0 : extents.front().timestamp;
    state = {.position = last.position,
             .next_offset = segment.start + last.relative_offset,
             .logical_bytes = last.logical_bytes,
             .first_timestamp = first_timestamp,
             .last_timestamp = extents.empty() ? 0 : extents.back().timestamp};
    break;
  }
  size_t indexed = extents.size();
  result_.builder = ExtentBuilder(segment.start, state.logical_bytes);
  if (const int error = scan_log(*file, size, context_, &state, &result_.builder, &extents)) return error;
  if (state.position < durable && indexed > 0) {
    // Damage, or an index of another life of this file. The log itself decides.
    indexed = 0;
    extents.clear();
    state = {.next_offset = segment.start};
    result_.builder = ExtentBuilder(segment.start);
    if (const int error = scan_log(*file, size, context_, &state, &result_.builder, &extents)) return error;
  }

  const uint64_t p = state.position;
  if (p < durable || (p < size && fenced())) {
    fence(FenceReason::kDamaged);
  } else if (p < size) {
    bool padded = false;
    if (const int error = all_zero(*file, p, size, &padded)) return error;
    bool damaged = false;
    if (!padded && options_.durability == Durability::kGroup) {
      if (const int error = holds_two_groups(*file, p, size, context_, state.next_offset, &damaged)) return error;
    }
    if (damaged) fence(FenceReason::kDamaged);
  }
  segment.publish({state.next_offset, p, state.logical_bytes, state.first_timestamp, state.last_timestamp}, {});
  segment.set_extents(extents, indexed);
  File& log = *file;
  segment.set_file(std::make_shared<LogFile>(std::move(file), p));
  result_.next_offset = state.next_offset;
  if (state.next_offset < meta().durable_offset) fence(FenceReason::kDamaged);
  if (fenced()) return 0;

  // Pass C.
  if (p < size) {
    if (const int error = log.truncate(p)) return error;
  }
  // An opening that was killed may have cut the log and not synced that.
  if (p < size || p > durable || result_.found != StoredState::kCleanStop) {
    if (const int error = make_durable(log, durable, p)) return error;
  }
  segment.index_made = content.valid && !content.header.sealed;
  if (!segment.index_made) segment.set_extents(extents, 0);
  if (segment.index_made) {
    // Entries beyond those that count must not be taken for entries of records that are still to come.
    std::unique_ptr<File> index;
    if (const int error = context_.file_system.open(segment.index_path, OpenMode::kReadWrite, &context_.counters, &index)) return error;
    if (const int error = index->truncate(kIndexHeaderBytes + indexed * kIndexEntryBytes)) return error;
  }
  return 0;
}

// After a power loss, offsets that someone may have seen are not given out again: the log goes on in a new segment, and the jump is recorded before
// that exists.
int Recovery::skip_reserved_offsets() {
  const auto boot_id = machine_boot_id();
  const bool same_boot = boot_id == meta().boot_id && boot_id != std::array<uint8_t, 16>{};
  if (made_ || same_boot || meta().state == StoredState::kCleanStop || meta().reserved_offset <= result_.next_offset) return 0;
  const uint64_t to = meta().reserved_offset;
  std::shared_ptr<Segment> last = result_.segments.back();
  // An empty segment would end where nothing follows: it is replaced. Each step leaves a folder that the next opening takes for whole.
  std::shared_ptr<Segment> replaced;
  if (last->ends().end_offset == last->start) {
    last.swap(replaced);
    result_.segments.pop_back();
  }
  std::erase_if(meta().jumps, [&](const Jump& jump) { return jump.to <= meta().first_retained; });
  if (result_.segments.empty()) {
    meta().first_retained = meta().active_start = meta().durable_offset = to;
    meta().durable_length = 0;
  } else {
    last = result_.segments.back();
    const SegmentEnds ends = last->ends();
    // Jumps from here to segments that were replaced before.
    std::erase_if(meta().jumps, [&](const Jump& jump) {
      return jump.from == ends.end_offset && jump.to != to && !std::binary_search(starts_.begin(), starts_.end(), jump.to);
    });
    if (!recorded_jump(ends.end_offset, to)) {
      if (meta().jumps.size() >= kJumpsMax) {
        if (replaced) result_.segments.push_back(replaced);
        fence(FenceReason::kGapsFull);
        return 0;
      }
      meta().jumps.push_back({ends.end_offset, to});
    }
    meta().active_start = last->start;
    meta().durable_length = ends.end_position;
    meta().durable_offset = ends.end_offset;
  }
  if (const int error = write_meta(context_.file_system, context_.directory, &context_.counters, &meta())) return error;
  if (replaced) {
    if (const int error = remove_segment_files(context_, *replaced)) return error;
    if (const int error = context_.file_system.sync_directory(context_.directory)) return error;
  }
  if (last && !last->sealed) {
    if (const int error = write_index(context_, *last, true)) return error;
    last->log_synced = last->entry_synced = last->sealed = true;
  }
  std::shared_ptr<Segment> segment;
  if (const int error = make_segment(context_, to, &segment)) return error;
  result_.segments.push_back(segment);
  result_.builder = ExtentBuilder(to);
  result_.next_offset = to;
  return 0;
}

int Recovery::write_opened_meta() {
  Segment& active = *result_.segments.back();
  if (!active.index_made) {
    if (const int error = write_index(context_, active, false)) return error;
  }
  if (const int error = context_.file_system.sync_directory(context_.directory)) return error;
  active.entry_synced = true;
  const SegmentEnds ends = active.ends();
  meta().state = StoredState::kOpen;
  meta().active_start = active.start;
  meta().durable_length = ends.end_position;
  meta().durable_offset = ends.end_offset;
  meta().last_timestamp = result_.last_timestamp;
  meta().reserved_offset = options_.durability == Durability::kGroup ? 0 : result_.next_offset + kReservedOffsets;
  meta().boot_id = machine_boot_id();
  return write_meta(context_.file_system, context_.directory, &context_.counters, &meta());
}

}  // namespace

Recovered recover_partition(LogContext& context, const PartitionOptions& options) { return Recovery(context, options).run(); }

// Index files carry a copy of the secret; it counts if a record verifies with it, or if there is no record.
bool find_lost_secret(const LogContext& context, uint64_t incarnation, const std::vector<uint64_t>& starts, PartitionMeta* meta) {
  for (const uint64_t start : starts) {
    const Segment segment(context.directory, start);
    std::unique_ptr<File> file;
    uint8_t bytes[kRecordHeaderBytes];
    size_t done = 0;
    if (context.file_system.open(segment.index_path, OpenMode::kRead, &context.counters, &file) != 0) continue;
    IndexHeader header;
    if (file->read(bytes, kIndexHeaderBytes, 0, &done) != 0 || done < kIndexHeaderBytes || !decode_index_header(bytes, &header)) continue;
    if (header.incarnation != incarnation) continue;
    if (context.file_system.open(segment.log_path, OpenMode::kRead, &context.counters, &file) != 0) continue;
    if (file->read(bytes, kRecordHeaderBytes, 0, &done) != 0) continue;
    RecordInfo info;
    const bool verifies = done == kRecordHeaderBytes && read_record_header(bytes, header.secret, incarnation, &info) == HeaderCheck::kValid;
    bool empty = false;
    if (!verifies && starts.size() == 1) {
      // Zeros were written ahead of the first record.
      uint64_t size = 0;
      if (file->size(&size) != 0 || all_zero(*file, 0, size, &empty) != 0) continue;
    }
    if (!verifies && !empty) continue;
    meta->secret = header.secret;
    meta->incarnation = incarnation;
    meta->first_retained = starts.front();
    meta->active_start = starts.front();
    return true;
  }
  return false;
}

int make_segment(const LogContext& context, uint64_t start, std::shared_ptr<Segment>* segment) {
  auto made = std::make_shared<Segment>(context.directory, start);
  std::unique_ptr<File> file;
  if (const int error = context.file_system.open(made->log_path, OpenMode::kCreate, &context.counters, &file)) return error;
  // A file of that name can only be left over from a start that failed; nothing in it was ever published.
  if (const int error = file->truncate(0)) {
    context.file_system.remove(made->log_path);
    return error;
  }
  made->set_file(std::make_shared<LogFile>(std::move(file)));
  made->set_extents({}, 0);
  *segment = std::move(made);
  return 0;
}

std::string prepared_log_path(const std::string& directory) { return directory + "/" + kPreparedLogName; }

int remove_segment_files(const LogContext& context, const Segment& segment) {
  if (const int error = context.file_system.remove(segment.log_path)) return error;
  return context.file_system.remove(segment.index_path);
}

}  // namespace galgo
