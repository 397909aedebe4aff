// Appends, polls, rotation, removal and purge side by side; meant to run under the thread sanitizer too.
#include <atomic>
#include <thread>

#include "engine_fixture.h"

namespace galgo::test {
namespace {

constexpr auto kRunTime = std::chrono::milliseconds(1500);

class Concurrency : public EngineTest {
 protected:
  /// A caller thread of its own: own requests, own sink.
  struct Caller {
    Engine& engine;
    Handle handle;
    Sink sink;
    uint32_t requests = 0;

    Completion append(const std::vector<Message>& messages, Generation generation) {
      Bytes bytes = generation == Generation::kVsr ? build_batch(messages) : build_classic(messages);
      Completion out;
      const uint32_t request = ++requests;
      const Status status =
          engine.append(handle, {generation, kNoSlot, bytes.data(), bytes.size(), static_cast<uint32_t>(messages.size()), {}, request}, &sink, &out);
      if (status == kQueued) return sink.wait(request);
      out.status = status;
      return out;
    }

    Polled poll(PollRequest poll) {
      Polled polled;
      poll.request = ++requests;
      const Status status = engine.poll(handle, poll, &sink, &polled.completion);
      if (status == kQueued) polled.completion = sink.wait(poll.request);
      const Completion& completion = polled.completion;
      if (completion.slot == kNoSlot) return polled;
      const uint8_t* data = engine.buffers().data(completion.slot) + completion.start;
      polled.messages = poll.generation == Generation::kVsr ? read_strictly(data, completion.length) : read_classic(data, completion.length);
      engine.buffers().release(completion.slot);
      return polled;
    }
  };

  void run(Durability durability, bool purges) {
    p.options.sync_interval_ms = 20;
    p.options.checkpoint_interval_ms = 50;
    p.options.open_files_max = 4;
    p.options.index_cache_bytes_max = 4096;
    p.partition.segment_bytes = 20'000;
    p.partition.durability = durability;
    p.open_ready();
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> acknowledged_end{0};
    std::vector<std::thread> threads;
    for (const Generation generation : {Generation::kVsr, Generation::kClassic}) {
      threads.emplace_back([&, generation] {
        Caller caller{*p.engine, p.handle, {}};
        uint64_t last = 0;
        for (uint32_t i = 0; !stop; ++i) {
          const Completion done = caller.append(uniform_messages(1 + i % 7, i % 50 == 0 ? 20'000 : 100), generation);
          ASSERT_EQ(done.status, kOk);
          if (!purges) {
            ASSERT_TRUE(i == 0 || done.first_offset > last);
            uint64_t end = acknowledged_end;
            while (end <= done.last_offset && !acknowledged_end.compare_exchange_weak(end, done.last_offset + 1)) {
            }
          }
          last = done.last_offset;
        }
      });
      threads.emplace_back([&, generation] {
        Caller caller{*p.engine, p.handle, {}};
        uint64_t from = 0;
        for (uint32_t i = 0; !stop; ++i) {
          if (i % 4 == 0) {
            // From the segment that is removed next.
            const Polled oldest = caller.poll({.generation = generation,
                                               .strategy = PollStrategy::kFirst,
                                               .value = 0,
                                               .count = 10,
                                               .headroom = 24,
                                               .bytes_max = 1 << 20,
                                               .consumer_kind = ConsumerKind::kConsumer,
                                               .consumer_id = 2,
                                               .auto_commit = false,
                                               .request = 0});
            ASSERT_EQ(oldest.completion.status, kOk);
          }
          const uint64_t acknowledged = acknowledged_end;
          const Polled polled = caller.poll({.generation = generation,
                                             .strategy = PollStrategy::kOffset,
                                             .value = from,
                                             .count = 100,
                                             .headroom = 24,
                                             .bytes_max = 1 << 20,
                                             .consumer_kind = ConsumerKind::kConsumer,
                                             .consumer_id = 1,
                                             .auto_commit = true,
                                             .request = 0});
          if (purges && polled.completion.count == 0) {
            from = 0;
            std::this_thread::yield();
            continue;
          }
          ASSERT_EQ(polled.completion.status, kOk);
          if (from < acknowledged) {
            ASSERT_GT(polled.completion.count, 0u) << "an acknowledged message must be seen";
          }
          for (size_t at = 0; at < polled.messages.size(); ++at) {
            ASSERT_EQ(polled.messages[at].offset, polled.messages[0].offset + at) << "a gap or a repeat";
          }
          if (polled.completion.count > 0) {
            ASSERT_GE(polled.completion.first_offset, from);
            from = polled.completion.last_offset + 1;
          }
        }
      });
    }
    threads.emplace_back([&] {
      Caller caller{*p.engine, p.handle, {}};
      while (!stop) {
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        const uint32_t request = ++caller.requests;
        if (purges && request % 3 == 0) {
          p.engine->purge(p.handle, request, &caller.sink);
        } else if (request % 3 == 1) {
          p.engine->delete_segments(p.handle, 1, UINT64_MAX, request, &caller.sink);
        } else {
          p.engine->flush(p.handle, true, request, &caller.sink);
        }
        ASSERT_EQ(caller.sink.wait(request).status, kOk);
        PartitionStats stats;
        ASSERT_EQ(p.engine->stats(p.handle, &stats), kOk);
        ASSERT_EQ(stats.state, 1u);
      }
    });
    std::this_thread::sleep_for(kRunTime);
    stop = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(p.buffers_in_use(), 0u);
    const PartitionStats before = p.stats();
    EXPECT_GT(before.segments, 0u);
    p.open_ready();
    const PartitionStats after = p.stats();
    EXPECT_EQ(after.next_offset, before.next_offset);
    EXPECT_EQ(after.first_offset, before.first_offset);
    for (uint64_t from = before.first_offset; from < before.next_offset;) {
      const Polled polled = p.poll({.value = from, .count = 50'000});
      ASSERT_EQ(polled.completion.first_offset, from);
      ASSERT_EQ(polled.offsets(), range(from, from + polled.completion.count));
      from += polled.completion.count;
    }
  }
};

TEST_F(Concurrency, AppendsPollsRotationAndRemoval) { run(Durability::kInterval, false); }
TEST_F(Concurrency, TheSameWithGroupCommit) { run(Durability::kGroup, false); }
TEST_F(Concurrency, WithPurges) { run(Durability::kInterval, true); }
TEST_F(Concurrency, WithPurgesAndGroupCommit) { run(Durability::kGroup, true); }

}  // namespace
}  // namespace galgo::test
