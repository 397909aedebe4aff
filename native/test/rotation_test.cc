// Segments: when they are full, how they are sealed, how the oldest go.
#include "engine_fixture.h"

namespace galgo::test {
namespace {

class Rotation : public EngineTest {
 protected:
  /// 25 messages of 1000 logical bytes, one a batch.
  void append_25(Generation generation) {
    for (int i = 0; i < 25; ++i) ASSERT_EQ(p.append(uniform_messages(1, 936), generation).status, kOk);
  }
};

constexpr Durability kPolicies[] = {Durability::kNone, Durability::kInterval, Durability::kGroup};

TEST_F(Rotation, LayoutThatClientsSee) {
  for (const Durability durability : kPolicies) {
    for (const Generation generation : {Generation::kVsr, Generation::kClassic}) {
      const TemporaryFolder own;
      OnePartition q((own.path() / "0").string());
      q.partition.segment_bytes = 5 * 1024;
      q.partition.durability = durability;
      q.open_ready();
      for (int i = 0; i < 25; ++i) ASSERT_EQ(q.append(uniform_messages(1, 936), generation).status, kOk);
      EXPECT_EQ(q.files(".log"), (std::vector<std::string>{"00000000000000000000.log", "00000000000000000007.log", "00000000000000000014.log",
                                                           "00000000000000000021.log"}));
      const PartitionStats stats = q.stats();
      EXPECT_EQ(stats.messages, 25u);
      EXPECT_EQ(stats.logical_bytes, 25'000u);
      EXPECT_EQ(stats.segments, 4u);
    }
  }
}

TEST_F(Rotation, SegmentsAreListedFromTheOldest) {
  p.partition.segment_bytes = 5 * 1024;
  p.open_ready();
  std::vector<SegmentStats> empty;
  ASSERT_EQ(p.engine->segments(p.handle, 10, &empty), kOk);
  ASSERT_EQ(empty.size(), 1u);
  EXPECT_EQ(empty[0].logical_bytes, 0u);
  append_25(Generation::kVsr);
  for (int round = 0; round < 2; ++round) {
    std::vector<SegmentStats> segments;
    ASSERT_EQ(p.engine->segments(p.handle, 10, &segments), kOk);
    ASSERT_EQ(segments.size(), 4u);
    uint64_t offset = 0;
    uint64_t timestamp = 1;
    for (const SegmentStats& segment : segments) {
      EXPECT_EQ(segment.first_offset, offset);
      EXPECT_EQ(segment.logical_bytes, (segment.last_offset + 1 - segment.first_offset) * 1000);
      EXPECT_LE(timestamp, segment.first_timestamp);
      EXPECT_LE(segment.first_timestamp, segment.last_timestamp);
      offset = segment.last_offset + 1;
      timestamp = segment.last_timestamp;
    }
    EXPECT_EQ(offset, 25u);
    segments.clear();
    ASSERT_EQ(p.engine->segments(p.handle, 3, &segments), kOk);
    EXPECT_EQ(segments.size(), 3u);
    p.open_ready();  // the same after a restart
  }
  std::vector<SegmentStats> none;
  EXPECT_EQ(p.engine->segments(p.handle + 1, 10, &none), kClosed);
  EXPECT_TRUE(none.empty());
}

TEST_F(Rotation, CountsAndBytesComeBackAfterEitherKindOfStop) {
  p.partition.segment_bytes = 5 * 1024;
  p.open_ready();
  append_25(Generation::kVsr);
  const PartitionStats before = p.stats();
  for (int round = 0; round < 4; ++round) {
    if (round == 1) {
      ASSERT_EQ(p.close().status, kOk);
    }
    if (round == 2) {
      for (const std::string& name : p.files(".index")) std::filesystem::remove(p.directory + "/" + name);
    }
    p.open_ready();
    const PartitionStats after = p.stats();
    EXPECT_EQ(after.messages, before.messages);
    EXPECT_EQ(after.logical_bytes, before.logical_bytes);
    EXPECT_EQ(after.stored_bytes, before.stored_bytes);
    EXPECT_EQ(after.segments, before.segments);
    EXPECT_EQ(after.next_offset, before.next_offset);
    EXPECT_EQ(after.last_timestamp, before.last_timestamp);
    EXPECT_EQ(p.poll_all().offsets(), range(0, 25));
  }
  EXPECT_EQ(p.append(uniform_messages(1, 936)).first_offset, 25u);
}

TEST_F(Rotation, DeletingTheOldestSegments) {
  p.partition.segment_bytes = 5 * 1024;
  p.open_ready();
  append_25(Generation::kClassic);
  EXPECT_EQ(p.delete_segments(0).count, 0u);
  EXPECT_EQ(p.delete_segments(1, 5).count, 0u) << "messages up to 6 are in it";
  EXPECT_EQ(p.delete_segments(1, 6).count, 1u);
  EXPECT_EQ(p.files(".log").front(), "00000000000000000007.log");
  EXPECT_EQ(p.files(".index").front(), "00000000000000000007.index");
  EXPECT_EQ(p.poll({.value = 0, .count = 10}).offsets(), range(7, 17)) << "a full count from the first retained message";
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kFirst, .count = 1}).offsets(), range(7, 8));
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kNext, .count = 1}).offsets(), range(7, 8));
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kLast, .count = 100}).offsets(), range(7, 25));
  EXPECT_EQ(p.stats().messages, 18u);
  p.open_ready();
  EXPECT_EQ(p.stats().first_offset, 7u);
  EXPECT_EQ(p.delete_segments(100).count, 2u);
  EXPECT_EQ(p.poll_all().offsets(), range(21, 25));
  EXPECT_EQ(p.poll_all().completion.current_offset, 24u);
  EXPECT_EQ(p.close().status, kOk);
  p.open_ready();
  EXPECT_EQ(p.poll_all().offsets(), range(21, 25));
  EXPECT_EQ(p.append(uniform_messages(1, 10)).first_offset, 25u);
}

