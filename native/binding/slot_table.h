// Which buffer slots JavaScript holds, so that a wrong slot number is an error and never an access to foreign memory.
//
// JavaScript holds a slot from the moment it gets it (acquire, or the result of a poll) until it releases it; a queued append lends it to the engine
// until its completion arrives. The ArrayBuffer over a slot is made once and lasts, because the pool never unmaps a slot. Only the capacity of slots
// above 64 MiB changes from one tenant to the next: where it has grown, the old ArrayBuffer is detached and a new one made. They are not marked
// untransferable, because Node from 24 on aborts when it detaches a marked one at the end of its environment; nobody may transfer them.
//
// Threads: the JavaScript thread alone. The memory belongs to the engine's buffer pool; the ArrayBuffers over it are held here until detach().
#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

#include "../engine/buffer_pool.h"

namespace galgo::binding {

class SlotTable {
 public:
  enum class Holder : uint8_t { kNobody, kJavaScript, kEngine };

  struct Slot {
    uint8_t* data = nullptr;
    size_t capacity = 0;
    Holder holder = Holder::kNobody;
    Napi::Reference<Napi::ArrayBuffer> memory;
  };

  explicit SlotTable(BufferPool& pool) : pool_(pool) {}

  /// JavaScript got this slot from the engine or the pool.
  void give(uint32_t slot);
  void lend(uint32_t slot) { slots_[slot].holder = Holder::kEngine; }
  void give_back(uint32_t slot) { slots_[slot].holder = Holder::kJavaScript; }

  /// The slot if JavaScript holds it; else null with an error thrown.
  const Slot* held(Napi::Env env, uint32_t slot);
  /// Returns a slot that JavaScript holds to the pool; else throws.
  void release(Napi::Env env, uint32_t slot);

  /// JavaScript of this environment no longer holds a slot that it holds, which stays acquired; else throws and returns false.
  bool give_up(Napi::Env env, uint32_t slot);
  /// Returns what JavaScript still holds.
  void release_all();

  /// The slot's memory as an ArrayBuffer of at least its capacity. Throws if the slot is neither held nor lent.
  Napi::Value memory(Napi::Env env, uint32_t slot);
  /// Detaches every ArrayBuffer: views of them become empty and the pool may go.
  void detach();

 private:
  BufferPool& pool_;
  std::vector<Slot> slots_;
};

}  // namespace galgo::binding
