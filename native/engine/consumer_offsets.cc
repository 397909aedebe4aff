#include "consumer_offsets.h"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "record.h"

namespace galgo {
namespace {

constexpr size_t kSlotBytes = 32;
constexpr size_t kPairBytes = 2 * kSlotBytes;
// Of a consumer in memory: its place in the map, with what the allocator adds.
constexpr uint64_t kConsumerBytes = 64;

uint32_t slot_check(const uint8_t* slot, uint64_t secret) { return static_cast<uint32_t>(xxh3_64_keyed(slot, 28, secret)); }

bool slot_valid(const uint8_t* slot, uint64_t secret) { return (slot[0] == 1 || slot[0] == 2) && load32(slot + 28) == slot_check(slot, secret); }

}  // namespace

int ConsumerOffsets::open(FileSystem& file_system, const std::string& directory, IoCounters* counters, uint64_t secret, uint64_t next_offset,
                          StoredState found, bool* made) {
  const std::lock_guard lock(mutex_);
  file_system_ = &file_system;
  path_ = directory + "/offsets.dat";
  counters_ = counters;
  std::unique_ptr<File> file;
  int error = file_system.open(path_, OpenMode::kReadWrite, counters, &file);
  *made = error == ENOENT;
  if (*made) error = file_system.open(path_, OpenMode::kCreate, counters, &file);
  if (error != 0) return error;
  secret_ = secret;
  uint64_t size = 0;
  if (const int failed = file->size(&size)) return failed;
  std::vector<uint8_t> bytes(size);
  size_t done = 0;
  if (const int failed = file->read(bytes.data(), bytes.size(), 0, &done)) return failed;
  bytes.resize(done);
  if (found != StoredState::kCleanStop && done > 0) {
    // After a sync that failed, the kernel takes pages for clean that are not on the device.
    if (found == StoredState::kFaulted) {
      if (const int failed = file->write(bytes.data(), done, 0)) return failed;
    }
    if (const int failed = file->sync()) return failed;
  }
  load_pairs(bytes, next_offset);
  return 0;
}

// Partitions that nobody consumes keep no descriptor for their offsets.
int ConsumerOffsets::need_file() {
  if (file_) return 0;
  std::unique_ptr<File> file;
  if (const int error = file_system_->open(path_, OpenMode::kReadWrite, counters_, &file)) return error;
  file_ = std::move(file);
  return 0;
}

void ConsumerOffsets::load_pairs(const std::vector<uint8_t>& bytes, uint64_t next_offset) {
  pairs_ = static_cast<uint32_t>((bytes.size() + kPairBytes - 1) / kPairBytes);
  for (uint32_t pair = 0; pair < pairs_; ++pair) {
    const uint8_t* newest = nullptr;
    for (size_t at = pair * kPairBytes; at < (pair + 1) * kPairBytes && at + kSlotBytes <= bytes.size(); at += kSlotBytes) {
      const uint8_t* slot = bytes.data() + at;
      if (!slot_valid(slot, secret_)) continue;
      // Sequences wrap; the two of a pair are neighbours.
      if (newest == nullptr || static_cast<int32_t>(load32(slot + 24) - load32(newest + 24)) > 0) newest = slot;
    }
    Entry entry{0, pair, newest == nullptr ? 0 : load32(newest + 24)};
    const bool live = newest != nullptr && newest[1] == 1 && next_offset > 0;
    if (live) entry.offset = std::min(load64(newest + 8), next_offset - 1);
    if (!live || !entries_.emplace(key_of(newest[0], load32(newest + 4)), entry).second) free_pairs_.push_back(entry);
  }
  count();
}

void ConsumerOffsets::count() { charge_.set(entries_.size() * kConsumerBytes + free_pairs_.capacity() * sizeof(Entry)); }

uint64_t ConsumerOffsets::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

Status ConsumerOffsets::store(uint8_t kind, uint32_t id, uint64_t offset, uint64_t generation, bool keep_unwritten, int* error) {
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return kOk;
  const uint64_t key = key_of(kind, id);
  const auto found = entries_.find(key);
  if (found == entries_.end() && entries_.size() >= consumers_max_) return kTooManyOffsets;
  if (found == entries_.end() && !memory_.make_room(kConsumerBytes + kAppendRoomBytes)) return kOutOfMemory;
  const bool reuses = found == entries_.end() && !free_pairs_.empty();
  Entry entry = found != entries_.end() ? found->second : reuses ? free_pairs_.back() : Entry{0, pairs_, 0};
  entry.offset = offset;
  ++entry.sequence;
  *error = write_slot(key, entry, true);
  if (*error != 0 && !keep_unwritten) return kIoError;
  if (found == entries_.end()) {
    if (reuses) {
      free_pairs_.pop_back();
    } else {
      ++pairs_;
    }
  }
  entries_[key] = entry;
  count();
  if (*error == 0) {
    missed_.erase(key);
  } else {
    missed_.insert(key);
  }
  return *error == 0 ? kOk : kIoError;
}

bool ConsumerOffsets::load(uint8_t kind, uint32_t id, uint64_t* offset) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key_of(kind, id));
  if (found == entries_.end()) return false;
  *offset = found->second.offset;
  return true;
}

