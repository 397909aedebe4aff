// Polls: every strategy, both generations, across segments, within large batches, within byte caps.
#include "engine_fixture.h"

namespace galgo::test {
namespace {

class Poll : public EngineTest {
 protected:
  /// 60 messages of 200 bytes in segments of a few batches; the generations take turns. Returns each message's time stamp.
  std::vector<uint64_t> fill_small_segments() {
    p.partition.segment_bytes = 1500;
    p.open_ready();
    std::vector<uint64_t> timestamps;
    for (uint32_t i = 0; timestamps.size() < 60; ++i) {
      const uint32_t count = 1 + i % 3;
      const Completion done = p.append(uniform_messages(count, 200), i % 2 == 0 ? Generation::kVsr : Generation::kClassic);
      EXPECT_EQ(done.status, kOk);
      timestamps.insert(timestamps.end(), count, done.timestamp);
    }
    EXPECT_GT(p.stats().segments, 5u);
    return timestamps;
  }
};

constexpr Generation kBoth[] = {Generation::kVsr, Generation::kClassic};

TEST_F(Poll, EveryRangeAcrossSegments) {
  const uint64_t end = fill_small_segments().size();
  for (const Generation generation : kBoth) {
    for (uint64_t from = 0; from <= end; ++from) {
      for (const uint32_t count : {1u, 2u, 7u, 25u, 1000u}) {
        const Polled polled = p.poll({.value = from, .count = count, .generation = generation});
        ASSERT_EQ(polled.completion.status, kOk);
        ASSERT_EQ(polled.offsets(), range(from, std::min<uint64_t>(end, from + count))) << from << " " << count;
        ASSERT_EQ(polled.completion.current_offset, end - 1);
      }
    }
  }
}

TEST_F(Poll, TimeStampFindsTheFirstMessageAtOrAfterIt) {
  const std::vector<uint64_t> timestamps = fill_small_segments();
  for (const Generation generation : kBoth) {
    for (size_t i = 0; i < timestamps.size(); ++i) {
      for (const uint64_t value : {timestamps[i] - 1, timestamps[i], timestamps[i] + 1}) {
        const auto expected = static_cast<uint64_t>(std::lower_bound(timestamps.begin(), timestamps.end(), value) - timestamps.begin());
        const Polled polled = p.poll({.strategy = PollStrategy::kTimestamp, .value = value, .count = 4, .generation = generation});
        ASSERT_EQ(polled.completion.status, kOk);
        ASSERT_EQ(polled.offsets(), range(expected, std::min<uint64_t>(timestamps.size(), expected + 4)));
      }
    }
  }
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kTimestamp, .value = 0, .count = 1}).offsets(), range(0, 1));
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kTimestamp, .value = UINT64_MAX, .count = 1}).completion.count, 0u);
}

TEST_F(Poll, TimeStampWithinOneExtentOfManyRecordsAndBehindALargeOne) {
  p.open_ready();
  std::vector<uint64_t> timestamps;
  for (int i = 0; i < 20; ++i) timestamps.push_back(p.append(uniform_messages(1, 100)).timestamp);
  const Completion large = p.append(uniform_messages(300, 1000));
  timestamps.insert(timestamps.end(), 300, large.timestamp);
  for (int i = 0; i < 20; ++i) timestamps.push_back(p.append(uniform_messages(1, 100)).timestamp);
  for (size_t i = 0; i < timestamps.size(); ++i) {
    const auto expected = static_cast<uint64_t>(std::lower_bound(timestamps.begin(), timestamps.end(), timestamps[i]) - timestamps.begin());
    ASSERT_EQ(p.poll({.strategy = PollStrategy::kTimestamp, .value = timestamps[i], .count = 1}).offsets(), range(expected, expected + 1));
  }
}

