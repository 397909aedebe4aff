// Several UDP sockets on one address, one for each thread that serves QUIC there. The kernel gives each datagram to one of them by the connection id
// that it names, so that a connection stays with its thread whatever address its peer writes from.
//
// The socket is that of the id's first byte modulo the number of sockets (src/transports/quic/connection-ids.ts makes ids so). The id's place is RFC
// 8999 §5: byte 1 of a packet with a short header; of one with a long header byte 6, after flags, version and length. An id that a client chose for
// its first packets is spread the same way, and all packets that name it take one way. A datagram too short to have that byte goes to the first
// socket.
//
// Any thread; no call waits. The descriptors are the caller's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace galgo::udp {

inline constexpr size_t kGroupMax = 256;

/// Binds `count` sockets, numbered in the order of `fds`; closing one renumbers those after it. Returns the port, or a negative errno: nothing is
/// open then.
int open_group(const char* host, uint16_t port, int buffer_bytes, size_t count, int* fds);

}  // namespace galgo::udp
