// Opening after crashes and damage: torn logs at every byte, missing, torn and stale files, lost power.
#include "../engine/recovery.h"

#include <functional>

#include "../engine/partition_meta.h"
#include "engine_fixture.h"
#include "faulty_file_system.h"

namespace galgo::test {
namespace {

namespace fs = std::filesystem;

class Recovery : public EngineTest {
 protected:
  std::string path_of(const std::string& name) const { return p.directory + "/" + name; }
  std::string log() const { return path_of(p.files(".log").back()); }
  std::string index() const { return path_of(p.files(".index").back()); }

  PartitionMeta meta() {
    PartitionMeta read;
    bool found = false;
    EXPECT_EQ(read_meta(machine_file_system(), p.directory, &counters, &read, &found), 0);
    EXPECT_TRUE(found);
    return read;
  }
  void change_meta(const std::function<void(PartitionMeta&)>& change) {
    PartitionMeta changed = meta();
    change(changed);
    ASSERT_EQ(write_meta(machine_file_system(), p.directory, &counters, &changed), 0);
  }
  /// The machine went down, and what was not synced happens to be there.
  void lose_power() {
    p.engine.reset();
    change_meta([](PartitionMeta& changed) { changed.boot_id[0] ^= 1; });
  }
  void append_batches(int count, size_t payload_bytes = 1000) {
    for (int i = 0; i < count; ++i) ASSERT_EQ(p.append(uniform_messages(10, payload_bytes)).status, kOk);
  }
  IoCounters counters;
};

TEST_F(Recovery, TornTailAtEveryByte) {
  for (const Durability durability : {Durability::kNone, Durability::kGroup}) {
    const TemporaryFolder own;
    OnePartition q((own.path() / "0").string());
    q.partition.durability = durability;
    q.open_ready();
    std::vector<uint64_t> ends;  // of records
    for (int i = 0; i < 50; ++i) {
      ASSERT_EQ(q.append(uniform_messages(1, 1)).status, kOk);
      ends.push_back(q.stats().stored_bytes);
    }
    q.engine.reset();
    const std::string path = q.directory + "/" + q.files(".log").front();
    const Bytes whole = read_log(path, ends.back());
    const Bytes meta_bytes = read_whole(meta_path(q.directory));
    FaultyFileSystem disk;
    disk.skip_syncs = true;
    for (size_t length = 0; length <= whole.size(); ++length) {
      // Every third time there are zeros behind, as in prewritten space.
      Bytes torn(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      if (length % 3 == 0) torn.resize(whole.size() + 10'000);
      write_whole(path, torn);
      write_whole(meta_path(q.directory), meta_bytes);
      const auto records = static_cast<uint64_t>(std::upper_bound(ends.begin(), ends.end(), length) - ends.begin());
      const uint64_t end = records == 0 ? 0 : ends[records - 1];
      for (int opening = 0; opening < 2; ++opening) {
        LogContext context{disk, counters, q.directory, kIncarnation, 0};
        const Recovered recovered = recover_partition(context, q.partition);
        ASSERT_EQ(recovered.status, kOk) << length;
        ASSERT_EQ(recovered.next_offset, records) << length;
        ASSERT_EQ(recovered.segments.back()->ends().end_position, end) << length;
        ASSERT_EQ(fs::file_size(path), end) << length;
      }
      if (length % 997 == 0) {
        q.open_ready();
        ASSERT_EQ(q.poll_all().offsets(), range(0, records));
        ASSERT_EQ(q.append(uniform_messages(1, 1)).first_offset, records);
        q.engine.reset();
      }
    }
  }
}

TEST_F(Recovery, IndexMissingTornZeroedOrStale) {
  p.open_ready();
  append_batches(40);
  ASSERT_EQ(p.flush().status, kOk);
  append_batches(5);
  p.engine.reset();
  const Bytes whole = read_whole(index());
  ASSERT_GT(whole.size(), 800u);
  const auto expect_all = [&] {
    p.open_ready();
    ASSERT_EQ(p.poll_all().offsets(), range(0, 450));
    ASSERT_EQ(p.poll({.value = 333, .count = 3}).offsets(), range(333, 336));
    ASSERT_EQ(p.stats().logical_bytes, 450u * 1064);
    p.engine.reset();
  };
  const std::string path = index();
  fs::remove(path);
  expect_all();
  for (size_t length = 0; length < whole.size(); length += 13) {
    write_whole(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
    expect_all();
  }
  for (size_t from = 0; from < whole.size(); from += 61) {
    Bytes zeroed = whole;
    std::fill(zeroed.begin() + static_cast<std::ptrdiff_t>(from), zeroed.end(), uint8_t{0});
    write_whole(path, zeroed);
    expect_all();
    Bytes flipped = whole;
    flipped[from] ^= 4;
    write_whole(path, flipped);
    expect_all();
  }
}

TEST_F(Recovery, IndexOfAnotherLifeOfTheFile) {
  p.open_ready();
  append_batches(40, 900);
  ASSERT_EQ(p.flush().status, kOk);
  const Bytes stale = read_whole(index());
  ASSERT_EQ(p.purge().status, kOk);
  append_batches(40, 1000);
  ASSERT_EQ(p.flush().status, kOk);
  p.engine.reset();
  write_whole(index(), stale);
  p.open_ready();
  EXPECT_EQ(p.poll_all().offsets(), range(0, 400));
  EXPECT_EQ(p.poll({.value = 333, .count = 3}).offsets(), range(333, 336));
}

TEST_F(Recovery, SealedSegmentsWithoutTheirIndexes) {
  p.partition.segment_bytes = 20'000;
  p.open_ready();
  append_batches(20);
  ASSERT_EQ(p.close().status, kOk);
  for (const std::string& name : p.files(".index")) {
    fs::remove(path_of(name));
    p.open_ready();
    ASSERT_EQ(p.poll_all().offsets(), range(0, 200));
    ASSERT_EQ(p.close().status, kOk);
  }
  p.open_ready();
  // Lost while running, after it was last read.
  for (const std::string& name : p.files(".index")) fs::remove(path_of(name));
  EXPECT_EQ(p.poll_all().offsets(), range(0, 200));
}

TEST_F(Recovery, MetaTornInEitherSlotOrMissing) {
  p.open_ready();
  append_batches(10);
  ASSERT_EQ(p.flush().status, kOk);
  append_batches(2);
  p.engine.reset();
  const std::string path = meta_path(p.directory);
  const Bytes whole = read_whole(path);
  const auto expect_all = [&] {
    p.open_ready();
    ASSERT_EQ(p.poll_all().offsets(), range(0, 120));
    p.engine.reset();
  };
  for (size_t at = 0; at < whole.size(); at += 509) {
    Bytes torn = whole;
    const size_t end = std::min(at + 600, at < kMetaSlotBytes ? kMetaSlotBytes : whole.size());
    for (size_t i = at; i < end; ++i) torn[i] ^= 0x55;
    write_whole(path, torn);
    expect_all();
  }
  // Without any valid slot the secret comes from an index file.
  write_whole(path, Bytes(whole.size(), 0));
  expect_all();
  fs::remove(path);
  expect_all();
}

TEST_F(Recovery, WithoutMetaAndIndexNothingIsServedAndNothingChanged) {
  p.open_ready();
  append_batches(10);
  ASSERT_EQ(p.close().status, kOk);
  p.engine.reset();
  const Bytes before = read_whole(log());
  fs::remove(meta_path(p.directory));
  fs::remove(index());
  EXPECT_EQ(p.open().status, kFenced);
  EXPECT_EQ(p.poll_all().completion.status, kFenced);
  EXPECT_EQ(p.append(uniform_messages(1, 1)).status, kFenced);
  EXPECT_EQ(p.close().status, kOk);
  EXPECT_EQ(read_whole(log()), before);
}

TEST_F(Recovery, BitFlipsAboveTheDurableEndAreCutAndBelowItFence) {
  for (const bool durable : {false, true}) {
    const TemporaryFolder own;
    OnePartition q((own.path() / "0").string());
    q.open_ready();
    std::vector<uint64_t> ends;
    for (int i = 0; i < 6; ++i) {
      q.append(uniform_messages(2, 40));
      ends.push_back(q.stats().stored_bytes);
    }
    if (durable) {
      ASSERT_EQ(q.close().status, kOk);
    }
    q.engine.reset();
    const std::string path = q.directory + "/" + q.files(".log").front();
    const Bytes whole = read_log(path, ends.back());
    const Bytes meta_bytes = read_whole(meta_path(q.directory));
    FaultyFileSystem disk;
    disk.skip_syncs = true;
    for (size_t bit = 0; bit < whole.size() * 8; bit += 5) {
      Bytes flipped = whole;
      flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      write_whole(path, flipped);
      write_whole(meta_path(q.directory), meta_bytes);
      fs::remove(q.directory + "/00000000000000000000.index");
      const auto records = static_cast<uint64_t>(std::upper_bound(ends.begin(), ends.end(), bit / 8) - ends.begin());
      LogContext context{disk, counters, q.directory, kIncarnation, 0};
      const Recovered recovered = recover_partition(context, q.partition);
      ASSERT_EQ(recovered.status, durable ? kFenced : kOk) << bit;
      ASSERT_EQ(recovered.next_offset, records * 2) << bit;
      ASSERT_EQ(fs::file_size(path), durable ? whole.size() : records == 0 ? 0 : ends[records - 1]) << bit;
    }
    if (durable) {
      EXPECT_EQ(q.open().status, kFenced);
      EXPECT_EQ(q.poll_all().offsets(), range(0, 10));
      EXPECT_EQ(q.append(uniform_messages(1, 1)).status, kFenced);
    }
  }
}

TEST_F(Recovery, LaterGroupsBehindADamagedOneProveASync) {
  for (const Durability durability : {Durability::kNone, Durability::kGroup}) {
    const TemporaryFolder own;
    OnePartition q((own.path() / "0").string());
    q.partition.durability = durability;
    q.open_ready();
    std::vector<uint64_t> ends;
    for (int i = 0; i < 5; ++i) {
      q.append(uniform_messages(2, 40));
      ends.push_back(q.stats().stored_bytes);
    }
    q.engine.reset();
    const std::string path = q.directory + "/" + q.files(".log").front();
    const Bytes whole = read_whole(path);
    const auto flip_in_record = [&](size_t record) {
      Bytes flipped = whole;
      flipped[(record == 0 ? 0 : ends[record - 1]) + 8] ^= 1;
      write_whole(path, flipped);
    };
    const bool synced = durability == Durability::kGroup;
    const Bytes meta_bytes = read_whole(meta_path(q.directory));
    flip_in_record(2);  // two groups follow
    EXPECT_EQ(q.open().status, synced ? kFenced : kOk);
    EXPECT_EQ(q.poll_all().offsets(), range(0, 4));
    q.engine.reset();
    write_whole(meta_path(q.directory), meta_bytes);
    flip_in_record(3);  // one follows: it may be of the same, unfinished group
    EXPECT_EQ(q.open().status, kOk);
    EXPECT_EQ(q.poll_all().offsets(), range(0, 6));
  }
}

TEST_F(Recovery, ForeignOrMissingFoldersAreFencedAndNeverMade) {
  p.partition.create = false;
  EXPECT_EQ(p.open().status, kFenced);
  EXPECT_FALSE(fs::exists(p.directory));
  EXPECT_EQ(p.poll_all().completion.status, kFenced);
  p.partition.create = true;
  p.open_ready();
  append_batches(1);
  ASSERT_EQ(p.close().status, kOk);
  p.partition.incarnation ^= 1;
  EXPECT_EQ(p.open().status, kFenced);
  EXPECT_EQ(p.poll_all().completion.status, kFenced);
  p.partition.incarnation ^= 1;
  p.partition.create = false;
  p.open_ready();
  EXPECT_EQ(p.poll_all().offsets(), range(0, 10));
}

TEST_F(Recovery, MissingSegmentFencesAndTheRestIsServed) {
  p.partition.segment_bytes = 20'000;
  p.open_ready();
  append_batches(20);
  ASSERT_EQ(p.close().status, kOk);
  const auto logs = p.files(".log");
  ASSERT_GT(logs.size(), 3u);
  fs::remove(path_of(logs[1]));
  EXPECT_EQ(p.open().status, kFenced);
  const uint64_t gap_begin = std::stoull(logs[1]);
  const uint64_t gap_end = std::stoull(logs[2]);
  auto expected = range(0, gap_begin);
  const auto rest = range(gap_end, 200);
  expected.insert(expected.end(), rest.begin(), rest.end());
  EXPECT_EQ(p.poll_all().offsets(), expected);
  EXPECT_EQ(p.poll({.value = gap_begin + 1, .count = 2}).offsets(), range(gap_end, gap_end + 2));
  EXPECT_EQ(p.append(uniform_messages(1, 1)).status, kFenced);
}

TEST_F(Recovery, MissingLastSegmentFences) {
  p.partition.segment_bytes = 20'000;
  p.open_ready();
  append_batches(20);
  ASSERT_EQ(p.close().status, kOk);
  fs::remove(log());
  EXPECT_EQ(p.open().status, kFenced);
  EXPECT_GT(p.poll_all().completion.count, 0u);
}

TEST_F(Recovery, AfterALossOfPowerOffsetsThatWereSeenAreNotGivenAgain) {
  p.open_ready();
  append_batches(3);
  ASSERT_EQ(p.store_offset(1, 29), kOk);
  lose_power();
  p.open_ready();
  const uint64_t next = p.stats().next_offset;
  EXPECT_GE(next, 30 + kReservedOffsets / 2);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 30));
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kNext}).completion.count, 0u);
  EXPECT_EQ(p.append(uniform_messages(2, 10)).first_offset, next);
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kNext}).offsets(), range(next, next + 2));
  EXPECT_EQ(p.poll({.value = 1000, .count = 1}).offsets(), range(next, next + 1));
  EXPECT_EQ(p.stats().messages, 32u);
  // The jump is remembered, whichever way the process ends.
  p.open_ready();
  EXPECT_EQ(p.stats().messages, 32u);
  ASSERT_EQ(p.close().status, kOk);
  p.open_ready();
  EXPECT_EQ(p.append(uniform_messages(1, 10)).first_offset, next + 2);
  lose_power();
  p.open_ready();
  EXPECT_GT(p.stats().next_offset, next + kReservedOffsets / 2);
  EXPECT_EQ(p.poll_all().completion.count, 33u);
}

