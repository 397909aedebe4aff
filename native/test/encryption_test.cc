// Encryption at rest: the library that it rests on, records in memory, and partitions over changes of the key.
#include <set>

#include "../engine/aes_gcm.h"
#include "../engine/encrypted_record.h"
#include "../engine/hkdf.h"
#include "../engine/record_fields.h"
#include "engine_fixture.h"
#include "faulty_file_system.h"
#include "hex.h"

namespace galgo::test {
namespace {

constexpr Generation kBoth[] = {Generation::kClassic, Generation::kVsr};

Libcrypto libcrypto() {
  Libcrypto found{};
  EXPECT_TRUE(find_libcrypto(&found)) << "OpenSSL 3 is not installed";
  return found;
}

// -- The library ---------------------------------------------------------------------------------------------------------------------------

struct GcmVector {
  const char *key, *nonce, *associated, *plain, *encrypted, *tag;
};

// Cases 13, 14 and 16 of McGrew and Viega, The Galois/Counter Mode of Operation, which NIST SP 800-38D specifies.
const GcmVector kGcmVectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"}};

TEST(AesGcm, GivesThePublishedAnswers) {
  const Libcrypto library = libcrypto();
  for (const GcmVector& vector : kGcmVectors) {
    const Bytes key = from_hex(vector.key);
    const Bytes nonce = from_hex(vector.nonce);
    const Bytes associated = from_hex(vector.associated);
    Bytes text = from_hex(vector.plain);
    Bytes tag(kGcmTagBytes);
    AesGcm encrypt(library, AesGcm::Direction::kEncrypt);
    AesGcm decrypt(library, AesGcm::Direction::kDecrypt);
    ASSERT_TRUE(encrypt.set_key(key.data()) && decrypt.set_key(key.data()));
    // A context serves for many texts.
    for (int round = 0; round < 2; ++round) {
      ASSERT_TRUE(encrypt.encrypt(nonce.data(), associated, text, tag.data()));
      EXPECT_EQ(text, from_hex(vector.encrypted));
      EXPECT_EQ(tag, from_hex(vector.tag));
      ASSERT_TRUE(decrypt.decrypt(nonce.data(), associated, text, tag.data()));
      EXPECT_EQ(text, from_hex(vector.plain));
    }
    tag[0] ^= 1;
    Bytes forged = from_hex(vector.encrypted);
    EXPECT_FALSE(decrypt.decrypt(nonce.data(), associated, forged, tag.data()));
  }
}

TEST(Hkdf, GivesThePublishedAnswers) {
  const Libcrypto library = libcrypto();
  const auto counting = [](uint8_t first, size_t length) {
    Bytes bytes(length);
    for (size_t i = 0; i < length; ++i) bytes[i] = static_cast<uint8_t>(first + i);
    return bytes;
  };
  // RFC 5869, A.1 and A.2.
  Bytes out(42);
  ASSERT_TRUE(hkdf_sha256(library, Bytes(22, 0x0b), counting(0, 13), counting(0xf0, 10), out));
  EXPECT_EQ(out, from_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"));
  out.resize(82);
  ASSERT_TRUE(hkdf_sha256(library, counting(0, 80), counting(0x60, 80), counting(0xb0, 80), out));
  EXPECT_EQ(out, from_hex("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                          "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"));
}

// -- Records -------------------------------------------------------------------------------------------------------------------------------

constexpr uint64_t kSecret = 77;

class EncryptedRecord : public ::testing::Test {
 protected:
  EncryptedRecord() {
    plain = build_batch({{.payload = "a payload to be hidden", .user_headers = "headers to be hidden"}, {.payload = std::string(5000, 'x')}});
    EXPECT_EQ(check_batch_layout(plain.data(), plain.size(), 2, &info), kOk);
    stamp_record(plain.data(), info, 0,
                 {.partition_id = 7, .base_offset = 40, .base_timestamp = 9, .incarnation = kIncarnation, .secret = kSecret, .producer = {}});
    EXPECT_EQ(read_record_header(plain.data(), kSecret, kIncarnation, &info), HeaderCheck::kValid);
  }

  Bytes sealed(RecordSealer& sealer) {
    Bytes record = plain;
    RecordInfo sealed_info = info;
    EXPECT_EQ(sealer.seal(record.data(), &sealed_info, kSecret), kOk);
    EXPECT_EQ(sealed_info.flags, kRecordEncrypted);
    return record;
  }
  static Status open(Bytes& record, const Keyring& keys) {
    RecordInfo read;
    if (read_record_header(record.data(), kSecret, kIncarnation, &read) != HeaderCheck::kValid) return kInvalidMessageChecksum;
    if (read.batch_length != record.size()) return kInvalidMessageChecksum;
    if (!verify_record_body(record.data(), read)) return kInvalidMessageChecksum;
    RecordOpener opener(keys);
    return opener.open(record.data(), &read, kSecret);
  }

  Bytes plain;
  RecordInfo info{};
};

TEST_F(EncryptedRecord, KeepsItsLengthAndComesBackAsItWas) {
  const Keyring keys({test_key(1)}, true);
  RecordSealer sealer(keys);
  ASSERT_TRUE(sealer.on());
  ASSERT_EQ(sealer.enter(40), kOk);
  Bytes record = sealed(sealer);
  ASSERT_EQ(record.size(), plain.size());
  EXPECT_EQ(encryption_key_id(record.data()), 1u);
  EXPECT_EQ(encryption_key_id(plain.data()), 0u);
  // Of 5116 encrypted bytes some are what they were by chance; three in a row of those that are told apart here are not.
  const std::string text(record.begin(), record.end());
  for (const char* hidden : {"payload", "headers", "xxx"}) EXPECT_EQ(text.find(hidden), std::string::npos);
  ASSERT_EQ(open(record, keys), kOk);
  EXPECT_EQ(record, plain);
}

TEST_F(EncryptedRecord, IsVerifiedWithoutAKeyAndNotDecryptedWithoutTheRightOne) {
  const Keyring keys({test_key(1)}, true);
  RecordSealer sealer(keys);
  ASSERT_EQ(sealer.enter(40), kOk);
  const Bytes record = sealed(sealer);
  RecordInfo read;
  ASSERT_EQ(read_record_header(record.data(), kSecret, kIncarnation, &read), HeaderCheck::kValid);
  EXPECT_TRUE(verify_record_body(record.data(), read));
  Bytes copy = record;
  EXPECT_EQ(open(copy, Keyring({}, false)), kCannotDecrypt);
  EXPECT_EQ(open(copy, Keyring({test_key(2)}, true)), kCannotDecrypt);
  EXPECT_EQ(copy, record);
  EncryptionKey other = test_key(1);
  other.key[31] ^= 1;
  EXPECT_EQ(open(copy, Keyring({other}, true)), kCannotDecrypt);
  copy = record;
  EXPECT_EQ(open(copy, Keyring({test_key(3), test_key(2), test_key(1)}, true)), kOk);
  EXPECT_EQ(copy, plain);
}

TEST_F(EncryptedRecord, ChangesOfAnyByteAreFoundAlsoIfTheChecksumsAreMadeRight) {
  const Keyring keys({test_key(1)}, true);
  RecordSealer sealer(keys);
  ASSERT_EQ(sealer.enter(40), kOk);
  const Bytes record = sealed(sealer);
  for (size_t at = 0; at < record.size(); at += at < 400 ? 1 : 97) {
    Bytes changed = record;
    changed[at] ^= 0x20;
    EXPECT_EQ(open(changed, keys), kInvalidMessageChecksum) << at;
    if (at >= header::kZero && at < kRecordHeaderBytes) continue;
    // Somebody who has the data folder, and so the partition's secret, but not the key.
    changed = record;
    changed[at] ^= 0x20;
    if (at >= kRecordHeaderBytes)
      store64(changed.data() + header::kBatchChecksum, xxh3_64(changed.data() + kRecordHeaderBytes, changed.size() - kRecordHeaderBytes));
    stamp_header_checksum(changed.data(), kSecret);
    EXPECT_NE(open(changed, keys), kOk) << at;
  }
}

TEST_F(EncryptedRecord, NoNonceComesTwiceWithAKey) {
  const Keyring keys({test_key(1)}, true);
  std::set<Bytes> used;
  const auto note = [&](const Bytes& record) { return used.emplace(record.begin() + header::kKeyId, record.begin() + header::kTag).second; };
  for (int process = 0; process < 3; ++process) {
    RecordSealer sealer(keys);
    for (const uint64_t segment : {0, 40, 0}) {
      ASSERT_EQ(sealer.enter(segment), kOk);
      // Each of these may have been written and cut off again.
      for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(sealer.enter(segment), kOk);
        EXPECT_TRUE(note(sealed(sealer)));
      }
    }
  }
  EXPECT_EQ(used.size(), 27u);
}

// -- Partitions ----------------------------------------------------------------------------------------------------------------------------

class Encryption : public EngineTest {
 protected:
  Encryption() { use({test_key(1)}); }

  void use(std::vector<EncryptionKey> keys, bool encrypts = true) {
    p.options.encryption_keys = std::move(keys);
    p.options.encrypts = encrypts;
  }

  std::vector<std::filesystem::path> log_paths() const {
    std::vector<std::filesystem::path> paths;
    for (const std::string& name : p.files(".log")) paths.push_back(std::filesystem::path(p.directory) / name);
    return paths;
  }
  /// The records of all logs, one after the other.
  std::vector<Bytes> records() const {
    std::vector<Bytes> all;
    for (const auto& path : log_paths()) {
      const Bytes log = read_whole(path);
      for (size_t at = 0; at + 256 <= log.size() && load64(&log[at + 32]) >= 256;) {
        const auto begin = log.begin() + static_cast<std::ptrdiff_t>(at);
        at += load64(&log[at + 32]);
        all.emplace_back(begin, log.begin() + static_cast<std::ptrdiff_t>(std::min(at, log.size())));
      }
    }
    return all;
  }
  /// The keys that segments begin with, and that all their records have.
  std::vector<uint64_t> keys_of_segments() const {
    std::vector<uint64_t> keys;
    for (const auto& path : log_paths()) {
      const Bytes log = read_whole(path);
      if (log.size() < 256 || load64(&log[32]) == 0) continue;
      keys.push_back(encryption_key_id(log.data()));
      for (size_t at = 0; at + 256 <= log.size() && load64(&log[at + 32]) >= 256; at += load64(&log[at + 32])) {
        EXPECT_EQ(encryption_key_id(&log[at]), keys.back());
      }
    }
    return keys;
  }
  void expect_delivered(const std::vector<Message>& sent) {
    for (const Generation generation : kBoth) {
      const Polled polled = p.poll_all(generation);
      ASSERT_EQ(polled.completion.status, kOk);
      ASSERT_EQ(polled.offsets(), range(0, sent.size()));
      for (size_t i = 0; i < sent.size(); ++i) {
        ASSERT_EQ(polled.messages[i].payload, sent[i].payload) << i;
        ASSERT_EQ(polled.messages[i].user_headers, sent[i].user_headers) << i;
        ASSERT_EQ(load64(polled.messages[i].id.data()), sent[i].id) << i;
        ASSERT_EQ(polled.messages[i].origin_timestamp, sent[i].origin_timestamp) << i;
      }
    }
  }
};

TEST_F(Encryption, NothingThatWasSentIsInAnyFile) {
  p.partition.id_entries_max = 100;
  p.partition.segment_bytes = 64 * 1024;
  p.open_ready();
  const std::string marker = "never to be seen on a disk";
  std::vector<Message> messages = uniform_messages(40, 900);
  for (Message& message : messages) {
    message.payload += marker + message.payload;
    message.user_headers = marker;
    message.id += 0x1122'3344'5566'0000;
  }
  for (const Generation generation : kBoth) {
    ASSERT_EQ(p.append(messages, generation).status, kOk);
    for (Message& message : messages) message.id += 1000;
    ASSERT_EQ(p.append({messages[0]}, generation).status, kOk);
    for (Message& message : messages) message.id += 1000;
  }
  ASSERT_EQ(p.store_offset(1, 3), kOk);
  ASSERT_EQ(p.close().status, kOk);
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(p.directory)) {
    const Bytes bytes = read_whole(entry.path());
    const std::string text(bytes.begin(), bytes.end());
    EXPECT_EQ(text.find(marker), std::string::npos) << entry.path();
    EXPECT_EQ(text.find("\x66\x55\x44\x33\x22\x11"), std::string::npos) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 6u);
  p.open_ready();
  EXPECT_EQ(p.poll_all().messages.size(), 82u);
}

TEST_F(Encryption, LargeBatchesAreSplitAndReadInPieces) {
  p.options.buffer_bytes_max = 512ull << 20;
  p.open_ready();
  std::vector<Message> messages = uniform_messages(5000, 1000);
  messages[2000].payload = std::string(3 << 20, 'l');  // a record of its own
  ASSERT_EQ(p.append(messages).status, kOk);
  size_t large = 0;
  for (const Bytes& record : records()) {
    if (record.size() <= kEncryptedRecordBytesMax) continue;
    EXPECT_EQ(load32(&record[48]), 1u);
    ++large;
  }
  EXPECT_EQ(large, 1u);
  EXPECT_EQ(records().size(), 6u);
  for (const bool again : {false, true}) {
    if (again) p.open_ready();
    expect_delivered(messages);
    for (const Generation generation : kBoth) {
      for (const uint64_t from : {0, 1, 999, 1999, 2000, 2001, 4999}) {
        for (const uint32_t count : {1u, 3u, 1500u}) {
          const uint64_t before = p.stats().read_bytes;
          const Polled polled = p.poll({.value = from, .count = count, .generation = generation});
          ASSERT_EQ(polled.offsets(), range(from, std::min<uint64_t>(from + count, 5000))) << from;
          EXPECT_EQ(polled.messages[0].payload, messages[from].payload);
          if (count == 1 && from != 2000) {
            EXPECT_LE(p.stats().read_bytes - before, kEncryptedRecordBytesMax + 4096);
          }
        }
      }
      const Polled capped = p.poll({.value = 1990, .count = 5000, .generation = generation, .bytes_max = 100'000});
      EXPECT_LE(capped.messages.size(), 11u);
      EXPECT_EQ(capped.offsets().front(), 1990u);
    }
  }
  const uint64_t stamped = p.poll({.value = 4999, .count = 1}).messages[0].timestamp;
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kTimestamp, .value = stamped, .count = 1}).offsets(), range(0, 1));
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kLast, .count = 2}).offsets(), range(4998, 5000));
}

