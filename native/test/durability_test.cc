// What an acknowledgement waits for, and what happens when the disk fails.
#include <thread>

#include "../engine/partition_meta.h"
#include "engine_fixture.h"
#include "faulty_file_system.h"

namespace galgo::test {
namespace {

class DurabilityPolicy : public EngineTest {
 protected:
  DurabilityPolicy() {
    p.options.file_system = &disk;
    p.options.space_ahead = SpaceAhead::kNone;  // what is counted and held here are the writes and syncs of appends
  }
  ~DurabilityPolicy() override {
    disk.release_syncs();
    p.engine.reset();
  }
  void open_with(Durability durability) {
    p.partition.durability = durability;
    p.open_ready();
  }
  FaultyFileSystem disk;
};

TEST_F(DurabilityPolicy, GroupCommitIsOneWriteOneSyncAndOneWakeForAllWaitingBatches) {
  open_with(Durability::kGroup);
  disk.hold_syncs();
  Completion out;
  constexpr uint32_t kWaiting = 20;
  const int writes = disk.log_writes;
  std::vector<Bytes> batches;
  for (uint32_t i = 0; i <= kWaiting; ++i) batches.push_back(build_batch(uniform_messages(2, 100)));
  ASSERT_EQ(p.append_begin(batches[0], 2, Generation::kVsr, 100, &out), kQueued);
  disk.await_held_syncs(1);
  for (uint32_t i = 1; i <= kWaiting; ++i) ASSERT_EQ(p.append_begin(batches[i], 2, Generation::kVsr, 100 + i, &out), kQueued);
  EXPECT_EQ(disk.log_writes, writes + 1) << "the next group must not be written before the sync of the one before has returned";
  const int syncs = disk.log_syncs;
  const int wakes = p.sink.wakes();
  disk.release_syncs();
  const uint64_t timestamp = p.sink.wait(101).timestamp;
  for (uint32_t i = 2; i <= kWaiting; ++i) {
    const Completion done = p.sink.wait(100 + i);
    EXPECT_EQ(done.status, kOk);
    EXPECT_EQ(done.first_offset, 2 * i);
    EXPECT_EQ(done.timestamp, timestamp);
  }
  EXPECT_EQ(disk.log_writes, writes + 2);
  EXPECT_EQ(disk.log_syncs, syncs + 1);
  EXPECT_EQ(p.sink.wakes(), wakes + 2);
}

TEST_F(DurabilityPolicy, GroupIsInvisibleBeforeItsSync) {
  open_with(Durability::kGroup);
  p.append(uniform_messages(3, 100));
  disk.hold_syncs();
  Bytes batch = build_batch(uniform_messages(2, 100));
  Completion out;
  ASSERT_EQ(p.append_begin(batch, 2, Generation::kVsr, 100, &out), kQueued);
  disk.await_held_syncs(1);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 3));
  EXPECT_FALSE(p.sink.has(100));
  disk.release_syncs();
  EXPECT_EQ(p.sink.wait(100).status, kOk);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 5));
  EXPECT_EQ(p.stats().durable_offset, 5u);
}

TEST_F(DurabilityPolicy, OtherPartitionsAreNotHeldUpByOneSync) {
  open_with(Durability::kGroup);
  disk.hold_syncs();
  Bytes batch = build_batch(uniform_messages(1, 10));
  Completion out;
  ASSERT_EQ(p.append_begin(batch, 1, Generation::kVsr, 100, &out), kQueued);
  disk.await_held_syncs(1);
  PartitionOptions other = p.partition;
  other.durability = Durability::kNone;
  disk.release_syncs();
  p.sink.wait(100);
  const Handle handle = p.engine->open((folder.path() / "1").string(), other, 101, &p.sink);
  ASSERT_EQ(p.sink.wait(101).status, kOk);
  disk.hold_syncs();
  Bytes again = build_batch(uniform_messages(1, 10));
  ASSERT_EQ(p.append_begin(again, 1, Generation::kVsr, 102, &out), kQueued);
  disk.await_held_syncs(1);
  Bytes large = build_batch(uniform_messages(200, 1000));
  ASSERT_EQ(p.engine->append(handle, {Generation::kVsr, kNoSlot, large.data(), large.size(), 200, {}, 103}, &p.sink, &out), kQueued);
  EXPECT_EQ(p.sink.wait(103).status, kOk);
  EXPECT_FALSE(p.sink.has(102));
}

