// OpenSSL's libcrypto, found at run time: Node carries it and exports its functions, so encryption needs neither OpenSSL's headers nor a library to
// link with. A process that has none, such as a test, loads the shared library.
//
// Declared is what is used of <openssl/evp.h>, <openssl/kdf.h> and <openssl/rand.h> of OpenSSL 3, whose binary interface is kept through a major
// version; their opaque types stand here under their tags.
//
// Threads: the functions may be called from any thread, a context by one at a time.
#pragma once

#include <cstddef>
#include <cstdint>

struct evp_cipher_ctx_st;
struct evp_cipher_st;
struct evp_md_st;
struct evp_pkey_ctx_st;

namespace galgo {

struct Libcrypto {
  unsigned long (*OpenSSL_version_num)();
  int (*RAND_bytes)(unsigned char* to, int length);

  const evp_cipher_st* (*EVP_aes_256_gcm)();
  evp_cipher_ctx_st* (*EVP_CIPHER_CTX_new)();
  void (*EVP_CIPHER_CTX_free)(evp_cipher_ctx_st*);
  int (*EVP_CIPHER_CTX_ctrl)(evp_cipher_ctx_st*, int type, int number, void* bytes);
  int (*EVP_CipherInit_ex)(evp_cipher_ctx_st*, const evp_cipher_st*, void* engine, const unsigned char* key, const unsigned char* nonce,
                           int encrypts);
  int (*EVP_CipherUpdate)(evp_cipher_ctx_st*, unsigned char* out, int* out_length, const unsigned char* in, int in_length);
  int (*EVP_CipherFinal_ex)(evp_cipher_ctx_st*, unsigned char* out, int* out_length);

  const evp_md_st* (*EVP_sha256)();
  evp_pkey_ctx_st* (*EVP_PKEY_CTX_new_id)(int id, void* engine);
  void (*EVP_PKEY_CTX_free)(evp_pkey_ctx_st*);
  int (*EVP_PKEY_derive_init)(evp_pkey_ctx_st*);
  int (*EVP_PKEY_CTX_set_hkdf_md)(evp_pkey_ctx_st*, const evp_md_st*);
  int (*EVP_PKEY_CTX_set1_hkdf_salt)(evp_pkey_ctx_st*, const unsigned char* salt, int length);
  int (*EVP_PKEY_CTX_set1_hkdf_key)(evp_pkey_ctx_st*, const unsigned char* key, int length);
  int (*EVP_PKEY_CTX_add1_hkdf_info)(evp_pkey_ctx_st*, const unsigned char* info, int length);
  int (*EVP_PKEY_derive)(evp_pkey_ctx_st*, unsigned char* out, size_t* length);
};

/// False: there is no OpenSSL 3 or newer, neither in the process nor as a shared library.
bool find_libcrypto(Libcrypto* found);

}  // namespace galgo
