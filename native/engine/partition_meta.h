// partition.meta: who the partition is and what is known to be durable.
//
// Two slots of 4096 bytes, written in turn; the valid slot with the higher sequence counts, so a torn write costs one checkpoint at most.
//
//   0   magic            u32     "GLPM"
//   4   version          u16     = 1
//   6   format           u16     of the log: 2, batch records
//   8   sequence         u64
//   16  state            u32     0 open, 1 clean stop, 2 purging, 3 fenced
//   20  jumps            u32     number of recorded jumps
//   24  incarnation      u64     identity: a folder left over from a deleted partition does not match
//   32  purges           u64
//   40  first_retained   u64     offset: segments wholly below it are removed
//   48  active_start     u64     first offset of the active segment
//   56  durable_length   u64     bytes of that segment's log below this were synced, and so was every segment before it
//   64  durable_offset   u64     next offset at that length
//   72  reserved_offset  u64     no offset at or above this was ever shown to anyone; 0 where the sync comes before the acknowledgement
//   80  last_timestamp   u64 µs
//   88  secret           u64     random; keys the header checksums of the log's records
//   96  boot_id          16 B    of the machine, when this was written
//   112 jump             {from u64, to u64} × jumps: offsets in [from, to) were given up after a power loss
//   4088 check           u64     XXH3-64 of bytes 0..4088
//
// Threads: pure functions and blocking file access; callers serialise writes of one partition.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "file.h"

namespace galgo {

enum class StoredState : uint32_t { kOpen = 0, kCleanStop = 1, kPurging = 2, kFaulted = 3 };

inline constexpr size_t kMetaSlotBytes = 4096;
inline constexpr size_t kJumpsMax = 240;

struct Jump {
  uint64_t from;
  uint64_t to;
};

struct PartitionMeta {
  uint64_t sequence = 0;
  StoredState state = StoredState::kOpen;
  uint64_t incarnation = 0;
  uint64_t purges = 0;
  uint64_t first_retained = 0;
  uint64_t active_start = 0;
  uint64_t durable_length = 0;
  uint64_t durable_offset = 0;
  uint64_t reserved_offset = 0;
  uint64_t last_timestamp = 0;
  uint64_t secret = 0;
  std::array<uint8_t, 16> boot_id{};
  std::vector<Jump> jumps;
};

void encode_meta(const PartitionMeta& meta, uint8_t out[kMetaSlotBytes]);
bool decode_meta(const uint8_t* in, PartitionMeta* meta);

std::string meta_path(const std::string& directory);

/// 0 with `found` false: there is no valid slot.
int read_meta(FileSystem& file_system, const std::string& directory, IoCounters* counters, PartitionMeta* meta, bool* found);
/// Raises the sequence, writes the older slot and syncs it. After an error the sequence is as it was, so that the next call writes the same slot and
/// leaves the valid one alone; `unsynced` tells that only the sync failed, so that nobody knows which of the two is safe.
int write_meta(FileSystem& file_system, const std::string& directory, IoCounters* counters, PartitionMeta* meta, bool* unsynced = nullptr);
/// Makes the slot safe that `meta` was read from: writes it once more, for after a sync that failed the kernel takes it for clean, and syncs it.
int secure_meta(FileSystem& file_system, const std::string& directory, IoCounters* counters, const PartitionMeta& meta);

/// Zeros where the kernel tells none: then no two boots are taken for the same.
std::array<uint8_t, 16> machine_boot_id();

}  // namespace galgo
