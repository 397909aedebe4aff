// Restoring: messages keep the offsets and time stamps that they bring, over gaps and restarts.
#include "../engine/stored_log.h"
#include "engine_fixture.h"
#include "faulty_file_system.h"

namespace galgo::test {
namespace {

/// A message as a log file of Iggy 0.8 holds it.
Bytes stored_classic(const Message& message, uint64_t offset, uint64_t timestamp) {
  Bytes bytes = build_classic({message});
  bytes.erase(bytes.begin(), bytes.begin() + 16);
  store64(&bytes[24], offset);
  store64(&bytes[32], timestamp);
  store64(&bytes[0], xxh3_64(&bytes[8], bytes.size() - 8));
  return bytes;
}

/// A batch record as a log file of Iggy 0.9 holds it.
Bytes stored_batch(const std::vector<Message>& messages, uint64_t offset, uint64_t timestamp) {
  Bytes batch = build_batch(messages);
  store64(&batch[0], 99);
  store64(&batch[8], offset);
  store64(&batch[16], timestamp);
  seal_batch(batch);
  return batch;
}

void add(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

/// `count` messages, `per_timestamp` of them with one time stamp.
Bytes classic_run(uint64_t first_offset, uint32_t count, uint32_t per_timestamp, uint64_t timestamp = 1'000'000) {
  Bytes bytes;
  const std::vector<Message> messages = uniform_messages(count, 100);
  for (uint32_t i = 0; i < count; ++i) add(bytes, stored_classic(messages[i], first_offset + i, timestamp + i / per_timestamp));
  return bytes;
}

class Restore : public EngineTest {
 protected:
  Completion restore(Bytes bytes, Generation generation = Generation::kClassic) {
    p.engine->restore(p.handle, {generation, bytes.data(), bytes.size(), ++p.requests}, &p.sink);
    return p.sink.wait(p.requests);
  }
};

TEST_F(Restore, KeepsOffsetsAndTimestampsOfBothGenerations) {
  p.partition.first_offset = 40;
  p.open_ready();
  const std::vector<Message> messages = uniform_messages(7, 300);
  Bytes classic;
  for (uint32_t i = 0; i < 5; ++i) add(classic, stored_classic(messages[i], 40 + i, i < 3 ? 1000 : 2000));
  const Completion done = restore(classic);
  ASSERT_EQ(done.status, kOk);
  EXPECT_EQ(done.count, 5u);
  EXPECT_EQ(done.first_offset, 40u);
  EXPECT_EQ(done.last_offset, 44u);
  EXPECT_EQ(done.start, 0u);
  ASSERT_EQ(restore(stored_batch({messages[5], messages[6]}, 45, 3000), Generation::kVsr).status, kOk);

  for (const bool again : {false, true}) {
    if (again) {
      ASSERT_EQ(p.close().status, kOk);
      p.open_ready();
    }
    for (const Generation generation : {Generation::kClassic, Generation::kVsr}) {
      const Polled polled = p.poll_all(generation);
      ASSERT_EQ(polled.offsets(), range(40, 47));
      for (size_t i = 0; i < 7; ++i) {
        EXPECT_EQ(polled.messages[i].payload, messages[i].payload);
        EXPECT_EQ(polled.messages[i].origin_timestamp, messages[i].origin_timestamp);
        EXPECT_EQ(polled.messages[i].timestamp, i < 3 ? 1000u : i < 5 ? 2000u : 3000u);
        EXPECT_EQ(load64(polled.messages[i].id.data()), messages[i].id);
      }
    }
    EXPECT_EQ(p.poll({.strategy = PollStrategy::kTimestamp, .value = 1500}).offsets(), range(43, 47));
    EXPECT_EQ(p.stats().first_offset, 40u);
  }
  EXPECT_EQ(p.append(uniform_messages(1, 10)).first_offset, 47u);
}

TEST_F(Restore, AnEmptyLogBeginsWhereItIsTold) {
  p.partition.first_offset = 1'000'000;
  p.open_ready();
  EXPECT_EQ(p.poll_all().completion.count, 0u);
  ASSERT_EQ(p.close().status, kOk);
  p.open_ready();
  EXPECT_EQ(p.files(".log"), std::vector<std::string>{"00000000000001000000.log"});
  EXPECT_EQ(p.append(uniform_messages(1, 10)).first_offset, 1'000'000u);
}

TEST_F(Restore, FillsSegmentsAsAppendsDo) {
  p.partition.segment_bytes = 4000;
  p.open_ready();
  ASSERT_EQ(restore(classic_run(0, 200, 1)).status, kOk);
  EXPECT_GT(p.files(".log").size(), 5u);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 200));
  ASSERT_EQ(p.close().status, kOk);
  for (const std::string& name : p.files(".index")) std::filesystem::remove(p.directory + "/" + name);
  p.open_ready();
  EXPECT_EQ(p.poll_all().offsets(), range(0, 200));
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kTimestamp, .value = 1'000'150}).messages.front().offset, 150u);
}

