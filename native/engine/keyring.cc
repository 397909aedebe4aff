#include "keyring.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string_view>

#include "hkdf.h"

namespace galgo {
namespace {

constexpr std::string_view kPurpose = "galgo records of a segment, AES-256-GCM";
// 96 bytes each. A poll needs those of the segments that it reads.
constexpr size_t kDerivedKeysMax = 4096;

}  // namespace

Keyring::Keyring(const std::vector<EncryptionKey>& keys, bool encrypts) : keys_(keys) {
  if (keys.empty()) return;
  if (!find_libcrypto(&libcrypto_)) throw std::runtime_error("encryption needs OpenSSL 3, and this process has none");
  if (encrypts) writing_id_ = keys.front().id;
}

Status Keyring::make_name(KeyName* name) const {
  name->id = writing_id_;
  return libcrypto_.RAND_bytes(name->salt.data(), static_cast<int>(name->salt.size())) == 1 ? kOk : kCannotEncrypt;
}

Status Keyring::derive(const KeyName& name, AesKey* key) const {
  {
    const std::lock_guard lock(mutex_);
    const auto known = derived_.find(name);
    if (known != derived_.end()) {
      *key = known->second;
      return kOk;
    }
  }
  const auto configured = std::find_if(keys_.begin(), keys_.end(), [&](const EncryptionKey& candidate) { return candidate.id == name.id; });
  if (configured == keys_.end()) return kCannotDecrypt;
  const std::span purpose(reinterpret_cast<const uint8_t*>(kPurpose.data()), kPurpose.size());
  if (!hkdf_sha256(libcrypto_, configured->key, name.salt, purpose, *key)) return kCannotDecrypt;
  const std::lock_guard lock(mutex_);
  if (derived_.size() >= kDerivedKeysMax) derived_.clear();
  derived_.emplace(name, *key);
  return kOk;
}

}  // namespace galgo