uint64_t ConsumerOffsets::lowest() const {
  const std::lock_guard lock(mutex_);
  uint64_t lowest = UINT64_MAX;
  for (const auto& [key, entry] : entries_) lowest = std::min(lowest, entry.offset);
  return lowest;
}

Status ConsumerOffsets::remove(uint8_t kind, uint32_t id, int* error) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key_of(kind, id));
  if (found == entries_.end()) return kConsumerOffsetNotFound;
  Entry entry = found->second;
  ++entry.sequence;
  *error = write_slot(found->first, entry, false);
  if (*error != 0) return kIoError;
  missed_.erase(found->first);
  free_pairs_.push_back(entry);
  entries_.erase(found);
  count();
  return kOk;
}

int ConsumerOffsets::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  missed_.clear();
  free_pairs_.clear();
  count();
  pairs_ = 0;
  ++generation_;
  ++writes_;
  if (const int error = need_file()) return error;
  return file_->truncate(0);
}

bool ConsumerOffsets::dirty() const {
  const std::lock_guard lock(mutex_);
  return writes_ != synced_writes_ || !missed_.empty();
}

int ConsumerOffsets::write_missed() {
  const std::lock_guard lock(mutex_);
  while (!missed_.empty()) {
    const auto key = *missed_.begin();
    if (const int error = write_slot(key, entries_.at(key), true)) return error;
    missed_.erase(key);
  }
  return 0;
}

int ConsumerOffsets::sync() {
  const std::lock_guard syncing(sync_mutex_);
  std::shared_ptr<File> file;
  uint64_t writes = 0;
  {
    const std::lock_guard lock(mutex_);
    writes = writes_;
    file = file_;
  }
  if (sync_error_ == 0 && file) sync_error_ = file->sync();
  if (sync_error_ != 0) return sync_error_;
  const std::lock_guard lock(mutex_);
  synced_writes_ = writes;
  return 0;
}

int ConsumerOffsets::write_slot(uint64_t key, const Entry& entry, bool live) {
  uint8_t slot[kSlotBytes] = {static_cast<uint8_t>(key >> 32), static_cast<uint8_t>(live ? 1 : 0)};
  store32(slot + 4, static_cast<uint32_t>(key));
  store64(slot + 8, entry.offset);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  store64(slot + 16, static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
  store32(slot + 24, entry.sequence);
  store32(slot + 28, slot_check(slot, secret_));
  if (const int error = need_file()) return error;
  ++writes_;
  return file_->write(slot, sizeof slot, uint64_t{entry.pair} * kPairBytes + entry.sequence % 2 * kSlotBytes);
}

}  // namespace galgo
