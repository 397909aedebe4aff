// Deduplication by message id in a partition: what is stored, what is confirmed, and what is still known after restart, purge and removal.
#include <chrono>
#include <thread>

#include "engine_fixture.h"
#include "faulty_file_system.h"

namespace galgo::test {
namespace {

/// Messages with these ids; the payload names the id and the send.
std::vector<Message> with_ids(const std::vector<uint64_t>& ids, const std::string& send = "") {
  std::vector<Message> messages;
  for (const uint64_t id : ids) messages.push_back({"message " + std::to_string(id) + send, "", id, 1000 + id});
  return messages;
}

class DeduplicationTest : public EngineTest, public ::testing::WithParamInterface<Generation> {
 protected:
  DeduplicationTest() {
    p.partition.id_entries_max = 100;
    p.partition.segment_bytes = 512;
  }

  Completion append(const std::vector<uint64_t>& ids, const std::string& send = "") { return p.append(with_ids(ids, send), GetParam()); }
  std::vector<std::string> payloads(Generation generation = Generation::kVsr) {
    std::vector<std::string> all;
    for (const ReadMessage& message : p.poll_all(generation).messages) all.push_back(message.payload);
    return all;
  }
  static std::vector<std::string> texts(const std::vector<uint64_t>& ids) {
    std::vector<std::string> all;
    for (const Message& message : with_ids(ids)) all.push_back(message.payload);
    return all;
  }
  /// As kill -9 leaves it: the engine goes, nothing is closed.
  void restart() { p.open_ready(); }
};

INSTANTIATE_TEST_SUITE_P(Generations, DeduplicationTest, ::testing::Values(Generation::kClassic, Generation::kVsr),
                         [](const auto& info) { return info.param == Generation::kClassic ? "classic" : "vsr"; });

TEST_P(DeduplicationTest, OffRepeatsAreStored) {
  p.partition.id_entries_max = 0;
  p.open_ready();
  append({1, 2});
  EXPECT_EQ(append({1, 2}).first_offset, 2u);
  EXPECT_EQ(p.stats().messages, 4u);
}

TEST_P(DeduplicationTest, AThinnedBatchIsNumberedAnewAndItsChecksumsHold) {
  p.open_ready();
  append({1, 2, 3});
  const Completion thinned = append({2, 4, 3, 5, 1, 6}, " again");
  EXPECT_EQ(thinned.status, kOk);
  EXPECT_EQ(thinned.first_offset, 3u);
  EXPECT_EQ(thinned.last_offset, 5u);
  EXPECT_EQ(thinned.count, 3u);
  EXPECT_EQ(append({7}).first_offset, 6u);
  const std::vector<std::string> wanted{"message 1", "message 2", "message 3", "message 4 again", "message 5 again", "message 6 again", "message 7"};
  // Both polls verify offsets, lengths and checksums.
  EXPECT_EQ(p.poll_all().offsets(), range(0, 7));
  EXPECT_EQ(payloads(Generation::kVsr), wanted);
  EXPECT_EQ(payloads(Generation::kClassic), wanted);
  restart();
  EXPECT_EQ(payloads(), wanted);
}

TEST_P(DeduplicationTest, IdsThatTheServerMadeAreNotRemembered) {
  p.open_ready();
  // More than the window has places for.
  for (int i = 0; i < 30; ++i) EXPECT_EQ(append({0, 0, 0, 0, 0}).count, 5u);
  EXPECT_EQ(p.engine->ids().bytes_used(), 0u);
  restart();
  EXPECT_EQ(p.engine->ids().bytes_used(), 0u);
  append({1});
  for (int i = 0; i < 30; ++i) append({0, 0, 0, 0, 0});
  EXPECT_EQ(append({1}).count, 0u) << "they take no place from ids of clients";
  // Where a batch has both kinds, each of its messages is known by what it was stored with.
  EXPECT_EQ(append({0, 2, 1}).count, 2u);
  EXPECT_EQ(append({2, 0}).count, 1u);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 304));
}

