// The ids of a partition's newest messages, so that a message that comes again is known: deduplication by message id.
//
// A ring of entries in the order of their offsets, oldest first, and a hash table over it. It is bounded by entries, by age, and by a budget of bytes
// that all partitions share. Ids are chosen by clients, so the table's hash has a random key: nobody can aim at one chain.
//
// What a group of appends adds is staged until the group is written. If that fails the window is again what it was.
//
// Threads: the partition's owner alone; the budget is atomic.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "memory_budget.h"

namespace galgo {

/// Bytes that the windows of all partitions may take together.
class IdBudget {
 public:
  /// `memory`, if there is one, counts them too, and outlives the windows.
  explicit IdBudget(uint64_t bytes_max, MemoryBudget* memory = nullptr) : bytes_max_(bytes_max), memory_(memory) {}
  bool take(uint64_t bytes);
  void give(uint64_t bytes);
  uint64_t bytes_used() const { return bytes_used_; }
  uint64_t bytes_max() const { return bytes_max_; }

 private:
  const uint64_t bytes_max_;
  MemoryBudget* const memory_;
  std::atomic<uint64_t> bytes_used_{0};
};

class IdWindow {
 public:
  /// `entries_max` 0: the window is off. `expiry_us` 0: entries have no age.
  IdWindow(uint32_t entries_max, uint64_t expiry_us, IdBudget& budget);
  ~IdWindow();
  IdWindow(const IdWindow&) = delete;
  IdWindow& operator=(const IdWindow&) = delete;

  bool on() const { return entries_max_ > 0; }
  uint32_t entries_max() const { return entries_max_; }
  uint64_t expiry_us() const { return expiry_us_; }
  size_t size() const { return count_; }

  /// Forgets what is older than the expiry at `now` (µs).
  void expire(uint64_t now);
  /// The offset of the message with this id (16 bytes), staged ones included.
  std::optional<uint64_t> find(const uint8_t* id) const;
  /// Adds an id that is not there. The oldest ones make room for it. A window that gets no byte of the budget stays empty.
  void stage(const uint8_t* id, uint64_t offset, uint64_t timestamp);
  /// What was staged is written.
  void commit();
  /// What was staged is not: the window is what it was when the last commit or discard returned, but for what expired.
  void discard();
  /// As stage and commit, of a message of the log: nothing if the id is there.
  void restore(const uint8_t* id, uint64_t offset, uint64_t timestamp);
  /// Forgets everything and gives the memory back.
  void clear();

 private:
  struct Entry {
    uint64_t id[2];
    uint64_t offset;
    uint64_t timestamp;
  };

  static constexpr uint32_t kFree = UINT32_MAX;

  Entry& entry(size_t index) { return ring_[(first_ + index) & (ring_.size() - 1)]; }
  size_t slot_of(const uint64_t id[2]) const;
  size_t find_slot(const uint64_t id[2]) const;
  void insert(const Entry& added);
  void erase_slot(size_t slot);
  void drop_oldest();
  void drop_newest();
  bool grow();

  const uint32_t entries_max_;
  const uint64_t expiry_us_;
  const uint64_t key_;
  IdBudget& budget_;
  std::vector<Entry> ring_;      // a power of two of places
  std::vector<uint32_t> table_;  // twice as many: places in the ring, or kFree
  size_t first_ = 0;
  size_t count_ = 0;
  size_t staged_ = 0;             // the newest ones
  std::vector<Entry> displaced_;  // committed ones that staged ones made go, oldest first
};

}  // namespace galgo
