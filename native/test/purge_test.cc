// Purge: everything gone, numbering at 0 again, also if the process dies in between.
#include "../engine/partition_meta.h"
#include "engine_fixture.h"

namespace galgo::test {
namespace {

class Purge : public EngineTest {
 protected:
  void open_filled(Durability durability = Durability::kNone) {
    p.partition.segment_bytes = 2000;
    p.partition.durability = durability;
    p.open_ready();
    for (int i = 0; i < 20; ++i) ASSERT_EQ(p.append(uniform_messages(2, 300)).status, kOk);
    ASSERT_EQ(p.store_offset(1, 30), kOk);
  }
  void expect_empty() {
    EXPECT_EQ(p.poll_all().completion.count, 0u);
    EXPECT_EQ(p.poll_all().completion.current_offset, 0u);
    EXPECT_EQ(p.stored(1), UINT64_MAX);
    EXPECT_EQ(p.files(".log"), std::vector<std::string>{"00000000000000000000.log"});
    const PartitionStats stats = p.stats();
    EXPECT_EQ(stats.messages, 0u);
    EXPECT_EQ(stats.logical_bytes, 0u);
    EXPECT_EQ(stats.next_offset, 0u);
    EXPECT_EQ(stats.segments, 1u);
  }
};

TEST_F(Purge, EmptiesAndStaysEmptyAfterRestart) {
  for (const Durability durability : {Durability::kNone, Durability::kGroup}) {
    open_filled(durability);
    ASSERT_EQ(p.purge().status, kOk);
    expect_empty();
    p.open_ready();
    expect_empty();
    EXPECT_EQ(p.store_offset(1, 0), kInvalidOffset);
    EXPECT_EQ(p.append(uniform_messages(3, 100)).first_offset, 0u);
    p.open_ready();
    EXPECT_EQ(p.poll_all().offsets(), range(0, 3));
    ASSERT_EQ(p.purge().status, kOk);
  }
}

TEST_F(Purge, InterruptedOneIsFinishedByTheNextOpening) {
  open_filled();
  ASSERT_EQ(p.close().status, kOk);
  p.engine.reset();
  IoCounters counters;
  PartitionMeta meta;
  bool found = false;
  ASSERT_EQ(read_meta(machine_file_system(), p.directory, &counters, &meta, &found), 0);
  ASSERT_TRUE(found);
  meta.state = StoredState::kPurging;
  ASSERT_EQ(write_meta(machine_file_system(), p.directory, &counters, &meta), 0);
  // The first segments are gone already.
  std::filesystem::remove(p.directory + "/" + p.files(".log").front());
  p.open_ready();
  expect_empty();
  EXPECT_EQ(p.append(uniform_messages(1, 100)).first_offset, 0u);
}

}  // namespace
}  // namespace galgo::test
