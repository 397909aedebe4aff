// How long a partition takes to open after a kill, with 1, 10 and 50 segments of 100 MB, in a folder of its own below $TMPDIR that takes 5 GB
// meanwhile.
//
//   cmake --build build-native --target recovery_time_bench && build-native/recovery_time_bench
//
// A child process appends batches of 1 MB with durability `interval`, no faster than the device takes them, and is killed with half a segment written
// that is not full. An opening reads what was not synced, so a writer that runs ahead of the device leaves it more. Each line is opened twice, each
// time from the files as the kill left them: with what the page cache holds, and without.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "../engine/engine.h"
#include "batch_builder.h"

namespace galgo::test {
namespace {

constexpr uint64_t kSegmentBytes = 100'000'000;
constexpr uint32_t kSegments[] = {1, 10, 50};
constexpr uint64_t kUnsyncedMessagesMax = 10'000;  // 100 MB; the engine begins to sync at 64 MiB

void check(bool holds, const char* what) {
  if (holds) return;
  std::perror(what);
  std::exit(1);
}

class WaitingSink final : public CompletionSink {
 public:
  void push(const Completion& completion) override {
    const std::lock_guard lock(mutex_);
    completion_ = completion;
    done_ = true;
  }
  void wake() override { changed_.notify_all(); }
  Completion wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
    done_ = false;
    return completion_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Completion completion_;
  bool done_ = false;
};

PartitionOptions partition_options(bool create) {
  PartitionOptions options;
  options.partition_id = options.incarnation = 1;
  options.create = create;
  options.segment_bytes = kSegmentBytes;
  options.durability = Durability::kInterval;
  return options;
}

// Never returns: says through `ready` that it has written enough, and waits for its end.
[[noreturn]] void write_until_killed(const std::string& folder, uint32_t segments, int ready) {
  WaitingSink sink;
  Engine engine(EngineOptions{});
  const Handle handle = engine.open(folder, partition_options(true), 0, &sink);
  check(sink.wait().status == kOk, "open");
  Bytes batch = build_batch(uniform_messages(100, 9949));
  PartitionStats stats{};
  do {
    Completion out;
    Status status = engine.append(handle, {Generation::kVsr, kNoSlot, batch.data(), batch.size(), 100, {}, 1}, &sink, &out);
    if (status == kQueued) status = sink.wait().status;
    check(status == kOk, "append");
    check(engine.stats(handle, &stats) == kOk, "stats");
    while (stats.next_offset - stats.durable_offset > kUnsyncedMessagesMax) {
      ::usleep(1000);
      check(engine.stats(handle, &stats) == kOk, "stats");
    }
  } while (stats.segments < segments || stats.logical_bytes < segments * kSegmentBytes - kSegmentBytes / 2);
  check(::write(ready, "", 1) == 1, "pipe");
  for (;;) ::pause();
}

void drop_from_page_cache(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const int descriptor = ::open(entry.path().c_str(), O_RDONLY);
    check(descriptor >= 0 && ::fdatasync(descriptor) == 0, "sync");
    check(::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0, "fadvise");
    ::close(descriptor);
  }
}

// Makes `to` as `from` is, but for the logs: an opening only reads them.
void copy_all_but_logs(const std::string& from, const std::string& to) {
  std::filesystem::create_directories(to);
  for (const auto& entry : std::filesystem::directory_iterator(to)) {
    if (entry.path().extension() != ".log") std::filesystem::remove(entry.path());
  }
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    if (entry.path().extension() == ".log") continue;
    std::filesystem::copy_file(entry.path(), to / entry.path().filename(), std::filesystem::copy_options::overwrite_existing);
  }
}

void open_and_print(const std::string& folder, uint32_t segments, const char* cache) {
  WaitingSink sink;
  Engine engine(EngineOptions{});
  const auto begun = std::chrono::steady_clock::now();
  const Handle handle = engine.open(folder, partition_options(false), 0, &sink);
  const Completion opened = sink.wait();
  const double milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
  check(opened.status == kOk, "the partition does not open");
  PartitionStats stats{};
  check(engine.stats(handle, &stats) == kOk, "stats");
  std::printf("| %u | %.0f | %s | %.1f | %.1f |\n", segments, static_cast<double>(stats.stored_bytes) / 1e6, cache, milliseconds,
              static_cast<double>(stats.read_bytes) / 1e6);
  std::fflush(stdout);
}

void bench(const std::string& folder, uint32_t segments) {
  int ready[2];
  check(::pipe(ready) == 0, "pipe");
  const pid_t child = ::fork();
  check(child >= 0, "fork");
  if (child == 0) {
    ::close(ready[0]);
    write_until_killed(folder, segments, ready[1]);
  }
  ::close(ready[1]);
  char byte = 0;
  const bool written = ::read(ready[0], &byte, 1) == 1;
  ::close(ready[0]);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  check(written, "the child ended early");
  copy_all_but_logs(folder, folder + ".kept");
  open_and_print(folder, segments, "warm");
  copy_all_but_logs(folder + ".kept", folder);
  drop_from_page_cache(folder);
  open_and_print(folder, segments, "cold");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace galgo::test

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "galgo-bench-XXXXXX").string();
  galgo::test::check(::mkdtemp(folder.data()) != nullptr, "mkdtemp");
  std::puts("| Segments | Log, MB | Page cache | Opening, ms | Read, MB |\n|---|---|---|---|---|");
  for (const uint32_t segments : galgo::test::kSegments) galgo::test::bench(folder + "/partition", segments);
  std::filesystem::remove_all(folder);
}