TEST_F(Encryption, TheCallingThreadDecryptsLittle) {
  for (const bool encrypts : {true, false}) {
    if (!encrypts) {
      p.purge();
      use({}, false);
    }
    p.open_ready();
    ASSERT_EQ(p.append(uniform_messages(900, 1000)).status, kOk);
    ASSERT_EQ(p.append(uniform_messages(400, 1000)).status, kOk);
    EXPECT_EQ(p.poll({.value = 0, .count = 900}).queued, encrypts);
    const Polled small = p.poll({.value = 900, .count = 400});
    EXPECT_EQ(small.messages.size(), 400u);
    EXPECT_FALSE(small.queued);
  }
}

// Plain ones too: what a 0.8 client sends at once may become several records.
TEST_F(Encryption, ABatchOfSeveralRecordsIsRecoveredWholeOrNotAtAll) {
  for (const bool encrypts : {true, false}) {
    for (const bool torn_in_first_record : {true, false}) {
      const TemporaryFolder own;
      OnePartition q((own.path() / "0").string());
      q.options.encryption_keys = {test_key(1)};
      q.options.encrypts = encrypts;
      q.open_ready();
      ASSERT_EQ(q.append(uniform_messages(3, 10)).status, kOk);
      const uint64_t before = q.stats().stored_bytes;
      ASSERT_EQ(q.append(uniform_messages(2500, 1000), encrypts ? Generation::kVsr : Generation::kClassic).status, kOk);
      const uint64_t after = q.stats().stored_bytes;
      ASSERT_GT(after - before, 2u << 20);
      q.engine.reset();
      const auto log = std::filesystem::path(q.directory) / q.files(".log").front();
      std::filesystem::resize_file(log, torn_in_first_record ? before + 5000 : after - 1);
      q.open_ready();
      EXPECT_EQ(q.poll_all().offsets(), range(0, 3));
      EXPECT_EQ(q.stats().stored_bytes, before);
      ASSERT_EQ(q.append(uniform_messages(1, 10)).first_offset, 3u);
      q.open_ready();
      EXPECT_EQ(q.poll_all().offsets(), range(0, 4));
    }
  }
}

