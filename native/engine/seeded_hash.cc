#include "seeded_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace galgo {

uint64_t xxh3_64_seeded(const void* data, size_t length, uint64_t seed) { return XXH3_64bits_withSeed(data, length, seed); }

}  // namespace galgo
