// AES-256-GCM (NIST SP 800-38D) in place, with nonces of 96 bits and tags of 128.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "libcrypto.h"

namespace galgo {

inline constexpr size_t kAesKeyBytes = 32;
inline constexpr size_t kGcmNonceBytes = 12;
inline constexpr size_t kGcmTagBytes = 16;

class AesGcm {
 public:
  enum class Direction { kDecrypt = 0, kEncrypt = 1 };

  AesGcm(const Libcrypto& libcrypto, Direction direction);

  /// False, here and below: out of memory, or the library refuses.
  bool set_key(const uint8_t key[kAesKeyBytes]);
  /// A nonce is used once with a key. `associated` is authenticated along with `text`.
  bool encrypt(const uint8_t nonce[kGcmNonceBytes], std::span<const uint8_t> associated, std::span<uint8_t> text, uint8_t tag[kGcmTagBytes]);
  /// False also where key, nonce, `associated`, `text` and `tag` do not belong together: `text` is garbage then.
  bool decrypt(const uint8_t nonce[kGcmNonceBytes], std::span<const uint8_t> associated, std::span<uint8_t> text, const uint8_t tag[kGcmTagBytes]);

 private:
  bool start(const uint8_t* nonce, std::span<const uint8_t> associated, std::span<uint8_t> text);

  const Libcrypto& libcrypto_;
  const int encrypts_;
  const std::unique_ptr<evp_cipher_ctx_st, void (*)(evp_cipher_ctx_st*)> context_;
};

}  // namespace galgo
