// Adds to the addon's exports:
//   duplicateDescriptor(descriptor: number): number
//     a second descriptor of the same open file, for a socket that another thread is to have; throws an Error with the text of errno
#pragma once

#include <napi.h>

namespace galgo {

void RegisterDescriptors(Napi::Env env, Napi::Object exports);

}  // namespace galgo