TEST_F(Recovery, LossOfPowerOnAnEmptyPartition) {
  p.open_ready();
  lose_power();
  p.open_ready();
  const uint64_t next = p.stats().next_offset;
  EXPECT_EQ(p.files(".log").size(), 1u);
  EXPECT_EQ(p.append(uniform_messages(2, 10)).first_offset, next);
  p.open_ready();
  EXPECT_EQ(p.poll_all().offsets(), range(next, next + 2));
}

TEST_F(Recovery, SyncedPoliciesAndCleanStopsLeaveNoGap) {
  p.partition.durability = Durability::kGroup;
  p.open_ready();
  append_batches(3);
  lose_power();
  p.open_ready();
  EXPECT_EQ(p.append(uniform_messages(1, 10)).first_offset, 30u);
  ASSERT_EQ(p.close().status, kOk);
  p.partition.durability = Durability::kNone;
  p.open_ready();
  ASSERT_EQ(p.close().status, kOk);
  lose_power();
  p.open_ready();
  EXPECT_EQ(p.append(uniform_messages(1, 10)).first_offset, 31u);
}

TEST_F(Recovery, UnsyncedSegmentThatLostItsTailTakesTheLaterOnesWithIt) {
  p.partition.segment_bytes = 20'000;
  p.open_ready();
  append_batches(2);
  const Bytes early_meta = read_whole(meta_path(p.directory));
  append_batches(18);
  p.engine.reset();
  for (const std::string& name : p.files(".index")) fs::remove(path_of(name));
  write_whole(meta_path(p.directory), early_meta);
  const auto logs = p.files(".log");
  ASSERT_GT(logs.size(), 3u);
  fs::resize_file(path_of(logs[1]), fs::file_size(path_of(logs[1])) - 1);
  p.open_ready();
  const uint64_t end = std::stoull(logs[2]) - 10;
  EXPECT_EQ(p.poll_all().offsets(), range(0, end));
  EXPECT_EQ(p.files(".log").size(), 2u);
  EXPECT_EQ(p.append(uniform_messages(1, 10)).first_offset, end);
}

TEST_F(Recovery, ReservedOffsetsMoveAheadOfUse) {
  p.open_ready();
  const uint64_t before = meta().reserved_offset;
  const auto messages = uniform_messages(100'000, 1);
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(p.append(messages).status, kOk);
    ASSERT_GE(meta().reserved_offset, p.stats().next_offset);
  }
  EXPECT_GT(meta().reserved_offset, before);
}

}  // namespace
}  // namespace galgo::test
