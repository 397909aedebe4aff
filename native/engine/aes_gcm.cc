#include "aes_gcm.h"

#include <algorithm>
#include <climits>

namespace galgo {
namespace {

// EVP_CTRL_AEAD_…
constexpr int kGetTag = 0x10;
constexpr int kSetTag = 0x11;

}  // namespace

AesGcm::AesGcm(const Libcrypto& libcrypto, Direction direction)
    : libcrypto_(libcrypto), encrypts_(static_cast<int>(direction)), context_(libcrypto.EVP_CIPHER_CTX_new(), libcrypto.EVP_CIPHER_CTX_free) {}

bool AesGcm::set_key(const uint8_t key[kAesKeyBytes]) {
  return context_ && libcrypto_.EVP_CipherInit_ex(context_.get(), libcrypto_.EVP_aes_256_gcm(), nullptr, key, nullptr, encrypts_) == 1;
}

bool AesGcm::encrypt(const uint8_t nonce[kGcmNonceBytes], std::span<const uint8_t> associated, std::span<uint8_t> text, uint8_t tag[kGcmTagBytes]) {
  uint8_t nothing[kGcmTagBytes];
  int length = 0;
  return start(nonce, associated, text) && libcrypto_.EVP_CipherFinal_ex(context_.get(), nothing, &length) == 1 &&
         libcrypto_.EVP_CIPHER_CTX_ctrl(context_.get(), kGetTag, kGcmTagBytes, tag) == 1;
}

bool AesGcm::decrypt(const uint8_t nonce[kGcmNonceBytes], std::span<const uint8_t> associated, std::span<uint8_t> text,
                     const uint8_t tag[kGcmTagBytes]) {
  uint8_t expected[kGcmTagBytes];
  std::copy(tag, tag + kGcmTagBytes, expected);
  uint8_t nothing[kGcmTagBytes];
  int length = 0;
  return start(nonce, associated, text) && libcrypto_.EVP_CIPHER_CTX_ctrl(context_.get(), kSetTag, kGcmTagBytes, expected) == 1 &&
         libcrypto_.EVP_CipherFinal_ex(context_.get(), nothing, &length) == 1;
}

bool AesGcm::start(const uint8_t* nonce, std::span<const uint8_t> associated, std::span<uint8_t> text) {
  evp_cipher_ctx_st* const context = context_.get();
  if (context == nullptr || associated.size() > INT_MAX || text.size() > INT_MAX) return false;
  int length = 0;
  return libcrypto_.EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce, encrypts_) == 1 &&
         libcrypto_.EVP_CipherUpdate(context, nullptr, &length, associated.data(), static_cast<int>(associated.size())) == 1 &&
         libcrypto_.EVP_CipherUpdate(context, text.data(), &length, text.data(), static_cast<int>(text.size())) == 1;
}

}  // namespace galgo