TEST_P(DeduplicationTest, ASendOfRepeatsAloneIsConfirmedWithTheOriginalOffset) {
  p.open_ready();
  append({1});
  append({2, 3});
  const Completion again = append({3, 2});
  EXPECT_EQ(again.status, kOk);
  EXPECT_EQ(again.first_offset, 2u);
  EXPECT_EQ(again.count, 0u);
  EXPECT_EQ(p.stats().messages, 3u);
  EXPECT_EQ(append({4}).first_offset, 3u);
}

TEST_P(DeduplicationTest, TheSameHoldsOfQueuedAppendsOfOneGroup) {
  p.options.inline_append_bytes_max = 0;
  for (const Durability durability : {Durability::kNone, Durability::kGroup}) {
    p.partition.durability = durability;
    p.partition.incarnation++;
    p.directory += "x";
    p.open_ready();
    constexpr uint32_t kSends = 200;
    std::vector<Bytes> bytes;
    for (uint32_t i = 0; i < kSends; ++i) {
      const auto messages = with_ids({i / 2 + 1, i / 2 + 1000});
      bytes.push_back(GetParam() == Generation::kVsr ? build_batch(messages) : build_classic(messages));
    }
    Completion out;
    for (uint32_t i = 0; i < kSends; ++i) ASSERT_EQ(p.append_begin(bytes[i], 2, GetParam(), 1000 + i, &out), kQueued);
    for (uint32_t i = 0; i < kSends; ++i) {
      const Completion done = p.sink.wait(1000 + i);
      EXPECT_EQ(done.status, kOk);
      EXPECT_EQ(done.first_offset, i / 2 * 2);
      EXPECT_EQ(done.count, i % 2 == 0 ? 2u : 0u);
    }
    EXPECT_EQ(p.stats().messages, kSends);
  }
}

TEST_P(DeduplicationTest, OfARepeatWithinABatchTheFirstIsKept) {
  p.open_ready();
  EXPECT_EQ(append({1, 1, 2, 1, 2}).count, 2u);
  EXPECT_EQ(payloads(), texts({1, 2}));
}

TEST_P(DeduplicationTest, MessagesWithoutAnIdAreNeverRepeats) {
  p.open_ready();
  append({0, 0, 1});
  append({0, 1, 0});
  EXPECT_EQ(p.stats().messages, 5u);
  EXPECT_EQ(payloads(), texts({0, 0, 1, 0, 0}));
}

TEST_P(DeduplicationTest, AFullWindowForgetsTheOldest) {
  p.partition.id_entries_max = 3;
  p.open_ready();
  append({1, 2, 3});
  EXPECT_EQ(append({1}).count, 0u);
  append({4});
  EXPECT_EQ(append({2}).count, 0u);
  EXPECT_EQ(append({1}).count, 1u);
  restart();
  EXPECT_EQ(append({2}).count, 1u) << "1 took its place";
  EXPECT_EQ(append({1}).count, 0u);
}

TEST_P(DeduplicationTest, IdsExpireAlsoAcrossARestart) {
  p.partition.id_expiry_us = 300'000;
  p.open_ready();
  append({1});
  EXPECT_EQ(append({1}).count, 0u);
  restart();
  EXPECT_EQ(append({1}).count, 0u);
  std::this_thread::sleep_for(std::chrono::milliseconds(320));
  append({2});
  EXPECT_EQ(append({1}).count, 1u);
  std::this_thread::sleep_for(std::chrono::milliseconds(320));
  restart();
  EXPECT_EQ(append({2}).count, 1u);
}

TEST_P(DeduplicationTest, IdsOfSealedSegmentsAreKnownAfterAKillAndAfterAStop) {
  p.open_ready();
  for (uint64_t id = 1; id <= 50; ++id) append({id, id + 1000});
  ASSERT_GT(p.stats().segments, 5u);
  for (const bool stopped : {false, true, true}) {
    if (stopped) {
      EXPECT_EQ(p.close().status, kOk);
    }
    restart();
    for (uint64_t id = 1; id <= 50; ++id) EXPECT_EQ(append({id + 1000, id}).first_offset, 2 * id - 1) << id;
    EXPECT_EQ(p.stats().messages, 100u);
  }
}