TEST_F(Poll, FirstLastAndNext) {
  const uint64_t end = fill_small_segments().size();
  for (const Generation generation : kBoth) {
    EXPECT_EQ(p.poll({.strategy = PollStrategy::kFirst, .value = 17, .count = 5, .generation = generation}).offsets(), range(0, 5));
    EXPECT_EQ(p.poll({.strategy = PollStrategy::kLast, .count = 5, .generation = generation}).offsets(), range(end - 5, end));
    EXPECT_EQ(p.poll({.strategy = PollStrategy::kLast, .count = 1'000'000, .generation = generation}).offsets(), range(0, end));
  }
  for (uint64_t from = 0; from < end; from += 9) {
    ASSERT_EQ(p.poll({.strategy = PollStrategy::kNext, .count = 9, .auto_commit = true}).offsets(), range(from, std::min(end, from + 9)));
    ASSERT_EQ(p.stored(1), std::min(end, from + 9) - 1);
  }
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kNext, .count = 9, .auto_commit = true}).completion.count, 0u);
  EXPECT_EQ(p.stored(1), end - 1);
  EXPECT_EQ(p.stored(2), UINT64_MAX);
}

TEST_F(Poll, AutoCommitMovesBackToo) {
  fill_small_segments();
  EXPECT_EQ(p.store_offset(1, 50), kOk);
  EXPECT_EQ(p.poll({.value = 3, .count = 4, .auto_commit = true}).completion.count, 4u);
  EXPECT_EQ(p.stored(1), 6u);
}

TEST_F(Poll, EmptyResults) {
  p.open_ready();
  for (const PollStrategy strategy :
       {PollStrategy::kOffset, PollStrategy::kTimestamp, PollStrategy::kFirst, PollStrategy::kLast, PollStrategy::kNext}) {
    const Polled polled = p.poll({.strategy = strategy, .count = 10, .auto_commit = true});
    EXPECT_EQ(polled.completion.status, kOk);
    EXPECT_EQ(polled.completion.count, 0u);
    EXPECT_EQ(polled.completion.slot, kNoSlot);
    EXPECT_EQ(polled.completion.current_offset, 0u);
  }
  EXPECT_EQ(p.stored(1), UINT64_MAX);
  p.append(uniform_messages(3, 10));
  for (const uint64_t offset : {uint64_t{3}, UINT64_MAX}) {
    const Polled polled = p.poll({.value = offset});
    EXPECT_EQ(polled.completion.status, kOk);
    EXPECT_EQ(polled.completion.count, 0u);
    EXPECT_EQ(polled.completion.current_offset, 2u);
  }
  EXPECT_EQ(p.poll({.count = 0, .auto_commit = true}).completion.count, 0u);
  EXPECT_EQ(p.stored(1), UINT64_MAX);
}

