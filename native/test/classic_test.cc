#include <gtest/gtest.h>

#include <random>

#include "../engine/record.h"
#include "batch_builder.h"
#include "hex.h"

namespace galgo::test {
namespace {

// Golden vectors: index block and messages of `send_messages_two_balanced`, and the messages of `poll_messages_two`, which are the same two polled.
const std::string kSent =
    "0000000045000000000000000000000000000000af0000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000a402046484706000000000005000000000000000000000068656c6c6f"
    "000000000000000001000000000000000000000000000000000000000000000000000000000000000b4020464847060024000000060000000000000000000000776f726c6421"
    "0206000000736f75726365020300000077656202030000007472790b0400000003000000";
const std::string kPolled =
    "6043c3e0de2517a20f1e2d3c4b5a46978899aabbccddeeff000000000000000064402046484706000a402046484706000000000005000000000000000000000068656c6c6f"
    "04ef1adadaf78e0801000000000000000000000000000000010000000000000064402046484706000b4020464847060024000000060000000000000000000000776f726c6421"
    "0206000000736f75726365020300000077656202030000007472790b0400000003000000";
constexpr uint64_t kPolledTimestamp = 1'767'225'600'000'100;

constexpr size_t kFirst = 32;  // first message of a block of two

Status check(const Bytes& data, uint32_t count, ClassicBatch* batch) { return check_classic_batch(data.data(), data.size(), count, batch); }

Status check(const Bytes& data, uint32_t count) {
  ClassicBatch batch;
  return check(data, count, &batch);
}

struct Transcoded {
  Bytes out;
  std::vector<TranscodedRecord> records;
};

/// Transcodes into a buffer of exactly the promised size and verifies what came out as 0.9 batches.
Transcoded transcode(const Bytes& data, uint32_t count) {
  ClassicBatch batch;
  EXPECT_EQ(check(data, count, &batch), kOk);
  Transcoded result;
  result.out.resize(transcoded_bytes_max(batch), 0xEE);
  result.records.resize(batch.records);
  size_t made = 0;
  EXPECT_EQ(transcode_classic(batch, result.out.data(), result.records.data(), batch.records, &made), result.out.size());
  EXPECT_EQ(made, batch.records);
  size_t position = 0;
  for (const TranscodedRecord& record : result.records) {
    EXPECT_EQ(record.position, position);
    uint8_t* const bytes = &result.out[position];
    RecordInfo info;
    EXPECT_EQ(check_batch_layout(bytes, record.info.batch_length, record.info.message_count, &info), kOk);
    EXPECT_EQ(info.logical_bytes, record.info.logical_bytes);
    EXPECT_EQ(info.origin_timestamp, record.info.origin_timestamp);
    stamp_record(bytes, record.info, record.flags, {1, 0, kPolledTimestamp, 1, 1, {}});
    EXPECT_EQ(verify_batch_checksums(bytes, record.info.batch_length), kOk);
    position += record.info.batch_length;
  }
  EXPECT_EQ(position, result.out.size());
  return result;
}

Bytes to_classic(const Bytes& record) {
  uint32_t count;
  Bytes out(classic_bytes(&record[256], record.data() + record.size(), &count), 0xEE);  // memory of a pooled buffer is not zero
  EXPECT_EQ(write_classic(record.data(), &record[256], record.data() + record.size(), out.data()), out.size());
  EXPECT_EQ(count, load32(&record[48]));
  return out;
}

TEST(ClassicCheck, GoldenBlockIsAccepted) {
  const Bytes data = from_hex(kSent);
  ClassicBatch batch;
  ASSERT_EQ(check(data, 2, &batch), kOk);
  EXPECT_EQ(batch.indexes, data.data());
  EXPECT_EQ(batch.messages, data.data() + 32);
  EXPECT_EQ(batch.messages_bytes, 175u);
  EXPECT_EQ(batch.records, 1u);
}

TEST(ClassicCheck, EachRowHasItsError) {
  const Bytes good = build_classic({{"one", "h"}, {"two", ""}});
  const uint32_t first_end = load32(&good[4]);
  const uint32_t second_end = load32(&good[20]);
  const size_t second = kFirst + first_end;
  const auto with = [&](std::initializer_list<std::pair<size_t, uint32_t>> changes) {
    Bytes data = good;
    for (const auto& [position, value] : changes) store32(&data[position], value);
    return check(data, 2);
  };
  EXPECT_EQ(with({}), kOk);
  EXPECT_EQ(check(good, 0), kInvalidMessagesCount);
  EXPECT_EQ(check(good, static_cast<uint32_t>(good.size() / 16 + 1)), kInvalidCommand);
  EXPECT_EQ(check(good, 0xFFFFFFFF), kInvalidCommand);
  EXPECT_EQ(with({{0, 1}}), kNonZeroOffset);
  EXPECT_EQ(with({{16, 1}}), kNonZeroOffset);
  EXPECT_EQ(with({{8, 1}}), kNonZeroTimestamp);
  EXPECT_EQ(with({{28, 1}}), kNonZeroTimestamp);
  EXPECT_EQ(with({{4, 0}}), kMissingIndex) << "empty range";
  EXPECT_EQ(with({{4, 63}}), kMissingIndex) << "shorter than a header";
  EXPECT_EQ(with({{4, second_end + 1}}), kMissingIndex) << "outside the data";
  EXPECT_EQ(with({{4, 0xFFFFFFFF}}), kMissingIndex);
  EXPECT_EQ(with({{4, first_end - 1}}), kMissingIndex) << "payload and headers do not fit";
  EXPECT_EQ(with({{kFirst + 52, 5}}), kMissingIndex);
  EXPECT_EQ(with({{kFirst + 48, 0xFFFFFFFF}, {kFirst + 52, 0xFFFFFFFF}}), kMissingIndex) << "lengths whose sum passes 2^32";
  EXPECT_EQ(with({{kFirst + 24, 1}}), kInvalidOffset) << "offset of the second message is lower";
  EXPECT_EQ(with({{second + 24, 1}}), kOk) << "offsets that rise are no error";
  EXPECT_EQ(with({{20, first_end - 1}}), kCannotReadIndexPosition);
  EXPECT_EQ(with({{20, first_end}}), kOk) << "the last end position is not looked at otherwise";
  EXPECT_EQ(with({{20, 0xFFFFFFFF}}), kOk);
  EXPECT_EQ(with({{kFirst + 52, 2}}), kInvalidMessagesSize);
  EXPECT_EQ(with({{second + 52, 2}}), kInvalidMessagesSize);
}

TEST(ClassicCheck, EarlierRowsWinAndMessagesAreCheckedInOrder) {
  Bytes data = build_classic({{"one"}, {"two"}});
  store32(&data[16], 1);            // second message: index offset
  store32(&data[kFirst + 52], 99);  // first message: payload does not fit
  EXPECT_EQ(check(data, 2), kMissingIndex);
  store32(&data[8], 1);  // first message: index time stamp
  EXPECT_EQ(check(data, 2), kNonZeroTimestamp);
  store32(&data[0], 1);  // first message: index offset
  EXPECT_EQ(check(data, 2), kNonZeroOffset);
}

TEST(ClassicCheck, SizeLimitsHoldAtTheirEdges) {
  EXPECT_EQ(check(build_classic({{"p", std::string(100'000, 'h')}}), 1), kOk);
  EXPECT_EQ(check(build_classic({{"p", std::string(100'001, 'h')}}), 1), kTooBigUserHeaders);
  EXPECT_EQ(check(build_classic({{std::string(64'000'000, 'p')}}), 1), kOk);
  EXPECT_EQ(check(build_classic({{std::string(64'000'001, 'p'), std::string(100'001, 'h')}}), 1), kTooBigMessagePayload);
}

TEST(ClassicCheck, RandomMutationsNeverReadOutsideTheBlock) {
  std::mt19937_64 random(77);
  const std::vector<std::vector<Message>> seeds = {{{"one", "h"}, {"two", "", 0}, {"", "", 5}}, uniform_messages(12, 9), {{"p", "", 0}}};
  const uint32_t interesting[] = {0, 1, 63, 64, 65, 0x7FFFFFFF, 0x80000000, 0xFFFFFFBF, 0xFFFFFFC0, 0xFFFFFFFF, 64'000'001, 100'001};
  int accepted = 0;
  for (int round = 0; round < 200'000; round++) {
    const auto& messages = seeds[random() % seeds.size()];
    const Bytes whole = build_classic(messages);
    Bytes data(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(random() % 8 == 0 ? random() % (whole.size() + 1) : whole.size()));
    for (uint64_t changes = random() % 4; changes > 0 && data.size() >= 4; changes--) {
      store32(&data[random() % (data.size() - 3)],
              random() % 2 == 0 ? interesting[random() % std::size(interesting)] : static_cast<uint32_t>(random()));
    }
    data.shrink_to_fit();
    const auto count = static_cast<uint32_t>(random() % 8 == 0 ? random() % 20 : messages.size());
    ClassicBatch batch;
    if (check(data, count, &batch) != kOk) continue;
    accepted++;
    transcode(data, count);
    ASSERT_FALSE(HasFailure()) << round;
  }
  EXPECT_GT(accepted, 1000);
}

TEST(Transcode, GoldenMessagesComeOutAsTheGoldenPoll) {
  Transcoded made = transcode(from_hex(kSent), 2);
  ASSERT_EQ(made.records.size(), 1u);
  EXPECT_EQ(made.records[0].flags, kRecordHasServerIds) << "the first message has no id";
  const Bytes polled = from_hex(kPolled);
  std::copy(polled.begin() + 8, polled.begin() + 24, made.out.begin() + 256 + 8);  // the random id of the golden answer
  EXPECT_EQ(to_classic(made.out), polled);
}

TEST(Transcode, GivesTheBatchThatA09ProducerWouldSend) {
  const std::vector<Message> messages = {{"one", "head", 5, 3000}, {"", "", 6, 1000}, {"three", "", 7, 2000}};
  const Bytes data = build_classic(messages);
  ClassicBatch batch;
  ASSERT_EQ(check(data, 3, &batch), kOk);
  Bytes out(transcoded_bytes_max(batch));
  TranscodedRecord record;
  size_t made;
  ASSERT_EQ(transcode_classic(batch, out.data(), &record, 1, &made), out.size());
  Bytes expected = build_batch(messages);
  store64(&expected[40], 0);  // the batch checksum comes with the stamp
  EXPECT_EQ(out, expected);
  EXPECT_EQ(record.flags, 0);
  EXPECT_EQ(record.info.origin_timestamp, 1000u);
}

TEST(Transcode, ReservedChecksumAndTimestampOfTheClientAreNotKept) {
  Bytes data = build_classic({{"one"}});
  const Bytes clean = transcode(data, 1).out;
  store64(&data[16], 0x1111);       // checksum
  store64(&data[16 + 24], 0x2222);  // offset
  store64(&data[16 + 32], 0x3333);  // time stamp
  store64(&data[16 + 56], 0x4444);  // reserved
  EXPECT_EQ(transcode(data, 1).out, clean);
}

TEST(Transcode, MessagesSurviveTheWayInAndOut) {
  const std::vector<Message> messages = uniform_messages(3000, 700);  // three records
  const Transcoded made = transcode(build_classic(messages), 3000);
  ASSERT_EQ(made.records.size(), 3u);
  size_t i = 0;
  for (const TranscodedRecord& record : made.records) {
    EXPECT_LE(record.info.batch_length, kTranscodedRecordBytesMax);
    const auto begin = made.out.begin() + static_cast<std::ptrdiff_t>(record.position);
    const Bytes classic = to_classic(Bytes(begin, begin + static_cast<std::ptrdiff_t>(record.info.batch_length)));
    EXPECT_EQ(classic.size(), record.info.logical_bytes);
    uint64_t offset = 0;
    for (const ReadMessage& read : read_classic(classic.data(), classic.size())) {
      ASSERT_EQ(read.payload, messages[i].payload);
      ASSERT_EQ(load64(read.id.data()), messages[i].id);
      ASSERT_EQ(read.origin_timestamp, messages[i].origin_timestamp);
      ASSERT_EQ(read.timestamp, kPolledTimestamp);
      ASSERT_EQ(read.offset, offset++) << "deltas start at 0 in each record";
      i++;
    }
    for (size_t at = 0; at < classic.size(); at += 764) ASSERT_EQ(load64(&classic[at]), xxh3_64(&classic[at + 8], 756));
  }
  EXPECT_EQ(i, messages.size());
}

TEST(Transcode, ARecordIsClosedExactlyAtOneMebibyte) {
  const size_t room = kTranscodedRecordBytesMax - 256 - 2 * 48;
  const auto records = [](size_t first, size_t second) {
    return transcode(build_classic({{std::string(first, 'a')}, {std::string(second, 'b')}}), 2).records.size();
  };
  EXPECT_EQ(records(room - 10, 10), 1u);
  EXPECT_EQ(records(room - 10, 11), 2u);
  EXPECT_EQ(records(3 * room, 1), 2u) << "a larger message has a record of its own";
  EXPECT_EQ(records(1, 3 * room), 2u);
}

TEST(Transcode, ARecordIsClosedWhereOriginTimesAreTooFarApart) {
  const uint64_t span = 0xFFFFFFFF;
  const auto origins = [](const std::vector<uint64_t>& times) {
    std::vector<Message> messages;
    for (uint64_t time : times) messages.push_back({"m", "", 1, time});
    const Transcoded made = transcode(build_classic(messages), static_cast<uint32_t>(times.size()));
    std::vector<uint64_t> read;
    for (const TranscodedRecord& record : made.records) {
      const uint8_t* header = &made.out[record.position];
      for (const ReadMessage& message : read_frames(header, header + 256, record.info.batch_length - 256)) read.push_back(message.origin_timestamp);
    }
    EXPECT_EQ(read, times);
    return made.records.size();
  };
  EXPECT_EQ(origins({1000, 1000 + span}), 1u);
  EXPECT_EQ(origins({1000, 1001 + span}), 2u);
  EXPECT_EQ(origins({1000 + span, 1000}), 1u) << "times that fall";
  EXPECT_EQ(origins({1001 + span, 1000}), 2u);
  EXPECT_EQ(origins({0, UINT64_MAX, 0, UINT64_MAX}), 4u);
  EXPECT_EQ(origins({UINT64_MAX, UINT64_MAX - span, 5, 5}), 2u);
}

TEST(Transcode, TooFewRecordsToWriteIntoGivesNothing) {
  const Bytes data = build_classic({{"a", "", 1, 0}, {"b", "", 2, UINT64_MAX}});
  ClassicBatch batch;
  ASSERT_EQ(check(data, 2, &batch), kOk);
  ASSERT_EQ(batch.records, 2u);
  Bytes out(transcoded_bytes_max(batch));
  TranscodedRecord record;
  size_t made = 7;
  EXPECT_EQ(transcode_classic(batch, out.data(), &record, 1, &made), 0u);
  EXPECT_EQ(made, 0u);
}

TEST(Transcode, PartOfARecordKeepsItsOffsets) {
  Bytes record = build_batch(uniform_messages(5, 20));
  RecordInfo info;
  ASSERT_EQ(check_batch_layout(record.data(), record.size(), 5, &info), kOk);
  stamp_record(record.data(), info, 0, {1, 100, 9, 1, 1, {}});
  const uint8_t* const frames = &record[256 + 2 * 68];
  uint32_t count;
  Bytes out(classic_bytes(frames, frames + 2 * 68, &count));
  EXPECT_EQ(count, 2u);
  ASSERT_EQ(write_classic(record.data(), frames, frames + 2 * 68, out.data()), 2u * 84);
  const auto read = read_classic(out.data(), out.size());
  EXPECT_EQ(read[0].offset, 102u);
  EXPECT_EQ(read[1].offset, 103u);
}

}  // namespace
}  // namespace galgo::test
