// The addon's exports: createEngine, attachEngine, xxh32, xxh3, notify, lockFile, unlockFile, duplicateDescriptor, openUdp,
// openUdpGroup, adoptUdp, copyLibrary. Each environment (main thread, workers) initialises it on its own; what they share is the engine that one
// makes and others attach themselves to (shared_engine.h).
#include <napi.h>

#include "descriptors.h"
#include "engine_binding.h"
#include "file_lock.h"
#include "hashes.h"
#include "library_copy.h"
#include "systemd_notify.h"
#include "udp_binding.h"

static Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  exports.Set("createEngine", Napi::Function::New<galgo::binding::EngineBinding::create>(env, "createEngine"));
  exports.Set("attachEngine", Napi::Function::New<galgo::binding::EngineBinding::attach>(env, "attachEngine"));
  galgo::binding::add_hashes(env, exports);
  galgo::RegisterSystemdNotify(env, exports);
  galgo::RegisterFileLock(env, exports);
  galgo::RegisterDescriptors(env, exports);
  galgo::RegisterUdp(env, exports);
  galgo::RegisterLibraryCopy(env, exports);
  return exports;
}

NODE_API_MODULE(galgo, initialise)
