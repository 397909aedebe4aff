// Appends and polls of the engine beside the bare system calls that they come down to, in rounds of one and the other, on files in a folder of their
// own below $TMPDIR. Prints medians of the rounds; a ratio is the median of the rounds' ratios, with the least and the greatest.
//
//   cmake --build build-native --target engine_bench && build-native/engine_bench [rounds [part of a line's name]]
//
// A raw append is one pwrite of as many bytes as the engine stores (directly: as many blocks), and fdatasync where the durability is `group`. One
// batch is under way at a time, unless the line says otherwise. Processor time is that of all threads.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "../engine/engine.h"
#include "../engine/file.h"
#include "batch_builder.h"

namespace galgo::test {
namespace {

constexpr Durability kDurabilities[] = {Durability::kNone, Durability::kInterval, Durability::kGroup};
constexpr size_t kHugePageBytes = 2 << 20;
constexpr const char* kDurabilityNames[] = {"none", "interval", "group"};

struct Cost {
  double seconds = 0;
  double processor_seconds = 0;
};

double now(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

template <typename Work>
Cost cost_of(int calls, const Work& work) {
  const double begun = now(CLOCK_MONOTONIC);
  const double processor_begun = now(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < calls; ++i) work();
  return {(now(CLOCK_MONOTONIC) - begun) / calls, (now(CLOCK_PROCESS_CPUTIME_ID) - processor_begun) / calls};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void check(bool holds, const char* what) {
  if (holds) return;
  std::perror(what);
  std::exit(1);
}

/// Counts completions, and keeps the last one.
class CountingSink final : public CompletionSink {
 public:
  void push(const Completion& completion) override {
    const std::lock_guard lock(mutex_);
    check(completion.status == kOk, "a request fails");
    last_ = completion;
    ++done_;
  }
  void wake() override { changed_.notify_all(); }
  Completion wait(uint64_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ >= count; });
    done_ -= count;
    return last_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t done_ = 0;
  Completion last_;
};

class RawFile {
 public:
  RawFile(const std::string& path, size_t bytes, bool direct, bool syncs, bool huge_pages = false)
      : bytes_(direct ? (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes : bytes),
        source_(bytes, 'x'),
        syncs_(syncs),
        descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | (direct ? O_DIRECT : 0), 0600)) {
    check(descriptor_ >= 0, path.c_str());
    check(::posix_memalign(&data_, huge_pages ? kHugePageBytes : kBlockBytes, huge_pages ? kHugePageBytes : bytes_) == 0, "memory");
    if (huge_pages) check(::madvise(data_, kHugePageBytes, MADV_HUGEPAGE) == 0, "huge pages");
    std::memset(data_, 0, bytes_);
  }
  ~RawFile() {
    ::close(descriptor_);
    std::free(data_);
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  /// The copy, from the processor's cache as ours, stands for the socket's.
  void append() {
    std::memcpy(data_, source_.data(), source_.size());
    check(::pwrite(descriptor_, data_, bytes_, end_) == static_cast<ssize_t>(bytes_), "pwrite");
    end_ += static_cast<off_t>(bytes_);
    if (syncs_) check(::fdatasync(descriptor_) == 0, "fdatasync");
  }
  void read() { check(::pread(descriptor_, data_, bytes_, 0) == static_cast<ssize_t>(bytes_), "pread"); }

 private:
  const size_t bytes_;
  const Bytes source_;
  const bool syncs_;
  const int descriptor_;
  void* data_ = nullptr;
  off_t end_ = 0;
};

class BenchPartition {
 public:
  BenchPartition(const std::string& folder, Durability durability, bool direct, SpaceAhead space_ahead, size_t payload_bytes, uint32_t messages,
                 bool encrypts = false)
      : batch_(build_batch(uniform_messages(messages, payload_bytes))), messages_(messages) {
    EngineOptions options;
    options.inline_append_bytes_max = 2 << 20;  // as the server's
    options.space_ahead = space_ahead;
    options.encrypts = encrypts;
    if (encrypts) options.encryption_keys.push_back({1, {}});
    engine_ = std::make_unique<Engine>(options);
    PartitionOptions partition;
    partition.partition_id = partition.incarnation = 1;
    partition.create = true;
    partition.durability = durability;
    partition.direct_io = direct;
    handle_ = engine_->open(folder, partition, 0, &sink_);
    check(sink_.wait(1).detail == 0, "direct I/O is refused here");
  }

  size_t batch_bytes() const { return batch_.size(); }

  /// So many batches are under way at once. The copy into the slot stands for the socket's.
  void append(uint32_t under_way) {
    uint32_t queued = 0;
    slots_.clear();
    for (uint32_t i = 0; i < under_way; ++i) {
      const uint32_t slot = engine_->buffers().acquire(batch_.size());
      check(slot != kNoSlot, "buffers");
      uint8_t* const data = engine_->buffers().data(slot);
      std::memcpy(data, batch_.data(), batch_.size());
      Completion out;
      const Status status = engine_->append(handle_, {Generation::kVsr, slot, data, batch_.size(), messages_, {}, i}, &sink_, &out);
      check(status == kOk || status == kQueued, "append");
      if (status == kQueued) ++queued;
      slots_.push_back(slot);
    }
    if (queued > 0) sink_.wait(queued);
    for (const uint32_t slot : slots_) engine_->buffers().release(slot);
  }

  void poll(PollStrategy strategy) {
    Completion out;
    const Status status = engine_->poll(handle_,
                                        {.generation = Generation::kVsr,
                                         .strategy = strategy,
                                         .value = 0,
                                         .count = messages_,
                                         .headroom = 128,
                                         .bytes_max = 64 << 20,
                                         .consumer_kind = ConsumerKind::kConsumer,
                                         .consumer_id = 1,
                                         .auto_commit = false,
                                         .request = 0},
                                        &sink_, &out);
    check(status == kOk || status == kQueued, "poll");
    if (status == kQueued) out = sink_.wait(1);
    check(out.count == messages_, "a poll is short");
    engine_->buffers().release(out.slot);
  }

 private:
  const Bytes batch_;
  const uint32_t messages_;
  CountingSink sink_;
  std::unique_ptr<Engine> engine_;
  Handle handle_ = 0;
  std::vector<uint32_t> slots_;
};

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "galgo-bench-XXXXXX").string();
    check(::mkdtemp(name.data()) != nullptr, name.c_str());
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path;
};

struct Run {
  const std::string& folder;
  const int rounds;
  const std::string lines;  // what is in the names of those to print

