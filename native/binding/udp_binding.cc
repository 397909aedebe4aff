// The UDP socket in the event loop.
//
// Everything runs in the JavaScript thread of the environment that opened the socket. libuv watches the descriptor and the callback is made from the
// loop, so that a datagram costs no change of threads. The face owns the binding and holds the four buffers. While the socket is open the binding
// keeps the face alive; once libuv has closed the watcher, after close() or at the end of the environment, the collector may free both.
#include "udp_binding.h"

#ifdef __linux__

#include <node_api.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "../udp/udp_group.h"
#include "../udp/udp_socket.h"

// The few functions of libuv that are needed, by its stable ABI: the headers of Node-API come without uv.h. The handle's size is asked at run time.
extern "C" {
size_t uv_handle_size(int type);
const char* uv_handle_type_name(int type);
int uv_poll_init(struct uv_loop_s* loop, void* handle, int fd);
int uv_poll_start(void* handle, int events, void (*callback)(void* handle, int status, int events));
void uv_close(void* handle, void (*callback)(void* handle));
void uv_handle_set_data(void* handle, void* data);
void* uv_handle_get_data(const void* handle);
}

namespace galgo {
namespace {

constexpr int kPollHandle = 8;
constexpr int kReadable = 1;
constexpr int kWritable = 2;
constexpr size_t kReceiveBytes = 16 * udp::kRunBytesMax;
constexpr size_t kSendBytes = 512 * 1024;

class UdpBinding {
 public:
  UdpBinding(Napi::Env env, Napi::Function on_events) : env_(env), on_events_(Napi::Persistent(on_events)), context_(env, "galgo.udp") {}

  ~UdpBinding() { std::free(handle_); }

  static Napi::Value open(const Napi::CallbackInfo& info);
  static Napi::Value open_group(const Napi::CallbackInfo& info);
  static Napi::Value adopt(const Napi::CallbackInfo& info);

 private:
  static Napi::Value begin(std::unique_ptr<UdpBinding> binding);
  const char* watch();
  Napi::Object face();
  Napi::ArrayBuffer buffer(Napi::Object face, const char* name, size_t bytes);
  void end();

  static void on_poll(void* handle, int status, int events);
  static void on_closed(void* handle);
  static void on_environment_end(napi_async_cleanup_hook_handle hook, void* data);