TEST_F(DurabilityPolicy, IntervalSyncsBehindTheAcknowledgement) {
  p.options.sync_interval_ms = 20;
  open_with(Durability::kInterval);
  EXPECT_EQ(p.append(uniform_messages(3, 100)).status, kOk);
  for (int i = 0; i < 500 && p.stats().durable_offset < 3; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(p.stats().durable_offset, 3u);
}

TEST_F(DurabilityPolicy, FlushMakesDurable) {
  p.options.checkpoint_interval_ms = 1'000'000;
  open_with(Durability::kNone);
  p.append(uniform_messages(3, 100));
  EXPECT_EQ(p.stats().durable_offset, 0u);
  EXPECT_EQ(p.flush().status, kOk);
  EXPECT_EQ(p.stats().durable_offset, 3u);
}

TEST_F(DurabilityPolicy, FailedWriteFailsItsRequestsAndTakesNoOffset) {
  for (const Durability durability : {Durability::kNone, Durability::kGroup}) {
    open_with(durability);
    p.append(uniform_messages(2, 100));
    const uint64_t next = p.stats().next_offset;
    for (const int error : {ENOSPC, EIO}) {
      disk.log_write_error = error;
      const Completion failed = p.append(uniform_messages(2, 100));
      EXPECT_EQ(failed.status, kCannotAppendToFile);
      EXPECT_EQ(failed.detail, static_cast<uint32_t>(error));
      disk.log_write_error = 0;
    }
    EXPECT_EQ(std::filesystem::file_size(p.directory + "/" + p.files(".log").front()), p.stats().stored_bytes);
    EXPECT_EQ(p.append(uniform_messages(1, 100)).first_offset, next);
    EXPECT_EQ(p.poll_all().offsets(), range(0, next + 1));
  }
}

TEST_F(DurabilityPolicy, FailedTruncationFences) {
  open_with(Durability::kNone);
  p.append(uniform_messages(2, 100));
  disk.log_write_error = ENOSPC;
  disk.log_truncate_error = EIO;
  EXPECT_EQ(p.append(uniform_messages(2, 4000)).status, kCannotAppendToFile);
  disk.log_write_error = disk.log_truncate_error = 0;
  EXPECT_EQ(p.append(uniform_messages(2, 100)).status, kFenced);
  EXPECT_EQ(p.stats().state, 2u);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 2));
  p.open_ready();  // the half record is cut
  EXPECT_EQ(p.poll_all().offsets(), range(0, 2));
}

TEST_F(DurabilityPolicy, FailedSyncFencesAndReadsGoOn) {
  open_with(Durability::kGroup);
  p.append(uniform_messages(2, 100));
  disk.log_sync_error = EIO;
  EXPECT_EQ(p.append(uniform_messages(2, 100)).status, kCannotAppendToFile);
  disk.log_sync_error = 0;
  EXPECT_EQ(p.append(uniform_messages(2, 100)).status, kFenced);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 2));
}

TEST_F(DurabilityPolicy, FailedCheckpointFencesToo) {
  open_with(Durability::kNone);
  p.append(uniform_messages(2, 100));
  disk.log_sync_error = EIO;
  EXPECT_EQ(p.flush().status, kIoError);
  disk.log_sync_error = 0;
  EXPECT_EQ(p.append(uniform_messages(2, 100)).status, kFenced);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 2));
}

TEST_F(DurabilityPolicy, NothingInANewSegmentIsAcknowledgedBeforeItsNameIsDurable) {
  p.partition.segment_bytes = 512;
  open_with(Durability::kGroup);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(p.append(uniform_messages(1, 500)).status, kOk);
  ASSERT_EQ(p.append(uniform_messages(1, 200)).status, kOk);
  disk.directory_sync_error = EIO;
  ASSERT_EQ(p.stats().segments, 2u);
  ASSERT_EQ(p.append(uniform_messages(1, 500)).status, kOk) << "the name of the second segment is durable";
  while (p.stats().segments == 2) {
    const Completion done = p.append(uniform_messages(1, 500));
    ASSERT_TRUE(done.status == kOk);
  }
  EXPECT_NE(p.append(uniform_messages(1, 200)).status, kOk);
  disk.directory_sync_error = 0;
  EXPECT_EQ(p.append(uniform_messages(1, 200)).status, kFenced);
}

TEST_F(DurabilityPolicy, ChangingThePolicyWhileOpenHolds) {
  p.options.checkpoint_interval_ms = 1'000'000;
  open_with(Durability::kNone);
  p.append(uniform_messages(2, 100));
  p.partition.durability = Durability::kGroup;
  ASSERT_EQ(p.engine->configure(p.handle, p.partition), kOk);
  EXPECT_EQ(p.append(uniform_messages(2, 100)).status, kOk);
  EXPECT_EQ(p.stats().durable_offset, 4u);
  p.partition.durability = Durability::kNone;
  ASSERT_EQ(p.engine->configure(p.handle, p.partition), kOk);
  EXPECT_EQ(p.append(uniform_messages(2, 100)).status, kOk);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 6));
}

}  // namespace
}  // namespace galgo::test
