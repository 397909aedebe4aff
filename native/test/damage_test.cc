// Damaged, torn, missing, stale and foreign files: what is delivered is what was sent, or nothing. In memory, so that each byte and bit can be tried.
//
// With TEST_DAMAGE=all every bit and every length is tried, else one in a few.
#include "engine_fixture.h"
#include "simulated_disk.h"

namespace galgo::test {
namespace {

using Files = std::map<std::string, Bytes>;

size_t step_of(size_t otherwise) { return std::getenv("TEST_DAMAGE") == nullptr ? otherwise : 1; }

class Damage : public ::testing::Test {
 protected:
  Damage() : p("/p/0") { use(p); }

  void use(OnePartition& partition) {
    constexpr uint32_t kNever = 3'600'000;
    partition.options.file_system = &disk;
    partition.options.io_threads = partition.options.sync_threads = 1;
    partition.options.sync_interval_ms = partition.options.checkpoint_interval_ms = kNever;
    partition.options.buffer_bytes_max = 32 << 20;
    partition.options.space_ahead = SpaceAhead::kNone;
  }

  void append(OnePartition& partition, const std::vector<std::string>& payloads, Generation generation = Generation::kVsr) {
    std::vector<Message> messages;
    for (const std::string& payload : payloads) messages.push_back({.payload = payload});
    ASSERT_EQ(partition.append(messages, generation).status, kOk);
    if (&partition != &p) return;
    sent.insert(sent.end(), payloads.begin(), payloads.end());
    ends.push_back(p.stats().stored_bytes);
  }

  Files take() {
    p.engine.reset();
    disk.restart_process();
    p.partition.create = false;
    return disk.files(p.directory);
  }
  /// The records in the first log, without the zeros that may be behind them.
  Bytes log_of(const Files& files) const {
    Bytes bytes = files.at(log);
    bytes.resize(ends.back());
    return bytes;
  }
  Completion open_with(const Files& files) {
    p.engine.reset();
    disk.set_files(p.directory, files);
    return p.open();
  }

  // Message i has offset i. Returns how many are delivered in a row from the first on.
  size_t expect_only_what_was_sent(Generation generation = Generation::kVsr) {
    size_t delivered = 0;
    for (uint64_t from = 0; from < sent.size();) {
      const Polled polled = p.poll({.value = from, .generation = generation});
      if (polled.completion.status != kOk) {
        EXPECT_TRUE(polled.completion.status == kInvalidMessageChecksum || polled.completion.status == kFenced) << polled.completion.status;
        EXPECT_TRUE(polled.messages.empty());
        break;
      }
      if (polled.messages.empty()) break;
      for (const ReadMessage& message : polled.messages) {
        EXPECT_LT(message.offset, sent.size());
        if (message.offset >= sent.size()) return delivered;
        EXPECT_TRUE(message.payload == sent[message.offset]) << "wrong bytes at offset " << message.offset;
        if (message.offset == delivered) ++delivered;
      }
      from = polled.messages.back().offset + 1;
    }
    return delivered;
  }

  void expect_second_opening_to_be_the_same(size_t delivered) {
    const uint64_t next = p.stats().next_offset;
    p.engine.reset();
    disk.restart_process();
    ASSERT_EQ(p.open().status, kOk);
    ASSERT_EQ(expect_only_what_was_sent(Generation::kClassic), delivered);
    ASSERT_EQ(p.stats().next_offset, next);
  }

  size_t records_before(uint64_t position) const { return static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), position) - ends.begin()); }

  SimulatedDisk disk;
  OnePartition p;
  std::vector<std::string> sent;
  std::vector<uint64_t> ends;  // of records, where each append is one
  const std::string log = "00000000000000000000.log";
  const std::string index = "00000000000000000000.index";
};

struct Closed : Damage, ::testing::WithParamInterface<bool> {
  void stop() {
    if (GetParam()) {
      ASSERT_EQ(p.close().status, kOk);
    }
    files = take();
  }
  Files files;
};

