// Messages with offsets and time stamps of their own: checking and restoring what lies in a buffer slot. Layouts in call_block.h.
#include "../engine/stored_log.h"
#include "engine_binding.h"

namespace galgo::binding {

namespace {

bool within(const SlotTable::Slot& slot, size_t start, size_t length) { return start <= slot.capacity && length <= slot.capacity - start; }

}  // namespace

Status EngineBinding::check_stored(Arguments& in) {
  const auto generation = in.one_of(0, "generation", Generation::kClassic, Generation::kVsr);
  const uint32_t number = in.u32(1, "slot");
  const uint32_t start = in.u32(2, "start");
  const uint32_t length = in.u32(3, "length");
  const uint64_t expected_offset = in.u64(4, "expectedOffset");
  if (in.failed()) return kThrown;
  const SlotTable::Slot* const slot = slots_.held(in.env(), number);
  if (slot == nullptr) return kThrown;
  if (!within(*slot, start, length)) in.refuse("start and length reach past the end of the slot");
  if (in.failed()) return kThrown;

  const StoredRun run = galgo::check_stored(generation, slot->data + start, length, expected_offset);
  const double answer[] = {static_cast<double>(run.bytes),
                           static_cast<double>(run.messages),
                           static_cast<double>(run.fault),
                           static_cast<double>(run.fault_bytes),
                           static_cast<double>(static_cast<uint32_t>(run.fault_offset)),
                           static_cast<double>(run.fault_offset >> 32),
                           static_cast<double>(static_cast<uint32_t>(run.next_offset)),
                           static_cast<double>(run.next_offset >> 32)};
  double* word = block_.words;
  for (const double each : answer) *word++ = each;
  return kOk;
}

Status EngineBinding::restore(Arguments& in) {
  RestoreRequest restore{};
  restore.request = request_number(in);
  const Handle handle = in.u32(1, "handle");
  restore.generation = in.one_of(2, "generation", Generation::kClassic, Generation::kVsr);
  const uint32_t number = in.u32(3, "slot");
  const uint32_t start = in.u32(4, "start");
  const uint32_t length = in.u32(5, "length");
  if (in.failed()) return kThrown;
  const SlotTable::Slot* const slot = slots_.held(in.env(), number);
  if (slot == nullptr) return kThrown;
  if (!within(*slot, start, length)) in.refuse("start and length reach past the end of the slot");
  if (in.failed()) return kThrown;

  restore.data = slot->data + start;
  restore.length = length;
  engine_->restore(handle, restore, queue_.get());
  queued(restore.request, Request::Kind::kOther, number);
  return kQueued;
}

}  // namespace galgo::binding
