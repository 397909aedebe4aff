// A random workload on a simulated disk, and the model that says what must be left of it after a crash.
//
// One seed is one partition with a few lives. In each life requests are made one after the other (some in bursts that form a commit group) until the
// disk ends the run, or the engine is closed, killed or loses power. Then the partition is opened again, and what it delivers is compared with what
// was acknowledged before the moment of the crash.
//
// One I/O thread, one sync thread, no timer, and after each request a poll that goes through the sync thread: so all that a request leaves to be done
// in the background is done before the next one, and a seed gives the same calls to the disk each time. Where the first group of a burst fills a
// segment, the second is written beside the checkpoint that follows, in an order that the threads decide: --gtest_repeat finds it again.
#pragma once

#include <optional>
#include <set>

#include "../engine/recovery.h"
#include "engine_fixture.h"
#include "simulated_disk.h"

namespace galgo::test {

class CrashWorkload {
 public:
  struct Tally {
    uint64_t crashes = 0;
    uint64_t losses_of_power = 0;
    uint64_t acknowledged = 0;
    uint64_t faults = 0;
    uint64_t fenced = 0;
  };

  CrashWorkload(uint64_t seed, bool with_faults) : random_(seed), with_faults_(with_faults), p_("/p/0") {
    constexpr uint32_t kNever = 3'600'000;
    p_.options.file_system = &disk_;
    p_.options.io_threads = p_.options.sync_threads = 1;
    p_.options.background_threads = 0;
    p_.options.space_ahead = static_cast<SpaceAhead>(below(3));
    p_.options.sync_interval_ms = p_.options.checkpoint_interval_ms = kNever;
    p_.options.buffer_bytes_max = 32 << 20;
    constexpr Durability kPolicies[] = {Durability::kNone, Durability::kInterval, Durability::kGroup, Durability::kGroup};
    p_.partition.durability = kPolicies[below(4)];
    p_.partition.offset_durability = chance(50) ? Durability::kGroup : Durability::kNone;
    constexpr uint64_t kSegments[] = {1500, 6000, 20'000, 1 << 20};
    p_.partition.segment_bytes = kSegments[below(4)];
    payload_bytes_max_ = chance(20) ? 12'000 : 700;
  }

  void run(Tally* tally) {
    const auto lives = 2 + below(3);
    for (uint64_t life = 0; life < lives && !::testing::Test::HasFatalFailure(); ++life) {
      reopen();
      if (::testing::Test::HasFatalFailure()) return;
      if (p_.stats().state == 2) {
        ++tally->fenced;
        return;
      }
      live(tally);
      end_life(tally);
    }
    if (!::testing::Test::HasFatalFailure()) reopen();
  }

 private:
  struct Known {
    std::string payload;
    uint64_t timestamp;
  };
  using Batch = std::vector<std::string>;
  static constexpr uint32_t kConsumers = 3;

  uint64_t below(uint64_t end) { return random_() % end; }
  bool chance(uint64_t percent) { return below(100) < percent; }
  bool group() const { return p_.partition.durability == Durability::kGroup; }

  // -- Requests ------------------------------------------------------------------------------------------------------------------------------

  void live(Tally* tally) {
    if (chance(75)) disk_.crash_at(1 + below(chance(50) ? 60 : 400));
    if (with_faults_ && chance(60)) {
      constexpr Fault kFaults[] = {Fault::kIoError, Fault::kNoSpace, Fault::kShortWrite};
      disk_.fail_at(1 + below(200), kFaults[below(3)], 1 + below(3));
    }
    const uint64_t requests = 4 + below(30);
    for (uint64_t i = 0; i < requests && !disk_.crashed(); ++i) {
      request();
      if (::testing::Test::HasFatalFailure()) return;
      settle();
    }
    const size_t failed = disk_.failed().size();
    tally->faults += failed;
    failed_calls_ += failed;
    tally->acknowledged += acknowledged_;
    acknowledged_ = 0;
  }

  void request() {
    const uint64_t kind = below(100);
    if (kind < 45) return append();
    if (kind < 55) return burst();
    if (kind < 70) return poll();
    if (kind < 80) return store_offset();
    if (kind < 84) return delete_offset();
    if (kind < 91) return flush();
    if (kind < 97) return delete_segments();
    purge();
  }

  std::vector<Message> make_messages(Batch* payloads) {
    std::vector<Message> messages(1 + below(4));
    for (Message& message : messages) {
      message.payload = std::to_string(++last_payload_) + ":" + std::string(below(payload_bytes_max_), 'x');
      message.origin_timestamp = 1'700'000'000'000'000 + last_payload_;
      message.id = last_payload_;
      payloads->push_back(message.payload);
    }
    return messages;
  }

  void append() {
    Batch payloads;
    const auto messages = make_messages(&payloads);
    const Completion done = p_.append(messages, chance(50) ? Generation::kVsr : Generation::kClassic);
    settle_append(payloads, done);
  }

  // The first group waits in its sync while more requests arrive, which then form the next group.
  void burst() {
    if (!group()) return append();
    struct Sent {
      Batch payloads;
      Bytes bytes;
      uint32_t request;
      Status status;
      Completion done;
    };
    std::vector<Sent> sent(2 + below(4));
    disk_.hold_syncs();
    for (size_t i = 0; i < sent.size(); ++i) {
      Sent& each = sent[i];
      const Generation generation = chance(50) ? Generation::kVsr : Generation::kClassic;
      const auto messages = make_messages(&each.payloads);
      each.bytes = generation == Generation::kVsr ? build_batch(messages) : build_classic(messages);
      each.request = ++p_.requests;
      each.status = p_.append_begin(each.bytes, static_cast<uint32_t>(messages.size()), generation, each.request, &each.done);
      if (i > 0 || each.status != kQueued) continue;
      // A write that fails has no sync to wait for.
      while (!p_.sink.has(each.request) && !disk_.await_held_sync(std::chrono::milliseconds(1))) {
      }
    }
    disk_.release_syncs();
    for (Sent& each : sent) {
      if (each.status == kQueued) each.done = p_.sink.wait(each.request);
      if (each.status != kQueued) each.done.status = each.status;
    }
    const bool crashed = disk_.crashed();
    for (Sent& each : sent) settle_append(each.payloads, each.done, crashed);
  }

  void settle_append(const Batch& payloads, const Completion& done) { settle_append(payloads, done, disk_.crashed()); }

  void settle_append(const Batch& payloads, const Completion& done, bool crashed) {
    if (done.status != kOk || crashed) {
      ASSERT_TRUE(done.status == kOk || crashed || done.status == kCannotAppendToFile || done.status == kFenced) << done.status;
      if (done.status != kFenced) unanswered_.push_back(payloads);
      return;
    }
    ASSERT_TRUE(seen_.empty() || done.first_offset > seen_.rbegin()->first) << "offset " << done.first_offset << " was given before";
    ASSERT_EQ(done.last_offset - done.first_offset + 1, payloads.size());
    ASSERT_TRUE(log_.empty() || done.timestamp >= log_.rbegin()->second.timestamp);
    for (size_t i = 0; i < payloads.size(); ++i) {
      log_[done.first_offset + i] = {payloads[i], done.timestamp};
      seen_[done.first_offset + i] = payloads[i];
    }
    unanswered_.clear();
    acknowledged_ += payloads.size();
    if (group()) safe_end_ = done.last_offset + 1;
  }

  void poll() {
    PollArguments arguments{.count = static_cast<uint32_t>(1 + below(40)), .generation = chance(50) ? Generation::kVsr : Generation::kClassic};
    arguments.strategy = static_cast<PollStrategy>(1 + below(5));
    arguments.consumer_id = static_cast<uint32_t>(1 + below(kConsumers));
    arguments.auto_commit = chance(30);
    uint64_t from = 0;
    if (!log_.empty()) {
      auto picked = std::next(log_.begin(), static_cast<std::ptrdiff_t>(below(log_.size())));
      if (arguments.strategy == PollStrategy::kOffset) arguments.value = from = picked->first;
      if (arguments.strategy == PollStrategy::kTimestamp) {
        arguments.value = picked->second.timestamp;
        while (picked != log_.begin() && std::prev(picked)->second.timestamp == arguments.value) --picked;
        from = picked->first;
      }
      if (arguments.strategy == PollStrategy::kLast) {
        from = std::prev(log_.end(), static_cast<std::ptrdiff_t>(std::min<size_t>(arguments.count, log_.size())))->first;
      }
      const auto stored = offsets_.find(arguments.consumer_id);
      if (arguments.strategy == PollStrategy::kNext && stored != offsets_.end() && stored->second.current) from = *stored->second.current + 1;
    }
    const Polled polled = p_.poll(arguments);
    if (polled.completion.status != kOk) {
      ASSERT_TRUE(disk_.crashed() || may_fail()) << polled.completion.status;
      return;
    }
    if (purge_unanswered_ && polled.messages.empty()) return;
    auto expected = log_.lower_bound(from);
    for (const ReadMessage& message : polled.messages) {
      ASSERT_NE(expected, log_.end());
      ASSERT_EQ(message.offset, expected->first);
      ASSERT_TRUE(message.payload == expected->second.payload) << "wrong bytes at offset " << message.offset;
      ++expected;
    }
    ASSERT_TRUE(polled.messages.size() == arguments.count || expected == log_.end())
        << "a poll by strategy " << static_cast<int>(arguments.strategy) << " ends early";
    if (arguments.auto_commit && !polled.messages.empty()) note_stored(arguments.consumer_id, polled.messages.back().offset, false);
  }

  void store_offset() {
    if (log_.empty()) return;
    const auto id = static_cast<uint32_t>(1 + below(kConsumers));
    const uint64_t offset = log_.begin()->first + below(log_.rbegin()->first - log_.begin()->first + 1);
    const Status status = p_.store_offset(id, offset);
    const bool crashed = disk_.crashed();
    if (status != kOk || crashed) {
      ASSERT_TRUE(crashed || may_fail() || status == kInvalidOffset) << status;
      offsets_[id].possible.insert(offset);
      // A sync that failed leaves the new value in memory.
      if (!crashed) offsets_[id].current = stored_now(id);
      return;
    }
    note_stored(id, offset, p_.partition.offset_durability == Durability::kGroup);
  }

  void delete_offset() {
    const auto id = static_cast<uint32_t>(1 + below(kConsumers));
    const Status status = p_.delete_offset(id);
    const bool crashed = disk_.crashed();
    if (status == kConsumerOffsetNotFound) return;
    if (status != kOk || crashed) {
      ASSERT_TRUE(crashed || may_fail()) << status;
      offsets_[id].possible.insert(std::nullopt);
      if (!crashed) offsets_[id].current = stored_now(id);
      return;
    }
    note_stored(id, std::nullopt, p_.partition.offset_durability == Durability::kGroup);
  }

  void flush() {
    if (p_.flush().status != kOk || disk_.crashed()) return;
    if (!log_.empty()) safe_end_ = log_.rbegin()->first + 1;
    for (auto& [id, stored] : offsets_) stored.possible = {stored.current};
  }

  void delete_segments() {
    std::vector<SegmentStats> segments;
    ASSERT_EQ(p_.engine->segments(p_.handle, 100, &segments), kOk);
    uint64_t limit = chance(50) ? UINT64_MAX : log_.empty() ? 0 : log_.begin()->first + below(log_.size());
    const auto wanted = static_cast<uint32_t>(1 + below(3));
    const Completion done = p_.delete_segments(wanted, limit);
    for (const auto& [id, stored] : offsets_) {
      if (stored.current) limit = std::min(limit, *stored.current);
    }
    size_t removable = 0;
    while (removable < wanted && removable + 1 < segments.size() && segments[removable].last_offset <= limit) ++removable;
    const uint64_t first = segments.empty() ? 0 : segments[removable].first_offset;
    if (disk_.crashed() || done.status != kOk) {
      ASSERT_TRUE(disk_.crashed() || may_fail()) << done.status;
      if (!disk_.crashed() && p_.stats().first_offset == first) return forget_below(first);
      first_after_removal_ = first;
      return;
    }
    ASSERT_EQ(done.count, removable);
    forget_below(first);
  }

  void purge() {
    const Completion done = p_.purge();
    if (disk_.crashed() || done.status != kOk) {
      ASSERT_TRUE(disk_.crashed() || may_fail()) << done.status;
      purge_unanswered_ = true;
      return;
    }
    forget_all();
  }

  bool may_fail() const { return !disk_.failed().empty(); }

  // Waits for what runs in the background, and takes the engine at its word about what is safe.
  void settle() {
    disk_.cached = false;
    p_.poll({.strategy = PollStrategy::kFirst, .count = 1});
    disk_.cached = true;
    const uint64_t durable = p_.stats().durable_offset;
    if (!disk_.crashed()) safe_end_ = std::max(safe_end_, durable);
  }

  // -- Model ---------------------------------------------------------------------------------------------------------------------------------

  struct StoredOffset {
    std::optional<uint64_t> current;
    std::set<std::optional<uint64_t>> possible = {std::nullopt};  // after a loss of power
  };

  std::optional<uint64_t> stored_now(uint32_t id) {
    const uint64_t offset = p_.stored(id);
    return offset == UINT64_MAX ? std::nullopt : std::optional(offset);
  }
  bool none_stored() {
    for (uint32_t id = 1; id <= kConsumers; ++id) {
      if (stored_now(id)) return false;
    }
    return true;
  }
  void note_stored(uint32_t id, std::optional<uint64_t> offset, bool safe) {
    StoredOffset& stored = offsets_[id];
    stored.current = offset;
    if (safe) stored.possible.clear();
    stored.possible.insert(offset);
  }
  void forget_below(uint64_t first) { log_.erase(log_.begin(), log_.lower_bound(first)); }
  void forget_all() {
    log_.clear();
    seen_.clear();
    offsets_.clear();
    unanswered_.clear();
    safe_end_ = opened_end_ = 0;
    first_after_removal_.reset();
  }

  // -- Crashes -------------------------------------------------------------------------------------------------------------------------------

  void end_life(Tally* tally) {
    ++tally->crashes;
    if (!disk_.crashed() && chance(40)) {
      disk_.heal();
      const Completion closed = p_.close();
      if (closed.status == kOk && !disk_.crashed() && disk_.failed().empty()) {
        if (!log_.empty()) safe_end_ = log_.rbegin()->first + 1;
        for (auto& [id, stored] : offsets_) stored.possible = {stored.current};
      }
    }
    crash(tally);
  }

  // A kill between a sync that fails and the note of it in partition.meta, or where that note cannot be written either, leaves pages that nobody can
  // tell from safe ones. No promise holds then but that of a machine that goes down too.
  bool sync_failed_unnoted() const {
    const auto failed = disk_.failed();
    const auto sync = std::find_if(failed.begin(), failed.end(), [](const auto& each) { return each.starts_with("sync"); });
    if (sync == failed.end()) return false;
    return disk_.crashed() || std::any_of(sync + 1, failed.end(), [](const auto& each) { return each.ends_with("partition.meta"); });
  }

  void crash(Tally* tally) {
    const bool unnoted = sync_failed_unnoted();
    disk_.crash_now();
    p_.engine.reset();
    if (unnoted || chance(60)) {
      if (tally != nullptr) ++tally->losses_of_power;
      lost_power_ = true;
      disk_.lose_power(random_);
    } else {
      disk_.restart_process();
    }
  }

  // Opens, perhaps after crashes of the opening itself, and checks what is there. Then once more: that changes nothing.
  void reopen() {
    for (int attempt = 0; attempt < 3 && chance(25); ++attempt) {
      disk_.crash_at(1 + below(25));
      p_.open();
      if (!disk_.crashed()) disk_.crash_now();
      crash(nullptr);
    }
    const Completion opened = p_.open();
    ASSERT_EQ(disk_.crashed(), false);
    // One failed call is always got over; several, around a rotation, are not.
    if (failed_calls_ > 1 && opened.status == kFenced) return;
    ASSERT_EQ(opened.status, kOk) << "errno " << opened.detail;
    check();
    p_.partition.create = false;
    if (::testing::Test::HasFatalFailure()) return;
    const auto first = opened_state();
    p_.engine.reset();
    disk_.restart_process();
    ASSERT_EQ(p_.open().status, kOk);
    expect_same(first, opened_state());
  }

  // Files without what each opening renews, and what is delivered.
  std::pair<std::map<std::string, Bytes>, std::vector<std::string>> opened_state() {
    auto files = disk_.files(p_.directory);
    files.erase("partition.meta");
    // Of the active segment's index each opening makes the last entry anew.
    std::erase_if(files, [](const auto& file) { return file.first.ends_with(".index"); });
    std::vector<std::string> messages;
    for (const ReadMessage& message : p_.poll_all().messages) messages.push_back(std::to_string(message.offset) + " " + message.payload);
    messages.push_back(std::to_string(p_.stats().next_offset));
    return {std::move(files), std::move(messages)};
  }

  static void expect_same(const std::pair<std::map<std::string, Bytes>, std::vector<std::string>>& first,
                          const std::pair<std::map<std::string, Bytes>, std::vector<std::string>>& second) {
    ASSERT_TRUE(first.second == second.second) << "the second opening delivers something else";
    for (const auto& [name, bytes] : second.first) {
      const auto before = first.first.find(name);
      ASSERT_NE(before, first.first.end()) << "the second opening makes " << name;
      ASSERT_TRUE(before->second == bytes) << "the second opening changes " << name << ": " << before->second.size() << " bytes, then "
                                           << bytes.size();
    }
    ASSERT_EQ(first.first.size(), second.first.size()) << "the second opening removes a file";
  }

  void check() {
    const Polled polled = p_.poll_all(chance(50) ? Generation::kVsr : Generation::kClassic);
    ASSERT_EQ(polled.completion.status, kOk);
    if (purge_unanswered_ && polled.messages.empty() && none_stored()) forget_all();
    if (first_after_removal_ && (polled.messages.empty() || polled.messages.front().offset >= *first_after_removal_))
      forget_below(*first_after_removal_);

    auto expected = log_.begin();
    size_t at = 0;
    for (; at < polled.messages.size() && expected != log_.end(); ++at, ++expected) {
      const ReadMessage& message = polled.messages[at];
      ASSERT_EQ(message.offset, expected->first) << "a hole, or an offset that moved";
      ASSERT_TRUE(message.payload == expected->second.payload) << "wrong bytes at offset " << message.offset;
    }
    if (expected != log_.end()) {
      ASSERT_TRUE(lost_power_) << "offset " << expected->first << " was acknowledged, the machine went on, and it is lost";
      ASSERT_GE(expected->first, safe_end_) << "was promised to be durable, and is lost";
      log_.erase(expected, log_.end());
    }
    check_unanswered(polled, at);
    if (::testing::Test::HasFatalFailure()) return;
    const PartitionStats stats = p_.stats();
    ASSERT_EQ(stats.messages, polled.messages.size());
    ASSERT_TRUE(seen_.empty() || stats.next_offset > seen_.rbegin()->first || group())
        << "an offset that was seen would be given again: " << stats.next_offset << " after " << seen_.rbegin()->first;
    for (auto& [id, stored] : offsets_) {
      const auto now = stored_now(id);
      if (lost_power_) {
        ASSERT_TRUE(stored.possible.contains(now)) << "consumer " << id << " has " << (now ? std::to_string(*now) : "none");
        stored.possible = {now};
      } else {
        ASSERT_TRUE(now == stored.current || stored.possible.contains(now)) << "consumer " << id;
        stored.possible.insert(now);
      }
      stored.current = now;
    }
    unanswered_.clear();
    purge_unanswered_ = lost_power_ = false;
    first_after_removal_.reset();
    safe_end_ = opened_end_ = stats.next_offset;
  }

  // What follows the acknowledged messages was asked for and not answered: whole batches, in order, and never an offset that had other content.
  void check_unanswered(const Polled& polled, size_t at) {
    for (auto batch = unanswered_.begin(); at < polled.messages.size(); ++batch) {
      while (batch != unanswered_.end() && batch->front() != polled.messages[at].payload) ++batch;
      ASSERT_NE(batch, unanswered_.end()) << "offset " << polled.messages[at].offset << " holds what nobody sent";
      for (const std::string& payload : *batch) {
        ASSERT_LT(at, polled.messages.size()) << "a part of a batch";
        const ReadMessage& message = polled.messages[at];
        ASSERT_TRUE(message.payload == payload) << "wrong bytes at offset " << message.offset;
        ASSERT_TRUE(at == 0 || message.offset == std::max(opened_end_, polled.messages[at - 1].offset + 1));
        const auto before = seen_.find(message.offset);
        ASSERT_TRUE(before == seen_.end() || before->second == payload) << "offset " << message.offset << " had other content";
        log_[message.offset] = {payload, message.timestamp};
        seen_[message.offset] = payload;
        ++at;
      }
    }
  }

  SimulatedDisk::Random random_;
  const bool with_faults_;
  SimulatedDisk disk_;
  OnePartition p_;
  uint64_t payload_bytes_max_ = 0;
  uint64_t last_payload_ = 0;
  uint64_t acknowledged_ = 0;
  std::map<uint64_t, Known> log_;         // acknowledged, not deleted
  std::map<uint64_t, std::string> seen_;  // ever, since the last purge
  std::vector<Batch> unanswered_;         // sent since the last acknowledgement, and failed or cut off by the crash
  std::map<uint32_t, StoredOffset> offsets_;
  uint64_t safe_end_ = 0;    // offsets below were promised to survive a loss of power
  uint64_t opened_end_ = 0;  // next offset after the last opening
  bool lost_power_ = false;  // since the last opening that was checked
  bool purge_unanswered_ = false;
  size_t failed_calls_ = 0;
  std::optional<uint64_t> first_after_removal_;
};

}  // namespace galgo::test
