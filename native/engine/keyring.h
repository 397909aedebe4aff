// The keys of encryption at rest, as configured, and the keys of segments that are derived from them.
//
// A segment's records are encrypted with a key of its own for each process that writes to it: HKDF-SHA-256 of a configured key, salted with 16 random
// bytes, which every record names beside the configured key's id. So a nonce that counts from 0 never comes twice with a key, whatever a crash made
// of the log, and nothing about nonces has to be stored.
//
// Threads: every function from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

#include "aes_gcm.h"
#include "libcrypto.h"
#include "status.h"

namespace galgo {

using AesKey = std::array<uint8_t, kAesKeyBytes>;

/// A configured key. The id tells keys apart in the records: not zero, not secret.
struct EncryptionKey {
  uint64_t id;
  AesKey key;
};

/// Names the key that a record is encrypted with. Lies in the record's header (record.h).
struct KeyName {
  uint64_t id;
  std::array<uint8_t, 16> salt;

  bool operator==(const KeyName&) const = default;
  bool operator<(const KeyName& other) const { return std::tie(id, salt) < std::tie(other.id, other.salt); }
};

class Keyring {
 public:
  /// `encrypts`: new records are encrypted, with the first key. Throws std::runtime_error if there are keys, but no libcrypto.
  Keyring(const std::vector<EncryptionKey>& keys, bool encrypts);

  /// False: no record can be decrypted.
  bool any() const { return !keys_.empty(); }
  /// Of the key that new records are encrypted with; 0: they are not.
  uint64_t writing_id() const { return writing_id_; }
  /// Only if any().
  const Libcrypto& libcrypto() const { return libcrypto_; }

  /// Names a key that nobody has used. kOk or kCannotEncrypt.
  Status make_name(KeyName* name) const;
  /// kOk, or kCannotDecrypt: no key of that id is configured.
  Status derive(const KeyName& name, AesKey* key) const;

 private:
  Libcrypto libcrypto_{};
  std::vector<EncryptionKey> keys_;
  uint64_t writing_id_ = 0;
  // Deriving takes as long as decrypting 30 KiB.
  mutable std::mutex mutex_;
  mutable std::map<KeyName, AesKey> derived_;
};

}  // namespace galgo
