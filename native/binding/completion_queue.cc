#include "completion_queue.h"

#include <algorithm>
#include <utility>

namespace galgo::binding {

namespace {

/// Room that a list keeps after a burst, in records.
constexpr size_t kKeptRecords = 4096;

}  // namespace

CompletionQueue::CompletionQueue(Napi::Env env, Napi::Function dispatch, Settle settle) : env_(env), settle_(std::move(settle)) {
  arrived_.reserve(kWindowRecords);
  draining_.reserve(kWindowRecords);
  const auto name = Napi::String::New(env, "galgo.completions");
  if (napi_create_threadsafe_function(env, dispatch, nullptr, name, 0, 1, nullptr, nullptr, this, on_wake, &function_) != napi_ok) {
    Napi::Error::New(env).ThrowAsJavaScriptException();
    return;
  }
  napi_unref_threadsafe_function(env, function_);
}

void CompletionQueue::push(const Completion& completion) {
  std::lock_guard lock(mutex_);
  if (function_ != nullptr) arrived_.push_back(completion);
}

void CompletionQueue::wake() {
  // The call is made under the lock, so that close() cannot free the function meanwhile.
  std::lock_guard lock(mutex_);
  if (function_ == nullptr || wake_pending_) return;
  wake_pending_ = napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking) == napi_ok;
}

void CompletionQueue::expect() {
  if (outstanding_++ == 0) napi_ref_threadsafe_function(env_, function_);
}

void CompletionQueue::close() {
  napi_threadsafe_function function;
  {
    std::lock_guard lock(mutex_);
    function = std::exchange(function_, nullptr);
    arrived_ = {};
  }
  if (function != nullptr) napi_release_threadsafe_function(function, napi_tsfn_abort);
}

void CompletionQueue::on_wake(napi_env env, napi_value dispatch, void* context, void*) {
  // Without an environment this is the function's end, and the queue may be gone.
  if (env != nullptr) static_cast<CompletionQueue*>(context)->drain(env, dispatch);
}

void CompletionQueue::drain(Napi::Env env, napi_value dispatch) {
  {
    std::lock_guard lock(mutex_);
    wake_pending_ = false;
    std::swap(arrived_, draining_);
  }
  for (size_t done = 0; done < draining_.size();) {
    const size_t count = std::min(draining_.size() - done, kWindowRecords);
    std::copy_n(draining_.begin() + static_cast<ptrdiff_t>(done), count, window_);
    outstanding_ -= static_cast<uint32_t>(std::count_if(window_, window_ + count, settle_));
    done += count;

    Napi::HandleScope scope(env);
    napi_value argument;
    // The dispatcher catches what callbacks throw. A call that fails means that the thread is being terminated; node-addon-api's own call would abort
    // the process then.
    if (napi_create_uint32(env, static_cast<uint32_t>(count), &argument) != napi_ok) break;
    if (napi_call_function(env, env.Undefined(), dispatch, 1, &argument, nullptr) != napi_ok) break;
  }
  draining_.clear();
  if (draining_.capacity() > kKeptRecords) draining_.shrink_to_fit();
  if (outstanding_ == 0 && function_ != nullptr) napi_unref_threadsafe_function(env, function_);
}

}  // namespace galgo::binding
