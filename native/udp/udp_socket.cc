#include "udp_socket.h"

#ifdef __linux__

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

// Older C libraries lack the names; the values are the kernel's interface.
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace galgo::udp {

namespace {

constexpr size_t kReceivesMax = 16;
constexpr size_t kControlBytes = CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int));

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

bool parse(const char* host, uint16_t port, Address* address, socklen_t* length) {
  std::memset(address, 0, sizeof *address);
  if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons(port);
    *length = sizeof address->v4;
    return true;
  }
  if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) != 1) return false;
  address->v6.sin6_family = AF_INET6;
  address->v6.sin6_port = htons(port);
  *length = sizeof address->v6;
  return true;
}

bool set(int fd, int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof value) == 0; }

void read_peer(const Address& address, Path* path) {
  std::memset(path, 0, sizeof *path);
  if (address.any.sa_family == AF_INET) {
    path->family = 4;
    path->port = ntohs(address.v4.sin_port);
    std::memcpy(path->peer, &address.v4.sin_addr, 4);
  } else {
    path->family = 6;
    path->port = ntohs(address.v6.sin6_port);
    path->scope = address.v6.sin6_scope_id;
    std::memcpy(path->peer, &address.v6.sin6_addr, 16);
  }
}

socklen_t write_peer(const Path& path, Address* address) {
  std::memset(address, 0, sizeof *address);
  if (path.family == 4) {
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons(path.port);
    std::memcpy(&address->v4.sin_addr, path.peer, 4);
    return sizeof address->v4;
  }
  address->v6.sin6_family = AF_INET6;
  address->v6.sin6_port = htons(path.port);
  address->v6.sin6_scope_id = path.scope;
  std::memcpy(&address->v6.sin6_addr, path.peer, 16);
  return sizeof address->v6;
}

template <typename Value>
void append_control(msghdr* message, int level, int type, const Value& value) {
  auto* const control = reinterpret_cast<cmsghdr*>(static_cast<uint8_t*>(message->msg_control) + message->msg_controllen);
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(control), &value, sizeof value);
  message->msg_controllen += CMSG_SPACE(sizeof value);
}

void append_source(msghdr* message, const Path& path) {
  if (path.family == 4) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, path.local, 4);
    append_control(message, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, path.local, 16);
    info.ipi6_ifindex = path.scope;
    append_control(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

/// Fills what the control messages tell: the local address and the size of the joined datagrams.
void read_control(msghdr* message, Record* record) {
  for (cmsghdr* control = CMSG_FIRSTHDR(message); control != nullptr; control = CMSG_NXTHDR(message, control)) {
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(control), sizeof info);
      std::memcpy(record->path.local, &info.ipi_addr, 4);
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(control), sizeof info);
      std::memcpy(record->path.local, &info.ipi6_addr, 16);
    } else if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
      int bytes;
      std::memcpy(&bytes, CMSG_DATA(control), sizeof bytes);
      if (bytes > 0) record->segment_bytes = static_cast<uint32_t>(bytes);
    }
  }
}

bool no_room(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS; }

}  // namespace

int bind_udp(const char* host, uint16_t port, int buffer_bytes, bool shared) {
  Address address;
  socklen_t length = 0;
  if (!parse(host, port, &address, &length)) return -EINVAL;
  const int fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  set(fd, SOL_SOCKET, SO_RCVBUF, buffer_bytes);
  set(fd, SOL_SOCKET, SO_SNDBUF, buffer_bytes);
  // QUIC packets must not be fragmented (RFC 9000 §14), and a path's limit is found by loss, not by ICMP that anybody can send.
  if (address.any.sa_family == AF_INET6) {
    set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
  } else {
    set(fd, IPPROTO_IP, IP_PKTINFO, 1);
    set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  }
  if ((!shared || set(fd, SOL_SOCKET, SO_REUSEPORT, 1)) && bind(fd, &address.any, length) == 0) return fd;
  const int error = errno;
  ::close(fd);
  return -error;
}

