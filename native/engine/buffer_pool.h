// Page-aligned buffers in classes of 4, 16, 64, 256 KiB, 1, 4, 16, 64 MiB, within one budget.
//
// Threads: all functions may be called from any thread. A slot's memory is mapped once and never unmapped while the pool lives, so a view of it
// (JavaScript's external ArrayBuffer) never dangles; memory of idle slots above a small reserve is given back to the kernel (MADV_DONTNEED).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "memory_budget.h"

namespace galgo {

inline constexpr uint32_t kNoSlot = 0xFFFFFFFFu;

class BufferPool {
 public:
  /// `budget`, if there is one, counts what is resident, and outlives the pool.
  explicit BufferPool(uint64_t bytes_max, MemoryBudget* budget = nullptr);
  /// Unmaps everything: nobody may hold a view any more.
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// A slot of at least `bytes` (classes; above 64 MiB `bytes` rounded up to pages), or kNoSlot if the budget is spent or the kernel gives no memory.
  /// Contents are undefined.
  uint32_t acquire(size_t bytes);
  /// Gives a slot back. A number that is not handed out (released before, or never acquired) is a bug of the caller: asserted in debug builds, else
  /// ignored.
  void release(uint32_t slot);
  /// Address and size of a slot that the caller holds; nullptr and 0 for a number that was never given out. Lock-free.
  uint8_t* data(uint32_t slot) const;
  size_t capacity(uint32_t slot) const;

  uint64_t bytes_in_use() const;    // capacity of slots handed out
  uint64_t bytes_resident() const;  // those and idle slots that still have their memory; never above bytes_max
  uint64_t bytes_max() const;
  /// Gives the memory of idle slots back to the kernel.
  void trim();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace galgo
