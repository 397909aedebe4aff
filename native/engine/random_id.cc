// Message ids made by the server: xoshiro256** (Blackman and Vigna, 2018), one generator a thread, so that threads neither lock nor share a cache
// line.
#include <unistd.h>

#include <bit>
#include <chrono>
#include <cstring>

#include "record.h"

namespace galgo {
namespace {

class Xoshiro256 {
 public:
  Xoshiro256() {
    // Where the kernel refuses (a seccomp filter), time and place still make ids of different threads and processes differ.
    if (getentropy(state_, sizeof state_) != 0) {
      const uint64_t here[3] = {static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()), reinterpret_cast<uintptr_t>(this),
                                static_cast<uint64_t>(getpid())};
      for (uint64_t i = 0; i < 4; i++) state_[i] = xxh3_64_keyed(here, sizeof here, i);
    }
    state_[0] |= 1;  // the all-zero state would stay zero
  }

  uint64_t next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

 private:
  uint64_t state_[4];
};

}  // namespace

void random_id(uint8_t out[16]) {
  thread_local Xoshiro256 generator;
  store64(out, generator.next());
  store64(out + 8, generator.next());
  out[6] = static_cast<uint8_t>((out[6] & 0x0F) | 0x40);
  out[8] = static_cast<uint8_t>((out[8] & 0x3F) | 0x80);
}

}  // namespace galgo
