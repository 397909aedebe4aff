// Completions on their way from the engine's threads to JavaScript.
//
// push() and wake() run on the engine's threads (and on the JavaScript thread, where the engine completes at once); everything else runs on the
// JavaScript thread. Completions gather in a list that grows with the number of outstanding requests, so none is ever lost or waits for room. One
// wake-up is under way at a time; it moves the list, up to 256 records at a time, into a window that JavaScript reads as u32 words, and calls the
// dispatcher with the number of records: one call into JavaScript per window, no object per record.
//
// The thread-safe function keeps the event loop alive only while a request is outstanding. The window lives as long as the queue, and the queue as
// long as the environment.
#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "../engine/engine.h"

namespace galgo::binding {

class CompletionQueue final : public CompletionSink {
 public:
  static constexpr size_t kWindowRecords = 256;

  /// Sees each completion on the JavaScript thread before the dispatcher does, may change it, and says whether its request was outstanding.
  using Settle = std::function<bool(Completion&)>;

  CompletionQueue(Napi::Env env, Napi::Function dispatch, Settle settle);
  ~CompletionQueue() override { close(); }

  void push(const Completion& completion) override;
  void wake() override;

  /// A request was queued: its completion will come.
  void expect();
  uint32_t outstanding() const { return outstanding_; }
  Completion* window() { return window_; }

  /// Drops what comes from now on and lets go of the event loop. To be called before the environment frees the thread-safe function under the
  /// engine's threads.
  void close();

 private:
  static void on_wake(napi_env env, napi_value dispatch, void* context, void* data);
  void drain(Napi::Env env, napi_value dispatch);

  const napi_env env_;
  const Settle settle_;
  uint32_t outstanding_ = 0;
  std::vector<Completion> draining_;
  Completion window_[kWindowRecords];

  std::mutex mutex_;
  // Guarded by mutex_:
  std::vector<Completion> arrived_;
  bool wake_pending_ = false;
  napi_threadsafe_function function_ = nullptr;
};

}  // namespace galgo::binding
