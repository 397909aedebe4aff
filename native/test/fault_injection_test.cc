// Every call to the disk that a workload makes fails, one after the other and in every way it can: the request that needed it fails with its error
// and nothing else changes. Service goes on with the next call, or when there is space again. After a sync that failed the partition is fenced until
// it is opened again, and what that opening shows survives a loss of power. TEST_FAULTS=all tries every call, the short form
// one in three; TEST_SEED tries one alone.
#include <optional>

#include "engine_fixture.h"
#include "simulated_disk.h"

namespace galgo::test {
namespace {

class FaultRun {
 public:
  explicit FaultRun(Durability durability) : p_("/p/0") {
    constexpr uint32_t kNever = 3'600'000;
    p_.options.file_system = &disk;
    p_.options.io_threads = p_.options.sync_threads = 1;
    p_.options.background_threads = 0;
    p_.options.sync_interval_ms = p_.options.checkpoint_interval_ms = kNever;
    p_.options.buffer_bytes_max = 32 << 20;
    p_.partition.durability = p_.partition.offset_durability = durability;
    p_.partition.segment_bytes = 6000;
  }

  SimulatedDisk disk;

  /// All requests there are, each needing the disk in its own way.
  void work() {
    open();
    for (int i = 0; i < 8; ++i) append(Generation::kVsr, 3, 700);  // three segments
    append(Generation::kClassic, 4, 10);
    append(Generation::kVsr, 1, 100'000);  // too large to be written inline
    store_offset(1, 20);
    store_offset(2, 22);
    store_offset(1, 21);
    delete_offset(2);
    settle("flush", p_.flush().status);
    remove_oldest();
    append(Generation::kVsr, 2, 50);
    purge();
    append(Generation::kVsr, 2, 50);
    append(Generation::kClassic, 9, 700);
    append(Generation::kVsr, 2, 50);
    store_offset(1, 0);
  }

  /// The disk is whole again.
  void recover(uint64_t seed) {
    disk.heal();
    const bool fenced = p_.stats().state == 2;
    EXPECT_EQ(fenced, fenced_by_) << (fenced ? "fenced without a reason" : "not fenced after a sync that failed");
    if (!fenced) append(Generation::kVsr, 2, 50);
    if (seed % 2 == 0) settle("close", p_.close().status);
    p_.engine.reset();
    disk.restart_process();
    open();
    if (::testing::Test::HasFailure()) return;
    append(Generation::kVsr, 1, 20);
    if (p_.partition.durability != Durability::kGroup) return;
    p_.engine.reset();
    SimulatedDisk::Random random(seed);
    disk.lose_power(random);
    open();
    append(Generation::kVsr, 1, 20);
  }

 private:
  void open() {
    for (int attempt = 0;; ++attempt) {
      const Completion opened = p_.open();
      if (opened.status == kOk) break;
      ASSERT_EQ(opened.status, kIoError);
      ASSERT_NE(opened.detail, 0u);
      ASSERT_FALSE(disk.failed().empty());
      ASSERT_LT(attempt, 2) << "the disk is whole again, and the partition does not open";
      p_.engine.reset();
      disk.restart_process();
    }
    p_.partition.create = false;
    // What failed in its sync may be there after all: its sender knows nothing.
    const Polled polled = p_.poll_all();
    if (polled.messages.size() > messages_.size() && unanswered_) {
      for (const std::string& payload : *unanswered_) messages_.push_back(payload);
      end_ += unanswered_->size();
    }
    unanswered_.reset();
    fenced_by_ = false;
    faults_seen_ = disk.failed().size();
    check();
  }

  void append(Generation generation, uint32_t count, size_t bytes) {
    std::vector<Message> messages = uniform_messages(count, bytes);
    std::vector<std::string> payloads;
    for (Message& message : messages) payloads.push_back(message.payload += std::to_string(++made_));
    const Completion done = p_.append(messages, generation);
    if (settle("append", done.status)) {
      EXPECT_GE(done.first_offset, end_);
      messages_.insert(messages_.end(), payloads.begin(), payloads.end());
      end_ = done.last_offset + 1;
    } else {
      EXPECT_TRUE(done.status == kFenced || (done.status == kCannotAppendToFile && done.detail != 0)) << done.status;
      if (done.status == kCannotAppendToFile) unanswered_ = payloads;
    }
    check();
  }

  void store_offset(uint32_t id, uint64_t offset) {
    if (offset >= end_) return;
    const Status status = p_.store_offset(id, offset);
    if (settle("store offset", status)) offsets_[id] = offset;
    if (status != kOk && fenced_by_) learn_offset(id);
    check();
  }
  void delete_offset(uint32_t id) {
    if (!offsets_.contains(id)) return;
    const Status status = p_.delete_offset(id);
    if (settle("delete offset", status)) offsets_.erase(id);
    if (status != kOk && fenced_by_) learn_offset(id);
    check();
  }
  // Whether an offset counts whose sync failed is not known to anyone.
  void learn_offset(uint32_t id) {
    offsets_.erase(id);
    if (p_.stored(id) != UINT64_MAX) offsets_[id] = p_.stored(id);
  }

  void remove_oldest() {
    std::vector<SegmentStats> segments;
    ASSERT_EQ(p_.engine->segments(p_.handle, 10, &segments), kOk);
    const Completion done = p_.delete_segments(1);
    // A file that cannot be unlinked is an error, but its messages are gone; the next opening unlinks it.
    if (settle("delete segments", done.status)) {
      EXPECT_EQ(done.count, segments.size() > 1 && segments[0].last_offset <= lowest_stored() ? 1u : 0u);
    }
    if (done.count > 0) messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(segments[1].first_offset));
    check();
  }
  void purge() {
    // One that has begun is finished by the next opening; until then the partition is empty and fenced.
    if (settle("purge", p_.purge().status) || p_.stats().segments == 0) {
      fenced_by_ = fenced_by_ || p_.stats().segments == 0;
      messages_.clear();
      offsets_.clear();
      unanswered_.reset();
      end_ = 0;
    }
    check();
  }

