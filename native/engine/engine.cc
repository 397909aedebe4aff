#include "engine.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "partition.h"
#include "repair.h"

namespace galgo {

struct Engine::Impl {
  explicit Impl(const EngineOptions& given)
      : options(given),
        file_system(given.file_system == nullptr ? machine_file_system() : *given.file_system),
        memory(given.memory_bytes_max),
        buffers(given.buffer_bytes_max, &memory),
        segments(given.index_cache_bytes_max, std::max(given.open_files_max, 1u), memory),
        ids(given.id_bytes_max, &memory),
        keys(given.encryption_keys, given.encrypts),
        syncs(std::max(given.sync_threads, 1u)),
        background(given.background_threads) {
    memory.set_reclaim([this](uint64_t bytes) {
      buffers.trim();
      segments.make_room(bytes);
    });
    for (uint32_t i = 0; i < std::max(given.io_threads, 1u); ++i) io.push_back(std::make_unique<TaskThreads>(1));
    timer = std::thread([this] { tick(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(timer_mutex);
      stopping = true;
    }
    timer_stop.notify_all();
    timer.join();
    for (const auto& thread : io) thread->stop();
    syncs.stop();
    background.stop();
  }

  std::shared_ptr<Partition> find(Handle handle) {
    const std::shared_lock lock(partitions_mutex);
    const auto found = partitions.find(handle);
    return found == partitions.end() ? nullptr : found->second;
  }

  void tick() {
    const std::chrono::milliseconds period(std::clamp(std::min(options.sync_interval_ms, options.checkpoint_interval_ms) / 4, 5u, 1000u));
    std::unique_lock lock(timer_mutex);
    while (!timer_stop.wait_for(lock, period, [this] { return stopping; })) {
      std::vector<std::shared_ptr<Partition>> open;
      {
        const std::shared_lock partitions_lock(partitions_mutex);
        for (const auto& [handle, partition] : partitions) open.push_back(partition);
      }
      const auto now = std::chrono::steady_clock::now();
      for (const auto& partition : open) partition->tick(now);
    }
  }

  // In the order of destruction reversed: partitions and their tasks go before what they use.
  const EngineOptions options;
  FileSystem& file_system;
  MemoryBudget memory;
  BufferPool buffers;
  SegmentCache segments;
  IdBudget ids;
  const Keyring keys;
  EngineFigures figures;
  TaskThreads syncs;
  TaskThreads background;
  std::vector<std::unique_ptr<TaskThreads>> io;
  std::shared_mutex partitions_mutex;
  std::unordered_map<Handle, std::shared_ptr<Partition>> partitions;
  Handle last_handle = 0;
  std::mutex timer_mutex;
  std::condition_variable timer_stop;
  bool stopping = false;
  std::thread timer;
};

namespace {

/// Runs a request on its partition: kClosed without one, kOutOfMemory instead of an exception.
template <typename Run>
Status on_partition(const std::shared_ptr<Partition>& partition, const Run& run) {
  if (!partition) return kClosed;
  try {
    return run(*partition);
  } catch (const std::bad_alloc&) {
    return kOutOfMemory;
  }
}

/// The same for requests that answer through the sink alone.
template <typename Run>
void on_partition(const std::shared_ptr<Partition>& partition, uint32_t request, CompletionSink* sink, const Run& run) {
  const Status status = on_partition(partition, [&](Partition& found) {
    run(found);
    return kOk;
  });
  if (status == kOk) return;
  sink->push({.request = request, .status = status});
  sink->wake();
}

}  // namespace

Engine::Engine(const EngineOptions& options) : impl_(std::make_unique<Impl>(options)) {}

Engine::~Engine() = default;

BufferPool& Engine::buffers() { return impl_->buffers; }

const IdBudget& Engine::ids() const { return impl_->ids; }

MemoryBudget& Engine::memory() { return impl_->memory; }

const EngineFigures& Engine::figures() const { return impl_->figures; }

EngineWaiting Engine::waiting() const {
  EngineWaiting waiting{.io_tasks = 0, .sync_tasks = impl_->syncs.waiting()};
  for (const auto& thread : impl_->io) waiting.io_tasks += thread->waiting();
  return waiting;
}

IndexCacheStats Engine::index_cache() const { return impl_->segments.stats(); }

Handle Engine::open(const std::string& directory, const PartitionOptions& options, uint32_t request, CompletionSink* sink) {
  std::shared_ptr<Partition> partition;
  Handle handle = 0;
  try {
    const std::unique_lock lock(impl_->partitions_mutex);
    handle = ++impl_->last_handle;
    const Services services{.options = impl_->options,
                            .file_system = impl_->file_system,
                            .buffers = impl_->buffers,
                            .segments = impl_->segments,
                            .ids = impl_->ids,
                            .keys = impl_->keys,
                            .memory = impl_->memory,
                            .figures = impl_->figures,
                            .io = *impl_->io[handle % impl_->io.size()],
                            .syncs = impl_->syncs,
                            .background = impl_->options.background_threads == 0 ? impl_->syncs : impl_->background};
    partition = std::make_shared<Partition>(services, directory, options);
    impl_->partitions.emplace(handle, partition);
  } catch (const std::bad_alloc&) {
    partition.reset();
  }
  on_partition(partition, request, sink, [&](Partition& opened) { opened.open(request, sink); });
  return handle;
}

Status Engine::append(Handle handle, const AppendRequest& append, CompletionSink* sink, Completion* out) {
  return on_partition(impl_->find(handle), [&](Partition& partition) { return partition.append(append, sink, out); });
}

Status Engine::poll(Handle handle, const PollRequest& poll, CompletionSink* sink, Completion* out) {
  return on_partition(impl_->find(handle), [&](Partition& partition) { return partition.poll(poll, sink, out); });
}

Status Engine::store_offset(Handle handle, ConsumerKind kind, uint32_t id, uint64_t offset, uint32_t request, CompletionSink* sink) {
  return on_partition(impl_->find(handle), [&](Partition& partition) { return partition.store_offset(kind, id, offset, request, sink); });
}

Status Engine::load_offset(Handle handle, ConsumerKind kind, uint32_t id, uint64_t* offset) {
  return on_partition(impl_->find(handle), [&](Partition& partition) { return partition.load_offset(kind, id, offset); });
}

Status Engine::delete_offset(Handle handle, ConsumerKind kind, uint32_t id, uint32_t request, CompletionSink* sink) {
  return on_partition(impl_->find(handle), [&](Partition& partition) { return partition.delete_offset(kind, id, request, sink); });
}

void Engine::read_producers(Handle handle, uint64_t since, uint32_t request, CompletionSink* sink) {
  on_partition(impl_->find(handle), request, sink, [&](Partition& partition) { partition.read_producers(since, request, sink); });
}

void Engine::flush(Handle handle, bool sync, uint32_t request, CompletionSink* sink) {
  on_partition(impl_->find(handle), request, sink, [&](Partition& partition) { partition.flush(sync, request, sink); });
}

void Engine::delete_segments(Handle handle, uint32_t segments, uint64_t last_offset_max, uint32_t request, CompletionSink* sink) {
  on_partition(impl_->find(handle), request, sink,
               [&](Partition& partition) { partition.delete_segments(segments, last_offset_max, request, sink); });
}

void Engine::purge(Handle handle, uint32_t request, CompletionSink* sink) {
  on_partition(impl_->find(handle), request, sink, [&](Partition& partition) { partition.purge(request, sink); });
}

void Engine::restore(Handle handle, const RestoreRequest& restore, CompletionSink* sink) {
  on_partition(impl_->find(handle), restore.request, sink, [&](Partition& partition) { partition.restore(restore, sink); });
}

void Engine::verify(Handle handle, const VerifyRequest& verify, CompletionSink* sink) {
  on_partition(impl_->find(handle), verify.request, sink, [&](Partition& partition) { partition.verify(verify, sink); });
}

void Engine::repair(const std::string& directory, const PartitionOptions& options, uint32_t request, CompletionSink* sink) {
  impl_->syncs.post([this, directory, options, request, sink] {
    Completion completion{.request = request, .status = kOutOfMemory};
    try {
      IoCounters counters;
      LogContext context{impl_->file_system, counters, directory, options.incarnation, 0};
      const Repaired repaired = repair_partition(context, options);
      completion = {.request = request,
                    .status = repaired.status,
                    .count = repaired.stretches,
                    .detail = static_cast<uint32_t>(repaired.error),
                    .first_offset = repaired.first_lost,
                    .last_offset = repaired.messages_lost,
                    .current_offset = repaired.next_offset};
    } catch (const std::bad_alloc&) {
    }
    sink->push(completion);
    sink->wake();
  });
}

Status Engine::configure(Handle handle, const PartitionOptions& options) {
  return on_partition(impl_->find(handle), [&](Partition& partition) {
    partition.configure(options);
    return kOk;
  });
}

void Engine::close(Handle handle, uint32_t request, CompletionSink* sink) {
  std::shared_ptr<Partition> partition;
  {
    const std::unique_lock lock(impl_->partitions_mutex);
    const auto found = impl_->partitions.find(handle);
    if (found != impl_->partitions.end()) {
      partition = std::move(found->second);
      impl_->partitions.erase(found);
    }
  }
  on_partition(partition, request, sink, [&](Partition& closing) { closing.close(request, sink); });
}

Status Engine::stats(Handle handle, PartitionStats* out) {
  return on_partition(impl_->find(handle), [&](Partition& partition) {
    partition.stats(out);
    return kOk;
  });
}

Status Engine::segments(Handle handle, size_t segments_max, std::vector<SegmentStats>* out) {
  return on_partition(impl_->find(handle), [&](Partition& partition) {
    partition.segments(segments_max, out);
    return kOk;
  });
}

}  // namespace galgo
