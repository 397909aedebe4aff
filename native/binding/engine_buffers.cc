// Buffer slots, and what else is counted in bytes. Layouts in call_block.h.
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

Status EngineBinding::trim(Arguments&) {
  engine_->buffers().trim();
  return kOk;
}

}  // namespace galgo::binding