TEST_F(Poll, ByteCapCountsWhatGoesOutAndOneMessageComesAlways) {
  p.open_ready();
  for (int i = 0; i < 40; ++i) p.append(uniform_messages(5, 100));
  for (const uint64_t bytes_max : {1ull, 500ull, 404ull, 403ull, 2000ull, 5000ull, 20'000ull}) {
    for (const Generation generation : kBoth) {
      const Polled polled = p.poll({.value = 3, .count = 200, .generation = generation, .bytes_max = bytes_max});
      ASSERT_GE(polled.completion.count, 1u);
      ASSERT_EQ(polled.offsets(), range(3, 3 + polled.completion.count));
      if (polled.completion.count > 1) {
        ASSERT_LE(polled.completion.length, bytes_max);
      }
      // One more message would not have fitted.
      const uint64_t next = generation == Generation::kClassic ? 164 : 148 + 256;
      if (polled.completion.count < 197) {
        ASSERT_GT(polled.completion.length + next, bytes_max);
      }
    }
  }
}

TEST_F(Poll, OneMessageOfA64MiBBatchReadsLittle) {
  p.options.buffer_bytes_max = 512ull << 20;
  p.open_ready();
  constexpr uint32_t kCount = 63'000;
  Bytes batch = build_batch(uniform_messages(kCount, 1000));
  ASSERT_GT(batch.size(), 61ull << 20);
  Completion out;
  ASSERT_EQ(p.append_begin(batch, kCount, Generation::kVsr, 70, &out), kQueued);
  ASSERT_EQ(p.sink.wait(70).status, kOk);
  // As appended, after a restart (index rebuilt or loaded), and from a sealed segment.
  for (int round = 0; round < 2; ++round) {
    for (const Generation generation : kBoth) {
      for (const uint32_t offset : {0u, 1u, 30'001u, kCount - 1}) {
        const uint64_t before = p.stats().read_bytes;
        const Polled polled = p.poll({.value = offset, .count = 1, .generation = generation});
        ASSERT_EQ(polled.offsets(), range(offset, offset + 1));
        ASSERT_LE(p.stats().read_bytes - before, p.options.encrypts ? (1u << 20) + 512 : 128u * 1024);
      }
    }
    ASSERT_EQ(p.flush().status, kOk);
    p.open_ready();
  }
}

TEST_F(Poll, RangesWithinALargeBatch) {
  p.open_ready();
  p.append(uniform_messages(3, 50));
  ASSERT_EQ(p.append(uniform_messages(700, 700)).status, kOk);
  p.append(uniform_messages(3, 50));
  for (const Generation generation : kBoth) {
    for (uint64_t from = 0; from < 706; from += 23) {
      for (const uint32_t count : {1u, 40u, 706u}) {
        const Polled polled = p.poll({.value = from, .count = count, .generation = generation});
        ASSERT_EQ(polled.completion.status, kOk);
        ASSERT_EQ(polled.offsets(), range(from, std::min<uint64_t>(706, from + count)));
      }
    }
  }
}

TEST_F(Poll, LargeClassicPollsAreTranscodedPieceByPiece) {
  p.open_ready();
  for (int i = 0; i < 6; ++i) ASSERT_EQ(p.append(uniform_messages(2000, 1000)).status, kOk);
  EXPECT_EQ(p.poll({.value = 5, .count = 20'000, .generation = Generation::kClassic}).offsets(), range(5, 12'000));
  EXPECT_EQ(p.poll({.value = 5, .count = 20'000}).offsets(), range(5, 12'000));
  EXPECT_EQ(p.buffers_in_use(), 0u);
}

TEST_F(Poll, DamageOnDiskIsReportedAndLeavesTheRestReadable) {
  p.open_ready();
  for (int i = 0; i < 30; ++i) p.append(uniform_messages(10, 1000));
  ASSERT_EQ(p.close().status, kOk);
  const std::string log = p.directory + "/" + p.files(".log").front();
  Bytes bytes = read_whole(log);
  bytes[bytes.size() / 2] ^= 0x40;
  write_whole(log, bytes);
  p.open_ready();
  EXPECT_EQ(p.poll({.value = 0, .count = 10}).offsets(), range(0, 10));
  EXPECT_EQ(p.poll({.value = 290, .count = 10}).offsets(), range(290, 300));
  EXPECT_EQ(p.poll({.value = 149, .count = 10}).completion.status, kInvalidMessageChecksum);
  EXPECT_EQ(p.buffers_in_use(), 0u);
}

TEST_F(Poll, BudgetsOfDescriptorsAndExtentsHoldAcrossSegments) {
  p.options.open_files_max = 2;
  p.options.index_cache_bytes_max = 1;
  const uint64_t end = fill_small_segments().size();
  ASSERT_EQ(p.flush().status, kOk);
  size_t descriptors = 0;
  for (int round = 0; round < 3; ++round) EXPECT_EQ(p.poll_all().offsets(), range(0, end));
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    descriptors += std::filesystem::read_symlink(entry.path(), error).extension() == ".log";
  }
  EXPECT_LE(descriptors, direct_io() ? 4u : 3u) << "two sealed ones and the active one";
}

TEST_F(Poll, WaitsForOpening) {
  fill_small_segments();
  p.engine.reset();
  p.engine = std::make_unique<Engine>(p.options);
  p.handle = p.engine->open(p.directory, p.partition, 1, &p.sink);
  EXPECT_EQ(p.poll({.value = 0, .count = 5}).offsets(), range(0, 5));
  EXPECT_EQ(p.sink.wait(1).status, kOk);
}

}  // namespace
}  // namespace galgo::test
