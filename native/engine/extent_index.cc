#include "extent_index.h"

#include <cstring>

namespace galgo {
namespace {

constexpr uint32_t kMagic = 0x58494C47;  // "GLIX"
constexpr uint32_t kVersion = 1;
constexpr uint32_t kSealed = 1u << 16;  // flags are the upper half of the word after the magic
constexpr uint32_t kLarge = 1;
constexpr size_t kEntryCheckAt = kIndexEntryBytes - 4;

uint32_t entry_check(const uint8_t* entry, uint64_t secret, uint64_t start) {
  return static_cast<uint32_t>(xxh3_64_keyed(entry, kEntryCheckAt, secret ^ start));
}

}  // namespace

void ExtentBuilder::add(uint64_t position, const RecordInfo& info, const uint8_t* record, std::vector<Extent>* extents) {
  const bool large = info.batch_length > kLargeRecordBytes;
  uint64_t logical_bytes = logical_bytes_;
  const auto begin = [&](uint64_t at, uint64_t offset) {
    extents->push_back({.relative_offset = static_cast<uint32_t>(offset - segment_start_),
                        .position = static_cast<uint32_t>(at),
                        .record_position = static_cast<uint32_t>(position),
                        .large = large,
                        .verified = true,
                        .timestamp = info.base_timestamp,
                        .logical_bytes = logical_bytes});
    extent_position_ = at;
  };
  logical_bytes_ += info.logical_bytes;
  if (!large) {
    if (!open_ || position - extent_position_ >= kExtentBytesMin) begin(position, info.first_offset);
    open_ = true;
    return;
  }
  begin(position, info.first_offset);
  open_ = false;
  // What is encrypted is read whole.
  if ((info.flags & kRecordEncrypted) != 0) return;
  uint64_t at = position + kRecordHeaderBytes;
  uint64_t frames_position = at;  // of the extent's first frame
  for (uint32_t i = 0; i < info.message_count; ++i) {
    if (at - frames_position >= kExtentBytesMin) {
      begin(at, info.first_offset + i);
      frames_position = at;
    }
    const uint64_t bytes = frame_bytes(record + (at - position));
    logical_bytes += bytes + kClassicHeaderBytes - kFrameHeaderBytes;
    at += bytes;
  }
}

void encode_index_header(const IndexHeader& header, uint8_t out[kIndexHeaderBytes]) {
  std::memset(out, 0, kIndexHeaderBytes);
  store32(out, kMagic);
  store32(out + 4, kVersion | (header.sealed ? kSealed : 0));
  store64(out + 8, header.start);
  store64(out + 16, header.incarnation);
  store64(out + 24, header.secret);
  store64(out + 32, header.log_length);
  store64(out + 40, header.end_offset);
  store64(out + 48, header.logical_bytes);
  store64(out + 56, header.first_timestamp);
  store64(out + 64, header.last_timestamp);
  store64(out + 120, xxh3_64(out, 120));
}

bool decode_index_header(const uint8_t* in, IndexHeader* header) {
  if (load32(in) != kMagic || (load32(in + 4) & ~kSealed) != kVersion || load64(in + 120) != xxh3_64(in, 120)) return false;
  header->sealed = (load32(in + 4) & kSealed) != 0;
  header->start = load64(in + 8);
  header->incarnation = load64(in + 16);
  header->secret = load64(in + 24);
  header->log_length = load64(in + 32);
  header->end_offset = load64(in + 40);
  header->logical_bytes = load64(in + 48);
  header->first_timestamp = load64(in + 56);
  header->last_timestamp = load64(in + 64);
  return true;
}

void encode_extents(const std::vector<Extent>& extents, size_t first, size_t end, uint64_t log_end, uint64_t secret, uint64_t start,
                    std::vector<uint8_t>* out) {
  size_t at = out->size();
  out->resize(at + (end - first) * kIndexEntryBytes);
  for (size_t i = first; i < end; ++i, at += kIndexEntryBytes) {
    const Extent& extent = extents[i];
    const uint64_t extent_end = i + 1 < extents.size() ? extents[i + 1].position : log_end;
    uint8_t* entry = out->data() + at;
    store32(entry, extent.relative_offset);
    store32(entry + 4, extent.position);
    store32(entry + 8, static_cast<uint32_t>(extent_end - extent.position));
    store32(entry + 12, extent.record_position);
    store64(entry + 16, extent.timestamp);
    store64(entry + 24, extent.logical_bytes);
    store32(entry + 32, extent.large ? kLarge : 0);
    store32(entry + kEntryCheckAt, entry_check(entry, secret, start));
  }
}

uint64_t decode_extents(const uint8_t* in, size_t length, uint64_t log_end_max, uint64_t secret, uint64_t start, std::vector<Extent>* extents) {
  uint64_t log_end = 0;
  for (size_t at = 0; at + kIndexEntryBytes <= length; at += kIndexEntryBytes) {
    const uint8_t* entry = in + at;
    if (load32(entry + kEntryCheckAt) != entry_check(entry, secret, start)) break;
    const Extent extent{.relative_offset = load32(entry),
                        .position = load32(entry + 4),
                        .record_position = load32(entry + 12),
                        .large = (load32(entry + 32) & kLarge) != 0,
                        .verified = false,
                        .timestamp = load64(entry + 16),
                        .logical_bytes = load64(entry + 24)};
    const uint64_t extent_end = uint64_t{extent.position} + load32(entry + 8);
    if (extent.position != log_end || extent_end <= log_end || extent_end > log_end_max || extent.record_position > extent.position) break;
    if (!extents->empty() && extent.relative_offset <= extents->back().relative_offset) break;
    if (!extents->empty() && extent.timestamp < extents->back().timestamp) break;
    log_end = extent_end;
    extents->push_back(extent);
  }
  return log_end;
}

}  // namespace galgo
