#include "repair.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "log_check.h"
#include "partition_meta.h"
#include "recovery.h"
#include "segment.h"

namespace galgo {
namespace {

constexpr uint64_t kCopyBytes = 1 << 20;
constexpr const char* kTemporary = ".repair";

/// Sound records of a log, back to back.
struct Run {
  size_t log;  // whose file they are in
  uint64_t begin;
  uint64_t end;
  uint64_t offset;
  uint64_t end_offset;

  bool in_place() const { return begin == 0; }
};

struct Log {
  uint64_t start;
  std::unique_ptr<File> file;
  uint64_t size = 0;
};

int copy_bytes(File& from, uint64_t begin, uint64_t end, File& to, uint64_t position) {
  std::vector<uint8_t> bytes(begin < end ? std::min(kCopyBytes, end - begin) : 0);
  while (begin < end) {
    size_t done = 0;
    if (const int error = from.read(bytes.data(), std::min<uint64_t>(bytes.size(), end - begin), begin, &done)) return error;
    if (done == 0) return EIO;
    if (const int error = to.write(bytes.data(), done, position)) return error;
    begin += done;
    position += done;
  }
  return 0;
}

class Repair {
 public:
  Repair(LogContext& context, const PartitionOptions& options) : context_(context), options_(options) {}

  Repaired run() {
    int error = identify();
    if (error == 0 && result_.status == kOk && meta_.state != StoredState::kPurging) error = look();
    if (error == 0 && result_.status == kOk && changes_) error = change();
    if (error != 0) {
      result_.status = kIoError;
      result_.error = error;
    }
    return result_;
  }

 private:
  int identify();
  int look();
  int find_runs(size_t log);
  void drop_repeated_runs();
  void plan_gaps();
  bool given_up_before(uint64_t from, uint64_t to) const {
    return std::any_of(meta_.jumps.begin(), meta_.jumps.end(), [&](const Jump& jump) { return jump.from == from && jump.to == to; });
  }
  int change();
  int copy(const Run& run, const std::string& path);
  int cut();
  int secure(size_t log, uint64_t end);
  std::string temporary(const Run& run) const { return Segment(context_.directory, run.offset).log_path + kTemporary; }