TEST_F(Encryption, EachSegmentHasOneKeyAndAllAreReadWithTheKeysBefore) {
  std::vector<Message> sent;
  const auto append = [&](Generation generation) {
    std::vector<Message> messages = uniform_messages(3, 200);
    for (Message& message : messages) message.id += sent.size();
    ASSERT_EQ(p.append(messages, generation).status, kOk);
    sent.insert(sent.end(), messages.begin(), messages.end());
  };
  const auto continue_with = [&](std::vector<EncryptionKey> keys, bool encrypts) {
    use(std::move(keys), encrypts);
    p.open_ready();
    append(Generation::kVsr);
    append(Generation::kClassic);
    expect_delivered(sent);
  };
  continue_with({}, false);
  continue_with({test_key(1)}, true);
  continue_with({test_key(1)}, true);
  continue_with({test_key(2), test_key(1)}, true);
  EXPECT_EQ(keys_of_segments(), (std::vector<uint64_t>{0, 1, 2}));
  continue_with({test_key(2), test_key(1)}, false);
  EXPECT_EQ(keys_of_segments(), (std::vector<uint64_t>{0, 1, 2, 0}));
  ASSERT_EQ(p.close().status, kOk);

  // Without the oldest key: what is its own is refused, the rest is served.
  use({test_key(2)}, false);
  p.open_ready();
  EXPECT_EQ(p.poll({.value = 6}).completion.status, kCannotDecrypt);
  EXPECT_EQ(p.poll({.value = 0, .count = 6}).offsets(), range(0, 6));
  EXPECT_EQ(p.poll({.value = 18}).offsets(), range(18, 30));
  ASSERT_EQ(p.delete_segments(2).count, 2u);
  EXPECT_EQ(p.poll_all().offsets(), range(18, 30));
}

