#include "hkdf.h"

#include <memory>

namespace galgo {
namespace {

constexpr int kHkdf = 1036;  // EVP_PKEY_HKDF

}  // namespace

bool hkdf_sha256(const Libcrypto& libcrypto, std::span<const uint8_t> key, std::span<const uint8_t> salt, std::span<const uint8_t> info,
                 std::span<uint8_t> out) {
  const std::unique_ptr<evp_pkey_ctx_st, void (*)(evp_pkey_ctx_st*)> owner(libcrypto.EVP_PKEY_CTX_new_id(kHkdf, nullptr),
                                                                           libcrypto.EVP_PKEY_CTX_free);
  evp_pkey_ctx_st* const context = owner.get();
  size_t length = out.size();
  return context != nullptr && libcrypto.EVP_PKEY_derive_init(context) == 1 &&
         libcrypto.EVP_PKEY_CTX_set_hkdf_md(context, libcrypto.EVP_sha256()) == 1 &&
         libcrypto.EVP_PKEY_CTX_set1_hkdf_salt(context, salt.data(), static_cast<int>(salt.size())) == 1 &&
         libcrypto.EVP_PKEY_CTX_set1_hkdf_key(context, key.data(), static_cast<int>(key.size())) == 1 &&
         libcrypto.EVP_PKEY_CTX_add1_hkdf_info(context, info.data(), static_cast<int>(info.size())) == 1 &&
         libcrypto.EVP_PKEY_derive(context, out.data(), &length) == 1 && length == out.size();
}

}  // namespace galgo
