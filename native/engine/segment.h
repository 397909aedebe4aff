// One segment of a partition's log: its file, its extents and what is published of it.
//
// Threads: every function from any thread, under the segment's own lock, which is a leaf: nothing else is locked while it is held. The partition's
// owner publishes; polls plan. The active segment always has its file and extents; those of a sealed one are loaded at first use and released by the
// SegmentCache. A poll in progress holds the file, so releasing, deleting or purging a segment never disturbs it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "extent_index.h"
#include "log_file.h"
#include "memory_budget.h"

namespace galgo {

class Segment;

/// How far a segment reaches.
struct SegmentEnds {
  uint64_t end_offset = 0;  // last offset + 1
  uint64_t end_position = 0;
  uint64_t logical_bytes = 0;
  uint64_t first_timestamp = 0;
  uint64_t last_timestamp = 0;
};

/// A byte range of a log, cut at extent borders.
struct Piece {
  std::shared_ptr<Segment> segment;
  std::shared_ptr<LogFile> file;
  uint64_t begin;
  uint64_t end;
  uint64_t record_position;  // header of the record that `begin` belongs to: `begin` itself, or before it if `begin` is a frame
  uint64_t end_offset;       // first offset not in the piece
  size_t extent_first;
  size_t extent_end;
  bool verified;
};

/// Where a time stamp begins.
struct TimestampPlan {
  bool exact;       // `offset` is the answer
  uint64_t offset;  // else: the answer if the records of `piece` are all older
  Piece piece;
};

/// Reading the tail of a log takes so many bytes at a time, also for one header.
inline constexpr uint64_t kTailReadBytes = 16 * 1024;

/// The newest part of a log, from a record's border on.
struct TailPlan {
  std::shared_ptr<LogFile> file;
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t bytes = 0;  // to be read of it
  bool cut = false;    // it begins later than asked for
};

class Segment : public std::enable_shared_from_this<Segment> {
 public:
  Segment(const std::string& directory, uint64_t start);

  const uint64_t start;
  const std::string log_path;
  const std::string index_path;

  SegmentEnds ends() const;

  /// Shows what was appended. `extents` are those that began in it.
  void publish(const SegmentEnds& ends, const std::vector<Extent>& extents);

  /// The range that holds messages [from, to), as far as `bytes_max` bytes beyond the extent of the first one. False: not loaded. `from` is in the
  /// segment.
  bool plan(uint64_t from, uint64_t to, uint64_t bytes_max, Piece* piece);
  /// The first message with a time stamp ≥ `timestamp`, which is at most the segment's last. False: not loaded.
  bool plan_timestamp(uint64_t timestamp, TimestampPlan* plan);
  /// The records that hold messages at or above `from` and are not older than `since` (µs), as far as reading them takes at most `bytes_max`; of
  /// large records only the headers are counted unless `frames`. False: not loaded. The segment is not empty.
  bool plan_tail(uint64_t from, uint64_t since, uint64_t bytes_max, bool frames, TailPlan* plan);
  void mark_verified(size_t extent_first, size_t extent_end);

  /// Extents [written, closed) and the end of the last one, for the index file. `sealing` closes the open one.
  void unwritten_extents(bool sealing, uint64_t secret, std::vector<uint8_t>* entries, size_t* first_entry);
  void extents_written(size_t count);

  bool loaded() const;
  void set_file(std::shared_ptr<LogFile> file);
  std::shared_ptr<LogFile> file() const;
  void set_extents(std::vector<Extent> extents, size_t written);
  /// Drops extents and descriptor.
  void release();
  uint64_t extents_bytes() const;
  /// From here on its extents are counted. The budget outlives it.
  void count_in(MemoryBudget& budget);

  std::atomic<bool> log_synced{false};    // all of the log is durable, and it is not appended to any more
  std::atomic<bool> entry_synced{false};  // its name in the directory is durable
  std::atomic<bool> sealed{false};        // the index file says so: extents and descriptor may be released
  bool index_made = false;                // the index file has a valid header; only maintenance (and opening) looks at it

 private:
  Piece piece_of(size_t first, size_t end) const;

  mutable std::mutex mutex_;
  SegmentEnds ends_;
  std::shared_ptr<LogFile> file_;
  std::vector<Extent> extents_;
  size_t extents_written_ = 0;
  bool has_extents_ = false;
  MemoryCharge charge_;  // of the extents
};

std::string segment_name(uint64_t start);
/// True if `name` is that of a segment's log.
bool parse_log_name(const std::string& name, uint64_t* start);

}  // namespace galgo
