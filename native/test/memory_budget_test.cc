// The memory budget at its edge: who is refused, what is dropped first, and that everything is counted back.
#include "../engine/memory_budget.h"

#include <chrono>
#include <thread>

#include "engine_fixture.h"

namespace galgo::test {
namespace {

TEST(MemoryBudget, IsTakenToTheLastByteAndNoFurther) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.take(MemoryKind::kBuffers, 60));
  EXPECT_FALSE(budget.take(MemoryKind::kIds, 41));
  EXPECT_TRUE(budget.take(MemoryKind::kIds, 40));
  EXPECT_FALSE(budget.take(MemoryKind::kIds, 1));
  EXPECT_TRUE(budget.has_room(0));
  EXPECT_FALSE(budget.take(MemoryKind::kIds, UINT64_MAX));
  EXPECT_EQ(budget.used(), 100u);
  EXPECT_EQ(budget.used(MemoryKind::kIds), 40u);
  budget.charge(MemoryKind::kIndexes, 7);
  EXPECT_FALSE(budget.has_room(0)) << "what is there already is counted in any case";
  budget.give(MemoryKind::kIndexes, 7);
  budget.give(MemoryKind::kBuffers, 60);
  EXPECT_TRUE(budget.take(MemoryKind::kCaller, 60));
}

TEST(MemoryBudget, WhatCanBeDoneWithoutLeavesRoomForAppends) {
  MemoryBudget budget(kAppendRoomBytes + 100);
  EXPECT_FALSE(budget.take_spare(MemoryKind::kIds, 101));
  EXPECT_FALSE(budget.take_spare(MemoryKind::kIds, UINT64_MAX));
  EXPECT_TRUE(budget.take_spare(MemoryKind::kIds, 100));
  EXPECT_FALSE(budget.take_spare(MemoryKind::kIds, 1));
  EXPECT_TRUE(budget.take(MemoryKind::kBuffers, kAppendRoomBytes));
}

TEST(MemoryBudget, WhatCanBeDroppedIsBeforeAnybodyIsRefused) {
  MemoryBudget budget(100);
  uint64_t droppable = 30;
  int reclaims = 0;
  budget.set_reclaim([&](uint64_t) {
    ++reclaims;
    budget.give(MemoryKind::kIndexes, droppable);
    droppable = 0;
  });
  EXPECT_TRUE(budget.take(MemoryKind::kIndexes, 30));
  EXPECT_TRUE(budget.take(MemoryKind::kBuffers, 70));
  EXPECT_EQ(reclaims, 0);
  EXPECT_FALSE(budget.take(MemoryKind::kBuffers, 101)) << "more than there can be";
  EXPECT_EQ(reclaims, 0);
  EXPECT_TRUE(budget.take(MemoryKind::kBuffers, 30));
  EXPECT_EQ(reclaims, 1);
  EXPECT_FALSE(budget.take(MemoryKind::kBuffers, 1));
}

TEST(MemoryBudget, IsNeverPassedByManyAtOnce) {
  MemoryBudget budget(1000);
  std::atomic<bool> passed{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5000; ++round) {
        if (!budget.take(MemoryKind::kBuffers, 300)) continue;
        if (budget.used() > 1000) passed = true;
        budget.give(MemoryKind::kBuffers, 300);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(passed);
  EXPECT_EQ(budget.used(), 0u);
}

TEST(MemoryBudget, BuffersCountForAsLongAsTheyHaveTheirMemory) {
  MemoryBudget budget(1 << 20);
  BufferPool pool(64 << 20, &budget);
  const uint32_t slot = pool.acquire(256 * 1024);
  ASSERT_NE(slot, kNoSlot);
  EXPECT_EQ(budget.used(MemoryKind::kBuffers), pool.bytes_resident());
  pool.release(slot);
  EXPECT_EQ(budget.used(MemoryKind::kBuffers), 256u * 1024) << "it is kept for the next one";
  EXPECT_NE(pool.acquire(200 * 1024), kNoSlot);
  EXPECT_EQ(budget.used(MemoryKind::kBuffers), 256u * 1024);
  EXPECT_EQ(pool.acquire(1 << 20), kNoSlot);
  ASSERT_TRUE(budget.take(MemoryKind::kIds, 700 * 1024));
  EXPECT_EQ(pool.acquire(256 * 1024), kNoSlot);
  budget.give(MemoryKind::kIds, 700 * 1024);
  EXPECT_NE(pool.acquire(256 * 1024), kNoSlot);
  pool.trim();
  EXPECT_EQ(budget.used(MemoryKind::kBuffers), pool.bytes_resident());
  EXPECT_EQ(pool.bytes_resident(), 512u * 1024);
}

class EngineMemory : public EngineTest {
 protected:
  EngineMemory() {
    p.options.memory_bytes_max = kMax;
    p.options.buffer_bytes_max = 8 << 20;
    p.partition.segment_bytes = 200'000;
  }
  /// Leaves so many bytes, once idle buffers and indexes are dropped.
  void squeeze(uint64_t left) {
    MemoryBudget& memory = p.engine->memory();
    if (squeezed > 0) memory.give(MemoryKind::kCaller, squeezed);
    squeezed = 0;
    memory.make_room(kMax);
    squeezed = kMax - memory.used() - left;
    ASSERT_TRUE(memory.take(MemoryKind::kCaller, squeezed));
  }
  void TearDown() override {
    if (!p.engine) return;
    p.close();
    MemoryBudget& memory = p.engine->memory();
    memory.give(MemoryKind::kCaller, squeezed);
    p.engine->buffers().trim();
    // The thread that closed the partition may hold it for a moment longer.
    for (int i = 0; i < 2000 && memory.used() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(memory.used(), 0u) << "everything is given back";
  }

  static constexpr uint64_t kMax = 16 << 20;
  uint64_t squeezed = 0;
};

TEST_F(EngineMemory, AppendsAreRefusedWithoutRoomForTheIndexAndTakenAgainWithIt) {
  p.open_ready();
  ASSERT_EQ(p.append({{.payload = "one"}}).status, kOk);
  squeeze(kAppendRoomBytes - 1);
  EXPECT_EQ(p.append({{.payload = "refused"}}).status, kOutOfMemory);
  squeeze(2 * kAppendRoomBytes);
  EXPECT_EQ(p.append({{.payload = "two"}}).status, kOk);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 2));
}

