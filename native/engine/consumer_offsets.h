// Stored offsets of consumers and groups of one partition: memory first, and a file of slot pairs.
//
// offsets.dat is an array of pairs of 32-byte slots, one pair a consumer; a store writes the older slot of its pair, so a torn one loses nothing but
// itself. Pairs of deleted consumers are used again, so the file never outgrows the largest number of consumers that lived at once.
//
//   0   kind      u8      1 consumer, 2 group
//   1   live      u8      0: deleted
//   2   zero      u16
//   4   id        u32
//   8   offset    u64
//   16  time      u64 µs
//   24  sequence  u32     of the pair; the valid slot with the higher one counts
//   28  check     u32     low half of XXH3-64 of bytes 0..28, seeded with the partition's secret
//
// Threads: all functions from any thread, under a lock of its own. sync() does not hold it while the device works.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "file.h"
#include "memory_budget.h"
#include "partition_meta.h"
#include "status.h"

namespace galgo {

class ConsumerOffsets {
 public:
  /// `memory` counts them, and outlives them.
  ConsumerOffsets(uint32_t consumers_max, MemoryBudget& memory) : consumers_max_(consumers_max), memory_(memory) {
    charge_.bind(memory, MemoryKind::kConsumerOffsets);
  }

  /// Opens the file (makes it if missing, `made` tells) and loads every pair that verifies. A stored offset at or above `next_offset` is lowered to
  /// the last offset, or dropped if there is none. `found`: the state that the
  /// partition was left in; whoever did not close it may not have synced this file, so that is done now. Returns 0 or errno.
  int open(FileSystem& file_system, const std::string& directory, IoCounters* counters, uint64_t secret, uint64_t next_offset, StoredState found,
           bool* made);

  /// Changes with every clear().
  uint64_t generation() const;
  /// kOk, kTooManyOffsets, kOutOfMemory (nothing is stored), or kIoError with `error` = errno: nothing is stored, or with `keep_unwritten` in memory
  /// all the same. Nothing is stored, and that is no error, if clear() ran since `generation` was asked for: the offset belongs to messages that are
  /// gone.
  Status store(uint8_t kind, uint32_t id, uint64_t offset, uint64_t generation, bool keep_unwritten, int* error);
  bool load(uint8_t kind, uint32_t id, uint64_t* offset) const;
  /// The lowest of them; UINT64_MAX if none is stored.
  uint64_t lowest() const;
  /// kOk, kConsumerOffsetNotFound, or kIoError: it is still there.
  Status remove(uint8_t kind, uint32_t id, int* error);
  /// Forgets all of them, in memory and in the file.
  int clear();

  bool dirty() const;
  /// Writes what could only be kept in memory. Returns 0 or errno.
  int write_missed();
  /// Makes durable what was stored before the call. One at a time, and after one that failed none succeeds: the system tells one caller alone of an
  /// error that concerns all.
  int sync();

 private:
  struct Entry {
    uint64_t offset;
    uint32_t pair;
    uint32_t sequence;
  };
  static uint64_t key_of(uint8_t kind, uint32_t id) { return uint64_t{kind} << 32 | id; }
  int need_file();
  int write_slot(uint64_t key, const Entry& entry, bool live);
  void load_pairs(const std::vector<uint8_t>& bytes, uint64_t next_offset);

  void count();

  const uint32_t consumers_max_;
  MemoryBudget& memory_;
  MemoryCharge charge_;
  std::mutex sync_mutex_;  // taken before mutex_
  int sync_error_ = 0;
  mutable std::mutex mutex_;
  FileSystem* file_system_ = nullptr;
  std::string path_;
  IoCounters* counters_ = nullptr;
  std::shared_ptr<File> file_;  // opened by the first write
  uint64_t secret_ = 0;
  std::unordered_map<uint64_t, Entry> entries_;
  std::vector<Entry> free_pairs_;  // pair and last sequence of each
  uint32_t pairs_ = 0;
  uint64_t generation_ = 0;
  uint64_t writes_ = 0;
  uint64_t synced_writes_ = 0;           // of those
  std::unordered_set<uint64_t> missed_;  // keys whose last store is in memory alone
};

}  // namespace galgo