  template <Napi::Value (UdpBinding::*method)(const Napi::CallbackInfo&)>
  static Napi::Value call(const Napi::CallbackInfo& info) {
    void* binding = nullptr;
    if (napi_unwrap(info.Env(), info.This(), &binding) == napi_ok) return (static_cast<UdpBinding*>(binding)->*method)(info);
    Napi::TypeError::New(info.Env(), "not called on a UDP socket").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  Napi::Value receive(const Napi::CallbackInfo& info);
  Napi::Value send(const Napi::CallbackInfo& info);
  Napi::Value watch_writable(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  Napi::Env env_;
  Napi::FunctionReference on_events_;
  Napi::AsyncContext context_;
  Napi::ObjectReference face_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  udp::UdpSocket socket_;
  void* handle_ = nullptr;
  uint8_t* received_ = nullptr;
  udp::Record* receive_records_ = nullptr;
  uint8_t* to_send_ = nullptr;
  udp::Record* send_records_ = nullptr;
  bool closing_ = false;
};

Napi::Value cannot_bind(Napi::Env env, const std::string& host, uint32_t port, int error) {
  Napi::Error thrown = Napi::Error::New(env, "the UDP address " + host + ":" + std::to_string(port) + " cannot be bound: " + std::strerror(error));
  thrown.Set("errno", Napi::Number::New(env, error));
  thrown.ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value UdpBinding::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsNumber() || !info[2].IsNumber() || !info[3].IsBoolean() || !info[4].IsFunction()) {
    Napi::TypeError::New(env, "openUdp takes host, port, buffer bytes, offload and a listener").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const std::string host = info[0].As<Napi::String>();
  const uint32_t port = info[1].As<Napi::Number>().Uint32Value();
  if (port > UINT16_MAX) {
    Napi::RangeError::New(env, "port is not between 0 and 65535").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  auto binding = std::make_unique<UdpBinding>(env, info[4].As<Napi::Function>());
  const int error =
      binding->socket_.open(host.c_str(), static_cast<uint16_t>(port), info[2].As<Napi::Number>().Int32Value(), info[3].As<Napi::Boolean>());
  if (error != 0) return cannot_bind(env, host, port, error);
  return begin(std::move(binding));
}

Napi::Value UdpBinding::open_group(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsNumber() || !info[2].IsNumber() || !info[3].IsNumber()) {
    Napi::TypeError::New(env, "openUdpGroup takes host, port, buffer bytes and a count").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const std::string host = info[0].As<Napi::String>();
  const uint32_t port = info[1].As<Napi::Number>().Uint32Value();
  const uint32_t count = info[3].As<Napi::Number>().Uint32Value();
  if (port > UINT16_MAX || count == 0 || count > udp::kGroupMax) {
    Napi::RangeError::New(env, "port is not between 0 and 65535, or the count not between 1 and 256").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  int fds[udp::kGroupMax];
  const int bound = udp::open_group(host.c_str(), static_cast<uint16_t>(port), info[2].As<Napi::Number>().Int32Value(), count, fds);
  if (bound < 0) return cannot_bind(env, host, port, -bound);
  auto descriptors = Napi::Array::New(env, count);
  for (uint32_t index = 0; index < count; index++) descriptors.Set(index, Napi::Number::New(env, fds[index]));
  auto group = Napi::Object::New(env);
  group.Set("port", Napi::Number::New(env, bound));
  group.Set("descriptors", descriptors);
  return group;
}

Napi::Value UdpBinding::adopt(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber() || !info[1].IsBoolean() || !info[2].IsFunction()) {
    Napi::TypeError::New(env, "adoptUdp takes a descriptor, offload and a listener").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  auto binding = std::make_unique<UdpBinding>(env, info[2].As<Napi::Function>());
  const int error = binding->socket_.adopt(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Boolean>());
  if (error == 0) return begin(std::move(binding));
  Napi::Error::New(env, std::string("the UDP socket cannot be taken over: ") + std::strerror(error)).ThrowAsJavaScriptException();
  return env.Undefined();
}

/// Watches a socket that is open.
Napi::Value UdpBinding::begin(std::unique_ptr<UdpBinding> binding) {
  const char* const fault = binding->watch();
  if (fault == nullptr) return binding.release()->face();
  const Napi::Env env = binding->env_;
  Napi::Error::New(env, fault).ThrowAsJavaScriptException();
  return env.Undefined();
}

/// Begins to watch the descriptor. Returns what failed.
const char* UdpBinding::watch() {
  uv_loop_s* loop = nullptr;
  if (napi_get_uv_event_loop(env_, &loop) != napi_ok) return "the environment has no event loop";
  const char* const name = uv_handle_type_name(kPollHandle);
  if (name == nullptr || std::strcmp(name, "poll") != 0) return "this libuv is another one";
  handle_ = std::calloc(1, uv_handle_size(kPollHandle));
  if (handle_ == nullptr) return "out of memory";
  if (uv_poll_init(loop, handle_, socket_.fd()) != 0) return "the descriptor cannot be watched";
  uv_handle_set_data(handle_, this);
  uv_poll_start(handle_, kReadable, on_poll);
  napi_add_async_cleanup_hook(env_, on_environment_end, this, &hook_);
  return nullptr;
}

Napi::ArrayBuffer UdpBinding::buffer(Napi::Object face, const char* name, size_t bytes) {
  auto made = Napi::ArrayBuffer::New(env_, bytes);
  face.Set(name, made);
  return made;
}

Napi::Object UdpBinding::face() {
  auto face = Napi::Object::New(env_);
  received_ = static_cast<uint8_t*>(buffer(face, "received", kReceiveBytes).Data());
  receive_records_ = static_cast<udp::Record*>(buffer(face, "receiveRecords", sizeof(udp::Record) * udp::kRecordsMax).Data());
  to_send_ = static_cast<uint8_t*>(buffer(face, "toSend", kSendBytes).Data());
  send_records_ = static_cast<udp::Record*>(buffer(face, "sendRecords", sizeof(udp::Record) * udp::kRecordsMax).Data());
  face.Set("port", Napi::Number::New(env_, socket_.port()));
  face.Set("joinsSends", Napi::Boolean::New(env_, socket_.joins_sends()));
  face.Set("joinsReceives", Napi::Boolean::New(env_, socket_.joins_receives()));
  face.Set("receive", Napi::Function::New<call<&UdpBinding::receive>>(env_, "receive"));
  face.Set("send", Napi::Function::New<call<&UdpBinding::send>>(env_, "send"));
  face.Set("watchWritable", Napi::Function::New<call<&UdpBinding::watch_writable>>(env_, "watchWritable"));
  face.Set("close", Napi::Function::New<call<&UdpBinding::close>>(env_, "close"));
  napi_wrap(
      env_, face, this, [](napi_env, void* binding, void*) { delete static_cast<UdpBinding*>(binding); }, nullptr, nullptr);
  face_ = Napi::Persistent(face);
  return face;
}

Napi::Value UdpBinding::receive(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), closing_ ? 0 : socket_.receive(received_, kReceiveBytes, receive_records_));
}

Napi::Value UdpBinding::send(const Napi::CallbackInfo& info) {
  const uint32_t count = info[0].IsNumber() ? info[0].As<Napi::Number>().Uint32Value() : 0;
  bool sound = count <= udp::kRecordsMax;
  for (uint32_t run = 0; sound && run < count; run++) {
    const udp::Record& record = send_records_[run];
    const bool inside = record.offset <= kSendBytes && record.length <= kSendBytes - record.offset;
    const uint64_t segments = record.segment_bytes == 0 ? 0 : (uint64_t{record.length} + record.segment_bytes - 1) / record.segment_bytes;
    sound = inside && segments > 0 && segments <= udp::kSegmentsMax && record.length <= udp::kSendRunBytesMax && record.segment_bytes <= UINT16_MAX;
  }
  if (!sound) {
    Napi::RangeError::New(info.Env(), "a record to send is wrong").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  return Napi::Number::New(info.Env(), closing_ ? count : socket_.send(to_send_, send_records_, static_cast<int>(count)));
}

Napi::Value UdpBinding::watch_writable(const Napi::CallbackInfo& info) {
  if (!closing_) uv_poll_start(handle_, info[0].ToBoolean() ? kReadable | kWritable : kReadable, on_poll);
  return info.Env().Undefined();
}

Napi::Value UdpBinding::close(const Napi::CallbackInfo& info) {
  end();
  return info.Env().Undefined();
}

void UdpBinding::end() {
  if (closing_) return;
  closing_ = true;
  uv_close(handle_, on_closed);
}

void UdpBinding::on_poll(void* handle, int status, int events) {
  auto* const binding = static_cast<UdpBinding*>(uv_handle_get_data(handle));
  if (binding->closing_) return;
  const Napi::HandleScope scope(binding->env_);
  // An error of the descriptor shows when it is read.
  const auto told = Napi::Number::New(binding->env_, status < 0 ? kReadable : events);
  binding->on_events_.MakeCallback(binding->face_.Value(), {told}, binding->context_);
  napi_value error = nullptr;
  bool pending = false;
  napi_is_exception_pending(binding->env_, &pending);
  if (pending && napi_get_and_clear_last_exception(binding->env_, &error) == napi_ok) napi_fatal_exception(binding->env_, error);
}

/// The descriptor is closed only now: libuv may still have known it.
void UdpBinding::on_closed(void* handle) {
  auto* const binding = static_cast<UdpBinding*>(uv_handle_get_data(handle));
  binding->socket_.close();
  const napi_async_cleanup_hook_handle hook = binding->hook_;
  const Napi::HandleScope scope(binding->env_);
  binding->on_events_.Reset();
  binding->face_.Reset();
  napi_remove_async_cleanup_hook(hook);
}

void UdpBinding::on_environment_end(napi_async_cleanup_hook_handle, void* data) { static_cast<UdpBinding*>(data)->end(); }

}  // namespace

void RegisterUdp(Napi::Env env, Napi::Object exports) {
  exports.Set("openUdp", Napi::Function::New<UdpBinding::open>(env, "openUdp"));
  exports.Set("openUdpGroup", Napi::Function::New<UdpBinding::open_group>(env, "openUdpGroup"));
  exports.Set("adoptUdp", Napi::Function::New<UdpBinding::adopt>(env, "adoptUdp"));
}

}  // namespace galgo

#else

namespace galgo {

void RegisterUdp(Napi::Env, Napi::Object) {}

}  // namespace galgo

#endif