  // A request fails only because a call failed. Waits for what the request left to be done.
  bool settle(const char* what, Status status) {
    disk.cached = false;
    p_.poll({.strategy = PollStrategy::kFirst, .count = 1});
    disk.cached = true;
    const std::vector<std::string> failed = disk.failed();
    for (; faults_seen_ < failed.size(); ++faults_seen_) {
      const std::string& each = failed[faults_seen_];
      const bool log_truncate = each.starts_with("truncate") && each.ends_with(".log") && status == kCannotAppendToFile;
      fenced_by_ = fenced_by_ || (each.starts_with("sync") && !each.ends_with(".index") && !each.ends_with("next.log")) || log_truncate;
    }
    EXPECT_TRUE(status == kOk || !failed.empty()) << what << " fails with " << status << ", and nothing is wrong with the disk";
    return status == kOk;
  }

  // What is answered is what is known.
  void check() {
    const size_t failed = disk.failed().size();
    Polled polled = p_.poll_all();
    if (polled.completion.status != kOk && disk.failed().size() > failed) polled = p_.poll_all();
    ASSERT_EQ(polled.completion.status, kOk);
    ASSERT_EQ(polled.messages.size(), messages_.size());
    for (size_t i = 0; i < messages_.size(); ++i) ASSERT_TRUE(polled.messages[i].payload == messages_[i]) << "message " << i;
    for (const uint32_t id : {1u, 2u}) {
      const auto known = offsets_.find(id);
      ASSERT_EQ(p_.stored(id), known == offsets_.end() ? UINT64_MAX : known->second) << "consumer " << id;
    }
  }

  uint64_t lowest_stored() const {
    uint64_t lowest = UINT64_MAX;
    for (const auto& [id, offset] : offsets_) lowest = std::min(lowest, offset);
    return lowest;
  }

  OnePartition p_;
  uint64_t made_ = 0;
  std::vector<std::string> messages_;
  std::map<uint32_t, uint64_t> offsets_;
  uint64_t end_ = 0;
  std::optional<std::vector<std::string>> unanswered_;  // the last append, if it failed
  bool fenced_by_ = false;                              // something that must fence has happened
  size_t faults_seen_ = 0;
};

class FaultInjection : public ::testing::TestWithParam<std::tuple<Durability, Fault, bool>> {};

TEST_P(FaultInjection, AtEveryCall) {
  const auto [durability, fault, lasting] = GetParam();
  FaultRun whole(durability);
  whole.work();
  ASSERT_FALSE(HasFailure());
  const uint64_t calls = whole.disk.calls();
  const uint64_t step = std::getenv("TEST_FAULTS") == nullptr ? 3 : 1;
  const uint64_t only = setting("TEST_SEED", 0);
  uint64_t runs = 0;
  uint64_t failed = 0;
  for (uint64_t call = only == 0 ? 1 : only; call <= calls && !HasFailure(); call += step) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, "replay: TEST_SEED=" + std::to_string(call));
    FaultRun run(durability);
    run.disk.fail_at(call, fault, lasting ? UINT64_MAX : 1);
    run.work();
    if (!HasFailure()) run.recover(call);
    ++runs;
    if (!run.disk.failed().empty()) ++failed;
    if (HasFailure()) {
      for (const std::string& each : run.disk.failed()) std::printf("failed: %s\n", each.c_str());
    }
    if (only != 0) break;
  }
  std::printf("%llu of %llu calls tried, %llu of them failed\n", static_cast<unsigned long long>(runs), static_cast<unsigned long long>(calls),
              static_cast<unsigned long long>(failed));
}

std::string name_of(const ::testing::TestParamInfo<FaultInjection::ParamType>& info) {
  constexpr const char* kDurabilities[] = {"None", "Interval", "Group"};
  constexpr const char* kFaults[] = {"IoError", "NoSpace", "ShortWrite"};
  return std::string(kDurabilities[static_cast<int>(std::get<0>(info.param))]) + kFaults[static_cast<int>(std::get<1>(info.param))] +
         (std::get<2>(info.param) ? "Lasting" : "Once");
}

INSTANTIATE_TEST_SUITE_P(Once, FaultInjection,
                         ::testing::Combine(::testing::Values(Durability::kNone, Durability::kGroup),
                                            ::testing::Values(Fault::kIoError, Fault::kNoSpace, Fault::kShortWrite), ::testing::Values(false)),
                         name_of);
// Reads go on when a disk is full, so the checks in between hold.
INSTANTIATE_TEST_SUITE_P(Lasting, FaultInjection,
                         ::testing::Combine(::testing::Values(Durability::kNone, Durability::kGroup),
                                            ::testing::Values(Fault::kNoSpace, Fault::kShortWrite), ::testing::Values(true)),
                         name_of);

}  // namespace
}  // namespace galgo::test
