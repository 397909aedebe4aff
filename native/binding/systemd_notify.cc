// notify(socketPath, message): one datagram to the service manager.
//
// Runs in the JavaScript thread; the socket lives for the one call. Node's core has no Unix datagram sockets, and a child process (`systemd-notify`)
// is no member of the service's main process, which NotifyAccess=main demands. Protocol: sd_notify(3).

#include "systemd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

namespace galgo {
namespace {

// 0, or the errno of what failed. A path that begins with '@' names a socket of the abstract namespace.
int send_datagram(const std::string& path, const std::string& message) {
  sockaddr_un address{};
  if (path.size() < 2 || path.size() >= sizeof(address.sun_path)) return EINVAL;
  if (path[0] != '/' && path[0] != '@') return EINVAL;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());

  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  // Never waits: a manager that does not read must not hold up the event loop.
  const ssize_t sent = sendto(fd, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
  const int failure = sent < 0 ? errno : 0;
  close(fd);
  return failure;
}

Napi::Value notify(const Napi::CallbackInfo& info) {
  if (info.Length() != 2 || !info[0].IsString() || !info[1].IsString()) {
    Napi::TypeError::New(info.Env(), "notify(socketPath, message) takes two strings").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  const int failure = send_datagram(info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::String>().Utf8Value());
  return Napi::Number::New(info.Env(), failure);
}

}  // namespace

void RegisterSystemdNotify(Napi::Env env, Napi::Object exports) { exports.Set("notify", Napi::Function::New(env, notify, "notify")); }

}  // namespace galgo