TEST_F(Restore, GapsAreKept) {
  p.open_ready();
  ASSERT_EQ(restore(classic_run(0, 10, 10)).status, kOk);
  ASSERT_EQ(restore(classic_run(25, 10, 10, 2'000'000)).status, kOk);
  const auto expect_all = [&] {
    std::vector<uint64_t> all = range(0, 10);
    for (uint64_t i = 25; i < 35; ++i) all.push_back(i);
    EXPECT_EQ(p.poll_all().offsets(), all);
    EXPECT_EQ(p.poll({.value = 12, .count = 3}).offsets(), range(25, 28));
    EXPECT_EQ(p.stats().messages, 20u);
  };
  expect_all();
  ASSERT_EQ(p.close().status, kOk);
  p.open_ready();
  expect_all();
  EXPECT_EQ(p.append(uniform_messages(1, 10)).first_offset, 35u);
}

TEST_F(Restore, OffsetsThatDoNotFitAreRefused) {
  p.open_ready();
  EXPECT_EQ(restore(classic_run(5, 3, 3)).status, kInvalidOffset) << "ahead of an empty log";
  ASSERT_EQ(restore(classic_run(0, 3, 3)).status, kOk);
  EXPECT_EQ(restore(classic_run(2, 3, 3)).status, kInvalidOffset) << "below the end";
  Bytes holed = classic_run(3, 2, 2);
  add(holed, classic_run(7, 1, 1));
  EXPECT_EQ(restore(holed).status, kInvalidOffset) << "a hole within a run";
  EXPECT_EQ(p.poll_all().offsets(), range(0, 3));
  for (uint64_t i = 0; i < 240; ++i) ASSERT_EQ(restore(classic_run(10 + 2 * i, 1, 1, 2'000'000 + i)).status, kOk);
  EXPECT_EQ(restore(classic_run(10'000, 1, 1)).status, kInvalidOffset) << "more gaps than can be recorded";
  EXPECT_EQ(p.stats().messages, 243u);
}

TEST_F(Restore, FallingTimestampsAreRaisedAndCounted) {
  p.open_ready();
  Bytes bytes = classic_run(0, 4, 2, 5000);
  add(bytes, classic_run(4, 3, 3, 4000));
  add(bytes, classic_run(7, 1, 1, 6000));
  const Completion done = restore(bytes);
  ASSERT_EQ(done.status, kOk);
  EXPECT_EQ(done.start, 3u);
  std::vector<uint64_t> timestamps;
  for (const ReadMessage& message : p.poll_all().messages) timestamps.push_back(message.timestamp);
  EXPECT_EQ(timestamps, (std::vector<uint64_t>{5000, 5000, 5001, 5001, 5001, 5001, 5001, 6000}));
  ASSERT_EQ(p.close().status, kOk);
  p.open_ready();
  EXPECT_EQ(p.poll_all().offsets(), range(0, 8));
}

TEST_F(Restore, LargeAndFarApartMessagesBecomeSeveralRecords) {
  p.open_ready();
  std::vector<Message> messages = uniform_messages(6, 700'000);
  messages[2].origin_timestamp += uint64_t{1} << 40;
  messages[4].id = 0;
  Bytes bytes;
  for (uint32_t i = 0; i < 6; ++i) add(bytes, stored_classic(messages[i], i, 77));
  ASSERT_EQ(restore(bytes).status, kOk);
  const Polled polled = p.poll_all();
  ASSERT_EQ(polled.offsets(), range(0, 6));
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(polled.messages[i].origin_timestamp, messages[i].origin_timestamp);
  EXPECT_NE(polled.messages[4].id, Bytes(16, 0));
}

TEST_F(Restore, BytesThatAreNoMessagesAreRefused) {
  p.open_ready();
  for (const Generation generation : {Generation::kClassic, Generation::kVsr}) {
    const Bytes whole = generation == Generation::kClassic ? classic_run(0, 2, 2) : stored_batch(uniform_messages(2, 100), 0, 5);
    for (const size_t cut : {size_t{0}, size_t{1}, size_t{63}, whole.size() / 2 + 1, whole.size() - 1}) {
      EXPECT_EQ(restore(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)), generation).status, kInvalidCommand) << cut;
    }
    Bytes hostile = whole;
    for (const size_t at : {32, 40, 48}) store64(hostile.data() + at, UINT64_MAX);
    EXPECT_NE(restore(hostile, generation).status, kOk);
  }
  EXPECT_EQ(p.stats().messages, 0u);
}

TEST_F(Restore, AFailedWriteLeavesTheLogAsItWas) {
  FaultyFileSystem disk;
  p.options.file_system = &disk;
  p.open_ready();
  ASSERT_EQ(restore(classic_run(0, 5, 5)).status, kOk);
  disk.log_write_error = ENOSPC;
  const Completion failed = restore(classic_run(5, 5, 5, 2'000'000));
  EXPECT_EQ(failed.status, kIoError);
  EXPECT_EQ(failed.detail, static_cast<uint32_t>(ENOSPC));
  disk.log_write_error = 0;
  EXPECT_EQ(p.poll_all().offsets(), range(0, 5));
  ASSERT_EQ(restore(classic_run(5, 3, 3, 2'000'000)).status, kOk);
  ASSERT_EQ(p.close().status, kOk);
  p.open_ready();
  EXPECT_EQ(p.poll_all().offsets(), range(0, 8));
  p.engine.reset();
}

TEST_F(Restore, IsRefusedByAClosedPartition) {
  p.open_ready();
  ASSERT_EQ(p.close().status, kOk);
  EXPECT_EQ(restore(classic_run(0, 1, 1)).status, kClosed);
}

struct Sample {
  Generation generation;
  Bytes bytes;
  uint64_t next_offset;
};

std::vector<Sample> samples() {
  Bytes batches = stored_batch(uniform_messages(3, 100), 10, 1);
  add(batches, stored_batch(uniform_messages(4, 50), 13, 2));
  return {{Generation::kClassic, classic_run(10, 5, 2), 15}, {Generation::kVsr, batches, 17}};
}

TEST(CheckStored, TakesSoundRunsWhole) {
  for (const Sample& sample : samples()) {
    const StoredRun run = check_stored(sample.generation, sample.bytes.data(), sample.bytes.size(), 10);
    EXPECT_EQ(run.fault, StoredFault::kNone);
    EXPECT_EQ(run.bytes, sample.bytes.size());
    EXPECT_EQ(run.next_offset, sample.next_offset);
    EXPECT_EQ(run.messages, sample.next_offset - 10);
    const StoredRun other = check_stored(sample.generation, sample.bytes.data(), sample.bytes.size(), 9);
    EXPECT_EQ(other.fault, StoredFault::kOffset);
    EXPECT_EQ(other.fault_offset, 10u);
    EXPECT_EQ(other.bytes, 0u);
  }
}

TEST(CheckStored, EveryCutIsIncompleteAndEveryFlippedBitIsSeen) {
  for (const Sample& sample : samples()) {
    for (size_t cut = 0; cut < sample.bytes.size(); ++cut) {
      const Bytes bytes(sample.bytes.begin(), sample.bytes.begin() + static_cast<std::ptrdiff_t>(cut));
      const StoredRun run = check_stored(sample.generation, bytes.data(), bytes.size(), 10);
      if (run.fault == StoredFault::kNone) {
        EXPECT_EQ(run.bytes, cut);
      } else {
        EXPECT_EQ(run.fault, StoredFault::kIncomplete);
        EXPECT_GT(run.bytes + run.fault_bytes, cut);
      }
    }
    for (size_t bit = 0; bit < sample.bytes.size() * 8; ++bit) {
      Bytes bytes = sample.bytes;
      bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      const StoredRun run = check_stored(sample.generation, bytes.data(), bytes.size(), 10);
      EXPECT_NE(run.fault, StoredFault::kNone) << "bit " << bit;
      EXPECT_LE(run.bytes, bit / 8) << "bit " << bit;
    }
  }
}

}  // namespace
}  // namespace galgo::test
