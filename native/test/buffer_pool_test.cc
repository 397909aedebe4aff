#include "../engine/buffer_pool.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace galgo {
namespace {

constexpr uint64_t kMiB = 1 << 20;

/// Pages of a slot that have memory, as the kernel counts them.
size_t pages_resident(const uint8_t* data, size_t bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> resident((bytes + page - 1) / page);
  EXPECT_EQ(mincore(const_cast<uint8_t*>(data), bytes, resident.data()), 0);
  size_t count = 0;
  for (unsigned char flags : resident) count += flags & 1;
  return count;
}

uint64_t virtual_bytes() {
  uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// By the flags of the mapping that begins at `data`, or holds it.
bool asks_for_huge_pages(const uint8_t* data) {
  const auto address = reinterpret_cast<uintptr_t>(data);
  std::ifstream mappings("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(mappings, line);) {
    uintptr_t begin = 0;
    uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) == 2) inside = begin <= address && address < end;
    if (inside && line.rfind("VmFlags:", 0) == 0) return line.find(" hg") != std::string::npos;
  }
  return false;
}

TEST(BufferPool, GivesTheSmallestClassThatFits) {
  BufferPool pool(512 * kMiB);
  const auto capacity_of = [&](size_t bytes) {
    const uint32_t slot = pool.acquire(bytes);
    EXPECT_NE(slot, kNoSlot);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(pool.data(slot)) % 4096, 0u);
    const size_t capacity = pool.capacity(slot);
    pool.data(slot)[0] = 1;
    pool.data(slot)[capacity - 1] = 1;
    pool.release(slot);
    return capacity;
  };
  EXPECT_EQ(capacity_of(0), 4096u);
  size_t capacity = 4096;
  for (int i = 0; i < 8; i++, capacity *= 4) {
    EXPECT_EQ(capacity_of(capacity), capacity);
    EXPECT_EQ(capacity_of(capacity - 1), capacity);
    if (capacity < 64 * kMiB) {
      EXPECT_EQ(capacity_of(capacity + 1), capacity * 4);
    }
  }
  EXPECT_EQ(capacity_of(64 * kMiB + 1), 64 * kMiB + 4096);
  EXPECT_EQ(capacity_of(200 * kMiB), 200 * kMiB);
}

TEST(BufferPool, LargeSlotsCanHaveHugePages) {
  BufferPool pool(512 * kMiB);
  for (const size_t bytes : {4 * kMiB, 4 * kMiB, 16 * kMiB, 64 * kMiB}) {
    const uint32_t slot = pool.acquire(bytes);
    ASSERT_NE(slot, kNoSlot);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(pool.data(slot)) % (2 * kMiB), 0u);
    if (std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled")) {
      EXPECT_TRUE(asks_for_huge_pages(pool.data(slot)));
    }
  }
}