int port_of(int fd) {
  Address address;
  socklen_t length = sizeof address;
  if (getsockname(fd, &address.any, &length) != 0) return -errno;
  return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

int UdpSocket::open(const char* host, uint16_t port, int buffer_bytes, bool offload) {
  const int fd = bind_udp(host, port, buffer_bytes, false);
  return fd < 0 ? -fd : adopt(fd, offload);
}

int UdpSocket::adopt(int fd, bool offload) {
  fd_ = fd;
  const int port = port_of(fd);
  if (port < 0) {
    close();
    return -port;
  }
  port_ = static_cast<uint16_t>(port);
  // An option that is known can be set; whether the device can segment shows at the first send, see send_joined.
  joins_sends_ = offload && set(fd_, IPPROTO_UDP, UDP_SEGMENT, 0);
  joins_receives_ = offload && set(fd_, IPPROTO_UDP, UDP_GRO, 1);
  return 0;
}

void UdpSocket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

int UdpSocket::receive(uint8_t* buffer, size_t bytes, Record* records) {
  const size_t runs = std::min(kReceivesMax, bytes / kRunBytesMax);
  mmsghdr messages[kReceivesMax];
  iovec pieces[kReceivesMax];
  Address peers[kReceivesMax];
  alignas(cmsghdr) uint8_t controls[kReceivesMax][kControlBytes];
  for (size_t run = 0; run < runs; run++) {
    pieces[run] = {buffer + run * kRunBytesMax, kRunBytesMax};
    messages[run] = {};
    msghdr& message = messages[run].msg_hdr;
    message.msg_name = &peers[run];
    message.msg_namelen = sizeof peers[run];
    message.msg_iov = &pieces[run];
    message.msg_iovlen = 1;
    message.msg_control = controls[run];
    message.msg_controllen = kControlBytes;
  }
  int received;
  do received = recvmmsg(fd_, messages, static_cast<unsigned>(runs), 0, nullptr);
  while (received < 0 && errno == EINTR);
  if (received < 0) return no_room(errno) ? 0 : -errno;
  for (int run = 0; run < received; run++) {
    Record& record = records[run];
    record.offset = static_cast<uint32_t>(static_cast<size_t>(run) * kRunBytesMax);
    record.length = messages[run].msg_len;
    record.segment_bytes = messages[run].msg_len;
    read_peer(peers[run], &record.path);
    read_control(&messages[run].msg_hdr, &record);
  }
  return received;
}

int UdpSocket::send(const uint8_t* buffer, Record* records, int count) {
  int taken = 0;
  // A run that left in part goes on where it stopped.
  while (taken < count && (sent_of_first_ > 0 || !joins_sends_)) {
    if (!send_singly(buffer, records + taken)) return taken;
    taken++;
  }
  while (taken < count) {
    const int sent = send_joined(buffer, records + taken, std::min(count - taken, static_cast<int>(kRecordsMax)));
    taken += sent;
    if (sent > 0) continue;
    if (no_room(errno)) return taken;
    // Whether the device cannot segment, or cannot carry datagrams of that length, shows when they leave one by one: kernels tell both alike.
    const bool may_not_segment = (errno == EIO || errno == EINVAL) && records[taken].length > records[taken].segment_bytes;
    const bool all = send_singly(buffer, records + taken);
    const bool too_long = too_long_ || (all && records[taken].segment_bytes == 0);
    if (may_not_segment && !too_long) joins_sends_ = false;
    if (!all) return taken;
    taken++;
    if (!joins_sends_) return taken + send(buffer, records + taken, count - taken);
  }
  return taken;
}

/// One system call. Returns how many runs it took, or 0 with errno.
int UdpSocket::send_joined(const uint8_t* buffer, const Record* records, int count) {
  mmsghdr messages[kRecordsMax];
  iovec pieces[kRecordsMax];
  Address peers[kRecordsMax];
  alignas(cmsghdr) uint8_t controls[kRecordsMax][kControlBytes];
  for (int run = 0; run < count; run++) {
    const Record& record = records[run];
    pieces[run] = {const_cast<uint8_t*>(buffer) + record.offset, record.length};
    messages[run] = {};
    msghdr& message = messages[run].msg_hdr;
    message.msg_name = &peers[run];
    message.msg_namelen = write_peer(record.path, &peers[run]);
    message.msg_iov = &pieces[run];
    message.msg_iovlen = 1;
    message.msg_control = controls[run];
    append_source(&message, record.path);
    if (record.length > record.segment_bytes) append_control(&message, IPPROTO_UDP, UDP_SEGMENT, static_cast<uint16_t>(record.segment_bytes));
  }
  int sent;
  do sent = sendmmsg(fd_, messages, static_cast<unsigned>(count), 0);
  while (sent < 0 && errno == EINTR);
  return std::max(sent, 0);
}

/// Sends a run datagram by datagram. False: no room now; what left is remembered.
bool UdpSocket::send_singly(const uint8_t* buffer, Record* run) {
  const Record& record = *run;
  Address peer;
  alignas(cmsghdr) uint8_t control[kControlBytes];
  while (sent_of_first_ < record.length) {
    const uint32_t bytes = std::min(record.segment_bytes, record.length - sent_of_first_);
    iovec piece{const_cast<uint8_t*>(buffer) + record.offset + sent_of_first_, bytes};
    msghdr message{};
    message.msg_name = &peer;
    message.msg_namelen = write_peer(record.path, &peer);
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    append_source(&message, record.path);
    if (sendmsg(fd_, &message, 0) < 0) {
      if (errno == EINTR) continue;
      if (no_room(errno)) return false;
      if (errno == EMSGSIZE) too_long_ = true;
    }
    sent_of_first_ += bytes;
  }
  sent_of_first_ = 0;
  if (too_long_) run->segment_bytes = 0;
  too_long_ = false;
  return true;
}

}  // namespace galgo::udp

#endif