TEST_P(DeduplicationTest, IdsInsideLargeRecordsAreKnownAfterARestart) {
  p.partition.segment_bytes = 64 << 20;
  p.open_ready();
  auto messages = uniform_messages(60, 4000);
  p.append(messages, GetParam());
  p.append(with_ids({1000}), GetParam());
  restart();
  EXPECT_EQ(p.append(messages, GetParam()).count, 0u);
  p.partition.id_entries_max = 31;
  restart();
  EXPECT_EQ(p.append(messages, GetParam()).count, 60u) << "the first thirty push the others out";
}

TEST_P(DeduplicationTest, APurgeForgetsEverything) {
  p.open_ready();
  append({1, 2});
  ASSERT_EQ(p.purge().status, kOk);
  EXPECT_EQ(p.engine->ids().bytes_used(), 0u);
  EXPECT_EQ(append({2, 1}).count, 2u);
  EXPECT_EQ(append({1}).first_offset, 1u);
  restart();
  EXPECT_EQ(append({2}).first_offset, 0u);
}

TEST_P(DeduplicationTest, RemovedSegmentsAreForgottenWithTheNextStart) {
  p.open_ready();
  for (uint64_t id = 1; id <= 20; ++id) append({id, id + 1000});
  p.flush();
  const Completion removed = p.delete_segments(2);
  ASSERT_EQ(removed.count, 2u);
  EXPECT_EQ(append({1}).count, 0u);
  EXPECT_EQ(append({1}).first_offset, 0u);
  restart();
  EXPECT_EQ(append({1}).count, 1u);
  EXPECT_EQ(append({20}).count, 0u);
}

TEST_P(DeduplicationTest, AWriteThatFailsLeavesTheWindowAsItWas) {
  FaultyFileSystem faulty;
  p.options.file_system = &faulty;
  p.open_ready();
  append({1});
  faulty.log_write_error = ENOSPC;
  EXPECT_EQ(append({2, 1}).status, kCannotAppendToFile);
  faulty.log_write_error = 0;
  EXPECT_EQ(append({2, 1}).count, 1u);
  EXPECT_EQ(payloads(), texts({1, 2}));
  p.engine.reset();
}

TEST_P(DeduplicationTest, TheBudgetOfAllPartitionsHolds) {
  p.options.id_bytes_max = 64 * 40;
  p.open_ready();
  for (uint64_t id = 1; id <= 65; ++id) append({id});
  EXPECT_EQ(p.engine->ids().bytes_used(), 64u * 40);
  EXPECT_EQ(append({2}).count, 0u);
  EXPECT_EQ(append({1}).count, 1u);
}

TEST_F(EngineTest, IdsOfOneGenerationAreKnownToTheOther) {
  p.partition.id_entries_max = 100;
  p.open_ready();
  p.append(with_ids({1, 2}), Generation::kClassic);
  EXPECT_EQ(p.append(with_ids({2, 3}), Generation::kVsr).count, 1u);
  EXPECT_EQ(p.append(with_ids({3, 1}), Generation::kClassic).first_offset, 2u);
  EXPECT_EQ(p.stats().messages, 3u);
}

