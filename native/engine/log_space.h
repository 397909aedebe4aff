// Space ahead of a log's end: reserved without a change of size, or prewritten with zeros, so that a synced append changes nothing but data.
//
// Zeros are written in the background while the log goes on growing towards them, and must never land on it: they are written from `written_` on
// alone, under the mutex; an append that ends at or below `written_` needs no lock, one that grows past it takes the mutex and moves `written_`.
//
// Threads: `due`, `write` and `cut` by the partition's owner; `extend` on a background thread, one at a time; `finish` once the log is full.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "engine.h"
#include "file.h"

namespace galgo {

class LogSpace {
 public:
  explicit LogSpace(uint64_t end) : written_(block_end(end)), reserved_(end) {}

  /// Where the space of a log of `end` bytes that expects `bytes_to_come` should reach; 0 while there is enough.
  uint64_t due(SpaceAhead how, uint64_t end, uint64_t bytes_to_come) const;

  /// Makes space ready as far as `to`. `zeros_to` is the file that zeros are written through. What fails is not tried again for this log, and is no
  /// error: appends do without. True: zeros were written, and a sync is due.
  bool extend(SpaceAhead how, File& file, File& zeros_to, uint64_t to);
  /// Nothing is written ahead any more once this returns.
  void stop();

  /// Runs `write`, which writes to the log as far as `end`. Returns its result, 0 or errno.
  template <typename Write>
  int write(uint64_t end, const Write& write) {
    if (end <= written_.load(std::memory_order_acquire)) return write();
    const std::lock_guard lock(mutex_);
    const int error = write();
    if (error == 0 && end > written_) written_ = block_end(end);
    return error;
  }

  /// Cuts the file after a failed write. Returns 0 or errno.
  int cut(File& file, uint64_t length);
  /// As stop; the file is cut to `length` if it may be longer, or if space is reserved behind it. Returns 0 or errno.
  int finish(File& file, uint64_t length, bool padded, bool* cut);

 private:
  static uint64_t block_end(uint64_t position) { return (position + kBlockBytes - 1) / kBlockBytes * kBlockBytes; }
  int reserve(File& file, uint64_t to);
  int prewrite(File& file, uint64_t to);

  std::mutex mutex_;
  std::atomic<uint64_t> written_;   // a block border: everything below is data, or zeros that were written
  std::atomic<uint64_t> reserved_;  // space up to here is the file's
  std::atomic<bool> extended_{false};
  std::atomic<bool> given_up_{false};
  bool finished_ = false;  // with the mutex
};

}  // namespace galgo
