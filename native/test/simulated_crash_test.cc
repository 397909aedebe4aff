// Random workloads on a simulated disk that is killed and loses power: what was acknowledged is there, once, in order, with its bytes.
//
// TEST_CRASH_RUNS sets how many seeds are run (200 in the short form), TEST_SEED runs one alone.
#include "crash_workload.h"

namespace galgo::test {
namespace {

void run_seeds(const char* test, bool with_faults) {
  const uint64_t only = setting("TEST_SEED", 0);
  const uint64_t first = only == 0 ? 1 : only;
  const uint64_t end = first + (only == 0 ? setting("TEST_CRASH_RUNS", 200) : 1);
  CrashWorkload::Tally tally;
  for (uint64_t seed = first; seed < end && !::testing::Test::HasFailure(); ++seed) {
    const std::string replay = "replay: TEST_SEED=" + std::to_string(seed) + " simulated_crash_test --gtest_filter=SimulatedCrash." + test;
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, replay);
    CrashWorkload(seed, with_faults).run(&tally);
  }
  std::printf("%llu seeds, %llu lives, %llu losses of power, %llu messages acknowledged, %llu calls failed, %llu partitions fenced by faults\n",
              static_cast<unsigned long long>(end - first), static_cast<unsigned long long>(tally.crashes),
              static_cast<unsigned long long>(tally.losses_of_power), static_cast<unsigned long long>(tally.acknowledged),
              static_cast<unsigned long long>(tally.faults), static_cast<unsigned long long>(tally.fenced));
}

TEST(SimulatedCrash, NothingAcknowledgedIsLost) { run_seeds("NothingAcknowledgedIsLost", false); }
TEST(SimulatedCrash, NorWhenCallsFailBeforeTheCrash) { run_seeds("NorWhenCallsFailBeforeTheCrash", true); }

}  // namespace
}  // namespace galgo::test
