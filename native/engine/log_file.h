// The log of a segment as a file: read from anywhere, and appended to, buffered or directly, while the segment is the active one.
//
// Whatever the way of writing, the file holds the same bytes up to the log's end; behind that, zeros may follow until the log is finished. So a log
// that was written one way opens the other way.
//
// Threads: read, read_cached and sync from any thread; extend_space on a background thread, one at a time; the rest by the partition's owner, or by
// whoever has the log to itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "direct_writer.h"
#include "file.h"
#include "log_scan.h"
#include "log_space.h"

namespace galgo {

class LogFile {
 public:
  /// `end` is the log's length in bytes; of a log that is only read it does not matter.
  explicit LogFile(std::unique_ptr<File> file, uint64_t end = 0) : file_(std::move(file)), space_(end) {}

  /// Appends go past the page cache from here on. Before the log is shared. Returns 0 or errno; EINVAL or EOPNOTSUPP: the file system refuses, and
  /// appends stay buffered.
  int go_direct(const LogContext& context, const std::string& path, BufferPool& buffers, uint64_t end);
  bool direct() const { return writer_ != nullptr; }

  /// As File's. What a direct log still has in memory is not read from the file.
  int read(void* to, size_t length, uint64_t position, size_t* done);
  int read_cached(void* to, size_t length, uint64_t position, size_t* done);

  /// Appends all parts, [position, end) of the log. `parts` may be changed. Returns 0 or errno; after an error cut() is next.
  int append(iovec* parts, size_t count, uint64_t position, uint64_t end);
  /// Cuts what a failed append left behind `end`. Returns 0 or errno.
  int cut(uint64_t end);
  int sync() { return file_->sync(); }

  /// See LogSpace.
  uint64_t space_due(SpaceAhead how, uint64_t end, uint64_t bytes_to_come) const { return space_.due(how, end, bytes_to_come); }
  /// `path` is the log's; another log may have it as soon as stop_space() has returned.
  bool extend_space(const LogContext& context, const std::string& path, SpaceAhead how, uint64_t to);
  void stop_space() { space_.stop(); }

  /// Capacity of the pooled buffers that hold its tail.
  uint64_t staging_bytes() const { return writer_ ? writer_->staging_bytes() : 0; }
  /// Gives memory back that an idle log does not need.
  void shrink();
  /// The log is full: its file ends at `end`, durably, and it is only read from here on. Returns 0 or errno; `unsynced` tells that the sync failed.
  int finish(uint64_t end, bool* unsynced);

 private:
  const std::unique_ptr<File> file_;
  LogSpace space_;
  std::unique_ptr<DirectWriter> writer_;  // set before the log is shared, or never
};

}  // namespace galgo
