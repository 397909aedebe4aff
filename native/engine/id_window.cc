#include "id_window.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "record.h"

namespace galgo {
namespace {

constexpr size_t kPlacesMin = 64;
// Kept vectors above this are given back.
constexpr size_t kKeptDisplacedMax = 4096;

uint64_t random_key() {
  uint8_t id[16];
  random_id(id);
  return xxh3_64(id, sizeof id);
}

}  // namespace

bool IdBudget::take(uint64_t bytes) {
  uint64_t used = bytes_used_;
  do {
    if (bytes > bytes_max_ - std::min(bytes_max_, used)) return false;
  } while (!bytes_used_.compare_exchange_weak(used, used + bytes));
  if (memory_ == nullptr || memory_->take_spare(MemoryKind::kIds, bytes)) return true;
  bytes_used_ -= bytes;
  return false;
}

void IdBudget::give(uint64_t bytes) {
  bytes_used_ -= bytes;
  if (memory_ != nullptr) memory_->give(MemoryKind::kIds, bytes);
}

IdWindow::IdWindow(uint32_t entries_max, uint64_t expiry_us, IdBudget& budget)
    : entries_max_(entries_max), expiry_us_(expiry_us), key_(random_key()), budget_(budget) {}

IdWindow::~IdWindow() { clear(); }

void IdWindow::expire(uint64_t now) {
  if (expiry_us_ == 0) return;
  while (count_ > 0 && entry(0).timestamp < now - std::min(now, expiry_us_)) drop_oldest();
}

std::optional<uint64_t> IdWindow::find(const uint8_t* id) const {
  if (count_ == 0) return std::nullopt;
  uint64_t key[2];
  std::memcpy(key, id, sizeof key);
  const uint32_t place = table_[find_slot(key)];
  if (place == kFree) return std::nullopt;
  return ring_[place].offset;
}

void IdWindow::stage(const uint8_t* id, uint64_t offset, uint64_t timestamp) {
  Entry added{.id = {}, .offset = offset, .timestamp = timestamp};
  std::memcpy(added.id, id, sizeof added.id);
  if (count_ == std::min<size_t>(ring_.size(), entries_max_) && !(count_ < entries_max_ && grow())) {
    if (count_ == 0) return;
    if (staged_ == count_) {
      --staged_;
    } else {
      displaced_.push_back(entry(0));
    }
    drop_oldest();
  }
  insert(added);
  ++staged_;
}

void IdWindow::commit() {
  staged_ = 0;
  displaced_.clear();
  if (displaced_.capacity() > kKeptDisplacedMax) displaced_ = {};
}

void IdWindow::discard() {
  for (; staged_ > 0; --staged_) drop_newest();
  // They come back in front of what is left. Nothing grows: there were as many before.
  while (!displaced_.empty()) {
    first_ = (first_ + ring_.size() - 1) & (ring_.size() - 1);
    ++count_;
    entry(0) = displaced_.back();
    table_[find_slot(displaced_.back().id)] = static_cast<uint32_t>(first_);
    displaced_.pop_back();
  }
  commit();
}

void IdWindow::restore(const uint8_t* id, uint64_t offset, uint64_t timestamp) {
  if (find(id)) return;
  stage(id, offset, timestamp);
  commit();
}

void IdWindow::clear() {
  budget_.give(ring_.size() * sizeof(Entry) + table_.size() * sizeof(uint32_t));
  ring_ = {};
  table_ = {};
  first_ = count_ = 0;
  staged_ = 0;
  displaced_ = {};
}

size_t IdWindow::slot_of(const uint64_t id[2]) const { return xxh3_64_keyed(id, 16, key_) & (table_.size() - 1); }

// The slot of the id, or the free one where it would be.
size_t IdWindow::find_slot(const uint64_t id[2]) const {
  size_t slot = slot_of(id);
  for (; table_[slot] != kFree; slot = (slot + 1) & (table_.size() - 1)) {
    const Entry& held = ring_[table_[slot]];
    if (held.id[0] == id[0] && held.id[1] == id[1]) break;
  }
  return slot;
}

void IdWindow::insert(const Entry& added) {
  ++count_;
  entry(count_ - 1) = added;
  table_[find_slot(added.id)] = static_cast<uint32_t>((first_ + count_ - 1) & (ring_.size() - 1));
}

// Linear probing without tombstones: what follows moves up where it may.
void IdWindow::erase_slot(size_t slot) {
  const size_t mask = table_.size() - 1;
  for (size_t next = (slot + 1) & mask; table_[next] != kFree; next = (next + 1) & mask) {
    const size_t home = slot_of(ring_[table_[next]].id);
    if (((next - home) & mask) < ((next - slot) & mask)) continue;
    table_[slot] = table_[next];
    slot = next;
  }
  table_[slot] = kFree;
}

void IdWindow::drop_oldest() {
  erase_slot(find_slot(entry(0).id));
  first_ = (first_ + 1) & (ring_.size() - 1);
  --count_;
}

void IdWindow::drop_newest() {
  erase_slot(find_slot(entry(count_ - 1).id));
  --count_;
}

// False: the budget is spent, or there is no memory.
bool IdWindow::grow() {
  const size_t places = std::max(ring_.size() * 2, std::min(kPlacesMin, std::bit_ceil(size_t{entries_max_})));
  const uint64_t bytes = (places - ring_.size()) * (sizeof(Entry) + 2 * sizeof(uint32_t));
  if (!budget_.take(bytes)) return false;
  try {
    std::vector<Entry> ring(places);
    std::vector<uint32_t> table(2 * places, kFree);
    for (size_t i = 0; i < count_; ++i) ring[i] = entry(i);
    ring_.swap(ring);
    table_.swap(table);
  } catch (const std::bad_alloc&) {
    budget_.give(bytes);
    return false;
  }
  first_ = 0;
  for (size_t i = 0; i < count_; ++i) table_[find_slot(ring_[i].id)] = static_cast<uint32_t>(i);
  return true;
}

}  // namespace galgo
