// Appends of both generations, inline and queued, and their replies.
#include "engine_fixture.h"

namespace galgo::test {
namespace {

class Append : public EngineTest {};

TEST_F(Append, GivesConsecutiveOffsetsAndRisingTimeStamps) {
  p.open_ready();
  const Completion first = p.append(uniform_messages(3, 100));
  const Completion second = p.append(uniform_messages(2, 100), Generation::kClassic);
  const Completion third = p.append(uniform_messages(1, 100));
  EXPECT_EQ(first.status, kOk);
  EXPECT_EQ(first.first_offset, 0u);
  EXPECT_EQ(first.last_offset, 2u);
  EXPECT_EQ(second.first_offset, 3u);
  EXPECT_EQ(third.first_offset, 5u);
  EXPECT_EQ(third.current_offset, 5u);
  EXPECT_LT(first.timestamp, second.timestamp);
  EXPECT_LT(second.timestamp, third.timestamp);
}

TEST_F(Append, BothGenerationsReadWhatTheOtherWrote) {
  p.open_ready();
  auto messages = uniform_messages(5, 300);
  messages[1].user_headers = "some headers";
  messages[3].payload = "x";
  p.append(messages);
  p.append(messages, Generation::kClassic);
  for (const Generation generation : {Generation::kVsr, Generation::kClassic}) {
    const Polled polled = p.poll_all(generation);
    ASSERT_EQ(polled.completion.status, kOk);
    ASSERT_EQ(polled.messages.size(), 10u);
    for (size_t i = 0; i < 10; ++i) {
      EXPECT_EQ(polled.messages[i].offset, i);
      EXPECT_EQ(polled.messages[i].payload, messages[i % 5].payload);
      EXPECT_EQ(polled.messages[i].user_headers, messages[i % 5].user_headers);
      EXPECT_EQ(polled.messages[i].origin_timestamp, messages[i % 5].origin_timestamp);
      EXPECT_EQ(load64(polled.messages[i].id.data()), messages[i % 5].id);
    }
  }
}

TEST_F(Append, MissingIdsAreMadeByTheServer) {
  p.open_ready();
  auto messages = uniform_messages(2, 10);
  messages[1].id = 0;
  p.append(messages);
  p.append(messages, Generation::kClassic);
  const Polled polled = p.poll_all();
  ASSERT_EQ(polled.messages.size(), 4u);
  EXPECT_NE(polled.messages[1].id, Bytes(16, 0));
  EXPECT_NE(polled.messages[3].id, Bytes(16, 0));
  EXPECT_NE(polled.messages[1].id, polled.messages[3].id);
}

TEST_F(Append, DamagedBatchIsRefusedAtOnceAndLeavesNoTrace) {
  p.open_ready();
  Bytes batch = build_batch(uniform_messages(2, 100));
  batch[256 + 60] ^= 1;
  Completion out;
  EXPECT_EQ(p.append_begin(batch, 2, Generation::kVsr, 9, &out), kInvalidMessageChecksum);
  EXPECT_EQ(p.append_begin(batch, 3, Generation::kVsr, 9, &out), kInvalidMessagesCount);
  EXPECT_EQ(p.append(uniform_messages(1, 10)).first_offset, 0u);
}

TEST_F(Append, DamageInALargeBatchComesThroughTheRing) {
  p.open_ready();
  Bytes batch = build_batch(uniform_messages(200, 1000));
  batch[100'000] ^= 1;
  Completion out;
  ASSERT_EQ(p.append_begin(batch, 200, Generation::kVsr, 90, &out), kQueued);
  EXPECT_EQ(p.sink.wait(90).status, kInvalidMessageChecksum);
  EXPECT_EQ(p.append(uniform_messages(1, 10)).first_offset, 0u);
  EXPECT_EQ(p.buffers_in_use(), 0u);
}

TEST_F(Append, SmallOnesRunInlineAndLargeOnesOnTheIoThread) {
  p.open_ready();
  Bytes small = build_batch(uniform_messages(1, 100));
  Bytes large = build_batch(uniform_messages(100, 1000));
  Completion out;
  EXPECT_EQ(p.append_begin(small, 1, Generation::kVsr, 10, &out), direct_io() ? kQueued : kOk) << "a direct write waits for the device";
  EXPECT_EQ(p.append_begin(large, 100, Generation::kVsr, 11, &out), kQueued);
  EXPECT_EQ(p.sink.wait(11).first_offset, 1u);
}

TEST_F(Append, OwnedSlotBelongsToTheCallerAgainAfterCompletion) {
  p.partition.durability = Durability::kGroup;
  p.open_ready();
  for (const Generation generation : {Generation::kVsr, Generation::kClassic}) {
    const Bytes bytes = generation == Generation::kVsr ? build_batch(uniform_messages(4, 50)) : build_classic(uniform_messages(4, 50));
    BufferPool& buffers = p.engine->buffers();
    const uint32_t slot = buffers.acquire(bytes.size());
    std::copy(bytes.begin(), bytes.end(), buffers.data(slot));
    Completion out;
    const uint32_t request = ++p.requests;
    ASSERT_EQ(p.engine->append(p.handle, {generation, slot, buffers.data(slot), bytes.size(), 4, {}, request}, &p.sink, &out), kQueued);
    EXPECT_EQ(p.sink.wait(request).status, kOk);
    EXPECT_EQ(p.buffers_in_use(), buffers.capacity(slot));
    buffers.release(slot);
  }
  EXPECT_EQ(p.poll_all().messages.size(), 8u);
}

TEST_F(Append, SpentBufferBudgetRefusesWithoutHarm) {
  p.options.buffer_bytes_max = 256 * 1024;
  p.partition.durability = Durability::kGroup;
  p.open_ready();
  EXPECT_EQ(p.append(uniform_messages(300, 1000)).status, kOutOfMemory);
  EXPECT_EQ(p.append(uniform_messages(1, 10)).status, kOk);
}

TEST_F(Append, ClassicBatchOfSeveralRecordsIsOneGroup) {
  p.open_ready();
  const auto messages = uniform_messages(3000, 1000);
  const Completion done = p.append(messages, Generation::kClassic);
  ASSERT_EQ(done.status, kOk);
  EXPECT_EQ(done.count, 3000u);
  const Polled polled = p.poll_all();
  ASSERT_EQ(polled.offsets(), range(0, 3000));
  for (size_t i = 0; i < messages.size(); ++i) {
    ASSERT_EQ(polled.messages[i].payload, messages[i].payload);
    ASSERT_EQ(polled.messages[i].timestamp, done.timestamp);
  }
}

TEST_F(Append, ClosedHandleAnswersClosed) {
  p.open_ready();
  p.append(uniform_messages(1, 10));
  EXPECT_EQ(p.close().status, kOk);
  EXPECT_EQ(p.append(uniform_messages(1, 10)).status, kClosed);
  EXPECT_EQ(p.poll_all().completion.status, kClosed);
}

TEST_F(Append, SurvivesCleanAndUncleanReopening) {
  p.open_ready();
  p.append(uniform_messages(10, 100));
  p.append(uniform_messages(10, 100), Generation::kClassic);
  p.open_ready();  // dropped without close
  EXPECT_EQ(p.poll_all().offsets(), range(0, 20));
  EXPECT_EQ(p.append(uniform_messages(1, 10)).first_offset, 20u);
  EXPECT_EQ(p.close().status, kOk);
  p.open_ready();
  EXPECT_EQ(p.poll_all(Generation::kClassic).offsets(), range(0, 21));
}

}  // namespace
}  // namespace galgo::test