TEST_F(EngineMemory, IndexesOfOpenSegmentsAreCounted) {
  p.open_ready();
  const uint64_t before = p.engine->memory().used(MemoryKind::kIndexes);
  for (int i = 0; i < 11; ++i) ASSERT_EQ(p.append({{.payload = std::string(17'000, 'x')}}).status, kOk);
  EXPECT_GE(p.engine->memory().used(MemoryKind::kIndexes), before + 10 * 32);
}

TEST_F(EngineMemory, IndexesOfClosedSegmentsMakeRoomAndAreReadAgain) {
  p.open_ready();
  for (int i = 0; i < 60; ++i) ASSERT_EQ(p.append({{.payload = std::string(17'000, 'x')}}).status, kOk);
  ASSERT_EQ(p.flush().status, kOk);
  ASSERT_EQ(p.poll_all().offsets(), range(0, 60));
  ASSERT_GT(p.engine->index_cache().segments, 2u);
  const uint64_t indexes = p.engine->memory().used(MemoryKind::kIndexes);
  squeeze(4 << 20);
  EXPECT_EQ(p.engine->index_cache().segments, 0u);
  EXPECT_LT(p.engine->memory().used(MemoryKind::kIndexes), indexes);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 60));
  squeeze(100);
  EXPECT_EQ(p.poll({.value = 0, .count = 1}).completion.status, kOutOfMemory);
  squeeze(4 << 20);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 60));
}

TEST_F(EngineMemory, NewConsumersAreRefusedAndKnownOnesGoOn) {
  p.open_ready();
  ASSERT_EQ(p.append({{.payload = "one"}, {.payload = "two"}}).status, kOk);
  ASSERT_EQ(p.store_offset(1, 0), kOk);
  squeeze(kAppendRoomBytes + 63);
  EXPECT_EQ(p.store_offset(2, 0), kOutOfMemory);
  EXPECT_EQ(p.stored(2), UINT64_MAX);
  EXPECT_EQ(p.store_offset(1, 1), kOk);
  squeeze(kAppendRoomBytes + 64);
  EXPECT_EQ(p.store_offset(2, 0), kOk);
  EXPECT_EQ(p.store_offset(3, 0), kOutOfMemory);
  EXPECT_EQ(p.delete_offset(2), kOk);
  squeeze(kAppendRoomBytes + 1000);
  EXPECT_EQ(p.store_offset(3, 0), kOk);
}

TEST_F(EngineMemory, IdsStayWithinIt) {
  p.partition.id_entries_max = 1000;
  p.open_ready();
  ASSERT_EQ(p.append({{.payload = "one", .user_headers = "", .id = 1}}).count, 1u);
  EXPECT_GT(p.engine->memory().used(MemoryKind::kIds), 0u);
  // No room to remember more than there are: the oldest makes room.
  squeeze(kAppendRoomBytes + 2000);
  for (uint64_t id = 2; id < 200; ++id) ASSERT_EQ(p.append({{.payload = "m", .user_headers = "", .id = id}}).count, 1u);
  EXPECT_LE(p.engine->memory().used(), kMax);
}

}  // namespace
}  // namespace galgo::test
