// Hashes of a Uint8Array, for JavaScript.
#pragma once

#include <napi.h>

namespace galgo::binding {

/// xxh32(bytes) → number; xxh3(bytes) → bigint. Seed 0. Throw TypeError for anything but a Uint8Array.
void add_hashes(Napi::Env env, Napi::Object exports);

}  // namespace galgo::binding
