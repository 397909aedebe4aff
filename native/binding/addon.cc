// The addon's exports: createEngine, xxh32, xxh3, notify, lockFile, unlockFile, openUdp. Each environment (main thread, workers) initialises it on
// its own, and nothing here is shared between them.
#include <napi.h>

#include "engine_binding.h"
#include "file_lock.h"
#include "hashes.h"
#include "systemd_notify.h"
#include "udp_binding.h"

static Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  exports.Set("createEngine", Napi::Function::New<galgo::binding::EngineBinding::create>(env, "createEngine"));
  galgo::binding::add_hashes(env, exports);
  galgo::RegisterSystemdNotify(env, exports);
  galgo::RegisterFileLock(env, exports);
  galgo::RegisterUdp(env, exports);
  return exports;
}

NODE_API_MODULE(galgo, initialise)
