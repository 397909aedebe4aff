// One engine as JavaScript sees it: functions that take their numbers from a shared block (call_block.h) and answer with a status, an inline result
// in the block, or a completion later (completion_queue.h).
//
// Threads: the JavaScript thread of the environment that made it; only the completion queue is touched by the engine's threads.
// Ownership: the environment owns it and its shared memory (block, completion window), so that functions kept beyond shutdown() still find a binding,
// which then answers kClosed. It lets go of the engine at shutdown() or, when the environment ends without it, in the clean-up hook, before the
// environment frees what the engine's threads call; the engine ends with the last environment that uses it.
//
// Wrong use (a number out of range, a slot that is not held, a second use of a request number under way) throws and does nothing else; the engine's
// refusals are statuses.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "../engine/engine.h"
#include "call_block.h"
#include "completion_queue.h"
#include "shared_engine.h"
#include "slot_table.h"

namespace galgo::binding {

class EngineBinding {
 public:
  /// createEngine(options: Float64Array, dispatch: (count) => void, keys?: Uint8Array, encrypts?: boolean) → the object with block, window and
  /// functions.
  static Napi::Value create(const Napi::CallbackInfo& info);

  /// attachEngine(number: number, dispatch: (count) => void) → the same for an engine that another environment made.
  static Napi::Value attach(const Napi::CallbackInfo& info);

  EngineBinding(Napi::Env env, std::shared_ptr<SharedEngine> shared, Napi::Function dispatch);
  ~EngineBinding();

 private:
  /// What a request number stands for until its completion arrives. The result of one that fills a slot has one if it counts anything.
  struct Request {
    enum class Kind : uint8_t { kNone, kFillsSlot, kOther };
    Kind kind = Kind::kNone;
    uint32_t lent_slot = kNoSlot;
  };

  /// Request numbers are small: JavaScript reuses those that are done.
  static constexpr uint32_t kRequestsMax = 1 << 24;

  static Napi::Value bind(Napi::Env env, std::shared_ptr<SharedEngine> shared, Napi::Function dispatch);
  void let_go();

  Napi::Object face(Napi::Env env);
  /// A function of the face: runs a method on the arguments and returns its status. kClosed after shutdown.
  template <Status (EngineBinding::*method)(Arguments&)>
  static Napi::Value call(const Napi::CallbackInfo& info);

  /// The request number in word 0, free to use. Throws if it is under way.
  uint32_t request_number(Arguments& in);
  void queued(uint32_t request, Request::Kind kind, uint32_t lent_slot = kNoSlot);
  bool settle(Completion& completion);

  // engine_messages.cc
  Status append(Arguments& in);
  Status poll(Arguments& in);
  Status store_offset(Arguments& in);
  Status load_offset(Arguments& in);
  Status delete_offset(Arguments& in);

  // engine_partitions.cc
  Status open(Arguments& in);
  Status configure(Arguments& in);
  Status read_producers(Arguments& in);
  Status flush(Arguments& in);
  Status delete_segments(Arguments& in);
  Status purge(Arguments& in);
  Status close(Arguments& in);
  Status stats(Arguments& in);
  Status segments(Arguments& in);

  // engine_care.cc
  Status verify(Arguments& in);
  Status repair(Arguments& in);

  // engine_restore.cc
  Status check_stored(Arguments& in);
  Status restore(Arguments& in);

  // engine_buffers.cc
  Status acquire_slot(Arguments& in);
  Status release_slot(Arguments& in);
  Status pass_slot(Arguments& in);
  Status take_slot(Arguments& in);
  Status buffer_stats(Arguments& in);
  Status engine_stats(Arguments& in);
  Status id_stats(Arguments& in);
  Status memory_stats(Arguments& in);
  Status take_memory(Arguments& in);
  Status give_memory(Arguments& in);
  Status trim(Arguments& in);

  static Napi::Value slot_memory(const Napi::CallbackInfo& info);
  static Napi::Value shutdown(const Napi::CallbackInfo& info);

  static PartitionOptions partition_options(Arguments& in);
  /// The folder that is the ordinary argument. Empty: an exception is pending.
  static std::string directory(Arguments& in);

  CallBlock block_;
  std::unique_ptr<CompletionQueue> queue_;
  std::vector<Request> requests_;         // by request number
  std::shared_ptr<SharedEngine> shared_;  // null after shutdown
  Engine* engine_;                        // the same
  SlotTable slots_;
};

}  // namespace galgo::binding
