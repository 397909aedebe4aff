// Verifying a partition beside everything else, and giving up what of it is damaged. In memory, so that each byte and each crash can be tried.
//
// With TEST_REPAIRS=all every byte and every crash is tried, else one in a few.
#include "../engine/segment.h"
#include "engine_fixture.h"
#include "simulated_disk.h"

namespace galgo::test {
namespace {

using Files = std::map<std::string, Bytes>;

uint64_t step_of(uint64_t otherwise) { return std::getenv("TEST_REPAIRS") == nullptr ? otherwise : 1; }

struct Found {
  std::vector<Completion> damages;
  uint64_t bytes = 0;
  int calls = 0;
};

class Verify : public ::testing::TestWithParam<Durability> {
 protected:
  Verify() : p("/p/0") {
    constexpr uint32_t kNever = 3'600'000;
    p.options.file_system = &disk;
    p.options.io_threads = p.options.sync_threads = 1;
    p.options.sync_interval_ms = p.options.checkpoint_interval_ms = kNever;
    p.options.buffer_bytes_max = 32 << 20;
    p.partition.durability = GetParam();
    p.partition.segment_bytes = 492;  // two records of three messages of 100 bytes
  }

  // Message i has offset i.
  void append(size_t count, size_t payload_bytes = 100) {
    std::vector<Message> messages;
    for (size_t i = 0; i < count; ++i) {
      std::string payload = "message " + std::to_string(sent.size()) + " ";
      payload.resize(payload_bytes, 'x');
      sent.push_back(payload);
      messages.push_back({.payload = payload});
    }
    ASSERT_EQ(p.append(messages).status, kOk);
  }