TEST(BufferPool, HeldSlotsDoNotOverlap) {
  BufferPool pool(64 * kMiB);
  std::mt19937_64 random(5);
  std::vector<std::pair<uint32_t, uint8_t>> held;
  for (int round = 0; round < 20'000; round++) {
    if (held.empty() || random() % 2 == 0) {
      const uint32_t slot = pool.acquire(random() % (random() % 16 == 0 ? 300'000 : 20'000));
      if (slot == kNoSlot) continue;
      const auto mark = static_cast<uint8_t>(random());
      std::memset(pool.data(slot), mark, pool.capacity(slot) > 65'536 ? 4096 : pool.capacity(slot));
      pool.data(slot)[pool.capacity(slot) - 1] = mark;
      held.emplace_back(slot, mark);
    } else {
      std::swap(held[random() % held.size()], held.back());
      const auto [slot, mark] = held.back();
      ASSERT_EQ(pool.data(slot)[0], mark);
      ASSERT_EQ(pool.data(slot)[4095], mark);
      ASSERT_EQ(pool.data(slot)[pool.capacity(slot) - 1], mark);
      pool.release(slot);
      held.pop_back();
    }
    ASSERT_LE(pool.bytes_resident(), pool.bytes_max());
  }
}

TEST(BufferPool, BudgetIsExact) {
  BufferPool pool(kMiB);
  std::vector<uint32_t> slots;
  for (int i = 0; i < 256; i++) slots.push_back(pool.acquire(4096));
  EXPECT_EQ(std::count(slots.begin(), slots.end(), kNoSlot), 0);
  EXPECT_EQ(pool.bytes_in_use(), kMiB);
  EXPECT_EQ(pool.acquire(1), kNoSlot);
  pool.release(slots.back());
  EXPECT_EQ(pool.acquire(4097), kNoSlot);
  EXPECT_NE(pool.acquire(4096), kNoSlot);
  EXPECT_EQ(pool.bytes_in_use(), kMiB);
}

TEST(BufferPool, ImpossibleSizesAreRefused) {
  BufferPool pool(kMiB);
  EXPECT_EQ(pool.acquire(kMiB + 1), kNoSlot);
  EXPECT_EQ(pool.acquire(SIZE_MAX), kNoSlot);
  EXPECT_EQ(pool.bytes_in_use(), 0u);
  BufferPool unlimited(UINT64_MAX);
  EXPECT_EQ(unlimited.acquire(SIZE_MAX), kNoSlot);
  EXPECT_EQ(unlimited.acquire(SIZE_MAX / 2), kNoSlot);
  BufferPool nothing(0);
  EXPECT_EQ(nothing.acquire(0), kNoSlot);
}

TEST(BufferPool, IdleMemoryOfOtherClassesMakesRoom) {
  BufferPool pool(16 * kMiB);
  std::vector<uint32_t> slots;
  for (int i = 0; i < 16; i++) slots.push_back(pool.acquire(kMiB));
  for (uint32_t slot : slots) {
    std::memset(pool.data(slot), 1, kMiB);
    pool.release(slot);
  }
  EXPECT_EQ(pool.bytes_in_use(), 0u);
  EXPECT_EQ(pool.bytes_resident(), 16 * kMiB);
  const uint32_t large = pool.acquire(16 * kMiB);
  ASSERT_NE(large, kNoSlot);
  EXPECT_EQ(pool.bytes_resident(), 16 * kMiB);
  for (uint32_t slot : slots) EXPECT_EQ(pages_resident(pool.data(slot), kMiB), 0u);
}

TEST(BufferPool, AReservedSlotKeepsItsMemoryAndAddress) {
  BufferPool pool(64 * kMiB);
  const uint32_t slot = pool.acquire(kMiB);
  uint8_t* const data = pool.data(slot);
  std::memset(data, 1, kMiB);
  pool.release(slot);
  EXPECT_EQ(pages_resident(data, kMiB), 256u);
  EXPECT_EQ(pool.acquire(kMiB), slot);
  EXPECT_EQ(pool.data(slot), data);
  pool.release(slot);
  pool.trim();
  EXPECT_EQ(pages_resident(data, kMiB), 0u);
  EXPECT_EQ(pool.bytes_resident(), 0u);
  EXPECT_EQ(data[0], 0) << "memory that was given back is still mapped";
}

TEST(BufferPool, IdleReserveStaysSmall) {
  BufferPool pool(256 * kMiB);
  std::vector<uint32_t> slots;
  for (size_t bytes : {64 * kMiB, 16 * kMiB, 16 * kMiB, 16 * kMiB, 4 * kMiB, kMiB, kMiB}) {
    slots.push_back(pool.acquire(bytes));
    std::memset(pool.data(slots.back()), 1, bytes);
  }
  const uint32_t own_size = pool.acquire(65 * kMiB);
  std::memset(pool.data(own_size), 1, 65 * kMiB);
  pool.release(own_size);
  for (uint32_t slot : slots) pool.release(slot);
  EXPECT_LE(pool.bytes_resident(), 32 * kMiB);
  size_t pages = pages_resident(pool.data(own_size), pool.capacity(own_size));
  for (uint32_t slot : slots) pages += pages_resident(pool.data(slot), pool.capacity(slot));
  EXPECT_EQ(pages * 4096, pool.bytes_resident());
}

TEST(BufferPool, TheReserveBelongsToTheClassesInUse) {
  BufferPool pool(256 * kMiB);
  std::vector<uint32_t> large;
  for (int i = 0; i < 2; i++) large.push_back(pool.acquire(16 * kMiB));
  for (uint32_t slot : large) pool.release(slot);
  const uint32_t small = pool.acquire(kMiB);
  std::memset(pool.data(small), 1, kMiB);
  pool.release(small);
  EXPECT_EQ(pages_resident(pool.data(small), kMiB), 256u) << "the slot used last stays warm";
  EXPECT_EQ(pool.bytes_resident(), 17 * kMiB);
}

TEST(BufferPool, VirtualSpaceIsBoundedWhateverTheSizes) {
  const uint64_t before = virtual_bytes();
  BufferPool pool(256 * kMiB);
  std::mt19937_64 random(9);
  for (int round = 0; round < 2000; round++) {
    const uint32_t slot = pool.acquire(64 * kMiB + random() % (192 * kMiB));
    ASSERT_NE(slot, kNoSlot);
    pool.data(slot)[pool.capacity(slot) - 1] = 1;
    pool.release(slot);
  }
  EXPECT_LE(virtual_bytes() - before, 512 * kMiB);
  EXPECT_EQ(pool.bytes_resident(), 0u);
}

TEST(BufferPool, ALargeSlotIsChargedForWhatWasAskedFor) {
  BufferPool pool(200 * kMiB);
  const uint32_t large = pool.acquire(120 * kMiB);
  pool.release(large);
  const uint32_t first = pool.acquire(70 * kMiB);
  EXPECT_EQ(first, large) << "the mapping is used again";
  EXPECT_EQ(pool.capacity(first), 70 * kMiB);
  EXPECT_NE(pool.acquire(130 * kMiB), kNoSlot);
  EXPECT_EQ(pool.bytes_in_use(), 200 * kMiB);
}

TEST(BufferPool, NumbersThatWereNeverGivenOutHaveNoMemory) {
  BufferPool pool(kMiB);
  EXPECT_EQ(pool.data(0), nullptr);
  EXPECT_EQ(pool.capacity(0), 0u);
  pool.acquire(kMiB);
  EXPECT_EQ(pool.data(1), nullptr);
  EXPECT_EQ(pool.data(kNoSlot), nullptr);
  EXPECT_EQ(pool.capacity(kNoSlot), 0u);
}

TEST(BufferPool, WrongReleasesAreNoticed) {
  BufferPool pool(kMiB);
  const uint32_t slot = pool.acquire(4096);
  pool.release(slot);
#ifdef NDEBUG
  for (uint32_t wrong : {slot, slot + 1, 100'000u, kNoSlot}) pool.release(wrong);
  EXPECT_EQ(pool.bytes_in_use(), 0u);
  const uint32_t first = pool.acquire(4096);
  EXPECT_NE(pool.acquire(4096), first) << "a slot is given to one holder only";
#else
  for (uint32_t wrong : {slot, slot + 1, 100'000u, kNoSlot}) EXPECT_DEATH(pool.release(wrong), "not handed out");
#endif
}

TEST(BufferPool, ThreadsShareTheBudget) {
  BufferPool pool(8 * kMiB);
  std::atomic<uint64_t> refused{0}, broken{0};
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 4; seed++) {
    threads.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      std::vector<uint32_t> held;
      for (int round = 0; round < 20'000; round++) {
        if (random() % 2 == 0) {
          const uint32_t slot = pool.acquire(size_t{1} << (random() % 22));
          if (slot == kNoSlot) {
            refused++;
          } else {
            const uint64_t mark = seed << 32 | slot;
            std::memcpy(pool.data(slot), &mark, sizeof mark);
            held.push_back(slot);
          }
        } else if (!held.empty()) {
          uint64_t mark;
          std::memcpy(&mark, pool.data(held.back()), sizeof mark);
          if (mark != (seed << 32 | held.back())) broken++;
          pool.release(held.back());
          held.pop_back();
        }
        if (pool.bytes_in_use() > pool.bytes_max() || pool.bytes_resident() > pool.bytes_max()) broken++;
        if (round % 5000 == 0) pool.trim();
      }
      for (uint32_t slot : held) pool.release(slot);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(broken, 0u);
  EXPECT_GT(refused, 0u);
  EXPECT_EQ(pool.bytes_in_use(), 0u);
}

}  // namespace
}  // namespace galgo