  LogContext& context_;
  const PartitionOptions& options_;
  Repaired result_;
  PartitionMeta meta_;
  std::vector<std::string> left_over_;  // of a repair that a crash ended
  std::vector<Log> logs_;
  std::vector<Run> runs_;
  std::vector<Jump> jumps_;  // that the repaired partition has
  uint64_t first_ = 0;       // its first offset
  uint64_t lost_bytes_ = 0;  // at the end of the newest log
  uint64_t lost_end_ = 0;    // offset that followed them, as far as their headers tell
  bool tail_lost_ = false;   // messages at the end were acknowledged and are gone
  bool changes_ = false;
};

int Repair::identify() {
  std::vector<std::string> names;
  const int listed = context_.file_system.list(context_.directory, &names);
  std::vector<uint64_t> starts;
  for (const std::string& name : names) {
    uint64_t start = 0;
    if (parse_log_name(name, &start)) starts.push_back(start);
    if (name.ends_with(kTemporary)) left_over_.push_back(context_.directory + "/" + name);
  }
  std::sort(starts.begin(), starts.end());
  bool found = false;
  int error = listed == ENOENT ? 0 : listed;
  if (error == 0 && listed == 0) error = read_meta(context_.file_system, context_.directory, &context_.counters, &meta_, &found);
  if (error != 0) return error;
  if (!found) found = !starts.empty() && find_lost_secret(context_, options_.incarnation, starts, &meta_);
  if (!found || meta_.incarnation != options_.incarnation) {
    result_.status = kFenced;
    return 0;
  }
  context_.secret = meta_.secret;
  for (const uint64_t start : starts) {
    if (start >= meta_.first_retained) logs_.push_back({.start = start, .file = nullptr});
  }
  return 0;
}

int Repair::look() {
  for (size_t log = 0; log < logs_.size(); ++log) {
    Log& each = logs_[log];
    if (const int error =
            context_.file_system.open(Segment(context_.directory, each.start).log_path, OpenMode::kReadWrite, &context_.counters, &each.file))
      return error;
    if (const int error = each.file->size(&each.size)) return error;
    if (const int error = find_runs(log)) return error;
  }
  drop_repeated_runs();
  plan_gaps();
  if (std::max(jumps_.size(), meta_.jumps.size() + jumps_.size()) > kJumpsMax) result_.status = kFenced;
  return 0;
}

int Repair::find_runs(size_t log) {
  Log& each = logs_[log];
  LogPlace place{.position = 0, .next_offset = each.start};
  const auto note = [&](const LogPlace& from, uint64_t end, uint64_t end_offset) {
    if (end > from.position) runs_.push_back({.log = log, .begin = from.position, .end = end, .offset = from.next_offset, .end_offset = end_offset});
  };
  for (;;) {
    const LogPlace from = place;
    LogDamage damage;
    const CheckEnd end = check_log(*each.file, each.size, UINT64_MAX, context_, UINT64_MAX, &place, &damage);
    if (end != CheckEnd::kDamaged) {
      note(from, place.position, place.next_offset);
      return 0;
    }
    // What check_log names of a record are its bad messages; the record goes as a whole.
    note(from, damage.position, damage.record_offset);
    if (damage.end_position < each.size) {
      changes_ = true;
      continue;
    }
    if (log + 1 < logs_.size()) return 0;
    // Behind the last sound record there may be what no crash can explain, or only what one leaves behind.
    lost_bytes_ = each.size - damage.position;
    if (options_.durability == Durability::kGroup) {
      if (const int error = holds_two_groups(*each.file, damage.position, each.size, context_, damage.record_offset, &tail_lost_)) return error;
    }
    return last_header_end(*each.file, damage.position, each.size, context_, damage.record_offset, &lost_end_);
  }
}

// Copies that a repair made before a crash repeat what the log they are of still holds.
void Repair::drop_repeated_runs() {
  std::vector<Run> kept;
  for (const Run& run : runs_) {
    const bool repeated = std::any_of(runs_.begin(), runs_.end(), [&](const Run& other) {
      return other.in_place() && other.log > run.log && other.offset <= run.offset && run.end_offset <= other.end_offset;
    });
    const bool overlaps = !kept.empty() && run.offset < kept.back().end_offset;
    if (repeated || overlaps) {
      changes_ = true;
    } else {
      kept.push_back(run);
    }
  }
  runs_.swap(kept);
}

void Repair::plan_gaps() {
  first_ = runs_.empty() ? meta_.first_retained : runs_.front().offset;
  const auto lose = [&](uint64_t from, uint64_t to) {
    if (result_.stretches++ == 0) result_.first_lost = from;
    result_.messages_lost += to - from;
    changes_ = true;
  };
  uint64_t end = meta_.first_retained;
  for (const Run& run : runs_) {
    if (run.offset > end) {
      if (!given_up_before(end, run.offset)) lose(end, run.offset);
      if (end > first_) jumps_.push_back({end, run.offset});
    }
    end = run.end_offset;
  }
  // An empty newest log behind a recorded jump.
  if (!logs_.empty() && logs_.back().start > end && given_up_before(end, logs_.back().start)) {
    if (end > first_) jumps_.push_back({end, logs_.back().start});
    end = logs_.back().start;
    if (runs_.empty()) first_ = end;
  }
  result_.next_offset = end;
  const bool active = !logs_.empty() && logs_.back().start == meta_.active_start;
  const bool short_of_durable = active && lost_bytes_ > 0 && logs_.back().size - lost_bytes_ < meta_.durable_length;
  const bool newest_gone = logs_.empty() || logs_.back().start < meta_.active_start;
  tail_lost_ = tail_lost_ || end < meta_.durable_offset || short_of_durable || newest_gone;
  if (!tail_lost_) return;
  const uint64_t known_end = std::max({end, meta_.durable_offset, lost_end_});
  lose(end, known_end);
  const uint64_t to = std::max({known_end, meta_.reserved_offset, end + lost_bytes_ / kFrameHeaderBytes}) + kReservedOffsets;
  if (runs_.empty()) {
    first_ = to;
  } else {
    jumps_.push_back({end, to});
  }
  result_.next_offset = to;
}

int Repair::change() {
  for (const std::string& path : left_over_) {
    if (const int error = context_.file_system.remove(path)) return error;
  }
  // The first synced word: from here on the offsets between runs may be missing.
  std::vector<Jump> before = std::move(meta_.jumps);
  meta_.jumps = jumps_;
  for (const Jump& jump : before) {
    if (!std::any_of(jumps_.begin(), jumps_.end(), [&](const Jump& each) { return each.from == jump.from && each.to == jump.to; })) {
      meta_.jumps.push_back(jump);
    }
  }
  for (const Run& run : runs_) {
    if (run.in_place()) continue;
    if (const int error = copy(run, temporary(run))) return error;
  }
  if (const int error = write_meta(context_.file_system, context_.directory, &context_.counters, &meta_)) return error;
  for (const Run& run : runs_) {
    if (run.in_place()) continue;
    if (const int error = context_.file_system.rename(temporary(run), Segment(context_.directory, run.offset).log_path)) return error;
  }
  if (const int error = context_.file_system.sync_directory(context_.directory)) return error;
  if (const int error = cut()) return error;

  uint64_t active_start = runs_.empty() ? first_ : runs_.back().offset;
  uint64_t durable_length = runs_.empty() ? 0 : runs_.back().end - runs_.back().begin;
  if (runs_.empty() || result_.next_offset > runs_.back().end_offset) {
    std::shared_ptr<Segment> segment;
    if (const int error = make_segment(context_, result_.next_offset, &segment)) return error;
    active_start = result_.next_offset;
    durable_length = 0;
  }
  if (const int error = context_.file_system.sync_directory(context_.directory)) return error;
  meta_.jumps = jumps_;
  meta_.first_retained = first_;
  meta_.active_start = active_start;
  meta_.durable_length = durable_length;
  meta_.durable_offset = result_.next_offset;
  return write_meta(context_.file_system, context_.directory, &context_.counters, &meta_);
}

int Repair::copy(const Run& run, const std::string& path) {
  std::unique_ptr<File> to;
  if (const int error = context_.file_system.open(path, OpenMode::kCreate, &context_.counters, &to)) return error;
  if (const int error = to->truncate(0)) return error;
  if (const int error = copy_bytes(*logs_[run.log].file, run.begin, run.end, *to, 0)) return error;
  return to->sync();
}

// Every log ends where its first run ends; one that has none goes, unless a copy has taken its name.
int Repair::cut() {
  for (size_t log = 0; log < logs_.size(); ++log) {
    const Segment segment(context_.directory, logs_[log].start);
    const auto in_place = std::find_if(runs_.begin(), runs_.end(), [&](const Run& run) { return run.log == log && run.in_place(); });
    const bool taken = std::any_of(runs_.begin(), runs_.end(), [&](const Run& run) { return run.offset == segment.start && !run.in_place(); });
    if (in_place == runs_.end()) {
      const int error = taken ? context_.file_system.remove(segment.index_path) : remove_segment_files(context_, segment);
      if (error != 0) return error;
      continue;
    }
    const bool cut = in_place->end < logs_[log].size;
    if (!cut && segment.start < meta_.active_start) continue;
    if (const int error = secure(log, in_place->end)) return error;
    if (!cut) continue;
    if (const int error = logs_[log].file->truncate(in_place->end)) return error;
    if (const int error = logs_[log].file->sync()) return error;
    if (const int error = context_.file_system.remove(segment.index_path)) return error;
  }
  return 0;
}

// Makes durable what was not known to be. After a sync that failed the kernel takes pages for clean that are not on the device.
int Repair::secure(size_t log, uint64_t end) {
  Log& each = logs_[log];
  if (meta_.state == StoredState::kFaulted && each.start >= meta_.active_start) {
    const uint64_t from = each.start == meta_.active_start ? meta_.durable_length : 0;
    if (const int error = copy_bytes(*each.file, from, end, *each.file, from)) return error;
  }
  return each.file->sync();
}

}  // namespace

Repaired repair_partition(LogContext& context, const PartitionOptions& options) { return Repair(context, options).run(); }

}  // namespace galgo
