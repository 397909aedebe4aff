// HKDF with SHA-256 (RFC 5869).
//
// Threads: any.
#pragma once

#include <cstdint>
#include <span>

#include "libcrypto.h"

namespace galgo {

/// Fills `out` (at most 255 × 32 bytes). False: out of memory, or the library refuses.
bool hkdf_sha256(const Libcrypto& libcrypto, std::span<const uint8_t> key, std::span<const uint8_t> salt, std::span<const uint8_t> info,
                 std::span<uint8_t> out);

}  // namespace galgo
