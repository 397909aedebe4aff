// One partition in a temporary folder, driven synchronously; what the engine's tests share.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "../engine/engine.h"
#include "batch_builder.h"

namespace galgo::test {

/// Each test runs twice, the second time with direct I/O over prewritten space (see native/CMakeLists.txt).
inline bool direct_io() {
  const char* mode = std::getenv("GALGO_TEST_IO");
  return mode != nullptr && std::string_view(mode) == "direct";
}

inline constexpr uint64_t kIncarnation = 0x1234'5678'9ABC'DEF1;

/// Reads a number from the environment.
inline uint64_t setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::stoull(text);
}

class Sink final : public CompletionSink {
 public:
  void push(const Completion& completion) override {
    const std::lock_guard lock(mutex_);
    done_[completion.request] = completion;
  }
  void wake() override {
    const std::lock_guard lock(mutex_);
    ++wakes_;
    woken_.notify_all();
  }
  Completion wait(uint32_t request) {
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [&] { return done_.contains(request); });
    const Completion completion = done_[request];
    done_.erase(request);
    return completion;
  }
  bool has(uint32_t request) {
    const std::lock_guard lock(mutex_);
    return done_.contains(request);
  }
  int wakes() {
    const std::lock_guard lock(mutex_);
    return wakes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
  std::map<uint32_t, Completion> done_;
  int wakes_ = 0;
};

