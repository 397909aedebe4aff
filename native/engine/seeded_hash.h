// XXH3-64 with a seed: keys the checksums of files whose stale or foreign blocks must not verify.
#pragma once

#include <cstddef>
#include <cstdint>

namespace galgo {

uint64_t xxh3_64_seeded(const void* data, size_t length, uint64_t seed);

}  // namespace galgo
