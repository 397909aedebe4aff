#include "engine_binding.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace galgo::binding {

namespace {

/// Words of createEngine's options, in the order of EngineOptions in src/storage/engine.ts.
constexpr size_t kOptionWords = 13;

EngineOptions read_options(Arguments& in) {
  EngineOptions options;
  options.io_threads = static_cast<uint32_t>(in.integer(0, "ioThreads", 1, 256));
  options.sync_threads = static_cast<uint32_t>(in.integer(1, "syncThreads", 1, 256));
  options.buffer_bytes_max = in.u53(2, "bufferBytesMax");
  options.inline_append_bytes_max = in.u32(3, "inlineAppendBytesMax");
  options.inline_poll_bytes_max = in.u32(4, "inlinePollBytesMax");
  options.sync_interval_ms = static_cast<uint32_t>(in.integer(5, "syncIntervalMs", 1, UINT32_MAX));
  options.checkpoint_interval_ms = static_cast<uint32_t>(in.integer(6, "checkpointIntervalMs", 1, UINT32_MAX));
  options.index_cache_bytes_max = in.u53(7, "indexCacheBytesMax");
  options.open_files_max = static_cast<uint32_t>(in.integer(8, "openFilesMax", 1, UINT32_MAX));
  options.consumer_offsets_max = in.u32(9, "consumerOffsetsMax");
  options.id_bytes_max = in.u53(10, "idBytesMax");
  options.space_ahead = in.one_of(11, "spaceAhead", SpaceAhead::kNone, SpaceAhead::kPrewrite);
  options.memory_bytes_max = in.u53(12, "memoryBytesMax");
  return options;
}

/// Bytes of one key in createEngine's third argument: its id, little-endian, and the key.
constexpr size_t kKeyBytes = sizeof(uint64_t) + kAesKeyBytes;

/// False: not a whole number of keys, or one has the id 0.
bool read_keys(const Napi::Value& value, std::vector<EncryptionKey>* keys) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) return false;
  const auto bytes = value.As<Napi::Uint8Array>();
  if (bytes.ByteLength() % kKeyBytes != 0) return false;
  for (size_t at = 0; at < bytes.ByteLength(); at += kKeyBytes) {
    EncryptionKey& key = keys->emplace_back();
    key.id = load64(bytes.Data() + at);
    std::copy_n(bytes.Data() + at + sizeof key.id, kAesKeyBytes, key.key.begin());
    if (key.id == 0) return false;
  }
  return true;
}

}  // namespace

