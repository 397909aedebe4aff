#include "partition_meta.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "record.h"

namespace galgo {
namespace {

constexpr uint32_t kMagic = 0x4D504C47;  // "GLPM"
constexpr uint32_t kVersionAndFormat = 1 | 2u << 16;
constexpr size_t kJumpsAt = 112;
constexpr size_t kCheckAt = kMetaSlotBytes - 8;
static_assert(kJumpsAt + kJumpsMax * sizeof(Jump) <= kCheckAt);

}  // namespace

void encode_meta(const PartitionMeta& meta, uint8_t out[kMetaSlotBytes]) {
  std::memset(out, 0, kMetaSlotBytes);
  store32(out, kMagic);
  store32(out + 4, kVersionAndFormat);
  store64(out + 8, meta.sequence);
  store32(out + 16, static_cast<uint32_t>(meta.state));
  store32(out + 20, static_cast<uint32_t>(meta.jumps.size()));
  store64(out + 24, meta.incarnation);
  store64(out + 32, meta.purges);
  store64(out + 40, meta.first_retained);
  store64(out + 48, meta.active_start);
  store64(out + 56, meta.durable_length);
  store64(out + 64, meta.durable_offset);
  store64(out + 72, meta.reserved_offset);
  store64(out + 80, meta.last_timestamp);
  store64(out + 88, meta.secret);
  std::memcpy(out + 96, meta.boot_id.data(), meta.boot_id.size());
  for (size_t i = 0; i < meta.jumps.size(); ++i) {
    store64(out + kJumpsAt + i * 16, meta.jumps[i].from);
    store64(out + kJumpsAt + i * 16 + 8, meta.jumps[i].to);
  }
  store64(out + kCheckAt, xxh3_64(out, kCheckAt));
}

bool decode_meta(const uint8_t* in, PartitionMeta* meta) {
  if (load32(in) != kMagic || load32(in + 4) != kVersionAndFormat || load64(in + kCheckAt) != xxh3_64(in, kCheckAt)) return false;
  const uint32_t state = load32(in + 16);
  const uint32_t jumps = load32(in + 20);
  if (state > static_cast<uint32_t>(StoredState::kFaulted) || jumps > kJumpsMax) return false;
  meta->sequence = load64(in + 8);
  meta->state = static_cast<StoredState>(state);
  meta->incarnation = load64(in + 24);
  meta->purges = load64(in + 32);
  meta->first_retained = load64(in + 40);
  meta->active_start = load64(in + 48);
  meta->durable_length = load64(in + 56);
  meta->durable_offset = load64(in + 64);
  meta->reserved_offset = load64(in + 72);
  meta->last_timestamp = load64(in + 80);
  meta->secret = load64(in + 88);
  std::memcpy(meta->boot_id.data(), in + 96, meta->boot_id.size());
  meta->jumps.clear();
  for (uint32_t i = 0; i < jumps; ++i) meta->jumps.push_back({load64(in + kJumpsAt + i * 16), load64(in + kJumpsAt + i * 16 + 8)});
  return true;
}

std::string meta_path(const std::string& directory) { return directory + "/partition.meta"; }

int read_meta(FileSystem& file_system, const std::string& directory, IoCounters* counters, PartitionMeta* meta, bool* found) {
  *found = false;
  std::unique_ptr<File> file;
  const int error = file_system.open(meta_path(directory), OpenMode::kRead, counters, &file);
  if (error == ENOENT) return 0;
  if (error != 0) return error;
  std::vector<uint8_t> slots(2 * kMetaSlotBytes);
  size_t done = 0;
  if (const int failed = file->read(slots.data(), slots.size(), 0, &done)) return failed;
  for (size_t at = 0; at + kMetaSlotBytes <= done; at += kMetaSlotBytes) {
    PartitionMeta candidate;
    if (!decode_meta(slots.data() + at, &candidate) || (*found && candidate.sequence <= meta->sequence)) continue;
    *meta = std::move(candidate);
    *found = true;
  }
  return 0;
}

namespace {

int write_slot(FileSystem& file_system, const std::string& directory, IoCounters* counters, const PartitionMeta& meta, bool* unsynced) {
  std::unique_ptr<File> file;
  if (const int error = file_system.open(meta_path(directory), OpenMode::kCreate, counters, &file)) return error;
  uint8_t slot[kMetaSlotBytes];
  encode_meta(meta, slot);
  if (const int error = file->write(slot, sizeof slot, meta.sequence % 2 * kMetaSlotBytes)) return error;
  const int error = file->sync();
  *unsynced = error != 0;
  return error;
}

}  // namespace

int write_meta(FileSystem& file_system, const std::string& directory, IoCounters* counters, PartitionMeta* meta, bool* unsynced) {
  bool unasked = false;
  if (unsynced == nullptr) unsynced = &unasked;
  *unsynced = false;
  ++meta->sequence;
  const int error = write_slot(file_system, directory, counters, *meta, unsynced);
  if (error != 0) --meta->sequence;
  return error;
}

int secure_meta(FileSystem& file_system, const std::string& directory, IoCounters* counters, const PartitionMeta& meta) {
  bool unsynced = false;
  return write_slot(file_system, directory, counters, meta, &unsynced);
}

std::array<uint8_t, 16> machine_boot_id() {
  std::array<uint8_t, 16> id{};
  FILE* file = std::fopen("/proc/sys/kernel/random/boot_id", "re");
  if (file == nullptr) return id;
  // Text of 32 hexadecimal digits and hyphens; kept as sixteen bytes.
  int nibbles = 0;
  for (int c = std::fgetc(file); c != EOF && nibbles < 32; c = std::fgetc(file)) {
    const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (value < 0) continue;
    auto& byte = id[static_cast<size_t>(nibbles / 2)];
    byte = static_cast<uint8_t>(byte << 4 | value);
    ++nibbles;
  }
  std::fclose(file);
  return id;
}

}  // namespace galgo
