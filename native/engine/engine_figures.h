// Figures of the engine as a whole: what waits, and how long syncs take.
//
// Threads: counted on any, read on any; a reader may see a sync in its bucket and not yet in the sum.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace galgo {

/// Upper bounds of the buckets of the syncs' histogram, in µs; a last bucket takes the rest.
inline constexpr std::array<uint32_t, 14> kSyncBoundsUs{100,    250,    500,     1'000,   2'500,     5'000,     10'000,
                                                        25'000, 50'000, 100'000, 250'000, 1'000'000, 2'500'000, 10'000'000};

class EngineFigures {
 public:
  std::atomic<uint64_t> queued_appends{0};                                     // taken, and not yet in a commit group
  std::array<std::atomic<uint64_t>, kSyncBoundsUs.size() + 1> sync_buckets{};  // not cumulative
  std::atomic<uint64_t> sync_us{0};
  std::atomic<uint64_t> fences{0};           // partitions that were fenced, when they were opened or later
  std::atomic<uint64_t> checksum_errors{0};  // polls that met bytes that do not verify

  /// Runs a sync and counts how long it took, whatever it returns.
  template <typename Sync>
  int time_sync(const Sync& sync) {
    const auto begun = std::chrono::steady_clock::now();
    const int error = sync();
    const auto took = std::chrono::steady_clock::now() - begun;
    note_sync(static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
    return error;
  }

 private:
  void note_sync(uint64_t took_us) {
    size_t bucket = 0;
    while (bucket < kSyncBoundsUs.size() && took_us > kSyncBoundsUs[bucket]) ++bucket;
    sync_buckets[bucket].fetch_add(1, std::memory_order_relaxed);
    sync_us.fetch_add(took_us, std::memory_order_relaxed);
  }
};

}  // namespace galgo
