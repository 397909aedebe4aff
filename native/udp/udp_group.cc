#include "udp_group.h"

#ifdef __linux__

#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "udp_socket.h"

// Older C libraries lack the name; the value is the kernel's interface.
#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif

namespace galgo::udp {

namespace {

constexpr uint32_t kLongHeader = 0x80;
constexpr uint32_t kShortHeaderId = 1;
constexpr uint32_t kLongHeaderId = 6;

/// Loads beyond the datagram's end give the program's result 0.
bool route_by_connection_id(int fd, size_t count) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kLongHeader, 2, 0),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kShortHeaderId),
      BPF_STMT(BPF_JMP | BPF_JA, 1),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kLongHeaderId),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, static_cast<uint32_t>(count)),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  const sock_fprog filter{.len = sizeof program / sizeof program[0], .filter = program};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) == 0;
}

}  // namespace

int open_group(const char* host, uint16_t port, int buffer_bytes, size_t count, int* fds) {
  // Shared sockets would bind beside those of another server of the same user; one that is not shared tells that the address is in use.
  const int probe = bind_udp(host, port, buffer_bytes, false);
  if (probe < 0) return probe;
  const int bound = port_of(probe);
  ::close(probe);
  if (bound < 0) return bound;
  size_t opened = 0;
  int error = 0;
  while (opened < count) {
    const int fd = bind_udp(host, static_cast<uint16_t>(bound), buffer_bytes, true);
    if (fd < 0) {
      error = fd;
      break;
    }
    fds[opened++] = fd;
  }
  if (error == 0 && !route_by_connection_id(fds[0], count)) error = -errno;
  if (error == 0) return bound;
  for (size_t index = 0; index < opened; index++) ::close(fds[index]);
  return error;
}

}  // namespace galgo::udp

#endif
