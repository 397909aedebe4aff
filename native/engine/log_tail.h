// Reads the newest records of a log again, at the start: what is remembered of them (ids, producers' request numbers) is not stored apart.
//
// The index tells where to begin, so what is read is bounded by offset, by time and by bytes, however long the log is. The records were verified when
// the partition was opened, or are below a sealed segment's index; here only their keyed headers are, and reading ends at one that does not verify.
//
// Threads: blocking reads; runs on threads that may wait for the device.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "keyring.h"
#include "log_scan.h"
#include "segment.h"
#include "segment_cache.h"

namespace galgo {

struct TailBounds {
  uint64_t first_offset;    // messages below are not wanted
  uint64_t since;           // µs: nor are records that are older
  uint64_t read_bytes_max;  // of records' headers, and of the frames if they are read
  bool frames;              // visit every frame's header
};

class TailVisitor {
 public:
  virtual ~TailVisitor() = default;
  /// `header` is at rest, 256 bytes. Records come in the order of their offsets; some may be older than asked for.
  virtual void record(const uint8_t* header, const RecordInfo& info) = 0;
  /// The 48 bytes of a frame's header, of the record before.
  virtual void frame(const uint8_t* header) = 0;
};

/// Reads the newest records of `segments`, which are in order. `cut`: something that was asked for was not read, because of `read_bytes_max` or
/// damage, or because it is encrypted with a key that `keys` does not have. Returns 0 or errno.
int read_tail(const LogContext& context, const Keyring& keys, SegmentCache& cache, const std::vector<std::shared_ptr<Segment>>& segments,
              const TailBounds& bounds, TailVisitor& visitor, bool* cut);

}  // namespace galgo
