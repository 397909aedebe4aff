// Reads a log from front to back and verifies every record whole: what recovery and index rebuilding rest on.
//
// Threads: blocking reads; runs on threads that may wait for the device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "extent_index.h"
#include "file.h"

namespace galgo {

/// Where a partition lives and what its records are keyed with.
struct LogContext {
  FileSystem& file_system;
  IoCounters& counters;
  std::string directory;
  uint64_t incarnation;
  uint64_t secret;
};

/// How far a scan has come. Begins at a record border.
struct ScanState {
  uint64_t position = 0;
  uint64_t next_offset = 0;
  uint64_t logical_bytes = 0;
  uint64_t first_timestamp = 0;
  uint64_t last_timestamp = 0;
};

/// Walks records up to the first one that does not verify or does not follow the one before, or to `length`, and goes back to the end of the last
/// whole batch. Returns 0 or errno.
int scan_log(File& file, uint64_t length, const LogContext& context, ScanState* state, ExtentBuilder* builder, std::vector<Extent>* extents);

/// Looks at every byte position from `from` on for record headers of this partition at or above `offset`; `answer`: there are some of two or more
/// time stamps, that is of two or more commit groups. Returns 0 or errno.
int holds_two_groups(File& file, uint64_t from, uint64_t length, const LogContext& context, uint64_t offset, bool* answer);

/// `answer`: the file holds nothing but zeros in [from, length). Returns 0 or errno.
int all_zero(File& file, uint64_t from, uint64_t length, bool* answer);

}  // namespace galgo
