// Which sealed segments have their extents and descriptors in memory: the least recently used are released when either budget is spent.
//
// Threads: every function from any thread. Its lock is taken before a segment's, never after.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "engine.h"
#include "memory_budget.h"
#include "segment.h"

namespace galgo {

class SegmentCache {
 public:
  SegmentCache(uint64_t extents_bytes_max, uint32_t files_max, const MemoryBudget& budget)
      : extents_bytes_max_(extents_bytes_max), files_max_(files_max), budget_(budget) {}

  /// Notes a use of a sealed, loaded segment.
  void touch(const std::shared_ptr<Segment>& segment);
  /// The segment is gone, or its partition closed.
  void forget(const std::shared_ptr<Segment>& segment);
  /// Releases segments until the budget has room for so many bytes, or none is left.
  void make_room(uint64_t bytes);
  IndexCacheStats stats() const;

 private:
  struct Entry {
    std::weak_ptr<Segment> segment;
    Segment* key;
    uint64_t bytes;
  };

  void release_oldest();

  const uint64_t extents_bytes_max_;
  const uint32_t files_max_;
  const MemoryBudget& budget_;
  mutable std::mutex mutex_;
  std::list<Entry> recent_first_;
  std::unordered_map<Segment*, std::list<Entry>::iterator> entries_;
  uint64_t bytes_ = 0;
};

}  // namespace galgo