  bool wants(const std::string& line) const { return line.find(lines) != std::string::npos; }
};

/// Runs both in turn.
template <typename Engine, typename Raw>
void compare(const std::string& line, int rounds, int calls, size_t bytes, const Engine& engine, const Raw& raw) {
  std::vector<double> engine_us;
  std::vector<double> raw_us;
  std::vector<double> ratios;
  std::vector<double> processor_ms;
  cost_of(calls / 4 + 1, raw);
  cost_of(calls / 4 + 1, engine);
  for (int round = 0; round < rounds; ++round) {
    const Cost bare = cost_of(calls, raw);
    const Cost ours = cost_of(calls, engine);
    raw_us.push_back(bare.seconds * 1e6);
    engine_us.push_back(ours.seconds * 1e6);
    ratios.push_back(ours.seconds / bare.seconds);
    processor_ms.push_back(ours.processor_seconds * 1e3 / (static_cast<double>(bytes) / 1e6));
  }
  std::printf("| %s | %.1f | %.1f | %.2f (%.2f to %.2f) | %.3f |\n", line.c_str(), median(engine_us), median(raw_us), median(ratios),
              *std::min_element(ratios.begin(), ratios.end()), *std::max_element(ratios.begin(), ratios.end()), median(processor_ms));
  std::fflush(stdout);
}

struct Size {
  const char* name;
  size_t payload_bytes;
  uint32_t messages;
  int calls;  // a round
};
// As many messages as make the size with their headers.
constexpr Size kSizes[] = {{"1 KB", 668, 1, 300}, {"100 KB", 9926, 10, 60}, {"1 MB", 9949, 100, 20}};

constexpr Size kEncryptedSizes[] = {
    {"1 KB", 668, 1, 300}, {"100 KB", 9926, 10, 60}, {"250 KB", 9941, 25, 40}, {"500 KB", 9946, 50, 30}, {"1 MB", 9949, 100, 20}};

std::string name_of(const Size& size, bool direct, Durability durability) {
  return std::string(size.name) + (direct ? ", direct, " : ", buffered, ") + kDurabilityNames[static_cast<int>(durability)];
}

SpaceAhead space_of(bool direct) { return direct ? SpaceAhead::kPrewrite : SpaceAhead::kReserve; }

void bench_appends(const Run& run) {
  std::puts("| Append | µs | raw, µs | ratio | processor ms a MB |\n|---|---|---|---|---|");
  int number = 0;
  for (const Size& size : kSizes) {
    for (const bool direct : {false, true}) {
      for (const Durability durability : kDurabilities) {
        const std::string line = name_of(size, direct, durability);
        if (!run.wants(line)) continue;
        const std::string path = run.folder + "/" + std::to_string(++number);
        BenchPartition partition(path, durability, direct, space_of(direct), size.payload_bytes, size.messages);
        RawFile raw(path + ".raw", partition.batch_bytes(), direct, durability == Durability::kGroup);
        compare(
            line, run.rounds, size.calls, partition.batch_bytes(), [&] { partition.append(1); }, [&] { raw.append(); });
      }
    }
  }
  // The engine's buffers of this size have huge pages.
  const std::string huge = "1 MB, direct, none, both in huge pages";
  if (run.wants(huge)) {
    const Size& size = kSizes[2];
    const std::string path = run.folder + "/" + std::to_string(++number);
    BenchPartition partition(path, Durability::kNone, true, space_of(true), size.payload_bytes, size.messages);
    RawFile raw(path + ".raw", partition.batch_bytes(), true, false, true);
    compare(
        huge, run.rounds, size.calls, partition.batch_bytes(), [&] { partition.append(1); }, [&] { raw.append(); });
  }
  // As long as a server is busy, the next batches are there when one is done.
  for (const bool direct : {false, true}) {
    for (const Durability durability : {Durability::kInterval, Durability::kGroup}) {
      constexpr uint32_t kUnderWay = 8;
      const Size& size = kSizes[2];
      const std::string line = "8 at once, each " + name_of(size, direct, durability);
      if (!run.wants(line)) continue;
      const std::string path = run.folder + "/" + std::to_string(++number);
      BenchPartition partition(path, durability, direct, space_of(direct), size.payload_bytes, size.messages);
      RawFile raw(path + ".raw", partition.batch_bytes(), direct, durability == Durability::kGroup);
      compare(
          line, run.rounds, 3, kUnderWay * partition.batch_bytes(), [&] { partition.append(kUnderWay); },
          [&] {
            for (uint32_t i = 0; i < kUnderWay; ++i) raw.append();
          });
    }
  }
}

void bench_polls(const Run& run) {
  std::puts("\n| Poll | µs | raw, µs | ratio | processor ms a MB |\n|---|---|---|---|---|");
  int number = 0;
  for (const Size& size : kSizes) {
    for (const bool direct : {false, true}) {
      const std::string mode = direct ? ", direct log" : ", buffered log";
      const std::string newest = size.name + mode + ", newest";
      const std::string oldest = size.name + mode + ", oldest";
      if (!run.wants(newest) && !run.wants(oldest)) continue;
      const std::string path = run.folder + "/poll-" + std::to_string(++number);
      BenchPartition partition(path, Durability::kNone, direct, SpaceAhead::kNone, size.payload_bytes, size.messages);
      RawFile raw(path + ".raw", partition.batch_bytes(), false, false);
      raw.append();
      partition.append(1);
      const auto read = [&] { raw.read(); };
      compare(
          newest, run.rounds, 4 * size.calls, partition.batch_bytes(), [&] { partition.poll(PollStrategy::kLast); }, read);
      // So that the first batch is in the file alone.
      for (int i = 0; i < 9; ++i) partition.append(1);
      for (size_t bytes = 0; bytes < (10u << 20); bytes += partition.batch_bytes()) partition.append(1);
      compare(
          oldest, run.rounds, 4 * size.calls, partition.batch_bytes(), [&] { partition.poll(PollStrategy::kFirst); }, read);
    }
  }
}

/// What is within the bounds of the calling thread runs there: this is for how long an event loop is held.
void bench_encryption(const Run& run) {
  std::puts("\n| Encrypted | µs | plain, µs | ratio | processor ms a MB |\n|---|---|---|---|---|");
  int number = 0;
  for (const Size& size : kEncryptedSizes) {
    const std::string line = std::string(size.name) + ", encrypted, ";
    if (!run.wants(line)) continue;
    const std::string path = run.folder + "/encrypted-" + std::to_string(++number);
    BenchPartition encrypted(path, Durability::kNone, false, SpaceAhead::kNone, size.payload_bytes, size.messages, true);
    BenchPartition plain(path + ".plain", Durability::kNone, false, SpaceAhead::kNone, size.payload_bytes, size.messages);
    compare(
        line + "append", run.rounds, size.calls, plain.batch_bytes(), [&] { encrypted.append(1); }, [&] { plain.append(1); });
    compare(
        line + "poll", run.rounds, 4 * size.calls, plain.batch_bytes(), [&] { encrypted.poll(PollStrategy::kLast); },
        [&] { plain.poll(PollStrategy::kLast); });
  }
}

void bench_group_commit(const Run& run) {
  constexpr uint32_t kWaiting = 64;
  constexpr int kCalls = 40;
  std::puts("\n| Group commit of 1 KB batches | one at a time, batches/s | 64 waiting, batches/s | ratio |\n|---|---|---|---|");
  for (const bool direct : {false, true}) {
    const std::string line = direct ? "direct" : "buffered";
    if (!run.wants(line)) continue;
    const Size& size = kSizes[0];
    BenchPartition partition(run.folder + (direct ? "/group-direct" : "/group"), Durability::kGroup, direct, space_of(direct), size.payload_bytes, 1);
    std::vector<double> singles;
    std::vector<double> groups;
    std::vector<double> ratios;
    for (int round = 0; round < run.rounds; ++round) {
      singles.push_back(1 / cost_of(kCalls, [&] { partition.append(1); }).seconds);
      groups.push_back(kWaiting / cost_of(kCalls, [&] { partition.append(kWaiting); }).seconds);
      ratios.push_back(groups.back() / singles.back());
    }
    std::printf("| %s | %.0f | %.0f | %.1f (%.1f to %.1f) |\n", line.c_str(), median(singles), median(groups), median(ratios),
                *std::min_element(ratios.begin(), ratios.end()), *std::max_element(ratios.begin(), ratios.end()));
  }
}

}  // namespace
}  // namespace galgo::test

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 9;
  const galgo::test::Folder folder;
  const galgo::test::Run run{folder.path, rounds, argc > 2 ? argv[2] : ""};
  galgo::test::bench_appends(run);
  galgo::test::bench_polls(run);
  galgo::test::bench_encryption(run);
  galgo::test::bench_group_commit(run);
}
