// One limit for the memory that an engine keeps: buffers, indexes, ids, stored offsets, and what its caller counts here. What may be dropped and read
// again (idle buffers, indexes of closed segments) is, before anybody is refused.
//
// Threads: every function from any thread. Reclaiming takes the locks of those who hold what can be dropped, so whoever holds such a lock asks with
// try_take, and makes room after letting go of it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace galgo {

enum class MemoryKind : uint8_t { kBuffers, kIndexes, kIds, kConsumerOffsets, kCaller };
inline constexpr size_t kMemoryKinds = 5;

/// What an append wants to find free: a segment's index may grow by so much, however large the batch.
inline constexpr uint64_t kAppendRoomBytes = 64 * 1024;

class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// What gives memory back so that there is room for so many bytes, as far as it can. Before anybody else uses the budget.
  void set_reclaim(std::function<void(uint64_t)> reclaim) { reclaim_ = std::move(reclaim); }

  /// False: there is no room, and nothing is taken.
  bool try_take(MemoryKind kind, uint64_t bytes);
  /// As try_take, once room was made.
  bool take(MemoryKind kind, uint64_t bytes) { return try_take(kind, bytes) || (make_room(bytes) && try_take(kind, bytes)); }
  /// As take, for what can be done without: leaves room for appends.
  bool take_spare(MemoryKind kind, uint64_t bytes);
  /// Counts what is there already, whatever the limit.
  void charge(MemoryKind kind, uint64_t bytes);
  void give(MemoryKind kind, uint64_t bytes);

  bool has_room(uint64_t bytes) const {
    const uint64_t used = used_.load(std::memory_order_relaxed);
    return used <= bytes_max_ && bytes <= bytes_max_ - used;
  }
  /// False: there is no room for so many bytes, and none can be made.
  bool make_room(uint64_t bytes);

  uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  uint64_t used(MemoryKind kind) const { return by_kind_[static_cast<size_t>(kind)].load(std::memory_order_relaxed); }
  uint64_t bytes_max() const { return bytes_max_; }

 private:
  const uint64_t bytes_max_;
  std::function<void(uint64_t)> reclaim_;
  std::atomic<uint64_t> used_{0};
  std::array<std::atomic<uint64_t>, kMemoryKinds> by_kind_{};
};

/// Bytes of one holder, counted for as long as it lives. The holder's lock guards it.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  ~MemoryCharge() { set(0); }
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;

  /// Nothing is counted before.
  void bind(MemoryBudget& budget, MemoryKind kind) {
    if (budget_ != nullptr) return;
    budget_ = &budget;
    kind_ = kind;
  }
  void set(uint64_t bytes) {
    if (budget_ == nullptr || bytes == bytes_) return;
    if (bytes > bytes_) {
      budget_->charge(kind_, bytes - bytes_);
    } else {
      budget_->give(kind_, bytes_ - bytes);
    }
    bytes_ = bytes;
  }

 private:
  MemoryBudget* budget_ = nullptr;
  MemoryKind kind_ = MemoryKind::kBuffers;
  uint64_t bytes_ = 0;
};

}  // namespace galgo
