#include "memory_budget.h"

namespace galgo {

bool MemoryBudget::try_take(MemoryKind kind, uint64_t bytes) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (used > bytes_max_ || bytes > bytes_max_ - used) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  by_kind_[static_cast<size_t>(kind)].fetch_add(bytes, std::memory_order_relaxed);
  return true;
}

bool MemoryBudget::take_spare(MemoryKind kind, uint64_t bytes) {
  return bytes <= bytes_max_ && make_room(bytes + kAppendRoomBytes) && try_take(kind, bytes);
}

void MemoryBudget::charge(MemoryKind kind, uint64_t bytes) {
  used_.fetch_add(bytes, std::memory_order_relaxed);
  by_kind_[static_cast<size_t>(kind)].fetch_add(bytes, std::memory_order_relaxed);
}

void MemoryBudget::give(MemoryKind kind, uint64_t bytes) {
  used_.fetch_sub(bytes, std::memory_order_relaxed);
  by_kind_[static_cast<size_t>(kind)].fetch_sub(bytes, std::memory_order_relaxed);
}

bool MemoryBudget::make_room(uint64_t bytes) {
  if (!has_room(bytes) && bytes <= bytes_max_ && reclaim_) reclaim_(bytes);
  return has_room(bytes);
}

}  // namespace galgo
