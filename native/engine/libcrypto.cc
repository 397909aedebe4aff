#include "libcrypto.h"

#include <dlfcn.h>

namespace galgo {
namespace {

constexpr unsigned long kOpenSsl3 = 0x30000000;
// A library with the same names and another version number, such as BoringSSL, is passed over.
constexpr const char* kSharedLibraries[] = {"libcrypto.so.3", "libcrypto.so.4", "libcrypto.3.dylib"};

template <typename Function>
bool find_function(void* library, const char* name, Function** function) {
  *function = reinterpret_cast<Function*>(dlsym(library, name));
  return *function != nullptr;
}

bool find_in(void* library, Libcrypto* found) {
  const auto find = [library](const char* name, auto* function) { return find_function(library, name, function); };
  return find("OpenSSL_version_num", &found->OpenSSL_version_num) && found->OpenSSL_version_num() >= kOpenSsl3 &&
         find("RAND_bytes", &found->RAND_bytes) &&                                    //
         find("EVP_aes_256_gcm", &found->EVP_aes_256_gcm) &&                          //
         find("EVP_CIPHER_CTX_new", &found->EVP_CIPHER_CTX_new) &&                    //
         find("EVP_CIPHER_CTX_free", &found->EVP_CIPHER_CTX_free) &&                  //
         find("EVP_CIPHER_CTX_ctrl", &found->EVP_CIPHER_CTX_ctrl) &&                  //
         find("EVP_CipherInit_ex", &found->EVP_CipherInit_ex) &&                      //
         find("EVP_CipherUpdate", &found->EVP_CipherUpdate) &&                        //
         find("EVP_CipherFinal_ex", &found->EVP_CipherFinal_ex) &&                    //
         find("EVP_sha256", &found->EVP_sha256) &&                                    //
         find("EVP_PKEY_CTX_new_id", &found->EVP_PKEY_CTX_new_id) &&                  //
         find("EVP_PKEY_CTX_free", &found->EVP_PKEY_CTX_free) &&                      //
         find("EVP_PKEY_derive_init", &found->EVP_PKEY_derive_init) &&                //
         find("EVP_PKEY_CTX_set_hkdf_md", &found->EVP_PKEY_CTX_set_hkdf_md) &&        //
         find("EVP_PKEY_CTX_set1_hkdf_salt", &found->EVP_PKEY_CTX_set1_hkdf_salt) &&  //
         find("EVP_PKEY_CTX_set1_hkdf_key", &found->EVP_PKEY_CTX_set1_hkdf_key) &&    //
         find("EVP_PKEY_CTX_add1_hkdf_info", &found->EVP_PKEY_CTX_add1_hkdf_info) &&  //
         find("EVP_PKEY_derive", &found->EVP_PKEY_derive);
}

}  // namespace

bool find_libcrypto(Libcrypto* found) {
  if (find_in(RTLD_DEFAULT, found)) return true;
  for (const char* name : kSharedLibraries) {
    void* const library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    // Never closed again: OpenSSL runs code of its own when the process ends.
    if (library != nullptr && find_in(library, found)) return true;
  }
  return false;
}

}  // namespace galgo
