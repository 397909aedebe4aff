#include "slot_table.h"

#include <string>

namespace galgo::binding {

void SlotTable::give(uint32_t slot) {
  if (slot >= slots_.size()) slots_.resize(size_t{slot} + 1);
  Slot& entry = slots_[slot];
  entry.data = pool_.data(slot);
  entry.capacity = pool_.capacity(slot);
  entry.holder = Holder::kJavaScript;
}

const SlotTable::Slot* SlotTable::held(Napi::Env env, uint32_t slot) {
  if (slot < slots_.size() && slots_[slot].holder == Holder::kJavaScript) return &slots_[slot];
  const bool lent = slot < slots_.size() && slots_[slot].holder == Holder::kEngine;
  Napi::RangeError::New(env, "slot " + std::to_string(slot) + (lent ? " is in the engine's use" : " is not held")).ThrowAsJavaScriptException();
  return nullptr;
}

void SlotTable::release(Napi::Env env, uint32_t slot) {
  if (give_up(env, slot)) pool_.release(slot);
}

bool SlotTable::give_up(Napi::Env env, uint32_t slot) {
  if (held(env, slot) == nullptr) return false;
  slots_[slot].holder = Holder::kNobody;
  return true;
}

void SlotTable::release_all() {
  for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].holder != Holder::kJavaScript) continue;
    slots_[slot].holder = Holder::kNobody;
    pool_.release(slot);
  }
}

Napi::Value SlotTable::memory(Napi::Env env, uint32_t slot) {
  const bool lent = slot < slots_.size() && slots_[slot].holder == Holder::kEngine;
  if (!lent && held(env, slot) == nullptr) return env.Undefined();
  Slot& entry = slots_[slot];
  if (!entry.memory.IsEmpty() && entry.memory.Value().ByteLength() < entry.capacity) {
    entry.memory.Value().Detach();
    entry.memory.Reset();
  }
  if (entry.memory.IsEmpty()) {
    const auto buffer = Napi::ArrayBuffer::New(env, entry.data, entry.capacity);
    if (env.IsExceptionPending()) return env.Undefined();
    entry.memory = Napi::Persistent(buffer);
  }
  return entry.memory.Value();
}

void SlotTable::detach() {
  for (Slot& entry : slots_) {
    if (entry.memory.IsEmpty()) continue;
    Napi::HandleScope scope(entry.memory.Env());
    entry.memory.Value().Detach();
    entry.memory.Reset();
  }
  slots_.clear();
}

}  // namespace galgo::binding
