// Appends to a log past the page cache, and the memory that reads of the log's tail are served from.
//
// Direct transfers are whole blocks, at block positions, from block addresses; records end anywhere. So the bytes to append are copied into a staging
// buffer behind those of the log's last, partial block, padded with zeros, and written from the start of that block on. The partial block is thereby
// written again with the same bytes in front: a write that is torn changes nothing that was there before. Staging buffers come from the pool. The
// newest two stay until the log is idle, or the pool is half spent; what they hold of the log's end needs no read.
//
// Threads: append, rewind, shrink and close by the partition's owner (or whoever has the log to itself); read_tail and staging_bytes from any thread.
// Bytes that a reader may ask for are never written again: appends only touch what lies behind them.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "buffer_pool.h"
#include "file.h"

namespace galgo {

class DirectWriter {
 public:
  /// `direct` is open for direct transfers, `plain` is the same file through the page cache and outlives the writer.
  DirectWriter(std::unique_ptr<File> direct, File& plain, BufferPool& buffers) : direct_(std::move(direct)), plain_(plain), buffers_(buffers) {}

  /// Takes the log up at `end`, its length in bytes, and writes its last block once to see whether the file system agrees. Returns 0 or errno: EINVAL
  /// or EOPNOTSUPP if it does not.
  int begin(uint64_t end);

  /// Appends all parts at the end. One write up to kStagingBytesMax, else one for each so many bytes. Returns 0 or errno, ENOMEM if the pool has no
  /// buffer; then part of it may be in the file, and rewind() is next.
  int append(const iovec* parts, size_t count);

  /// The file was cut to `end`, at or below the end so far.
  void rewind(uint64_t end);

  /// Copies the end of [position, position + length), as far as it is in memory. Returns how many bytes at its front are not.
  size_t read_tail(uint8_t* to, size_t length, uint64_t position) const;

  uint64_t staging_bytes() const;

  /// Gives the memory back, but for the partial block. Returns 0 or errno; the memory stays then.
  int shrink();

  /// Closes the direct file and gives all memory back. Only read_tail may follow.
  void close();

  static constexpr size_t kStagingBytesMin = 64 * 1024;
  static constexpr size_t kStagingBytesMax = 4 << 20;

 private:
  // A pooled buffer that holds the log from `begin`, the start of a block, on.
  struct Staging {
    Staging(BufferPool& from, size_t bytes, uint64_t first) : pool(from), slot(from.acquire(bytes)), begin(first) {
      if (slot == kNoSlot) return;
      data = from.data(slot);
      capacity = from.capacity(slot);
    }
    ~Staging() {
      if (slot != kNoSlot) pool.release(slot);
    }
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;

    BufferPool& pool;
    const uint32_t slot;
    const uint64_t begin;
    uint8_t* data = nullptr;
    size_t capacity = 0;
  };

  int load(uint64_t end);
  int renew(size_t bytes);
  size_t room() const { return current_ ? current_->capacity - (end_ - current_->begin) : 0; }
  uint64_t block_begin() const { return end_ / kBlockBytes * kBlockBytes; }

  std::unique_ptr<File> direct_;
  File& plain_;
  BufferPool& buffers_;
  uint64_t end_ = 0;

  mutable std::mutex mutex_;           // of the two pointers, not of the memory
  std::shared_ptr<Staging> current_;   // holds the log's end; none if nothing was appended since it was at a block border, or was cut
  std::shared_ptr<Staging> previous_;  // ends where `current_` begins, or behind that
};

}  // namespace galgo
