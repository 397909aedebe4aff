// Adds to the addon's exports:
//   lockFile(path: string): number | undefined
//     locks the file, made if missing, and writes the pid into it; the descriptor, or undefined if somebody else holds it
//   unlockFile(descriptor: number): void
// Both throw an Error with the text of errno. The kernel frees the lock when the process ends, however it ends.
#pragma once

#include <napi.h>

namespace galgo {

void RegisterFileLock(Napi::Env env, Napi::Object exports);

}  // namespace galgo
