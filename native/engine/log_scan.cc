#include "log_scan.h"

#include <algorithm>
#include <cstring>

#include "log_window.h"
#include "record_fields.h"

namespace galgo {
namespace {

constexpr size_t kWindowBytes = 1 << 20;

}  // namespace

int scan_log(File& file, uint64_t length, const LogContext& context, ScanState* state, ExtentBuilder* builder, std::vector<Extent>* extents) {
  LogWindow window(file, length, kWindowBytes);
  ScanState batch_end = *state;
  ExtentBuilder builder_at_end = *builder;
  size_t extents_at_end = extents->size();
  for (;;) {
    const uint8_t* header = window.at(state->position, kRecordHeaderBytes);
    RecordInfo info;
    if (header == nullptr || read_record_header(header, context.secret, context.incarnation, &info) != HeaderCheck::kValid) break;
    if (info.first_offset != state->next_offset || info.base_timestamp < state->last_timestamp) break;
    const uint8_t* record = window.at(state->position, info.batch_length);
    if (record == nullptr || !verify_record_body(record, info)) break;
    builder->add(state->position, info, record, extents);
    if (state->first_timestamp == 0) state->first_timestamp = info.base_timestamp;
    state->last_timestamp = info.base_timestamp;
    state->logical_bytes += info.logical_bytes;
    state->next_offset += info.message_count;
    state->position += info.batch_length;
    if ((info.flags & kRecordContinues) != 0) continue;
    batch_end = *state;
    builder_at_end = *builder;
    extents_at_end = extents->size();
  }
  // A batch whose last record is not there never was.
  *state = batch_end;
  *builder = builder_at_end;
  extents->erase(extents->begin() + static_cast<std::ptrdiff_t>(extents_at_end), extents->end());
  return window.error();
}

int holds_two_groups(File& file, uint64_t from, uint64_t length, const LogContext& context, uint64_t offset, bool* answer) {
  *answer = false;
  LogWindow window(file, length, kWindowBytes);
  uint64_t group = 0;
  for (uint64_t position = from; position + kRecordHeaderBytes <= length;) {
    const uint64_t bytes = std::min<uint64_t>(kWindowBytes, length - position);
    const uint8_t* block = window.at(position, bytes);
    if (block == nullptr) return window.error();
    for (uint64_t i = 0; i + kRecordHeaderBytes <= bytes; ++i) {
      const uint8_t* header = block + i;
      RecordInfo info;
      // The incarnation is 64 bits that payloads hit by chance alone; only then is the checksum worth its time.
      if (load64(header + header::kIncarnation) != context.incarnation || load64(header + header::kFirstOffset) < offset) continue;
      if (read_record_header(header, context.secret, context.incarnation, &info) != HeaderCheck::kValid) continue;
      if (group != 0 && info.base_timestamp != group) {
        *answer = true;
        return 0;
      }
      group = info.base_timestamp;
    }
    position += bytes - (kRecordHeaderBytes - 1);
  }
  return 0;
}

int all_zero(File& file, uint64_t from, uint64_t length, bool* answer) {
  *answer = false;
  LogWindow window(file, length, kWindowBytes);
  while (from < length) {
    const uint64_t bytes = std::min<uint64_t>(kWindowBytes, length - from);
    const uint8_t* block = window.at(from, bytes);
    if (block == nullptr) return window.error();
    if (block[0] != 0 || std::memcmp(block, block + 1, bytes - 1) != 0) return 0;
    from += bytes;
  }
  *answer = true;
  return 0;
}

}  // namespace galgo
