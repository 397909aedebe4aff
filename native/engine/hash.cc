// XXH3 and XXH32 from the xxHash sources, with AVX2 chosen at run time where the processor has it (twice SSE2 on inputs above 240 bytes).
#include "record.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
// AVX-512 gains little over AVX2 on messages, and lowers the clock of some processors.
#define XXH_DISPATCH_AVX512 0
#include "xxh_x86dispatch.c"
#define GALGO_XXH3(data, length) XXH3_64bits_dispatch(data, length)
#define GALGO_XXH3_SEEDED(data, length, seed) XXH3_64bits_withSeed_dispatch(data, length, seed)
#else
#define XXH_INLINE_ALL
#include "xxhash.h"
#define GALGO_XXH3(data, length) XXH3_64bits(data, length)
#define GALGO_XXH3_SEEDED(data, length, seed) XXH3_64bits_withSeed(data, length, seed)
#endif

namespace galgo {

uint64_t xxh3_64(const void* data, size_t length) { return GALGO_XXH3(data, length); }

uint64_t xxh3_64_keyed(const void* data, size_t length, uint64_t seed) { return GALGO_XXH3_SEEDED(data, length, seed); }

uint32_t xxh32(const void* data, size_t length) { return XXH32(data, length, 0); }

}  // namespace galgo
