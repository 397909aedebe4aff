// The index file of a segment: written at checkpoints and when the segment is sealed, read at opening and when a sealed segment is first polled,
// rebuilt from the log whenever it is missing or wrong.
//
// Threads: blocking file access; the callers serialise it per partition (maintenance lock, or before the partition is open), except load_sealed,
// which only reads.
#pragma once

#include <cstdint>
#include <vector>

#include "log_scan.h"
#include "segment.h"

namespace galgo {

/// Appends the closed extents that the file does not have yet. With `seal`: all extents, the ends in the header, and a sync. Returns 0 or errno.
int write_index(const LogContext& context, Segment& segment, bool seal);

/// What an index file says; `valid` is false if it is missing or its header is wrong.
struct IndexContent {
  bool valid = false;
  IndexHeader header;
  std::vector<Extent> extents;
  uint64_t log_end = 0;  // where the last extent ends
};
/// Reads extents that end at or below `log_end_max`.
int read_index(const LogContext& context, const Segment& segment, uint64_t log_end_max, IndexContent* content);

/// Opens log and extents of a sealed segment that was released. Rebuilds the extents from the log if the index file is wrong. Returns 0 or errno.
int load_sealed(const LogContext& context, Segment& segment);

}  // namespace galgo
