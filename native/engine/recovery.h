// Opening a partition's folder: find where the log ends, repair what a crash may leave behind, fence what only damage can explain.
//
// The log is the truth. partition.meta says which part of it was synced; index files save reading the sealed segments and the head of the active one,
// and are rebuilt where they are missing or wrong. Damage below the synced length is never cut away: the partition opens fenced and serves what is
// sound.
//
// Threads: blocking; runs on a sync thread, once per opening. Nobody else touches the folder meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine.h"
#include "extent_index.h"
#include "log_scan.h"
#include "partition_meta.h"
#include "segment.h"

namespace galgo {

/// Offsets that a policy without a sync before the acknowledgement reserves ahead of use, one synced write of partition.meta each time.
inline constexpr uint64_t kReservedOffsets = 1 << 20;

struct Recovered {
  Status status = kOk;                      // kOk, kFenced or kIoError
  int error = 0;                            // errno of kIoError
  FenceReason reason = FenceReason::kNone;  // of kFenced
  StoredState found = StoredState::kOpen;   // state of the partition before this opening
  bool readable = true;                     // false: nothing may be served (foreign, missing or unverifiable folder)
  PartitionMeta meta;
  std::vector<std::shared_ptr<Segment>> segments;  // in order; the last is the active one, open and with its extents
  uint64_t next_offset = 0;
  uint64_t last_timestamp = 0;
  ExtentBuilder builder;  // of the active segment
};

/// Opens (or makes) the folder named in `context`, whose secret is filled in.
Recovered recover_partition(LogContext& context, const PartitionOptions& options);

/// For a folder without partition.meta whose logs begin at `starts`: takes the secret from an index file that a record, or the absence of any, proves
/// right. Nothing is known to be durable then. False: there is none.
bool find_lost_secret(const LogContext& context, uint64_t incarnation, const std::vector<uint64_t>& starts, PartitionMeta* meta);

/// Makes the empty segment that begins at `start`. Returns 0 or errno.
int make_segment(const LogContext& context, uint64_t start, std::shared_ptr<Segment>* segment);

/// Where the log of the next segment is made ready before its first offset is known.
std::string prepared_log_path(const std::string& directory);

/// Removes a segment's files. Returns 0 or errno.
int remove_segment_files(const LogContext& context, const Segment& segment);

}  // namespace galgo
