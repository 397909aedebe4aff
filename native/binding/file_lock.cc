// lockFile(path), unlockFile(descriptor): one holder of a file at a time, see flock(2).
//
// Runs in the JavaScript thread and never waits. The descriptor belongs to the caller; the lock ends when it is closed, at the latest by the kernel
// when the process is gone. Node's core has no file locks, and a file with a process number alone is wrong after a crash, when another process may
// have that number.

#include "file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace galgo {
namespace {

struct LockResult {
  int fd;              // -1 if the file is not locked
  int failure;         // errno, 0 if somebody else holds the lock
  const char* action;  // that failed
};

// The holder alone changes the content, so a reader that was refused finds the holder's pid, or nothing for a moment.
bool write_pid(int fd) {
  const std::string text = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0) return false;
  const ssize_t written = pwrite(fd, text.data(), text.size(), 0);
  // A short write of a few bytes means that the disk is full.
  if (written >= 0 && static_cast<size_t>(written) < text.size()) errno = ENOSPC;
  return written == static_cast<ssize_t>(text.size());
}

LockResult lock(const std::string& path) {
  const int fd = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (fd < 0) return {-1, errno, "open"};
  const char* action = "lock";
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
    if (write_pid(fd)) return {fd, 0, nullptr};
    action = "write";
  }
  const int failure = errno;
  close(fd);
  return {-1, failure == EWOULDBLOCK ? 0 : failure, action};
}

void throw_errno(Napi::Env env, const std::string& what, int failure) {
  Napi::Error::New(env, what + ": " + std::strerror(failure)).ThrowAsJavaScriptException();
}

Napi::Value lock_file(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsString()) {
    Napi::TypeError::New(env, "lockFile(path) takes a string").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  const LockResult result = lock(path);
  if (result.fd >= 0) return Napi::Number::New(env, result.fd);
  if (result.failure != 0) throw_errno(env, std::string(result.action) + " " + path, result.failure);
  return env.Undefined();
}

void unlock_file(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsNumber()) {
    Napi::TypeError::New(env, "unlockFile(descriptor) takes a number").ThrowAsJavaScriptException();
    return;
  }
  // Linux has let go of the descriptor even where close is interrupted.
  if (close(info[0].As<Napi::Number>().Int32Value()) != 0 && errno != EINTR) throw_errno(env, "close", errno);
}

}  // namespace

void RegisterFileLock(Napi::Env env, Napi::Object exports) {
  exports.Set("lockFile", Napi::Function::New(env, lock_file, "lockFile"));
  exports.Set("unlockFile", Napi::Function::New(env, unlock_file, "unlockFile"));
}

}  // namespace galgo
