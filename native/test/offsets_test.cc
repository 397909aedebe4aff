// Stored offsets: rules, files, limits.
#include "engine_fixture.h"

namespace galgo::test {
namespace {

class Offsets : public EngineTest {
 protected:
  void open_with_ten() {
    p.open_ready();
    p.append(uniform_messages(10, 10));
  }
};

TEST_F(Offsets, Rules) {
  p.open_ready();
  EXPECT_EQ(p.store_offset(1, 0), kInvalidOffset) << "never held a message";
  p.append(uniform_messages(10, 10));
  EXPECT_EQ(p.stored(1), UINT64_MAX);
  EXPECT_EQ(p.store_offset(1, 10), kInvalidOffset);
  EXPECT_EQ(p.store_offset(1, 9), kOk);
  EXPECT_EQ(p.store_offset(1, 4), kOk);
  EXPECT_EQ(p.store_offset(1, 7, ConsumerKind::kGroup), kOk);
  EXPECT_EQ(p.stored(1), 4u);
  EXPECT_EQ(p.stored(1, ConsumerKind::kGroup), 7u);
  EXPECT_EQ(p.delete_offset(1), kOk);
  EXPECT_EQ(p.delete_offset(1), kConsumerOffsetNotFound);
  EXPECT_EQ(p.stored(1), UINT64_MAX);
}

TEST_F(Offsets, SurviveADroppedEngineWithBothPolicies) {
  for (const Durability durability : {Durability::kNone, Durability::kGroup}) {
    const TemporaryFolder own;
    OnePartition q((own.path() / "0").string());
    q.partition.offset_durability = durability;
    q.open_ready();
    q.append(uniform_messages(10, 10));
    for (uint32_t id = 0; id < 200; ++id) ASSERT_EQ(q.store_offset(id, id % 10), kOk);
    for (uint32_t id = 0; id < 200; id += 2) ASSERT_EQ(q.store_offset(id, (id + 1) % 10), kOk);
    for (uint32_t id = 0; id < 200; id += 5) ASSERT_EQ(q.delete_offset(id), kOk);
    for (uint32_t id = 300; id < 310; ++id) ASSERT_EQ(q.store_offset(id, 3), kOk);
    q.open_ready();
    for (uint32_t id = 0; id < 200; ++id) {
      ASSERT_EQ(q.stored(id), id % 5 == 0 ? UINT64_MAX : id % 2 == 0 ? (id + 1) % 10 : id % 10) << id;
    }
    for (uint32_t id = 300; id < 310; ++id) ASSERT_EQ(q.stored(id), 3u);
    EXPECT_EQ(std::filesystem::file_size(q.directory + "/offsets.dat"), 200u * 64) << "pairs of deleted consumers are used again";
  }
}

TEST_F(Offsets, LimitIsHeld) {
  p.options.consumer_offsets_max = 3;
  open_with_ten();
  for (uint32_t id = 0; id < 3; ++id) EXPECT_EQ(p.store_offset(id, 1), kOk);
  EXPECT_EQ(p.store_offset(3, 1), kTooManyOffsets);
  EXPECT_EQ(p.store_offset(2, 2), kOk);
  const Polled polled = p.poll({.auto_commit = true, .consumer_id = 9});
  EXPECT_EQ(polled.completion.status, kTooManyOffsets);
  EXPECT_EQ(polled.completion.slot, kNoSlot);
  EXPECT_EQ(p.buffers_in_use(), 0u);
  EXPECT_EQ(p.delete_offset(0), kOk);
  EXPECT_EQ(p.store_offset(3, 1), kOk);
}

TEST_F(Offsets, AboveTheRecoveredEndIsLowered) {
  open_with_ten();
  p.append(uniform_messages(10, 10));
  EXPECT_EQ(p.store_offset(1, 19), kOk);
  EXPECT_EQ(p.store_offset(2, 4), kOk);
  const uint64_t end = p.stats().stored_bytes;
  p.engine.reset();
  std::filesystem::resize_file(p.directory + "/" + p.files(".log").front(), end - 1);
  p.open_ready();
  EXPECT_EQ(p.stored(1), 9u);
  EXPECT_EQ(p.stored(2), 4u);
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kNext}).completion.count, 0u);
  p.append(uniform_messages(1, 10));
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kNext}).offsets(), range(10, 11));
}

TEST_F(Offsets, DamagedOrMissingFileNeverStopsThePartition) {
  open_with_ten();
  for (uint32_t id = 0; id < 50; ++id) {
    p.store_offset(id, 3);
    p.store_offset(id, 5);
  }
  p.engine.reset();
  const std::string path = p.directory + "/offsets.dat";
  const Bytes whole = read_whole(path);
  for (size_t length = 0; length < whole.size(); length += 37) {
    write_whole(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
    p.open_ready();
    for (uint32_t id = 0; id < 50; ++id) {
      const uint64_t stored = p.stored(id);
      ASSERT_TRUE(stored == 3 || stored == 5 || stored == UINT64_MAX);
      ASSERT_EQ(stored != UINT64_MAX, id < length / 64 || (id == length / 64 && length % 64 >= 32)) << id << " at " << length;
    }
  }
  for (size_t bit = 0; bit < 64 * 8; bit += 3) {
    Bytes flipped = whole;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    write_whole(path, flipped);
    p.open_ready();
    ASSERT_TRUE(p.stored(0) == 3 || p.stored(0) == 5);
  }
  p.engine.reset();
  std::filesystem::remove(path);
  p.open_ready();
  EXPECT_EQ(p.stored(0), UINT64_MAX);
  EXPECT_EQ(p.store_offset(0, 2), kOk);
}

}  // namespace
}  // namespace galgo::test
