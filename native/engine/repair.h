// Gives up what of a partition is damaged and keeps the rest, for a folder that nobody has open: what an operator asks for when no sound copy of the
// files exists. Never done by itself.
//
// Of every log the records that verify stay. What follows a damaged stretch moves into a log of its own, and the offsets in between are recorded as
// given up (partition.meta's jumps), as after a loss of power. Where the newest messages are damaged nobody knows how many there were: the log goes
// on far enough behind them that no offset comes twice.
//
// A crash leaves a folder that opens fenced, or whole, and can be repaired again: sound records are copied and durable before anything is cut.
//
// Threads: blocking; runs on a sync thread.
#pragma once

#include <cstdint>

#include "engine.h"
#include "log_scan.h"

namespace galgo {

struct Repaired {
  Status status = kOk;  // kFenced: there is nothing to go by (the folder or its secret is gone, it is another partition's, or it has too many gaps)
  int error = 0;        // errno of kIoError
  uint64_t messages_lost = 0;  // at least; those that were given up, retained ones alone
  uint64_t first_lost = 0;     // offset
  uint64_t next_offset = 0;    // that appends go on at
  uint32_t stretches = 0;      // of damage
};

/// `context` names the folder; its secret is filled in.
Repaired repair_partition(LogContext& context, const PartitionOptions& options);

}  // namespace galgo
