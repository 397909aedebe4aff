// Adds `notify(socketPath: string, message: string): number` to the addon's exports: 0, or the errno of what failed. See sd_notify(3).
#pragma once

#include <napi.h>

namespace galgo {

void RegisterSystemdNotify(Napi::Env env, Napi::Object exports);

}  // namespace galgo
