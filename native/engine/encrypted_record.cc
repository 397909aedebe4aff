#include "encrypted_record.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "record_fields.h"

namespace galgo {
namespace {

using Nonce = std::array<uint8_t, kGcmNonceBytes>;
/// All of the header in front of the tag, but the checksum of what is encrypted.
using Associated = std::array<uint8_t, header::kTag - sizeof(uint64_t)>;

Nonce nonce_of(uint64_t counter) {
  Nonce nonce{};
  store64(nonce.data(), counter);
  return nonce;
}

Associated associated_of(const uint8_t* record) {
  Associated bytes;
  const auto rest = std::copy_n(record, header::kBatchChecksum, bytes.begin());
  std::copy(record + header::kMessageCount, record + header::kTag, rest);
  return bytes;
}

std::span<uint8_t> frames_of(uint8_t* record, const RecordInfo& info) {
  return {record + kRecordHeaderBytes, static_cast<size_t>(info.batch_length - kRecordHeaderBytes)};
}

bool frames_tile(std::span<const uint8_t> frames, uint32_t count) {
  size_t at = 0;
  for (; count > 0; --count) {
    if (frames.size() - at < kFrameHeaderBytes || frames.size() - at < frame_bytes(&frames[at])) return false;
    at += frame_bytes(&frames[at]);
  }
  return at == frames.size();
}

void store_flags(uint8_t* record, uint16_t flags) { std::memcpy(record + header::kFlags, &flags, sizeof flags); }

}  // namespace

uint64_t encryption_key_id(const uint8_t* record_header) {
  return (record_header[header::kFlags] & kRecordEncrypted) != 0 ? load64(record_header + header::kKeyId) : 0;
}

Status RecordSealer::enter(uint64_t start) {
  if (cipher_ && start == segment_start_) return kOk;
  cipher_.reset();
  AesKey key;
  Status status = keys_.make_name(&name_);
  if (status == kOk) status = keys_.derive(name_, &key);
  if (status != kOk) return kCannotEncrypt;
  cipher_.emplace(keys_.libcrypto(), AesGcm::Direction::kEncrypt);
  segment_start_ = start;
  counter_ = 0;
  if (cipher_->set_key(key.data())) return kOk;
  cipher_.reset();
  return kCannotEncrypt;
}

Status RecordSealer::seal(uint8_t* record, RecordInfo* info, uint64_t secret) {
  info->flags |= kRecordEncrypted;
  store_flags(record, info->flags);
  store64(record + header::kKeyId, name_.id);
  std::copy(name_.salt.begin(), name_.salt.end(), record + header::kSalt);
  store64(record + header::kCounter, counter_);
  const Nonce nonce = nonce_of(counter_++);
  const std::span<uint8_t> frames = frames_of(record, *info);
  if (!cipher_ || !cipher_->encrypt(nonce.data(), associated_of(record), frames, record + header::kTag)) return kCannotEncrypt;
  store64(record + header::kBatchChecksum, xxh3_64(frames.data(), frames.size()));
  stamp_header_checksum(record, secret);
  return kOk;
}

Status RecordOpener::open(uint8_t* record, RecordInfo* info, uint64_t secret) {
  KeyName name{.id = load64(record + header::kKeyId), .salt = {}};
  std::copy_n(record + header::kSalt, name.salt.size(), name.salt.begin());
  if (!cipher_ || name != name_) {
    cipher_.reset();
    AesKey key;
    const Status status = keys_.derive(name, &key);
    if (status != kOk) return status;
    cipher_.emplace(keys_.libcrypto(), AesGcm::Direction::kDecrypt);
    if (!cipher_->set_key(key.data())) {
      cipher_.reset();
      return kCannotDecrypt;
    }
    name_ = name;
  }
  const Nonce nonce = nonce_of(load64(record + header::kCounter));
  const std::span<uint8_t> frames = frames_of(record, *info);
  if (!cipher_->decrypt(nonce.data(), associated_of(record), frames, record + header::kTag)) return kCannotDecrypt;
  // Whoever has the key may still have written anything; what follows walks the frames.
  if (!frames_tile(frames, info->message_count)) return kCannotDecrypt;
  info->flags = static_cast<uint16_t>(info->flags & ~kRecordEncrypted);
  store_flags(record, info->flags);
  std::memset(record + header::kKeyId, 0, header::kZero - header::kKeyId);
  store64(record + header::kBatchChecksum, batch_checksum(record, frames.data(), frames.data() + frames.size()));
  stamp_header_checksum(record, secret);
  return kOk;
}

}  // namespace galgo
