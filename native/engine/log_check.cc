#include "log_check.h"

#include <algorithm>

#include "log_window.h"
#include "record_fields.h"

namespace galgo {
namespace {

constexpr size_t kWindowBytes = 1 << 20;
constexpr size_t kBlockBytesRead = 4096;
// A disk that is gone fails every read; it need not be asked for each block of a gigabyte.
constexpr int kUnreadableBlocksMax = 256;

/// Whether a record that verifies and follows `place` lies at `position`. `error` is 0 or the errno that kept it from being read.
bool sound_record(LogWindow<File>& window, const LogContext& context, const LogPlace& place, uint64_t position, RecordInfo* info, int* error) {
  const uint8_t* const header = window.at(position, kRecordHeaderBytes);
  *error = window.error();
  if (header == nullptr || read_record_header(header, context.secret, context.incarnation, info) != HeaderCheck::kValid) return false;
  if (info->base_offset < place.next_offset || info->base_timestamp < place.last_timestamp) return false;
  const uint8_t* const record = window.at(position, info->batch_length);
  *error = window.error();
  return record != nullptr && verify_record_body(record, *info);
}

/// Where the next sound record begins at or behind `from`; `length` if there is none.
uint64_t find_sound(File& file, uint64_t length, const LogContext& context, const LogPlace& place, uint64_t from) {
  LogWindow large(file, length, kWindowBytes);
  LogWindow small(file, length, kBlockBytesRead);
  LogWindow bodies(file, length, kWindowBytes);
  int unreadable = 0;
  while (from + kRecordHeaderBytes <= length) {
    uint64_t bytes = std::min<uint64_t>(kWindowBytes, length - from);
    const uint8_t* block = large.at(from, bytes);
    if (block == nullptr && large.error() == 0) return length;  // the file is shorter
    if (block == nullptr) {
      bytes = std::min<uint64_t>(2 * kBlockBytesRead - from % kBlockBytesRead, length - from);
      block = small.at(from, bytes);
      if (block == nullptr) {
        if (++unreadable > kUnreadableBlocksMax) return length;
        from = (from / kBlockBytesRead + 1) * kBlockBytesRead;
        continue;
      }
    }
    for (uint64_t i = 0; i + kRecordHeaderBytes <= bytes; ++i) {
      // The incarnation is 64 bits that payloads hit by chance alone; only then are the checksums worth their time.
      if (load64(block + i + header::kIncarnation) != context.incarnation) continue;
      RecordInfo info;
      int error = 0;
      if (sound_record(bodies, context, place, from + i, &info, &error)) return from + i;
    }
    from += bytes - (kRecordHeaderBytes - 1);
  }
  return length;
}

/// The messages of a record that do not verify; false: its frames cannot be told apart.
bool find_bad_messages(const uint8_t* record, const RecordInfo& info, LogDamage* damage) {
  if ((info.flags & kRecordEncrypted) != 0) return false;
  const uint8_t* frame = record + kRecordHeaderBytes;
  const uint8_t* const end = record + info.batch_length;
  bool some = false;
  for (uint32_t i = 0; i < info.message_count; ++i) {
    const auto left = static_cast<size_t>(end - frame);
    if (left < kFrameHeaderBytes || left < frame_bytes(frame)) return false;
    if (checksum_behind_field(frame, frame_bytes(frame)) != load64(frame + frame::kChecksum)) {
      if (!some) damage->offset = info.base_offset + i;
      damage->end_offset = info.base_offset + i + 1;
      some = true;
    }
    frame += frame_bytes(frame);
  }
  return some && frame == end;
}

void pass_damage(File& file, uint64_t length, uint64_t end_offset, const LogContext& context, int error, LogPlace* place, LogDamage* damage) {
  *damage = {.position = place->position,
             .end_position = length,
             .record_offset = place->next_offset,
             .offset = place->next_offset,
             .end_offset = place->next_offset,
             .error = error};
  damage->end_position = find_sound(file, length, context, *place, place->position + 1);
  LogWindow window(file, length, kRecordHeaderBytes);
  RecordInfo info;
  const auto header_at = [&](uint64_t position) {
    const uint8_t* const header = window.at(position, kRecordHeaderBytes);
    return header != nullptr && read_record_header(header, context.secret, context.incarnation, &info) == HeaderCheck::kValid;
  };
  uint64_t next_offset = end_offset == UINT64_MAX ? place->next_offset : std::max(end_offset, place->next_offset);
  if (damage->end_position < length && header_at(damage->end_position)) next_offset = info.base_offset;
  damage->end_offset = next_offset;
  // One record alone whose header is sound.
  if (header_at(place->position) && info.base_offset == place->next_offset && place->position + info.batch_length == damage->end_position) {
    const uint8_t* const record = window.at(place->position, info.batch_length);
    const LogDamage whole = *damage;
    if (record != nullptr && !find_bad_messages(record, info, damage)) *damage = whole;
  }
  *place = {.position = damage->end_position, .next_offset = next_offset, .last_timestamp = place->last_timestamp};
}

}  // namespace

CheckEnd check_log(File& file, uint64_t length, uint64_t end_offset, const LogContext& context, uint64_t bytes_max, LogPlace* place,
                   LogDamage* damage) {
  LogWindow window(file, length, kWindowBytes);
  const uint64_t begin = place->position;
  while (place->position < length) {
    if (place->position > begin && place->position - begin >= bytes_max) return CheckEnd::kPaused;
    RecordInfo info;
    int error = 0;
    if (!sound_record(window, context, *place, place->position, &info, &error) || info.base_offset != place->next_offset) {
      pass_damage(file, length, end_offset, context, error, place, damage);
      return CheckEnd::kDamaged;
    }
    *place = {.position = place->position + info.batch_length,
              .next_offset = place->next_offset + info.message_count,
              .last_timestamp = info.base_timestamp};
  }
  return CheckEnd::kWhole;
}

int last_header_end(File& file, uint64_t from, uint64_t length, const LogContext& context, uint64_t offset, uint64_t* end) {
  *end = offset;
  LogWindow window(file, length, kWindowBytes);
  for (uint64_t position = from; position + kRecordHeaderBytes <= length;) {
    const uint64_t bytes = std::min<uint64_t>(kWindowBytes, length - position);
    const uint8_t* const block = window.at(position, bytes);
    if (block == nullptr) return window.error();
    for (uint64_t i = 0; i + kRecordHeaderBytes <= bytes; ++i) {
      if (load64(block + i + header::kIncarnation) != context.incarnation) continue;
      RecordInfo info;
      if (read_record_header(block + i, context.secret, context.incarnation, &info) != HeaderCheck::kValid) continue;
      *end = std::max(*end, info.base_offset + info.message_count);
    }
    position += bytes - (kRecordHeaderBytes - 1);
  }
  return 0;
}

}  // namespace galgo