TEST_F(Encryption, RecoveryNeedsNoKey) {
  p.partition.segment_bytes = 4096;
  p.open_ready();
  for (int i = 0; i < 5; ++i) ASSERT_EQ(p.append(uniform_messages(3, 700)).status, kOk);
  p.engine.reset();
  for (const std::string& name : p.files(".index")) std::filesystem::remove(std::filesystem::path(p.directory) / name);
  const std::vector<Bytes> before = records();
  use({}, false);
  p.open_ready();
  EXPECT_EQ(p.stats().next_offset, 15u);
  for (const Generation generation : kBoth) EXPECT_EQ(p.poll_all(generation).completion.status, kCannotDecrypt);
  EXPECT_EQ(p.poll({.strategy = PollStrategy::kTimestamp, .value = UINT64_MAX}).completion.status, kOk);
  EXPECT_EQ(records(), before);
}

TEST_F(Encryption, NoncesOfFailedWritesAreNotUsedAgain) {
  FaultyFileSystem disk;
  p.options.file_system = &disk;
  for (int process = 0; process < 3; ++process) {
    p.open_ready();
    ASSERT_EQ(p.append(uniform_messages(1, 100)).status, kOk);
    disk.log_write_error = EIO;
    EXPECT_NE(p.append(uniform_messages(1, 100)).status, kOk);
    disk.log_write_error = 0;
    ASSERT_EQ(p.append(uniform_messages(1, 100)).status, kOk);
  }
  ASSERT_EQ(records().size(), 6u);
  std::set<Bytes> salts;
  for (size_t i = 0; i < 6; ++i) {
    const Bytes record = records()[i];
    EXPECT_EQ(load64(&record[132]), i % 2 == 0 ? 0u : 2u);
    salts.emplace(record.begin() + 116, record.begin() + 132);
  }
  EXPECT_EQ(salts.size(), 3u);
  ASSERT_EQ(p.purge().status, kOk);
  ASSERT_EQ(p.append(uniform_messages(1, 100)).status, kOk);
  const Bytes after_purge = records().at(0);
  EXPECT_TRUE(!salts.contains(Bytes(after_purge.begin() + 116, after_purge.begin() + 132)) || load64(&after_purge[132]) > 2);
  p.engine.reset();  // in front of its disk
}

}  // namespace
}  // namespace galgo::test
