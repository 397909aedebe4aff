// A UDP socket that moves many datagrams with one system call.
//
// Received datagrams of one sender that follow each other arrive joined (UDP_GRO), and datagrams to one peer leave joined (UDP_SEGMENT), where the
// kernel can; else one by one, with recvmmsg and sendmmsg in both cases. What crosses this interface is the same either way: a record is a run of
// datagrams, all of `segment_bytes` but the last, which may be shorter.
//
// Threads: one, the caller's; no call waits. The object owns the descriptor and closes it; all buffers are the caller's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace galgo::udp {

/// Both ends of a datagram's way. The local address is kept because a socket on the wildcard address must answer from the address that was written
/// to.
struct Path {
  uint16_t family;   // 4 or 6
  uint16_t port;     // of the peer
  uint32_t scope;    // IPv6 scope id of the peer, else 0
  uint8_t peer[16];  // in network order; IPv4 takes the first four bytes, the others are zero
  uint8_t local[16];
};

struct Record {
  uint32_t offset;  // in the buffer
  uint32_t length;  // of the whole run
  uint32_t segment_bytes;
  Path path;
};

static_assert(sizeof(Record) == 52);

inline constexpr size_t kRecordsMax = 64;
/// Room for one received run. The longest is an unsegmented IPv6 payload.
inline constexpr size_t kRunBytesMax = 64 * 1024;
/// Longest run that leaves with one segmented send: an IPv4 payload, and the kernel's count of segments.
inline constexpr size_t kSendRunBytesMax = 65'507;
inline constexpr size_t kSegmentsMax = 64;

/// Makes a socket and binds it to a numeric address; one that is `shared` lets others that are shared bind to the same address. Returns a descriptor,
/// or a negative errno.
int bind_udp(const char* host, uint16_t port, int buffer_bytes, bool shared);
/// The port that a socket is bound to, or a negative errno.
int port_of(int fd);

class UdpSocket {
 public:
  UdpSocket() = default;
  ~UdpSocket() { close(); }
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  /// Binds to a numeric address. Returns 0 or an errno. `buffer_bytes` is asked of the kernel for each direction, which may give less.
  int open(const char* host, uint16_t port, int buffer_bytes, bool offload);
  /// Takes over a descriptor that `bind_udp` made. Returns 0 or an errno; the descriptor is this object's either way.
  int adopt(int fd, bool offload);
  void close();

  int fd() const { return fd_; }
  uint16_t port() const { return port_; }
  bool joins_sends() const { return joins_sends_; }
  bool joins_receives() const { return joins_receives_; }

  /// Receives up to `bytes / kRunBytesMax` runs. Returns how many, 0 if nothing has arrived, or a negative errno.
  int receive(uint8_t* buffer, size_t bytes, Record* records);

  /// Sends runs in order. Returns how many were taken: fewer than `count` if the kernel has no room now. What a peer's network refuses counts as
  /// taken: it is lost, as datagrams may be. A run of datagrams that are longer than the device carries is taken with `segment_bytes` set to 0.
  int send(const uint8_t* buffer, Record* records, int count);

 private:
  int send_joined(const uint8_t* buffer, const Record* records, int count);
  bool send_singly(const uint8_t* buffer, Record* record);

  int fd_ = -1;
  uint16_t port_ = 0;
  bool joins_sends_ = false;
  bool joins_receives_ = false;
  /// The first run not sent yet has a datagram that is too long for the device.
  bool too_long_ = false;
  /// Bytes of the first run not sent yet that left before the kernel had no more room.
  uint32_t sent_of_first_ = 0;
};

}  // namespace galgo::udp