Napi::Value EngineBinding::create(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float64_array ||
      info[0].As<Napi::TypedArray>().ElementLength() != kOptionWords || !info[1].IsFunction()) {
    Napi::TypeError::New(env, "createEngine takes a Float64Array of thirteen options and a dispatcher").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Arguments in(info, info[0].As<Napi::Float64Array>().Data());
  EngineOptions options = read_options(in);
  if (in.failed()) return env.Undefined();
  options.encrypts = info[3].IsBoolean() && info[3].As<Napi::Boolean>();
  if (!info[2].IsUndefined() && !read_keys(info[2], &options.encryption_keys)) {
    Napi::TypeError::New(env, "createEngine takes keys of 40 bytes each, none with the id 0").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  try {
    return bind(env, SharedEngine::start(options), info[1].As<Napi::Function>());
  } catch (const std::exception& error) {
    // No memory, no threads, or keys and no OpenSSL.
    Napi::Error::New(env, std::string("the engine cannot start: ") + error.what()).ThrowAsJavaScriptException();
    return env.Undefined();
  }
}

Napi::Value EngineBinding::attach(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber() || !info[1].IsFunction()) {
    Napi::TypeError::New(env, "attachEngine takes the number of an engine and a dispatcher").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  auto shared = SharedEngine::find(info[0].As<Napi::Number>().Uint32Value());
  if (shared == nullptr) {
    Napi::Error::New(env, "there is no engine with this number").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  try {
    return bind(env, std::move(shared), info[1].As<Napi::Function>());
  } catch (const std::exception& error) {
    Napi::Error::New(env, std::string("the engine cannot be attached to: ") + error.what()).ThrowAsJavaScriptException();
    return env.Undefined();
  }
}

Napi::Value EngineBinding::bind(Napi::Env env, std::shared_ptr<SharedEngine> shared, Napi::Function dispatch) {
  auto binding = std::make_unique<EngineBinding>(env, std::move(shared), dispatch);
  if (env.IsExceptionPending()) return env.Undefined();
  const auto end = [](void* ended) { delete static_cast<EngineBinding*>(ended); };
  if (napi_add_env_cleanup_hook(env, end, binding.get()) != napi_ok) {
    Napi::Error::New(env).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return binding.release()->face(env);
}

EngineBinding::EngineBinding(Napi::Env env, std::shared_ptr<SharedEngine> shared, Napi::Function dispatch)
    : queue_(std::make_unique<CompletionQueue>(env, dispatch, [this](Completion& completion) { return settle(completion); })),
      shared_(std::move(shared)),
      engine_(&shared_->engine()),
      slots_(engine_->buffers()) {}

EngineBinding::~EngineBinding() {
  // The engine's threads must not find a thread-safe function that is gone, nor a queue.
  queue_->close();
  if (shared_ == nullptr) return;
  slots_.release_all();
  if (queue_->outstanding() > 0) shared_->keep(std::move(queue_));
  let_go();
}

void EngineBinding::let_go() {
  engine_ = nullptr;
  shared_.reset();
}

template <Status (EngineBinding::*method)(Arguments&)>
Napi::Value EngineBinding::call(const Napi::CallbackInfo& info) {
  auto* const binding = static_cast<EngineBinding*>(info.Data());
  Status status = kClosed;
  try {
    Arguments in(info, binding->block_.words);
    if (binding->engine_ != nullptr) status = (binding->*method)(in);
  } catch (const std::exception& error) {
    Napi::Error::New(info.Env(), error.what()).ThrowAsJavaScriptException();
  }
  return Napi::Number::New(info.Env(), status);
}

Napi::Object EngineBinding::face(Napi::Env env) {
  auto face = Napi::Object::New(env);
  face.Set("number", Napi::Number::New(env, shared_->number()));
  face.Set("words", Napi::ArrayBuffer::New(env, block_.words, sizeof block_.words));
  face.Set("result", Napi::ArrayBuffer::New(env, &block_.result, sizeof block_.result));
  face.Set("window", Napi::ArrayBuffer::New(env, queue_->window(), sizeof(Completion) * CompletionQueue::kWindowRecords));
  face.Set("append", Napi::Function::New<call<&EngineBinding::append>>(env, "append", this));
  face.Set("poll", Napi::Function::New<call<&EngineBinding::poll>>(env, "poll", this));
  face.Set("storeOffset", Napi::Function::New<call<&EngineBinding::store_offset>>(env, "storeOffset", this));
  face.Set("loadOffset", Napi::Function::New<call<&EngineBinding::load_offset>>(env, "loadOffset", this));
  face.Set("deleteOffset", Napi::Function::New<call<&EngineBinding::delete_offset>>(env, "deleteOffset", this));
  face.Set("open", Napi::Function::New<call<&EngineBinding::open>>(env, "open", this));
  face.Set("configure", Napi::Function::New<call<&EngineBinding::configure>>(env, "configure", this));
  face.Set("readProducers", Napi::Function::New<call<&EngineBinding::read_producers>>(env, "readProducers", this));
  face.Set("flush", Napi::Function::New<call<&EngineBinding::flush>>(env, "flush", this));
  face.Set("deleteSegments", Napi::Function::New<call<&EngineBinding::delete_segments>>(env, "deleteSegments", this));
  face.Set("purge", Napi::Function::New<call<&EngineBinding::purge>>(env, "purge", this));
  face.Set("verify", Napi::Function::New<call<&EngineBinding::verify>>(env, "verify", this));
  face.Set("repair", Napi::Function::New<call<&EngineBinding::repair>>(env, "repair", this));
  face.Set("checkStored", Napi::Function::New<call<&EngineBinding::check_stored>>(env, "checkStored", this));
  face.Set("restore", Napi::Function::New<call<&EngineBinding::restore>>(env, "restore", this));
  face.Set("close", Napi::Function::New<call<&EngineBinding::close>>(env, "close", this));
  face.Set("stats", Napi::Function::New<call<&EngineBinding::stats>>(env, "stats", this));
  face.Set("segments", Napi::Function::New<call<&EngineBinding::segments>>(env, "segments", this));
  face.Set("acquireSlot", Napi::Function::New<call<&EngineBinding::acquire_slot>>(env, "acquireSlot", this));
  face.Set("releaseSlot", Napi::Function::New<call<&EngineBinding::release_slot>>(env, "releaseSlot", this));
  face.Set("passSlot", Napi::Function::New<call<&EngineBinding::pass_slot>>(env, "passSlot", this));
  face.Set("takeSlot", Napi::Function::New<call<&EngineBinding::take_slot>>(env, "takeSlot", this));
  face.Set("slotMemory", Napi::Function::New<slot_memory>(env, "slotMemory", this));
  face.Set("bufferStats", Napi::Function::New<call<&EngineBinding::buffer_stats>>(env, "bufferStats", this));
  face.Set("idStats", Napi::Function::New<call<&EngineBinding::id_stats>>(env, "idStats", this));
  face.Set("engineStats", Napi::Function::New<call<&EngineBinding::engine_stats>>(env, "engineStats", this));
  face.Set("memoryStats", Napi::Function::New<call<&EngineBinding::memory_stats>>(env, "memoryStats", this));
  face.Set("takeMemory", Napi::Function::New<call<&EngineBinding::take_memory>>(env, "takeMemory", this));
  face.Set("giveMemory", Napi::Function::New<call<&EngineBinding::give_memory>>(env, "giveMemory", this));
  face.Set("trim", Napi::Function::New<call<&EngineBinding::trim>>(env, "trim", this));
  face.Set("shutdown", Napi::Function::New<shutdown>(env, "shutdown", this));
  return face;
}

uint32_t EngineBinding::request_number(Arguments& in) {
  const auto request = static_cast<uint32_t>(in.integer(0, "request", 0, kRequestsMax - 1));
  if (in.failed()) return 0;
  if (request >= requests_.size()) requests_.resize(size_t{request} + 1);
  if (requests_[request].kind != Request::Kind::kNone) in.refuse("request is under way");
  return request;
}

void EngineBinding::queued(uint32_t request, Request::Kind kind, uint32_t lent_slot) {
  requests_[request] = {kind, lent_slot};
  if (lent_slot != kNoSlot) slots_.lend(lent_slot);
  queue_->expect();
}

bool EngineBinding::settle(Completion& completion) {
  if (completion.request >= requests_.size() || requests_[completion.request].kind == Request::Kind::kNone) return false;
  const Request request = std::exchange(requests_[completion.request], Request{});
  const bool has_slot = request.kind == Request::Kind::kFillsSlot && completion.status == kOk && completion.count > 0;
  if (!has_slot) completion.slot = kNoSlot;
  if (completion.slot != kNoSlot) slots_.give(completion.slot);
  if (request.lent_slot != kNoSlot) slots_.give_back(request.lent_slot);
  return true;
}

Napi::Value EngineBinding::slot_memory(const Napi::CallbackInfo& info) {
  auto* const binding = static_cast<EngineBinding*>(info.Data());
  Arguments in(info, binding->block_.words);
  const uint32_t slot = in.u32(0, "slot");
  return in.failed() ? info.Env().Undefined() : binding->slots_.memory(info.Env(), slot);
}

Napi::Value EngineBinding::shutdown(const Napi::CallbackInfo& info) {
  auto* const binding = static_cast<EngineBinding*>(info.Data());
  const uint32_t outstanding = binding->queue_->outstanding();
  if (outstanding > 0) {
    Napi::Error::New(info.Env(), std::to_string(outstanding) + " requests are outstanding: close every handle and wait for it")
        .ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  binding->slots_.detach();
  binding->queue_->close();
  binding->let_go();
  return info.Env().Undefined();
}

}  // namespace galgo::binding