TEST_F(Rotation, ASegmentThatAConsumerHasNotPassedStays) {
  p.partition.segment_bytes = 5 * 1024;
  p.open_ready();
  append_25(Generation::kVsr);
  ASSERT_EQ(p.store_offset(1, 20), kOk);
  ASSERT_EQ(p.store_offset(2, 6, ConsumerKind::kGroup), kOk);
  EXPECT_EQ(p.delete_segments(100).count, 1u);
  ASSERT_EQ(p.store_offset(2, 12, ConsumerKind::kGroup), kOk);
  EXPECT_EQ(p.delete_segments(100).count, 0u) << "the second segment ends at 13";
  ASSERT_EQ(p.store_offset(2, 13, ConsumerKind::kGroup), kOk);
  EXPECT_EQ(p.delete_segments(100).count, 1u);
}

TEST_F(Rotation, GroupThatFillsASegmentEndsThere) {
  p.partition.segment_bytes = 5 * 1024;
  p.partition.durability = Durability::kGroup;
  p.open_ready();
  std::vector<Bytes> batches;
  for (int i = 0; i < 25; ++i) batches.push_back(build_batch(uniform_messages(1, 936)));
  Completion out;
  for (uint32_t i = 0; i < 25; ++i) ASSERT_EQ(p.append_begin(batches[i], 1, Generation::kVsr, 100 + i, &out), kQueued);
  for (uint32_t i = 0; i < 25; ++i) ASSERT_EQ(p.sink.wait(100 + i).first_offset, i);
  EXPECT_EQ(p.files(".log"), (std::vector<std::string>{"00000000000000000000.log", "00000000000000000007.log", "00000000000000000014.log",
                                                       "00000000000000000021.log"}));
}

}  // namespace
}  // namespace galgo::test
