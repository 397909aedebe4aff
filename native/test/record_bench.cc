// Throughput of the record formats and of the buffer pool, on memory in the cache. Prints MB/s of logical bytes (64 + payload a message), best of
// several runs.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "../engine/buffer_pool.h"
#include "../engine/record.h"
#include "batch_builder.h"

namespace galgo::test {
namespace {

constexpr int kRuns = 9;
constexpr double kRunBytes = 100e6;

template <typename Work>
double seconds_per_call(size_t calls, Work work) {
  double best = 1e9;
  for (int run = 0; run < kRuns; run++) {
    const auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < calls; i++) work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best / static_cast<double>(calls);
}

void bench_batch(uint32_t count, size_t payload_bytes) {
  const auto messages = uniform_messages(count, payload_bytes);
  const Bytes sent = build_batch(messages);
  const Bytes classic = build_classic(messages);
  const double logical = static_cast<double>(count) * static_cast<double>(64 + payload_bytes);
  const auto calls = static_cast<size_t>(kRunBytes / logical) + 1;
  uint64_t sink = 0;
  const auto report = [&](const char* name, auto work) {
    const double seconds = seconds_per_call(calls, work);
    std::printf("  %-18s %9.0f MB/s %10.0f ns a batch\n", name, logical / seconds / 1e6, seconds * 1e9);
  };

  std::printf("%u x %zu B\n", count, payload_bytes);
  RecordInfo info;
  report("layout", [&] { sink += static_cast<uint64_t>(check_batch_layout(sent.data(), sent.size(), count, &info)); });
  report("verify", [&] { sink += static_cast<uint64_t>(verify_batch_checksums(sent.data(), sent.size())); });
  Bytes record = sent;
  report("stamp", [&] { stamp_record(record.data(), info, 0, {1, ++sink, 3, 4, 5, {}}); });
  ClassicBatch batch{};
  report("0.8 check", [&] { sink += static_cast<uint64_t>(check_classic_batch(classic.data(), classic.size(), count, &batch)); });
  Bytes transcoded(transcoded_bytes_max(batch));
  std::vector<TranscodedRecord> records(batch.records);
  report("0.8 transcode in", [&] {
    size_t made;
    sink += transcode_classic(batch, transcoded.data(), records.data(), records.size(), &made);
  });
  Bytes out(classic.size());
  report("0.8 transcode out", [&] { sink += write_classic(record.data(), record.data() + 256, record.data() + record.size(), out.data()); });
  report("memcpy", [&] {
    std::memcpy(record.data() + 256, sent.data() + 256, sent.size() - 256);
    asm volatile("" ::"r"(record.data()) : "memory");  // keeps the copy
  });
  if (sink == 0) std::printf("nothing was done\n");
}

void bench_pool(size_t bytes) {
  BufferPool pool(256u << 20);
  const double seconds = seconds_per_call(1'000'000, [&] { pool.release(pool.acquire(bytes)); });
  std::printf("acquire + release of %zu B: %.0f ns\n", bytes, seconds * 1e9);
}

void bench_ids() {
  uint8_t id[16];
  const double seconds = seconds_per_call(1'000'000, [&] {
    random_id(id);
    asm volatile("" ::"r"(id) : "memory");
  });
  std::printf("random_id: %.1f ns\n", seconds * 1e9);
}

}  // namespace
}  // namespace galgo::test

int main() {
  galgo::test::bench_batch(1000, 1000);
  galgo::test::bench_batch(100, 1000);
  galgo::test::bench_batch(1, 100);
  galgo::test::bench_pool(4096);
  galgo::test::bench_pool(1 << 20);
  galgo::test::bench_ids();
}
