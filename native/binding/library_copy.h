// Adds to the addon's exports, on Linux only:
//   copyLibrary(path: string): string
#pragma once

#include <napi.h>

namespace galgo {

void RegisterLibraryCopy(Napi::Env env, Napi::Object exports);

}  // namespace galgo
