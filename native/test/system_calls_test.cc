// How many system calls a batch, a poll and a stored offset cost: counted, so that a change that adds one is seen on any machine.
#include "counting_file_system.h"
#include "engine_fixture.h"
#include "faulty_file_system.h"

namespace galgo::test {
namespace {

using Calls = CountingFileSystem::Calls;

class SystemCalls : public EngineTest {
 protected:
  SystemCalls() {
    constexpr uint32_t kNever = 3'600'000;
    p.options.file_system = &counted;
    p.options.sync_threads = 1;
    p.options.background_threads = 0;  // so that a flush waits for what was begun before it
    p.options.sync_interval_ms = p.options.checkpoint_interval_ms = kNever;
    p.options.space_ahead = SpaceAhead::kNone;
  }
  ~SystemCalls() override {
    disk.release_syncs();
    p.engine.reset();
  }

  void open_with(Durability durability) {
    p.partition.durability = p.partition.offset_durability = durability;
    p.open_ready();
    ASSERT_EQ(p.append(uniform_messages(1, 10)).status, kOk);
    settle();
  }
  void settle() {
    ASSERT_EQ(p.flush().status, kOk);
    counted.take();
  }
  Calls calls_of(const PollArguments& arguments, size_t expected) {
    const Polled polled = p.poll(arguments);
    EXPECT_EQ(polled.messages.size(), expected);
    return counted.take();
  }

  FaultyFileSystem disk;
  CountingFileSystem counted{disk};
};

TEST_F(SystemCalls, ABatchIsOneWrite) {
  for (const Durability durability : {Durability::kNone, Durability::kInterval}) {
    open_with(durability);
    for (const size_t bytes : {10u, 1000u, 100'000u}) {
      for (const Generation generation : {Generation::kClassic, Generation::kVsr}) {
        ASSERT_EQ(p.append(uniform_messages(10, bytes), generation).status, kOk);
        EXPECT_EQ(counted.take(), (Calls{{"write", 1}})) << bytes;
      }
    }
  }
}

TEST_F(SystemCalls, AGroupIsOneWriteAndOneSyncHoweverManyBatchesItHas) {
  open_with(Durability::kGroup);
  ASSERT_EQ(p.append(uniform_messages(10, 1000)).status, kOk);
  EXPECT_EQ(counted.take(), (Calls{{"write", 1}, {"sync", 1}}));

  constexpr uint32_t kWaiting = 64;
  disk.hold_syncs();
  Completion out;
  std::vector<Bytes> batches;
  for (uint32_t i = 0; i <= kWaiting; ++i) batches.push_back(build_batch(uniform_messages(1, 1000)));
  ASSERT_EQ(p.append_begin(batches[0], 1, Generation::kVsr, 100, &out), kQueued);
  disk.await_held_syncs(1);
  for (uint32_t i = 1; i <= kWaiting; ++i) ASSERT_EQ(p.append_begin(batches[i], 1, Generation::kVsr, 100 + i, &out), kQueued);
  disk.release_syncs();
  for (uint32_t i = 0; i <= kWaiting; ++i) ASSERT_EQ(p.sink.wait(100 + i).status, kOk);
  EXPECT_EQ(counted.take(), (Calls{{"write", 2}, {"sync", 2}})) << "one of each for the first batch, and for the 64 behind it";
}

TEST_F(SystemCalls, APollIsOneReadASegmentAndNoneOfWhatADirectLogHolds) {
  p.partition.segment_bytes = 100'000;
  open_with(Durability::kNone);
  for (int i = 0; i < 15; ++i) ASSERT_EQ(p.append(uniform_messages(10, 1000)).status, kOk);  // the eleventh is the first of the second segment
  settle();
  ASSERT_EQ(p.stats().segments, 2u);
  for (const Generation generation : {Generation::kClassic, Generation::kVsr}) {
    calls_of({.value = 0, .count = 1000, .generation = generation}, 151);  // loads the index, and the page cache
    EXPECT_EQ(calls_of({.value = 0, .count = 50, .generation = generation}, 50), (Calls{{"read", 1}}));
    const Calls tail = direct_io() ? Calls{} : Calls{{"read", 1}};
    EXPECT_EQ(calls_of({.value = 140, .count = 5, .generation = generation}, 5), tail);
    EXPECT_EQ(calls_of({.strategy = PollStrategy::kLast, .count = 10, .generation = generation}, 10), tail);
    EXPECT_EQ(calls_of({.value = 90, .count = 50, .generation = generation}, 50), (Calls{{"read", direct_io() ? 1 : 2}}));
    EXPECT_EQ(calls_of({.value = 10'000, .count = 10, .generation = generation}, 0), Calls{});
  }
}

TEST_F(SystemCalls, AStoredOffsetIsOneWrite) {
  open_with(Durability::kNone);
  ASSERT_EQ(p.store_offset(1, 0), kOk);  // opens the file
  counted.take();
  ASSERT_EQ(p.store_offset(1, 0), kOk);
  EXPECT_EQ(counted.take(), (Calls{{"write", 1}}));
  open_with(Durability::kGroup);
  ASSERT_EQ(p.store_offset(1, 0), kOk);
  counted.take();
  ASSERT_EQ(p.store_offset(1, 0), kOk);
  EXPECT_EQ(counted.take(), (Calls{{"write", 1}, {"sync", 1}}));
}

TEST_F(SystemCalls, SpaceAheadTakesFewCallsForManyAppends) {
  constexpr int kBatches = 128;
  for (const SpaceAhead how : {SpaceAhead::kReserve, SpaceAhead::kPrewrite}) {
    p.options.space_ahead = how;
    open_with(Durability::kGroup);
    for (int i = 0; i < kBatches; ++i) ASSERT_EQ(p.append(uniform_messages(1, 32'000)).status, kOk);
    ASSERT_EQ(p.flush().status, kOk);
    Calls calls = counted.take();
    // 4 MB, in steps that double from 256 KiB; zeros go 1 MiB at a time.
    EXPECT_LE(calls["allocate"], 12);
    EXPECT_LE(calls["write"], kBatches + 32);
    EXPECT_LE(calls["sync"], kBatches + 32);
    EXPECT_LE(calls["open"], 32);
    EXPECT_EQ(calls["truncate"] + calls["rename"] + calls["stat"], 0);
  }
}

}  // namespace
}  // namespace galgo::test