  Found verify(uint64_t bytes_max = 1 << 20) {
    Found found;
    VerifyPlace place;
    for (;;) {
      ++found.calls;
      p.engine->verify(p.handle, {.place = place, .bytes_max = bytes_max, .request = ++p.requests}, &p.sink);
      const Completion done = p.sink.wait(p.requests);
      EXPECT_TRUE(done.status == kOk || done.status == kInvalidMessageChecksum) << done.status;
      found.bytes += done.count;
      if (done.status == kInvalidMessageChecksum) found.damages.push_back(done);
      if (done.reserved == 1 || found.calls > 10'000) return found;
      place = {done.current_offset, done.start, done.timestamp};
    }
  }

  Completion repair() {
    p.engine.reset();
    p.engine = std::make_unique<Engine>(p.options);
    p.engine->repair(p.directory, p.partition, ++p.requests, &p.sink);
    return p.sink.wait(p.requests);
  }

  Files take() {
    p.engine.reset();
    disk.restart_process();
    p.partition.create = false;
    return disk.files(p.directory);
  }
  void put(const Files& files) {
    p.engine.reset();
    disk.set_files(p.directory, files);
  }

  /// What is there is what was sent at its offset. Returns the offsets.
  std::vector<uint64_t> delivered() {
    std::vector<uint64_t> offsets;
    for (uint64_t from = 0; from < p.stats().next_offset;) {
      const Polled polled = p.poll({.value = from});
      EXPECT_EQ(polled.completion.status, kOk) << from;
      if (polled.messages.empty()) break;
      for (const ReadMessage& message : polled.messages) {
        if (message.offset < sent.size()) {
          EXPECT_TRUE(message.payload == sent[message.offset]) << message.offset;
        }
        offsets.push_back(message.offset);
      }
      from = polled.messages.back().offset + 1;
    }
    return offsets;
  }

  SimulatedDisk disk;
  OnePartition p;
  std::vector<std::string> sent;
};

INSTANTIATE_TEST_SUITE_P(Durabilities, Verify, ::testing::Values(Durability::kNone, Durability::kGroup),
                         [](const auto& info) { return info.param == Durability::kNone ? "none" : "group"; });

std::string log_of(uint64_t start) { return segment_name(start) + ".log"; }
std::string index_of(uint64_t start) { return segment_name(start) + ".index"; }

TEST_P(Verify, ASoundPartitionIsReadOnceWholeInPieces) {
  p.open_ready();
  for (int i = 0; i < 12; ++i) append(2);
  append(1, 100'000);
  append(3);
  ASSERT_EQ(p.flush().status, kOk);
  const PartitionStats stats = p.stats();
  ASSERT_GT(stats.segments, 3u);
  for (const uint64_t piece : {1, 600, 5000, 1 << 20}) {
    const Found found = verify(piece);
    EXPECT_TRUE(found.damages.empty()) << piece;
    EXPECT_EQ(found.bytes, stats.stored_bytes) << piece;
    EXPECT_GE(found.calls, piece == 1 ? 14 : 1) << piece;
  }
  // What is not known to be durable is none of its business yet.
  append(1);
  EXPECT_EQ(verify().bytes, stats.stored_bytes);
  ASSERT_EQ(p.flush().status, kOk);
  EXPECT_EQ(verify().bytes, p.stats().stored_bytes);
}

TEST_P(Verify, AnEmptyPartitionHasNothingToVerify) {
  p.open_ready();
  const Found found = verify();
  EXPECT_EQ(found.calls, 1);
  EXPECT_EQ(found.bytes, 0u);
}

TEST_P(Verify, DamageOfALogThatIsServedIsFoundWithItsPlaceAndItsMessages) {
  p.open_ready();
  for (int i = 0; i < 10; ++i) append(3);
  ASSERT_EQ(p.flush().status, kOk);
  const Files files = disk.files(p.directory);
  // The second log: records of three messages from offset 6 on.
  const uint64_t start = 6;
  const uint64_t record = 256 + 3 * 148;
  for (const auto& [at, message] :
       std::map<uint64_t, int>{{record + 20, -1}, {record + 256 + 60, 0}, {record + 256 + 148 + 60, 1}, {record + 256 + 2 * 148 + 20, 2}}) {
    Files damaged = files;
    damaged.at(log_of(start))[at] ^= 4;
    disk.set_files(p.directory, damaged);
    const Found found = verify();
    ASSERT_EQ(found.damages.size(), 1u) << at;
    const Completion& damage = found.damages[0];
    EXPECT_EQ(damage.current_offset, start);
    EXPECT_EQ(damage.length, record);
    EXPECT_EQ(damage.start, 2 * record);
    EXPECT_EQ(damage.timestamp, start + 6);
    EXPECT_EQ(damage.first_offset, message < 0 ? start + 3 : start + 3 + static_cast<uint64_t>(message)) << at;
    EXPECT_EQ(damage.last_offset, message < 0 ? start + 6 : start + 4 + static_cast<uint64_t>(message)) << at;
    // The partition goes on.
    EXPECT_EQ(p.stats().state, 1u);
  }
}

TEST_P(Verify, ALogThatIsGoneShortOrUnreadableIsDamage) {
  p.open_ready();
  for (int i = 0; i < 10; ++i) append(3);
  ASSERT_EQ(p.flush().status, kOk);
  const Files files = disk.files(p.directory);
  Files damaged = files;
  damaged.erase(log_of(6));
  disk.set_files(p.directory, damaged);
  Found found = verify();
  ASSERT_EQ(found.damages.size(), 1u);
  EXPECT_EQ(found.damages[0].detail, static_cast<uint32_t>(ENOENT));
  EXPECT_EQ(found.damages[0].first_offset, 6u);
  EXPECT_EQ(found.damages[0].last_offset, 12u);
  damaged = files;
  damaged.at(log_of(6)).resize(1000);
  disk.set_files(p.directory, damaged);
  found = verify();
  ASSERT_EQ(found.damages.size(), 1u);
  EXPECT_EQ(found.damages[0].first_offset, 9u);
  EXPECT_EQ(found.damages[0].last_offset, 12u);
}

TEST_P(Verify, WhatAFencedPartitionDoesNotShowIsVerifiedToo) {
  p.open_ready();
  for (int i = 0; i < 5; ++i) append(3);
  ASSERT_EQ(p.close().status, kOk);
  Files files = take();
  const uint64_t record = 256 + 3 * 148;
  files.at(log_of(12))[300] ^= 1;
  put(files);
  ASSERT_EQ(p.open().status, kFenced);
  EXPECT_EQ(p.stats().fence_reason, FenceReason::kDamaged);
  EXPECT_EQ(p.stats().next_offset, 12u);
  const Found found = verify();
  ASSERT_EQ(found.damages.size(), 1u);
  EXPECT_EQ(found.damages[0].current_offset, 12u);
  EXPECT_EQ(found.damages[0].first_offset, 12u);
  EXPECT_EQ(found.damages[0].last_offset, 13u);
  EXPECT_EQ(found.damages[0].start, record);
}

TEST_P(Verify, RepairOfASoundPartitionChangesNothing) {
  p.open_ready();
  for (int i = 0; i < 10; ++i) append(3);
  ASSERT_EQ(p.close().status, kOk);
  const Files files = take();
  const Completion repaired = repair();
  EXPECT_EQ(repaired.status, kOk);
  EXPECT_EQ(repaired.count, 0u);
  EXPECT_EQ(repaired.last_offset, 0u);
  p.engine.reset();
  EXPECT_TRUE(disk.files(p.directory) == files);
}

TEST_P(Verify, RepairGivesUpTheDamagedRecordAndNothingElseWhereverItIs) {
  p.open_ready();
  for (int i = 0; i < 8; ++i) append(3);
  ASSERT_EQ(p.close().status, kOk);
  const Files files = take();
  const uint64_t record = 256 + 3 * 148;
  for (const uint64_t start : {0, 6, 12, 18}) {
    for (uint64_t at = 0; at < files.at(log_of(start)).size(); at += step_of(97)) {
      Files damaged = files;
      damaged.at(log_of(start))[at] ^= 16;
      put(damaged);
      const Completion repaired = repair();
      ASSERT_EQ(repaired.status, kOk) << start << ' ' << at;
      const uint64_t lost = start + at / record * 3;
      ASSERT_EQ(repaired.count, 1u);
      ASSERT_EQ(repaired.first_offset, lost) << start << ' ' << at;
      ASSERT_EQ(repaired.last_offset, 3u);
      ASSERT_EQ(p.open().status, kOk) << start << ' ' << at;
      std::vector<uint64_t> left = range(0, 24);
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(lost), left.begin() + static_cast<std::ptrdiff_t>(lost) + 3);
      ASSERT_EQ(delivered(), left) << start << ' ' << at;
      ASSERT_TRUE(verify().damages.empty());
      // No offset comes twice.
      const Completion next = p.append({{.payload = "new"}});
      ASSERT_EQ(next.status, kOk);
      ASSERT_EQ(next.first_offset, repaired.current_offset);
      if (lost == 21) {
        ASSERT_GT(next.first_offset, 24u);
      } else {
        ASSERT_EQ(next.first_offset, 24u);
      }
      ASSERT_EQ(p.close().status, kOk);
      take();
      ASSERT_EQ(p.open().status, kOk);
      left.push_back(next.first_offset);
      ASSERT_EQ(delivered(), left);
    }
  }
}

TEST_P(Verify, RepairKeepsWhatIsLeftOfLogsThatAreGone) {
  p.open_ready();
  for (int i = 0; i < 8; ++i) append(3);
  ASSERT_EQ(p.close().status, kOk);
  const Files files = take();
  for (const uint64_t gone : {0, 6, 18}) {
    Files damaged = files;
    damaged.erase(log_of(gone));
    damaged.erase(index_of(gone));
    put(damaged);
    ASSERT_EQ(p.open().status, kFenced) << gone;
    const Completion repaired = repair();
    ASSERT_EQ(repaired.status, kOk) << gone;
    ASSERT_EQ(repaired.first_offset, gone);
    ASSERT_EQ(repaired.last_offset, 6u) << gone;
    ASSERT_EQ(p.open().status, kOk) << gone;
    std::vector<uint64_t> left = range(0, 24);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(gone), left.begin() + static_cast<std::ptrdiff_t>(gone) + 6);
    ASSERT_EQ(delivered(), left) << gone;
    ASSERT_GE(p.append({{.payload = "new"}}).first_offset, 24u);
  }
}

TEST_P(Verify, RepairNeedsAPartitionOfItsOwn) {
  p.open_ready();
  append(3);
  ASSERT_EQ(p.close().status, kOk);
  Files files = take();
  put(files);
  p.partition.incarnation++;
  EXPECT_EQ(repair().status, kFenced);
  p.engine.reset();
  EXPECT_TRUE(disk.files(p.directory) == files);
  p.partition.incarnation--;
  p.directory = "/p/1";
  EXPECT_EQ(repair().status, kFenced);
}

// Each call to the disk of a repair is its last one once, and the power is lost.
TEST_P(Verify, ARepairThatACrashEndsLosesNothingMoreAndCanBeDoneAgain) {
  p.open_ready();
  for (int i = 0; i < 8; ++i) append(3);
  ASSERT_EQ(p.close().status, kOk);
  Files files = take();
  const uint64_t record = 256 + 3 * 148;
  std::vector<uint64_t> left = range(0, 24);
  // The second record of the first log, the first of the second, and the last of all.
  for (const auto& [start, number] : std::vector<std::pair<uint64_t, uint64_t>>{{18, 1}, {6, 0}, {0, 1}}) {
    files.at(log_of(start))[number * record + 300] ^= 1;
    left.erase(std::find(left.begin(), left.end(), start + 3 * number), std::find(left.begin(), left.end(), start + 3 * number) + 3);
  }
  SimulatedDisk::Random random(7);
  int crashes = 0;
  for (uint64_t call = 1;; call += step_of(3)) {
    put(files);
    p.engine = std::make_unique<Engine>(p.options);
    disk.crash_at(call);
    p.engine->repair(p.directory, p.partition, ++p.requests, &p.sink);
    p.sink.wait(p.requests);
    const bool crashed = disk.crashed();
    p.engine.reset();
    disk.lose_power(random);
    if (crashed) ++crashes;
    const Completion opened = p.open();
    ASSERT_TRUE(opened.status == kOk || opened.status == kFenced) << call;
    if (!crashed) {
      ASSERT_EQ(opened.status, kOk);
    }
    if (crashed) {
      // Done again, all that was sound is there.
      ASSERT_EQ(repair().status, kOk) << call;
      ASSERT_EQ(p.open().status, kOk) << call;
    }
    ASSERT_EQ(delivered(), left) << call;
    ASSERT_GT(p.append({{.payload = "new"}}).first_offset, 24u) << call;
    ASSERT_TRUE(verify().damages.empty()) << call;
    if (!crashed) break;
  }
  EXPECT_GT(crashes, 5);
}

}  // namespace
}  // namespace galgo::test
