// Node can close a socket's descriptor but not part with it: a socket changes threads as a second descriptor, and the first one is closed.
//
// Runs in the JavaScript thread.
#include "descriptors.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

namespace galgo {
namespace {

Napi::Value duplicate(const Napi::CallbackInfo& info) {
  if (info.Length() != 1 || !info[0].IsNumber()) {
    Napi::TypeError::New(info.Env(), "duplicateDescriptor takes a descriptor").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  const int descriptor = fcntl(info[0].As<Napi::Number>().Int32Value(), F_DUPFD_CLOEXEC, 0);
  if (descriptor >= 0) return Napi::Number::New(info.Env(), descriptor);
  Napi::Error::New(info.Env(), std::strerror(errno)).ThrowAsJavaScriptException();
  return info.Env().Undefined();
}

}  // namespace

void RegisterDescriptors(Napi::Env env, Napi::Object exports) {
  exports.Set("duplicateDescriptor", Napi::Function::New(env, duplicate, "duplicateDescriptor"));
}

}  // namespace galgo