TEST_F(EngineTest, ABatchOfSeveralRecordsIsThinnedAcrossThem) {
  p.partition.id_entries_max = 10'000;
  p.open_ready();
  auto messages = uniform_messages(3000, 1000);
  std::vector<Message> some;
  for (size_t i = 0; i < messages.size(); ++i) {
    if (i % 7 == 3 || (i > 900 && i < 2200)) some.push_back(messages[i]);
  }
  p.append(some, Generation::kClassic);
  const Completion rest = p.append(messages, Generation::kClassic);
  EXPECT_EQ(rest.count, messages.size() - some.size());
  EXPECT_EQ(rest.first_offset, some.size());
  const Polled polled = p.poll({.count = 10'000});
  ASSERT_EQ(polled.offsets(), range(0, 3000));
  std::map<uint64_t, std::string> by_id;
  for (const ReadMessage& message : polled.messages) by_id[load64(message.id.data())] = message.payload;
  for (const Message& message : messages) EXPECT_EQ(by_id[message.id], message.payload);
}

// -- Producers -----------------------------------------------------------------------------------------------------------------------------

class ProducerTest : public EngineTest {
 protected:
  Completion append(uint8_t client, uint64_t request, size_t payload_bytes = 10) {
    Bytes bytes = build_batch(uniform_messages(2, payload_bytes));
    Producer producer{.client_id = {client}, .request = request, .user_id = 5};
    Completion out;
    const uint32_t number = ++p.requests;
    const Status status = p.engine->append(p.handle, {Generation::kVsr, kNoSlot, bytes.data(), bytes.size(), 2, producer, number}, &p.sink, &out);
    return status == kQueued ? p.sink.wait(number) : out;
  }
  std::vector<ProducerRecord> producers(uint64_t since = 0, bool cut = false) {
    p.engine->read_producers(p.handle, since, ++p.requests, &p.sink);
    const Completion completion = p.sink.wait(p.requests);
    EXPECT_EQ(completion.status, kOk);
    EXPECT_EQ(completion.detail, cut ? 1u : 0u);
    std::vector<ProducerRecord> read(completion.count);
    if (completion.slot == kNoSlot) return read;
    EXPECT_EQ(completion.length, read.size() * sizeof(ProducerRecord));
    std::memcpy(read.data(), p.engine->buffers().data(completion.slot), completion.length);
    p.engine->buffers().release(completion.slot);
    return read;
  }
};

TEST_F(ProducerTest, AreReadFromAllSegmentsInOrderAndClassicSendsAreNot) {
  p.partition.segment_bytes = 1000;
  p.open_ready();
  EXPECT_TRUE(producers().empty());
  for (uint64_t request = 1; request <= 30; ++request) {
    append(3, request, request % 10 == 0 ? 100'000 : 10);
    p.append(uniform_messages(1, 10), Generation::kClassic);
  }
  for (const bool stopped : {false, true}) {
    const auto read = producers();
    ASSERT_EQ(read.size(), 30u);
    for (uint64_t i = 0; i < 30; ++i) {
      EXPECT_EQ(read[i].client_id[0], 3);
      EXPECT_EQ(read[i].request, i + 1);
      EXPECT_EQ(read[i].first_offset, 3 * i);
      EXPECT_EQ(read[i].user_id, 5u);
    }
    if (stopped) {
      EXPECT_EQ(p.close().status, kOk);
    }
    p.open_ready();
  }
}

TEST_F(ProducerTest, OlderThanAskedForAreLeftOut) {
  p.open_ready();
  append(1, 1);
  const uint64_t since = append(1, 2).timestamp;
  append(1, 3);
  const auto read = producers(since);
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].request, 2u);
}

TEST_F(ProducerTest, OnlySoManyOfTheNewestAreRead) {
  p.open_ready();
  for (uint64_t request = 1; request <= kProducerRecordsMax; ++request) append(1, request);
  EXPECT_EQ(producers().size(), kProducerRecordsMax);
  append(1, kProducerRecordsMax + 1);
  const auto read = producers(0, true);
  ASSERT_EQ(read.size(), kProducerRecordsMax);
  EXPECT_EQ(read.front().request, 2u);
  EXPECT_EQ(read.back().request, kProducerRecordsMax + 1);
}

TEST_F(ProducerTest, OnlySoManyBytesAreRead) {
  p.partition.segment_bytes = 1 << 20;
  p.open_ready();
  for (uint64_t request = 1; request <= 1000; ++request) append(1, request, 30'000);
  const uint64_t before = p.stats().read_bytes;
  const auto read = producers(0, true);
  EXPECT_LE(p.stats().read_bytes - before, (32u << 20) + (4u << 20));
  ASSERT_GT(read.size(), 400u);
  EXPECT_EQ(read.back().request, 1000u);
}

}  // namespace
}  // namespace galgo::test
