#include "../engine/record.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <thread>

#include "batch_builder.h"
#include "hex.h"

namespace galgo::test {
namespace {

// Golden vectors V14 (as a producer sends it) and V17 (the same batch as a poll returns it): iggy_binary_protocol 0.11.0.
const std::string kZeros(408, '0');  // bytes 52..256
const std::string kSentHeader = "000000000000000000000000000000000000000000000000e8030000000000008c01000000000000a91f38c86307267c02000000";
const std::string kServedHeader = "030000000000000064000000000000008813000000000000e8030000000000008c01000000000000c96826b38a8feed202000000";
const std::string kFrames =
    "bfd2b9205a759675070000000000000000000000000000000000000000000000000000000d000000000000000000000066697273742d7061796c6f6164"
    "d66b7e1c758eb7c0080000000000000000000000000000000100000032000000110000000e00000000000000000000007365636f6e642d7061796c6f6164"
    "757365722d6865616465722d6279746573";

constexpr uint64_t kSecret = 0x1234'5678'9ABC'DEF0;
constexpr uint64_t kIncarnation = 77;

Stamp stamp_at(uint64_t base_offset, uint64_t secret = kSecret) {
  return {3, base_offset, 5000, kIncarnation, secret, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 42, 9}};
}

Status layout(const Bytes& batch, uint32_t count, RecordInfo* info) { return check_batch_layout(batch.data(), batch.size(), count, info); }

Status layout(const Bytes& batch, uint32_t count) {
  RecordInfo info;
  return layout(batch, count, &info);
}

Bytes stamped(Bytes batch, uint64_t base_offset) {
  RecordInfo info;
  EXPECT_EQ(layout(batch, load32(&batch[48]), &info), kOk);
  stamp_record(batch.data(), info, 0, stamp_at(base_offset));
  return batch;
}

TEST(Batch, GoldenBatchOfAProducerIsAccepted) {
  const Bytes sent = from_hex(kSentHeader + kZeros + kFrames);
  RecordInfo info;
  ASSERT_EQ(layout(sent, 2, &info), kOk);
  EXPECT_EQ(info.message_count, 2u);
  EXPECT_EQ(info.batch_length, 396u);
  EXPECT_EQ(info.origin_timestamp, 1000u);
  EXPECT_EQ(info.logical_bytes, 2u * 64 + 13 + 14 + 17);
  EXPECT_EQ(verify_batch_checksums(sent.data(), sent.size()), kOk);
}

TEST(Batch, StampedGoldenBatchIsServedAsTheGoldenReply) {
  Bytes record = stamped(from_hex(kSentHeader + kZeros + kFrames), 100);
  to_wire_header(record.data());
  EXPECT_EQ(record, from_hex(kServedHeader + kZeros + kFrames));
}

TEST(Batch, BuilderMakesTheGoldenBatch) {
  EXPECT_EQ(build_batch({{"first-payload", "", 7, 1000}, {"second-payload", "user-header-bytes", 8, 1050}}),
            from_hex(kSentHeader + kZeros + kFrames));
}

TEST(Batch, LayoutErrorsHaveTheirStatus) {
  const Bytes good = build_batch({{"one", "h", 1, 10}, {"two", "", 2, 12}});
  const size_t second = 256 + frame_bytes(&good[256]);
  EXPECT_EQ(layout(good, 2), kOk);
  EXPECT_EQ(layout(good, 3), kInvalidMessagesCount);
  const auto changed = [&](size_t position, uint32_t value) {
    Bytes batch = good;
    store32(&batch[position], value);
    return batch;
  };
  EXPECT_EQ(layout(changed(48, 0), 0), kInvalidMessagesCount);
  EXPECT_EQ(layout(changed(48, 3), 3), kInvalidCommand) << "more messages than frames";
  EXPECT_EQ(layout(changed(48, 1), 1), kInvalidCommand) << "bytes behind the last frame";
  EXPECT_EQ(layout(changed(32, static_cast<uint32_t>(good.size() + 1)), 2), kInvalidCommand);
  EXPECT_EQ(layout(changed(36, 1), 2), kInvalidCommand) << "batch length past 2^32";
  for (size_t reserved : {52u, 53u, 100u, 252u}) EXPECT_EQ(layout(changed(reserved, 1), 2), kInvalidCommand) << reserved;
  EXPECT_EQ(layout(changed(256 + 40, 1), 2), kInvalidCommand) << "frame's reserved field";
  EXPECT_EQ(layout(changed(256 + 24, 1), 2), kInvalidCommand) << "offset delta of the first frame";
  EXPECT_EQ(layout(changed(second + 24, 0), 2), kInvalidCommand) << "offset delta of the second frame";
  EXPECT_EQ(layout(changed(256 + 36, 0xFFFFFFFF), 2), kInvalidCommand);
  EXPECT_EQ(layout(changed(256 + 32, 0xFFFFFFFF), 2), kInvalidCommand);
  Bytes late = good;
  store64(&late[24], UINT64_MAX - 1);
  EXPECT_EQ(layout(late, 2), kInvalidMessageTimestampDelta);
}

TEST(Batch, SizeLimitsHoldAtTheirEdges) {
  EXPECT_EQ(layout(build_batch({{"p", std::string(100'000, 'h')}}), 1), kOk);
  EXPECT_EQ(layout(build_batch({{"p", std::string(100'001, 'h')}}), 1), kTooBigUserHeaders);
  EXPECT_EQ(layout(build_batch({{std::string(64'000'000, 'p')}}), 1), kOk);
  EXPECT_EQ(layout(build_batch({{std::string(64'000'001, 'p')}}), 1), kTooBigMessagePayload);
  EXPECT_EQ(layout(build_batch({{""}}), 1), kOk) << "an empty payload is a message";
}

TEST(Batch, EveryTruncationAndEveryExtensionIsRefused) {
  const Bytes good = build_batch({{"one", "h", 1, 10}, {"two", "", 2, 12}});
  for (size_t length = 0; length < good.size(); length++) {
    Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_NE(layout(cut, 2), kOk) << length;
    if (length < 256) continue;
    store64(&cut[32], length);
    EXPECT_NE(layout(cut, 2), kOk) << length << " with a fitting batch length";
  }
  Bytes extended = good;
  extended.push_back(0);
  store64(&extended[32], extended.size());
  EXPECT_NE(layout(extended, 2), kOk);
}

TEST(Batch, EveryChangedByteOfAFrameIsNoticed) {
  const Bytes good = build_batch({{"one", "h", 1, 10}, {"two", "", 2, 12}});
  for (size_t position = 256; position < good.size(); position++) {
    Bytes batch = good;
    batch[position] ^= 0x40;
    if (layout(batch, 2) != kOk) continue;
    EXPECT_EQ(verify_batch_checksums(batch.data(), batch.size()), kInvalidMessageChecksum) << position;
  }
}

TEST(Batch, ChangedHeaderOrSwappedFramesBreakTheBatchChecksum) {
  Bytes batch = build_batch({{"one"}, {"two"}});
  for (size_t position : {0u, 8u, 16u, 24u, 40u}) {
    Bytes changed = batch;
    changed[position] ^= 1;
    EXPECT_EQ(verify_batch_checksums(changed.data(), changed.size()), kInvalidBatchChecksum) << position;
  }
  std::swap_ranges(batch.begin() + 256, batch.begin() + 256 + 51, batch.begin() + 256 + 51);
  EXPECT_EQ(verify_batch_checksums(batch.data(), batch.size()), kInvalidBatchChecksum);
}

TEST(Batch, ChecksumOfManyMessagesIsThatOfTheWholeInput) {
  for (uint32_t count : {506u, 507u, 508u, 1019u, 5000u}) {  // around the borders of the gathering buffer
    const Bytes batch = build_batch(uniform_messages(count, 10));
    EXPECT_EQ(verify_batch_checksums(batch.data(), batch.size()), kOk) << count;
  }
}

TEST(Batch, RandomMutationsNeverReadOutsideTheBatch) {
  std::mt19937_64 random(20240611);
  const std::vector<Bytes> seeds = {build_batch({{"one", "h", 1, 10}, {"two", "", 2, 12}, {"", "", 3, 13}}), build_batch(uniform_messages(20, 5)),
                                    build_batch({{"p"}})};
  const uint32_t interesting[] = {0, 1, 47, 48, 49, 255, 256, 0x7FFFFFFF, 0x80000000, 0xFFFFFFCF, 0xFFFFFFD0, 0xFFFFFFFF, 64'000'000, 64'000'001};
  int accepted = 0;
  for (int round = 0; round < 200'000; round++) {
    const Bytes& seed = seeds[random() % seeds.size()];
    Bytes batch(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(random() % 8 == 0 ? random() % (seed.size() + 1) : seed.size()));
    const uint32_t count = load32(&seed[48]);
    for (uint64_t changes = random() % 4; changes > 0 && batch.size() >= 4; changes--) {
      const size_t position = random() % (batch.size() - 3);
      const size_t field = random() % 2 == 0 ? position : std::min(batch.size() - 4, position / 4 * 4);
      store32(&batch[field], random() % 2 == 0 ? interesting[random() % std::size(interesting)] : static_cast<uint32_t>(random()));
    }
    if (batch.size() >= 40 && random() % 2 == 0) store64(&batch[32], batch.size());
    batch.shrink_to_fit();
    RecordInfo info;
    if (layout(batch, random() % 4 == 0 && batch.size() >= 52 ? load32(&batch[48]) : count, &info) != kOk) continue;
    accepted++;
    verify_batch_checksums(batch.data(), batch.size());  // must stay inside whatever the layout check accepts
    fill_missing_ids(batch.data(), batch.size());
    stamp_record(batch.data(), info, 0, stamp_at(1));
    ASSERT_EQ(verify_record_body(batch.data(), info), verify_batch_checksums(batch.data(), batch.size()) == kOk);
    uint32_t counted;
    Bytes out(classic_bytes(&batch[256], batch.data() + batch.size(), &counted));
    ASSERT_EQ(counted, info.message_count);
    ASSERT_EQ(out.size(), info.logical_bytes);
    ASSERT_EQ(write_classic(batch.data(), &batch[256], batch.data() + batch.size(), out.data()), out.size());
  }
  EXPECT_GT(accepted, 1000);
}

TEST(Batch, MissingIdsAreMadeAndTheRestIsKept) {
  Bytes batch = build_batch({{"one", "h", 0, 10}, {"two", "", 2, 12}, {"three", "", 0, 12}});
  const Bytes before = batch;
  EXPECT_EQ(fill_missing_ids(batch.data(), batch.size()), 2u);
  const auto was = read_frames(before.data(), &before[256], before.size() - 256);
  const auto is = read_frames(batch.data(), &batch[256], batch.size() - 256);
  ASSERT_EQ(is.size(), 3u);
  EXPECT_EQ(is[1].id, was[1].id);
  for (int made : {0, 2}) {
    EXPECT_EQ(is[made].id[6] >> 4, 4) << "version";
    EXPECT_EQ(is[made].id[8] >> 6, 2) << "variant";
    EXPECT_EQ(is[made].payload, was[made].payload);
  }
  EXPECT_NE(is[0].id, is[2].id);
  EXPECT_EQ(verify_batch_checksums(batch.data(), batch.size()), kInvalidBatchChecksum) << "frames are sealed anew, the batch only by the stamp";
  const Bytes record = stamped(batch, 0);
  EXPECT_EQ(verify_batch_checksums(record.data(), record.size()), kOk);

  Bytes complete = build_batch({{"one"}});
  EXPECT_EQ(fill_missing_ids(complete.data(), complete.size()), 0u);
}

TEST(Record, StampedRecordReadsBack) {
  Bytes batch = build_batch(uniform_messages(3, 100));
  RecordInfo info;
  ASSERT_EQ(layout(batch, 3, &info), kOk);
  stamp_record(batch.data(), info, kRecordHasServerIds, stamp_at(500));
  RecordInfo read;
  ASSERT_EQ(read_record_header(batch.data(), kSecret, kIncarnation, &read), HeaderCheck::kValid);
  EXPECT_EQ(read.base_offset, 500u);
  EXPECT_EQ(read.first_offset, 500u);
  EXPECT_EQ(read.base_timestamp, 5000u);
  EXPECT_EQ(read.origin_timestamp, info.origin_timestamp);
  EXPECT_EQ(read.batch_length, batch.size());
  EXPECT_EQ(read.logical_bytes, 3u * 164);
  EXPECT_EQ(read.message_count, 3u);
  EXPECT_EQ(read.flags, kRecordHasServerIds);
  EXPECT_TRUE(verify_record_body(batch.data(), read));
  EXPECT_EQ(load64(&batch[88]), 42u) << "request";
  EXPECT_EQ(load32(&batch[96]), 9u) << "user";
  EXPECT_EQ(Bytes(batch.begin() + 72, batch.begin() + 88), (Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}));
  EXPECT_EQ(Bytes(batch.begin() + 108, batch.begin() + 248), Bytes(140, 0));
}

TEST(Record, RestampingGivesTheRecordToAnotherPartition) {
  Bytes record = stamped(build_batch(uniform_messages(3, 100)), 500);
  RecordInfo info;
  ASSERT_EQ(read_record_header(record.data(), kSecret, kIncarnation, &info), HeaderCheck::kValid);
  stamp_record(record.data(), info, 0, stamp_at(900, 1));
  EXPECT_EQ(read_record_header(record.data(), kSecret, kIncarnation, &info), HeaderCheck::kForeign);
  ASSERT_EQ(read_record_header(record.data(), 1, kIncarnation, &info), HeaderCheck::kValid);
  EXPECT_EQ(info.base_offset, 900u);
  EXPECT_TRUE(verify_record_body(record.data(), info));
}

TEST(Record, OtherSecretsAndChangedHeadersAreForeign) {
  const Bytes record = stamped(build_batch({{"one"}}), 500);
  RecordInfo info;
  EXPECT_EQ(read_record_header(record.data(), kSecret + 1, kIncarnation, &info), HeaderCheck::kForeign);
  for (size_t position = 0; position < 256; position++) {
    Bytes changed = record;
    changed[position] ^= 1;
    EXPECT_EQ(read_record_header(changed.data(), kSecret, kIncarnation, &info), HeaderCheck::kForeign) << position;
  }
  const Bytes nothing(256, 0);
  EXPECT_EQ(read_record_header(nothing.data(), kSecret, kIncarnation, &info), HeaderCheck::kForeign);
  EXPECT_EQ(read_record_header(nothing.data(), 0, 0, &info), HeaderCheck::kForeign) << "zeros do not verify even without a secret";
}

TEST(Record, ARecordInsideAPayloadDoesNotVerify) {
  Bytes served = stamped(build_batch({{"one"}}), 500);
  to_wire_header(served.data());  // all that a client ever sees of a record
  const Bytes batch = build_batch({{std::string(served.begin(), served.end())}});
  RecordInfo info;
  EXPECT_EQ(read_record_header(&batch[256 + 48], kSecret, kIncarnation, &info), HeaderCheck::kForeign);
}

TEST(Record, VerifiedButImpossibleHeadersAreImplausible) {
  const Bytes good = build_batch({{"one"}});
  RecordInfo good_info;
  ASSERT_EQ(layout(good, 1, &good_info), kOk);
  RecordInfo info;
  Bytes record = stamped(good, 5);
  EXPECT_EQ(read_record_header(record.data(), kSecret, kIncarnation + 1, &info), HeaderCheck::kImplausible);
  const auto stamped_with = [&](size_t position, uint32_t value) {  // a field that stamping keeps
    Bytes changed = good;
    store32(&changed[position], value);
    stamp_record(changed.data(), good_info, 0, stamp_at(5));
    return read_record_header(changed.data(), kSecret, kIncarnation, &info);
  };
  EXPECT_EQ(stamped_with(48, 0), HeaderCheck::kImplausible) << "no messages";
  EXPECT_EQ(stamped_with(48, 2), HeaderCheck::kImplausible) << "more messages than the length has room for";
  EXPECT_EQ(stamped_with(48, 0xFFFFFFFF), HeaderCheck::kImplausible);
  EXPECT_EQ(stamped_with(32, 255), HeaderCheck::kImplausible);
}

TEST(Record, EveryChangedByteOfABodyIsNoticed) {
  const Bytes record = stamped(build_batch({{"one", "h"}, {"two"}}), 500);
  RecordInfo info;
  ASSERT_EQ(read_record_header(record.data(), kSecret, kIncarnation, &info), HeaderCheck::kValid);
  ASSERT_TRUE(verify_record_body(record.data(), info));
  for (size_t position = 256; position < record.size(); position++) {
    for (uint8_t bit : {0x01, 0x80}) {
      Bytes changed = record;
      changed[position] ^= bit;
      EXPECT_FALSE(verify_record_body(changed.data(), info)) << position;
    }
  }
}

TEST(Record, FramesThatDoNotTileTheRecordAreNoticed) {
  const Bytes record = stamped(build_batch({{"one", "h"}, {"two"}}), 500);
  RecordInfo good;
  ASSERT_EQ(read_record_header(record.data(), kSecret, kIncarnation, &good), HeaderCheck::kValid);
  for (uint32_t count : {0u, 1u, 3u, 0xFFFFFFFFu}) {
    RecordInfo info = good;
    info.message_count = count;
    EXPECT_FALSE(verify_record_body(record.data(), info)) << count;
  }
  for (uint64_t length : {uint64_t{256}, good.batch_length - 1, good.batch_length - 48}) {
    RecordInfo info = good;
    info.batch_length = length;
    EXPECT_FALSE(verify_record_body(record.data(), info)) << length;
  }
}

TEST(Cut, EveryCutIsAValidBatchOfThoseMessages) {
  const uint32_t count = 7;
  const Bytes record = stamped(build_batch(uniform_messages(count, 33)), 1000);
  const size_t frame = 48 + 33;
  const auto all = read_frames(record.data(), &record[256], record.size() - 256);
  for (uint32_t first = 0; first < count; first++) {
    for (uint32_t end = first + 1; end <= count; end++) {
      Bytes buffer = record;
      uint8_t* const frames = &buffer[256 + first * frame];
      uint8_t* const header = frames - 256;  // overlaps the record's own header when few frames are cut off
      write_cut_header(header, buffer.data(), frames, frames + (end - first) * frame, end - first);
      const size_t length = 256 + (end - first) * frame;
      ASSERT_EQ(load64(header + 32), length);
      ASSERT_EQ(load32(header + 48), end - first);
      ASSERT_EQ(load64(header + 8), 1000u) << "base offset is kept";
      ASSERT_EQ(verify_batch_checksums(header, length), kOk) << first << ".." << end;
      ASSERT_EQ(Bytes(header + 52, header + 256), Bytes(204, 0));
      const auto read = read_frames(header, frames, length - 256);
      ASSERT_EQ(read.size(), end - first);
      for (uint32_t i = 0; i < read.size(); i++) {
        ASSERT_EQ(read[i].offset, 1000u + first + i);
        ASSERT_EQ(read[i].payload, all[first + i].payload);
        ASSERT_EQ(read[i].timestamp, 5000u);
        ASSERT_EQ(read[i].origin_timestamp, all[first + i].origin_timestamp);
      }
    }
  }
}

TEST(Cut, WholeRecordGetsItsOwnWireHeader) {
  const Bytes record = stamped(build_batch(uniform_messages(4, 20)), 8);
  Bytes wire = record;
  to_wire_header(wire.data());
  Bytes cut = record;
  write_cut_header(cut.data(), cut.data(), &cut[256], cut.data() + cut.size(), 4);
  EXPECT_EQ(cut, wire);
}

TEST(Cut, ACutRecordMayBeStampedAgain) {
  Bytes record = stamped(build_batch(uniform_messages(4, 20)), 8);
  uint8_t* const header = record.data() + 68;
  write_cut_header(header, record.data(), header + 256, record.data() + record.size(), 3);
  const RecordInfo info{8, 9, 5000, 0, 256 + 3 * 68, 3 * 84, 3, 0};
  stamp_record(header, info, 0, stamp_at(8));
  RecordInfo read;
  ASSERT_EQ(read_record_header(header, kSecret, kIncarnation, &read), HeaderCheck::kValid);
  EXPECT_EQ(read.base_offset, 8u);
  EXPECT_EQ(read.first_offset, 9u);
  EXPECT_TRUE(verify_record_body(header, read));
}

TEST(Hash, PublishedValues) {
  EXPECT_EQ(xxh3_64("", 0), 0x2D06800538D394C2u);
  EXPECT_EQ(xxh32("", 0), 0x02CC5D05u);
  EXPECT_EQ(xxh32("user-42", 7), 1635883646u);  // the 0.8 vectors' message key
  EXPECT_EQ(xxh3_64_keyed("abc", 3, 0), xxh3_64("abc", 3));
  EXPECT_NE(xxh3_64_keyed("abc", 3, 1), xxh3_64("abc", 3));
}

TEST(RandomId, IsAVersion4UuidThatNeverRepeats) {
  std::vector<std::vector<Bytes>> made(4);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&ids] {
      for (int i = 0; i < 5000; i++) {
        Bytes id(16);
        random_id(id.data());
        ids.push_back(id);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<Bytes> distinct;
  Bytes seen_set(16, 0), seen_clear(16, 0);
  for (const auto& ids : made) {
    for (const Bytes& id : ids) {
      EXPECT_EQ(id[6] & 0xF0, 0x40);
      EXPECT_EQ(id[8] & 0xC0, 0x80);
      distinct.insert(id);
      for (size_t i = 0; i < 16; i++) {
        seen_set[i] |= id[i];
        seen_clear[i] |= static_cast<uint8_t>(~id[i]);
      }
    }
  }
  EXPECT_EQ(distinct.size(), 20'000u);
  for (size_t i = 0; i < 16; i++) {  // every other bit takes both values
    EXPECT_EQ(seen_set[i], i == 6 ? 0x4F : i == 8 ? 0xBF : 0xFF) << i;
    EXPECT_EQ(seen_clear[i], i == 6 ? 0xBF : i == 8 ? 0x7F : 0xFF) << i;
  }
}

}  // namespace
}  // namespace galgo::test
