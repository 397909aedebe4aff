// A second image of a shared library, for a library that serves one thread only because of what it keeps in static memory: the loader takes a copy
// for another library. The copy lies in memory, since there may be no folder that can be written to and loaded from.
//
// Runs in the JavaScript thread that will load the copy. The loader knows an image by the path it came from, so that path stays: the descriptor
// behind it is never closed.
#include "library_copy.h"

#ifdef __linux__

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace galgo {
namespace {

/// Returns 0 or an errno.
int copy(int from, int to) {
  struct stat status;
  if (fstat(from, &status) != 0) return errno;
  for (off_t left = status.st_size; left > 0;) {
    const ssize_t copied = sendfile(to, from, nullptr, static_cast<size_t>(left));
    if (copied < 0 && errno != EINTR) return errno;
    if (copied == 0) return EIO;
    if (copied > 0) left -= copied;
  }
  return 0;
}

Napi::Value copy_library(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) {
    Napi::TypeError::New(env, "copyLibrary takes a path").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const std::string path = info[0].As<Napi::String>();
  int error = 0;
  const int from = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (from < 0) error = errno;
  const int to = error == 0 ? memfd_create("galgo-library", MFD_CLOEXEC) : -1;
  if (error == 0) error = to < 0 ? errno : copy(from, to);
  if (from >= 0) ::close(from);
  if (error == 0) return Napi::String::New(env, "/proc/self/fd/" + std::to_string(to));
  if (to >= 0) ::close(to);
  Napi::Error::New(env, path + " cannot be copied: " + std::strerror(error)).ThrowAsJavaScriptException();
  return env.Undefined();
}

}  // namespace

void RegisterLibraryCopy(Napi::Env env, Napi::Object exports) { exports.Set("copyLibrary", Napi::Function::New(env, copy_library, "copyLibrary")); }

}  // namespace galgo

#else

namespace galgo {

void RegisterLibraryCopy(Napi::Env, Napi::Object) {}

}  // namespace galgo

#endif
