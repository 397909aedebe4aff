// Records whose frames are encrypted at rest. Everything but the frames stays readable, so that recovery, index and removal need no key, and the
// record keeps its length:
//
//   flags            bit 0 set
//   batch_checksum   XXH3-64 of the encrypted frames
//   108 key_id       u64     of the configured key
//   116 salt         16 B    with it: names the derived key (keyring.h)
//   132 counter      u64     nonce: these 8 bytes, then 4 zeros; counts the records that were encrypted with the derived key
//   140 tag          16 B    of AES-256-GCM over the frames in one piece; header bytes 0..40 and 48..140 are authenticated with them
//
// A tag speaks for all of a record, so reading one message means decrypting its record: larger ones than kEncryptedRecordBytesMax are split before.
//
// Threads: a sealer is its partition owner's, an opener belongs to one reading.
#pragma once

#include <optional>

#include "aes_gcm.h"
#include "keyring.h"
#include "record.h"

namespace galgo {

/// Records of several messages are not larger.
inline constexpr size_t kEncryptedRecordBytesMax = 1 << 20;

/// The id of the key that a record is encrypted with; 0: it is not.
uint64_t encryption_key_id(const uint8_t* record_header);

class RecordSealer {
 public:
  explicit RecordSealer(const Keyring& keys) : keys_(keys) {}

  /// False: records stay as they are.
  bool on() const { return keys_.writing_id() != 0; }
  /// The next records go to the segment that begins at `start`. kOk, kCannotEncrypt.
  Status enter(uint64_t start);
  /// Encrypts the frames of a stamped record where they lie; `info` is of its header and follows. After kCannotEncrypt the record is of no use.
  Status seal(uint8_t* record, RecordInfo* info, uint64_t secret);

 private:
  const Keyring& keys_;
  std::optional<AesGcm> cipher_;  // none before the first segment
  KeyName name_{};
  uint64_t segment_start_ = 0;
  uint64_t counter_ = 0;
};

class RecordOpener {
 public:
  explicit RecordOpener(const Keyring& keys) : keys_(keys) {}

  /// Turns an encrypted record, complete in memory, into what it was when it was stamped; `info` is of its header and follows. kOk; kCannotDecrypt:
  /// the key is not configured, or the record was made by somebody who does not have it. The record is of no use then.
  Status open(uint8_t* record, RecordInfo* info, uint64_t secret);

 private:
  const Keyring& keys_;
  std::optional<AesGcm> cipher_;
  KeyName name_{};  // of the key that the cipher has
};

}  // namespace galgo
