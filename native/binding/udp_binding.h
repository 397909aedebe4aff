// Adds to the addon's exports, on Linux only:
//   openUdp(host: string, port: number, bufferBytes: number, offload: boolean, onEvents: (events: number) => void): NativeUdpSocket
//   openUdpGroup(host: string, port: number, bufferBytes: number, count: number): { port: number; descriptors: number[] }
//   adoptUdp(descriptor: number, offload: boolean, onEvents: (events: number) => void): NativeUdpSocket
// The face is described in src/addon/addon.ts; records have the layout of native/udp/udp_socket.h.
#pragma once

#include <napi.h>

namespace galgo {

void RegisterUdp(Napi::Env env, Napi::Object exports);

}  // namespace galgo
