// Verifies a log a piece at a time and says what of it is damaged: where, which messages, and where sound records go on.
//
// A header that verifies is of this partition and of nobody's making (its checksum is keyed), so behind a damaged stretch the next one that does and
// whose record verifies is where the log goes on.
//
// Threads: blocking reads; runs on threads that may wait for the device.
#pragma once

#include <cstdint>

#include "log_scan.h"

namespace galgo {

/// How far a log was verified: a record's border.
struct LogPlace {
  uint64_t position = 0;
  uint64_t next_offset = 0;
  uint64_t last_timestamp = 0;
};

/// Bytes of a log that do not verify, and whose messages they were.
struct LogDamage {
  uint64_t position = 0;
  uint64_t end_position = 0;   // where sound records go on, or the length
  uint64_t record_offset = 0;  // that the first of them should have
  uint64_t offset = 0;
  uint64_t end_offset = 0;  // not among them; `offset` if no message is known to be missing
  int error = 0;            // errno if they cannot be read
};

enum class CheckEnd { kWhole, kPaused, kDamaged };

/// Verifies records from `place` on, at least one, until `bytes_max` bytes were looked at, up to `length`, where offset `end_offset` follows
/// (UINT64_MAX: not known). kDamaged: `damage` tells, and `place` is behind it. Of a record whose header verifies only the messages that do not are
/// named, though all its bytes are.
CheckEnd check_log(File& file, uint64_t length, uint64_t end_offset, const LogContext& context, uint64_t bytes_max, LogPlace* place,
                   LogDamage* damage);

/// The highest offset behind any header of this partition from `from` on, whatever became of its record; `offset` if there is none. Returns 0 or
/// errno.
int last_header_end(File& file, uint64_t from, uint64_t length, const LogContext& context, uint64_t offset, uint64_t* end);

}  // namespace galgo