TEST_P(Closed, EveryBitOfALog) {
  p.open_ready();
  for (int i = 0; i < 6; ++i)
    append(p, {"message " + std::to_string(2 * i), "and " + std::to_string(2 * i + 1)}, i % 2 ? Generation::kVsr : Generation::kClassic);
  stop();
  const size_t step = step_of(9);
  for (size_t bit = 0; bit < files[log].size() * 8; bit += step) {
    Files damaged = files;
    damaged[log][bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    if (bit % 2 == 0) damaged.erase(index);
    const Completion opened = open_with(damaged);
    const size_t sound = 2 * records_before(bit / 8);
    ASSERT_EQ(expect_only_what_was_sent(bit % 3 == 0 ? Generation::kClassic : Generation::kVsr), sound) << bit;
    if (GetParam()) {
      // All of it was synced: what is behind the damage must not be cut away.
      ASSERT_EQ(opened.status, kFenced) << bit;
      ASSERT_TRUE(disk.files(p.directory)[log] == damaged[log]) << bit;
    } else {
      ASSERT_EQ(opened.status, kOk) << bit;
      expect_second_opening_to_be_the_same(sound);
    }
    ASSERT_FALSE(HasFailure()) << bit;
  }
}

TEST_P(Closed, EveryByteOfTheOtherFilesTornAndEachMissing) {
  p.partition.segment_bytes = 1500;
  p.open_ready();
  for (int i = 0; i < 8; ++i) {
    append(p, {std::string(500, 'a'), "message " + std::to_string(i)});
    ASSERT_EQ(p.store_offset(1, i), kOk);
    if (i == 5) {
      ASSERT_EQ(p.flush().status, kOk);
    }
  }
  stop();
  ASSERT_GT(std::count_if(files.begin(), files.end(), [](const auto& file) { return file.first.ends_with(".log"); }), 2);
  for (const auto& [name, whole] : files) {
    if (name.ends_with(".log")) continue;
    std::vector<Bytes> versions;
    for (size_t length = 0; length<whole.size(); length += whole.size()> 1000 && std::getenv("TEST_DAMAGE") == nullptr ? 61 : 1) {
      versions.emplace_back(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    }
    const size_t tail = whole.size() - std::min<size_t>(whole.size(), 4096);
    versions.push_back(whole);
    std::fill(versions.back().begin() + static_cast<std::ptrdiff_t>(tail), versions.back().end(), uint8_t{0});
    for (size_t at = 0; at <= versions.size(); ++at) {
      Files damaged = files;
      if (at == versions.size()) {
        damaged.erase(name);
      } else {
        damaged[name] = versions[at];
      }
      ASSERT_EQ(open_with(damaged).status, kOk) << name << " " << at;
      ASSERT_EQ(expect_only_what_was_sent(), sent.size()) << name << " " << at;
      ASSERT_EQ(p.stats().next_offset, sent.size());
      const uint64_t stored = p.stored(1);
      ASSERT_TRUE(stored == 7 || (name == "offsets.dat" && (stored == 6 || stored == UINT64_MAX))) << name << " " << at << ": " << stored;
      expect_second_opening_to_be_the_same(sent.size());
      ASSERT_FALSE(HasFailure()) << name << " " << at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AfterAKillOrAStop, Closed, ::testing::Bool(), [](const auto& info) { return info.param ? "Stop" : "Kill"; });

TEST_F(Damage, EveryBitOfASealedSegmentWhoseIndexIsTrusted) {
  p.partition.segment_bytes = 500;
  p.open_ready();
  for (int i = 0; i < 6; ++i) append(p, {"message " + std::to_string(2 * i), std::string(200, 'b')}, i % 2 ? Generation::kVsr : Generation::kClassic);
  ASSERT_EQ(p.close().status, kOk);
  Files files = take();
  const size_t step = step_of(9);
  for (size_t bit = 0; bit < files[log].size() * 8; bit += step) {
    Files damaged = files;
    damaged[log][bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    ASSERT_EQ(open_with(damaged).status, kOk);
    ASSERT_EQ(expect_only_what_was_sent(bit % 2 ? Generation::kClassic : Generation::kVsr), 0u) << bit;
    // The segments behind it are served.
    const uint64_t next = std::stoull(std::next(files.begin(), 2)->first);
    ASSERT_EQ(p.poll({.value = next}).completion.first_offset, next);
    ASSERT_FALSE(HasFailure()) << bit;
  }
}

TEST_F(Damage, LastFourKibibytesOfALogZeroOrOlder) {
  for (const bool zero : {true, false}) {
    SCOPED_TRACE(zero ? "zero" : "older");
    sent.clear();
    ends.clear();
    p.engine.reset();
    disk.set_files(p.directory, {});
    p.partition.create = true;
    p.open_ready();
    for (int i = 0; i < 40; ++i) append(p, {"message " + std::to_string(i) + std::string(150, 'c')});
    Files files = take();
    Bytes& bytes = files[log];
    const auto tail = bytes.end() - 4096;
    if (zero) {
      std::fill(tail, bytes.end(), uint8_t{0});
    } else {
      std::copy_n(bytes.begin(), 4096, tail);
    }
    ASSERT_EQ(open_with(files).status, kOk);
    const size_t sound = records_before(bytes.size() - 4096);
    ASSERT_EQ(expect_only_what_was_sent(), sound);
    ASSERT_EQ(p.stats().next_offset, sound);
    expect_second_opening_to_be_the_same(sound);
  }
}

TEST_F(Damage, PayloadsThatHoldRecordsAreNotTakenForRecords) {
  for (const Durability durability : {Durability::kNone, Durability::kGroup}) {
    sent.clear();
    ends.clear();
    p.engine.reset();
    disk.set_files(p.directory, {});
    p.partition.create = true;
    p.partition.durability = durability;
    p.open_ready();
    for (int i = 0; i < 5; ++i) append(p, {"message " + std::to_string(i)});
    const Bytes records = log_of(disk.files(p.directory));
    const std::string payload(records.begin(), records.end());
    append(p, {payload, payload});
    const Files files = take();
    const auto expect_cut = [&](const Bytes& damaged) {
      Files changed = files;
      changed[log] = damaged;
      ASSERT_EQ(open_with(changed).status, kOk);
      ASSERT_EQ(expect_only_what_was_sent(), 5u);
      ASSERT_EQ(p.stats().next_offset, 5u);
      expect_second_opening_to_be_the_same(5);
    };
    const Bytes whole = log_of(files);
    for (size_t length = records.size(); length < whole.size() && !HasFailure(); length += step_of(7)) {
      SCOPED_TRACE(length);
      expect_cut(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
    }
    for (size_t byte = 0; byte < 256 && !HasFailure(); ++byte) {
      SCOPED_TRACE(byte);
      Bytes flipped = whole;
      flipped[records.size() + byte] ^= 1;
      expect_cut(flipped);
    }
  }
}

TEST_F(Damage, RecordsAndLogsOfAnotherPartitionAreNotServed) {
  p.open_ready();
  for (int i = 0; i < 4; ++i) append(p, {"message " + std::to_string(i)});
  // Same identity, so that the secret alone tells them apart.
  OnePartition other("/p/1");
  use(other);
  other.open_ready();
  for (int i = 0; i < 8; ++i) append(other, {"foreign " + std::to_string(i)});
  other.engine.reset();
  Files files = take();
  files[log] = log_of(files);
  Bytes foreign = disk.files(other.directory)[log];
  foreign.resize(2 * files[log].size());
  const size_t record = foreign.size() / 8;

  Files damaged = files;
  damaged[log].insert(damaged[log].end(), foreign.begin() + static_cast<std::ptrdiff_t>(4 * record), foreign.end());
  ASSERT_EQ(open_with(damaged).status, kOk);
  ASSERT_EQ(expect_only_what_was_sent(), 4u);
  ASSERT_EQ(p.stats().next_offset, 4u);
  expect_second_opening_to_be_the_same(4);
  ASSERT_EQ(p.close().status, kOk);

  // The whole log, in place of one that was synced.
  damaged = take();
  damaged[log] = foreign;
  ASSERT_EQ(open_with(damaged).status, kFenced);
  ASSERT_EQ(expect_only_what_was_sent(), 0u);
  ASSERT_TRUE(disk.files(p.directory)[log] == foreign);

  // The whole folder, in place of another partition's.
  p.partition.incarnation ^= 1;
  ASSERT_EQ(open_with(files).status, kFenced);
  ASSERT_EQ(expect_only_what_was_sent(), 0u);
  ASSERT_TRUE(disk.files(p.directory) == files);
}

}  // namespace
}  // namespace galgo::test
