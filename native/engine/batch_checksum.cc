// The batch checksum: its input is scattered over the frames, so it is gathered in chunks. Batches up to about 500 messages are hashed in one call.
#define XXH_INLINE_ALL
#include <cstring>

#include "record_fields.h"
#include "xxhash.h"

namespace galgo {

uint64_t batch_checksum(const uint8_t* record_header, const uint8_t* frames, const uint8_t* frames_end) {
  uint8_t gathered[4096];
  std::memcpy(gathered, record_header, header::kBatchChecksum);
  std::memcpy(gathered + header::kBatchChecksum, record_header + header::kMessageCount, 4);
  size_t used = header::kBatchChecksum + 4;
  XXH3_state_t state;
  bool streaming = false;
  for (const uint8_t* frame = frames; frame < frames_end; frame += frame_bytes(frame)) {
    if (used + 8 > sizeof gathered) {
      if (!streaming) XXH3_64bits_reset(&state);
      streaming = true;
      XXH3_64bits_update(&state, gathered, used);
      used = 0;
    }
    std::memcpy(gathered + used, frame + frame::kChecksum, 8);
    used += 8;
  }
  if (!streaming) return xxh3_64(gathered, used);
  XXH3_64bits_update(&state, gathered, used);
  return XXH3_64bits_digest(&state);
}

}  // namespace galgo
