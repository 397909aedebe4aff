#include "poll_reply.h"

#include <algorithm>
#include <cstring>

namespace galgo {
/// A record, as far as the piece has it.
struct PieceRecord {
  uint8_t* header;
  uint8_t* frames;
  uint8_t* frames_end;
  bool whole;
  RecordInfo info;
};

namespace {

/// The frame at `at` lies within [at, end).
bool frame_fits(const uint8_t* at, const uint8_t* end) {
  const auto left = static_cast<uint64_t>(end - at);
  return left >= kFrameHeaderBytes && frame_bytes(at) <= left;
}

/// Walks the records of a piece.
class RecordWalk {
 public:
  RecordWalk(const PieceBytes& piece, const RecordKey& key) : piece_(piece), key_(key), at_(piece.begin), skipped_(piece.skipped) {}

  bool done() const { return at_ >= piece_.end; }

  /// False: damaged.
  bool next(PieceRecord* record) {
    const auto left = static_cast<uint64_t>(piece_.end - at_);
    if (left < kRecordHeaderBytes || read_record_header(at_, key_.secret, key_.incarnation, &record->info) != HeaderCheck::kValid) return false;
    const uint64_t body = record->info.batch_length - kRecordHeaderBytes;
    if (skipped_ > body) return false;
    const uint64_t bytes = std::min(body - skipped_, left - kRecordHeaderBytes);
    record->header = at_;
    record->frames = at_ + kRecordHeaderBytes;
    record->whole = bytes == body;
    at_ = record->frames + bytes;
    record->frames_end = at_;
    skipped_ = 0;
    return true;
  }

 private:
  const PieceBytes& piece_;
  const RecordKey& key_;
  uint8_t* at_;
  uint64_t skipped_;
};

}  // namespace

Status verify_piece(const PieceBytes& piece, const RecordKey& key) {
  RecordWalk walk(piece, key);
  while (!walk.done()) {
    PieceRecord record;
    if (!walk.next(&record)) return kInvalidMessageChecksum;
    if ((record.info.flags & kRecordEncrypted) != 0) {
      if (!record.whole || !verify_record_body(record.header, record.info)) return kInvalidMessageChecksum;
      continue;
    }
    for (const uint8_t* frame = record.frames; frame < record.frames_end; frame += frame_bytes(frame)) {
      if (!frame_fits(frame, record.frames_end) || load64(frame) != xxh3_64(frame + 8, frame_bytes(frame) - 8)) return kInvalidMessageChecksum;
    }
  }
  return kOk;
}

Status open_piece(const PieceBytes& piece, const RecordKey& key, RecordOpener& opener) {
  RecordWalk walk(piece, key);
  while (!walk.done()) {
    PieceRecord record;
    if (!walk.next(&record)) return kInvalidMessageChecksum;
    if ((record.info.flags & kRecordEncrypted) == 0) continue;
    if (!record.whole) return kInvalidMessageChecksum;
    const Status status = opener.open(record.header, &record.info, key.secret);
    if (status != kOk) return status;
  }
  return kOk;
}

Status find_timestamp(const PieceBytes& piece, const RecordKey& key, uint64_t timestamp, uint64_t otherwise, uint64_t* offset) {
  *offset = otherwise;
  RecordWalk walk(piece, key);
  while (!walk.done()) {
    PieceRecord record;
    if (!walk.next(&record)) return kInvalidMessageChecksum;
    if (record.info.base_timestamp < timestamp) continue;
    *offset = record.info.first_offset;
    break;
  }
  return kOk;
}

Status ReplyBuilder::add(const PieceBytes& piece, uint8_t* out) {
  RecordWalk walk(piece, key_);
  while (!walk.done() && !full_) {
    PieceRecord record;
    if (!walk.next(&record)) return kInvalidMessageChecksum;
    if (record.info.first_offset + record.info.message_count <= from_) continue;
    if ((record.info.flags & kRecordEncrypted) != 0) return kCannotDecrypt;
    const Status status = add_record(record, out);
    if (status != kOk) return status;
  }
  return kOk;
}

Status ReplyBuilder::add_record(const PieceRecord& record, uint8_t* out) {
  const RecordInfo& info = record.info;
  const bool vsr = generation_ == Generation::kVsr;
  if (vsr && record.whole && info.first_offset >= from_ && info.message_count <= count_max_ - count_ && bytes_ + info.batch_length <= bytes_max_) {
    to_wire_header(record.header);
    took(record.header, info.batch_length, info.first_offset, info.message_count);
    return kOk;
  }

  const auto offset_of = [&](const uint8_t* frame) { return info.base_offset + load32(frame + 24); };
  uint8_t* first = record.frames;
  while (first < record.frames_end && frame_fits(first, record.frames_end) && offset_of(first) < from_) first += frame_bytes(first);
  uint8_t* end = first;
  uint32_t count = 0;
  uint64_t bytes = vsr ? kRecordHeaderBytes : 0;
  const uint64_t frame_extra = vsr ? 0 : kClassicHeaderBytes - kFrameHeaderBytes;
  while (end < record.frames_end && count < count_max_ - count_) {
    if (!frame_fits(end, record.frames_end)) return kInvalidMessageChecksum;
    const uint64_t frame = frame_bytes(end);
    if (bytes_ + bytes + frame + frame_extra > bytes_max_ && count_ + count > 0) {
      full_ = true;
      break;
    }
    bytes += frame + frame_extra;
    end += frame;
    ++count;
  }
  if (count == 0) return kOk;
  const uint64_t first_offset = offset_of(first);
  if (vsr) {
    // The header may overlap the one that it is made from.
    uint8_t source[kRecordHeaderBytes];
    std::memcpy(source, record.header, sizeof source);
    write_cut_header(first - kRecordHeaderBytes, source, first, end, count);
    took(first - kRecordHeaderBytes, bytes, first_offset, count);
  } else {
    write_classic(record.header, first, end, out + bytes_);
    took(out, bytes, first_offset, count);
  }
  return kOk;
}

void ReplyBuilder::took(uint8_t* begin, uint64_t bytes, uint64_t first_offset, uint32_t count) {
  if (begin_ == nullptr) {
    begin_ = begin;
    first_offset_ = first_offset;
  }
  bytes_ += bytes;
  count_ += count;
  last_offset_ = first_offset + count - 1;
  from_ = last_offset_ + 1;
  full_ = full_ || count_ >= count_max_;
}

}  // namespace galgo