inline EncryptionKey test_key(uint8_t id) {
  EncryptionKey key{.id = id, .key = {}};
  key.key.fill(static_cast<uint8_t>(0xA0 + id));
  return key;
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "engine_test_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Bytes read_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

/// The first `length` bytes of a log: what follows them is space ahead.
inline Bytes read_log(const std::filesystem::path& path, size_t length) {
  Bytes bytes = read_whole(path);
  EXPECT_GE(bytes.size(), length);
  bytes.resize(length);
  return bytes;
}

/// Replaces the file. Not in place: file systems write a file back at once that was cut to nothing and written again.
inline void write_whole(const std::filesystem::path& path, const Bytes& bytes) {
  std::filesystem::remove(path);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

struct Polled {
  Completion completion;
  std::vector<ReadMessage> messages;
  bool queued = false;  // answered by another thread than the caller's

  std::vector<uint64_t> offsets() const {
    std::vector<uint64_t> all;
    for (const ReadMessage& message : messages) all.push_back(message.offset);
    return all;
  }
};

inline std::vector<uint64_t> range(uint64_t first, uint64_t end) {
  std::vector<uint64_t> all;
  for (uint64_t i = first; i < end; ++i) all.push_back(i);
  return all;
}

/// Every record of a 0.9 reply as a strict client checks it: reserved bytes zero, lengths, counts and both kinds of checksums right.
inline std::vector<ReadMessage> read_strictly(const uint8_t* at, size_t length) {
  std::vector<ReadMessage> all;
  const uint8_t* end = at + length;
  while (at < end) {
    if (end - at < 256) {
      ADD_FAILURE() << "a header is cut";
      return all;
    }
    const uint64_t record = load64(at + 32);
    if (record < 256 || record > static_cast<uint64_t>(end - at)) {
      ADD_FAILURE() << "a record is cut";
      return all;
    }
    EXPECT_TRUE(std::all_of(at + 52, at + 256, [](uint8_t byte) { return byte == 0; }));
    Bytes copy(at, at + record);
    seal_batch(copy);
    EXPECT_EQ(load64(copy.data() + 40), load64(at + 40)) << "batch checksum";
    for (const uint8_t* frame = at + 256; frame < at + record; frame += frame_bytes(frame)) {
      EXPECT_EQ(load64(frame), xxh3_64(frame + 8, frame_bytes(frame) - 8)) << "frame checksum";
    }
    const auto messages = read_frames(at, at + 256, record - 256);
    EXPECT_EQ(messages.size(), load32(at + 48));
    all.insert(all.end(), messages.begin(), messages.end());
    at += record;
  }
  return all;
}

struct PollArguments {
  PollStrategy strategy = PollStrategy::kOffset;
  uint64_t value = 0;
  uint32_t count = 1000;
  Generation generation = Generation::kVsr;
  uint64_t bytes_max = 64 << 20;
  bool auto_commit = false;
  ConsumerKind consumer_kind = ConsumerKind::kConsumer;
  uint32_t consumer_id = 1;
};

class OnePartition {
 public:
  explicit OnePartition(std::string path) : directory(std::move(path)) {
    partition.partition_id = 7;
    partition.incarnation = kIncarnation;
    partition.create = true;
    partition.direct_io = direct_io();
    if (setting("TEST_ENCRYPTED", 0) != 0) {  // native/CMakeLists.txt
      options.encryption_keys = {test_key(1)};
      options.encrypts = true;
    }
  }

  /// Starts an engine (dropping the one before without closing anything) and opens the partition.
  Completion open() {
    engine.reset();
    engine = std::make_unique<Engine>(options);
    handle = engine->open(directory, partition, 1, &sink);
    return sink.wait(1);
  }
  void open_ready() { ASSERT_EQ(open().status, kOk); }

  Status append_begin(Bytes& bytes, uint32_t count, Generation generation, uint32_t request, Completion* out) {
    return engine->append(handle, {generation, kNoSlot, bytes.data(), bytes.size(), count, {}, request}, &sink, out);
  }

  Completion append(const std::vector<Message>& messages, Generation generation = Generation::kVsr) {
    Bytes bytes = generation == Generation::kVsr ? build_batch(messages) : build_classic(messages);
    Completion out;
    const uint32_t request = ++requests;
    const Status status = append_begin(bytes, static_cast<uint32_t>(messages.size()), generation, request, &out);
    if (status == kQueued) return sink.wait(request);
    out.status = status;
    return out;
  }

  Polled poll(const PollArguments& arguments) {
    constexpr uint32_t kHeadroom = 100;
    Polled polled;
    const uint32_t request = ++requests;
    const Status status = engine->poll(handle,
                                       {.generation = arguments.generation,
                                        .strategy = arguments.strategy,
                                        .value = arguments.value,
                                        .count = arguments.count,
                                        .headroom = kHeadroom,
                                        .bytes_max = arguments.bytes_max,
                                        .consumer_kind = arguments.consumer_kind,
                                        .consumer_id = arguments.consumer_id,
                                        .auto_commit = arguments.auto_commit,
                                        .request = request},
                                       &sink, &polled.completion);
    polled.queued = status == kQueued;
    if (polled.queued) {
      polled.completion = sink.wait(request);
    } else {
      polled.completion.status = status;
    }
    const Completion& completion = polled.completion;
    if (completion.slot == kNoSlot) return polled;
    EXPECT_GE(completion.start, kHeadroom);
    const uint8_t* data = engine->buffers().data(completion.slot) + completion.start;
    polled.messages = arguments.generation == Generation::kVsr ? read_strictly(data, completion.length) : read_classic(data, completion.length);
    engine->buffers().release(completion.slot);
    EXPECT_EQ(polled.messages.size(), completion.count);
    if (!polled.messages.empty()) {
      EXPECT_EQ(polled.messages.front().offset, completion.first_offset);
      EXPECT_EQ(polled.messages.back().offset, completion.last_offset);
    }
    return polled;
  }

  Polled poll_all(Generation generation = Generation::kVsr) { return poll({.count = 1'000'000, .generation = generation}); }

  Status store_offset(uint32_t id, uint64_t offset, ConsumerKind kind = ConsumerKind::kConsumer) {
    const uint32_t request = ++requests;
    const Status status = engine->store_offset(handle, kind, id, offset, request, &sink);
    return status == kQueued ? sink.wait(request).status : status;
  }
  Status delete_offset(uint32_t id, ConsumerKind kind = ConsumerKind::kConsumer) {
    const uint32_t request = ++requests;
    const Status status = engine->delete_offset(handle, kind, id, request, &sink);
    return status == kQueued ? sink.wait(request).status : status;
  }
  /// UINT64_MAX: none stored.
  uint64_t stored(uint32_t id, ConsumerKind kind = ConsumerKind::kConsumer) {
    uint64_t offset = 0;
    return engine->load_offset(handle, kind, id, &offset) == kOk ? offset : UINT64_MAX;
  }

  Completion flush() {
    engine->flush(handle, true, ++requests, &sink);
    return sink.wait(requests);
  }
  Completion delete_segments(uint32_t segments, uint64_t last_offset_max = UINT64_MAX) {
    engine->delete_segments(handle, segments, last_offset_max, ++requests, &sink);
    return sink.wait(requests);
  }
  Completion purge() {
    engine->purge(handle, ++requests, &sink);
    return sink.wait(requests);
  }
  Completion close() {
    engine->close(handle, ++requests, &sink);
    return sink.wait(requests);
  }
  PartitionStats stats() {
    PartitionStats stats{};
    EXPECT_EQ(engine->stats(handle, &stats), kOk);
    return stats;
  }

  /// Buffers that are handed out, but for those in which a direct log keeps its tail.
  uint64_t buffers_in_use() { return engine->buffers().bytes_in_use() - stats().staging_bytes; }

  /// Of segments.
  std::vector<std::string> files(const std::string& extension) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      const bool digits = entry.path().stem().string().find_first_not_of("0123456789") == std::string::npos;
      if (digits && entry.path().extension() == extension) names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  EngineOptions options;
  PartitionOptions partition;
  std::string directory;
  Sink sink;
  std::unique_ptr<Engine> engine;
  Handle handle = 0;
  uint32_t requests = 1;
};

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() : p((folder.path() / "0").string()) {}
  TemporaryFolder folder;
  OnePartition p;
};

}  // namespace galgo::test
