// Removal ends in each call to the disk once, by a kill and by losses of power: what is left is what was there before or what should be there after,
// and nothing in between. simulated_crash_test.cc does the same at random, among everything else.
#include <functional>

#include "engine_fixture.h"
#include "simulated_disk.h"

namespace galgo::test {
namespace {

constexpr uint64_t kMessages = 20;
constexpr uint64_t kSegmentMessages = 2;
constexpr int kLossesPerCall = 4;

struct Removal {
  std::string name;
  std::function<Completion(OnePartition&)> remove;
  uint64_t first_kept;  // kMessages: all go
};

class RemovalCrash : public ::testing::TestWithParam<std::tuple<Removal, Durability>> {
 protected:
  static Removal removal() { return std::get<0>(GetParam()); }
  static Durability durability() { return std::get<1>(GetParam()); }

  /// A disk with a filled partition that is open.
  struct Run {
    Run() : p("/p/0") {
      constexpr uint32_t kNever = 3'600'000;
      p.options.file_system = &disk;
      p.options.io_threads = p.options.sync_threads = 1;
      p.options.background_threads = 0;
      p.options.sync_interval_ms = p.options.checkpoint_interval_ms = kNever;
      p.options.buffer_bytes_max = 32 << 20;
      p.partition.durability = durability();
      p.partition.segment_bytes = 160;  // two messages
      p.open_ready();
      for (uint64_t i = 0; i < kMessages; ++i) EXPECT_EQ(p.append({{.payload = text(i)}}).status, kOk);
      EXPECT_EQ(p.store_offset(1, kMessages - 1), kOk);
      EXPECT_EQ(p.flush().status, kOk);
      EXPECT_EQ(p.stats().segments, kMessages / kSegmentMessages + 1);
    }
    SimulatedDisk disk;
    OnePartition p;
  };

  static std::string text(uint64_t offset) { return "message " + std::to_string(offset) + std::string(90, 'x'); }

  /// Everything that is there, from the first offset on; empty if nothing is.
  static std::vector<uint64_t> read(OnePartition& p) {
    const Polled polled = p.poll_all();
    EXPECT_EQ(polled.completion.status, kOk);
    for (const ReadMessage& message : polled.messages) EXPECT_EQ(message.payload, text(message.offset));
    return polled.offsets();
  }
};

TEST_P(RemovalCrash, LeavesWhatWasOrWhatShallBe) {
  const std::vector<uint64_t> before = range(0, kMessages);
  const std::vector<uint64_t> after = range(removal().first_kept, kMessages);
  SimulatedDisk::Random random(11);
  bool seen_before = false;
  bool seen_after = false;
  for (uint64_t call = 1;; ++call) {
    bool ended = false;
    for (int loss = 0; loss <= kLossesPerCall; ++loss) {
      Run run;
      run.disk.crash_at(call);
      const Completion done = removal().remove(run.p);
      ended = !run.disk.crashed();
      run.p.engine.reset();
      if (loss == 0) {
        run.disk.restart_process();
      } else {
        run.disk.lose_power(random);
      }
      run.p.partition.create = false;
      ASSERT_EQ(run.p.open().status, kOk) << "call " << call << ", loss " << loss;
      const std::vector<uint64_t> left = read(run.p);
      ASSERT_TRUE(left == before || left == after) << "call " << call << ", loss " << loss << ": " << left.size() << " messages";
      if (ended) {
        ASSERT_EQ(done.status, kOk);
        ASSERT_EQ(left, after) << "what was answered has taken place";
      }
      seen_before = seen_before || left == before;
      seen_after = seen_after || left == after;
      // Offsets that somebody has seen do not come again, unless everything went.
      const bool emptied = left.empty();
      ASSERT_EQ(run.p.stored(1), emptied ? UINT64_MAX : kMessages - 1);
      const Completion next = run.p.append({{.payload = "next"}});
      ASSERT_EQ(next.status, kOk);
      if (!emptied) {
        ASSERT_GE(next.first_offset, kMessages);
      } else if (loss == 0 || durability() == Durability::kGroup) {
        ASSERT_EQ(next.first_offset, 0u);
      }
      // A second opening changes nothing.
      const PartitionStats stats = run.p.stats();
      run.p.engine.reset();
      run.disk.restart_process();
      ASSERT_EQ(run.p.open().status, kOk);
      ASSERT_EQ(run.p.stats().first_offset, stats.first_offset);
      ASSERT_EQ(run.p.stats().messages, stats.messages);
    }
    if (ended) break;
  }
  EXPECT_TRUE(seen_before);
  EXPECT_TRUE(seen_after);
}

INSTANTIATE_TEST_SUITE_P(
    All, RemovalCrash,
    ::testing::Combine(::testing::Values(Removal{"oldest", [](OnePartition& p) { return p.delete_segments(3); }, 3 * kSegmentMessages},
                                         Removal{"offset", [](OnePartition& p) { return p.delete_segments(UINT32_MAX, 4 * kSegmentMessages); },
                                                 4 * kSegmentMessages},
                                         Removal{"purge", [](OnePartition& p) { return p.purge(); }, kMessages}),
                       ::testing::Values(Durability::kNone, Durability::kGroup)),
    [](const auto& info) { return std::get<0>(info.param).name + (std::get<1>(info.param) == Durability::kGroup ? "_group" : "_none"); });

}  // namespace
}  // namespace galgo::test
