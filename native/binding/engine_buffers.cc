// Buffer slots, and figures of the engine as a whole. Layouts in call_block.h.
#include <vector>

#include "engine_binding.h"

namespace galgo::binding {

Status EngineBinding::acquire_slot(Arguments& in) {
  const uint64_t bytes = in.u53(0, "bytes");
  if (in.failed()) return kThrown;
  const uint32_t slot = engine_->buffers().acquire(bytes);
  if (slot == kNoSlot) return kOutOfMemory;
  slots_.give(slot);
  block_.words[0] = slot;
  return kOk;
}

Status EngineBinding::release_slot(Arguments& in) {
  const uint32_t slot = in.u32(0, "slot");
  if (in.failed()) return kThrown;
  slots_.release(in.env(), slot);
  return kOk;
}

Status EngineBinding::pass_slot(Arguments& in) {
  const uint32_t slot = in.u32(0, "slot");
  if (in.failed() || !slots_.give_up(in.env(), slot)) return kThrown;
  shared_->pass_slot(slot);
  return kOk;
}

Status EngineBinding::take_slot(Arguments& in) {
  const uint32_t slot = in.u32(0, "slot");
  if (!in.failed() && !shared_->take_slot(slot)) in.refuse("slot was not passed");
  if (in.failed()) return kThrown;
  slots_.give(slot);
  return kOk;
}

Status EngineBinding::buffer_stats(Arguments&) {
  const BufferPool& buffers = engine_->buffers();
  block_.words[0] = static_cast<double>(buffers.bytes_in_use());
  block_.words[1] = static_cast<double>(buffers.bytes_resident());
  block_.words[2] = static_cast<double>(buffers.bytes_max());
  return kOk;
}

Status EngineBinding::id_stats(Arguments&) {
  block_.words[0] = static_cast<double>(engine_->ids().bytes_used());
  block_.words[1] = static_cast<double>(engine_->ids().bytes_max());
  return kOk;
}

Status EngineBinding::engine_stats(Arguments& in) {
  if (!in.value().IsTypedArray() || in.value().As<Napi::TypedArray>().TypedArrayType() != napi_float64_array) {
    Napi::TypeError::New(in.env(), "figures are not a Float64Array").ThrowAsJavaScriptException();
    return kThrown;
  }
  const EngineFigures& figures = engine_->figures();
  const EngineWaiting waiting = engine_->waiting();
  const IndexCacheStats cache = engine_->index_cache();
  std::vector<uint64_t> all{figures.queued_appends, waiting.io_tasks, waiting.sync_tasks, cache.bytes,
                            cache.segments,         figures.sync_us,  figures.fences,     figures.checksum_errors};
  for (size_t bucket = 0; bucket < figures.sync_buckets.size(); ++bucket) {
    all.push_back(bucket < kSyncBoundsUs.size() ? kSyncBoundsUs[bucket] : 0);
    all.push_back(figures.sync_buckets[bucket]);
  }
  auto out = in.value().As<Napi::Float64Array>();
  for (size_t i = 0; i < all.size() && i < out.ElementLength(); ++i) out[i] = static_cast<double>(all[i]);
  block_.words[0] = static_cast<double>(all.size());
  return kOk;
}

Status EngineBinding::memory_stats(Arguments&) {
  MemoryBudget& memory = engine_->memory();
  double* word = block_.words;
  *word++ = static_cast<double>(memory.bytes_max());
  for (const MemoryKind kind : {MemoryKind::kBuffers, MemoryKind::kIndexes, MemoryKind::kIds, MemoryKind::kConsumerOffsets, MemoryKind::kCaller}) {
    *word++ = static_cast<double>(memory.used(kind));
  }
  return kOk;
}

Status EngineBinding::take_memory(Arguments& in) {
  const uint64_t bytes = in.u53(0, "bytes");
  if (in.failed()) return kThrown;
  return engine_->memory().take_spare(MemoryKind::kCaller, bytes) ? kOk : kOutOfMemory;
}

Status EngineBinding::give_memory(Arguments& in) {
  const uint64_t bytes = in.integer(0, "bytes", 0, engine_->memory().used(MemoryKind::kCaller));
  if (in.failed()) return kThrown;
  engine_->memory().give(MemoryKind::kCaller, bytes);
  return kOk;
}

Status EngineBinding::trim(Arguments&) {
  engine_->buffers().trim();
  return kOk;
}

}  // namespace galgo::binding
