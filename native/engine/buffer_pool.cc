// Threads: any. One mutex guards lists and counters; data() and capacity() read a slot's entry without it, which is sound because the number came
// from acquire().
//
// Memory: slots below 1 MiB are carved out of mapped regions of 1 MiB, larger ones have a mapping each; all of it is unmapped by the destructor
// alone. Idle slots wait in two lists of their class: warm ones still have their memory, cold ones gave it back. Above 64 MiB mappings are powers of
// two, of which a slot uses (and is charged for) the pages asked for. A new mapping is made only when no slot of its class is idle, so each class
// maps at most the budget (twice that above 64 MiB). Slots of 4, 16 and 64 MiB ask for huge pages: copies and direct transfers handle a two
// hundredth of the pages then, and what a slot has of them at most is what it is charged for.
#include "buffer_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <mutex>
#include <new>
#include <vector>

namespace galgo {
namespace {

constexpr size_t kClassBytesMin = 4096;
constexpr size_t kClassBytesMax = 64u << 20;
constexpr size_t kRegionBytes = 1u << 20;
constexpr uint32_t kSizedClasses = 8;   // 4 KiB … 64 MiB, each four times the one before
constexpr uint32_t kLargeClasses = 16;  // mappings of 128 MiB … 4 TiB, each twice the one before
constexpr uint64_t kWarmBytesMax = 32u << 20;
constexpr uint32_t kSlotsPerChunk = 4096;
constexpr size_t kHugePageBytes = 2u << 20;  // where they are larger, the kernel gives none to slots that are smaller

enum class State : uint8_t { kIdle, kInUse, kLeaving };

struct Slot {
  uint8_t* data = nullptr;
  size_t capacity = 0;
  size_t region_bytes = 0;  // in the first slot of a mapped region
  uint32_t next = kNoSlot;  // in the idle list
  uint8_t slot_class = 0;
  State state = State::kIdle;
};

struct SlotClass {
  uint32_t warm = kNoSlot;
  uint32_t cold = kNoSlot;
  uint64_t last_used = 0;  // by the pool's clock
};

uint32_t class_of(size_t bytes) {
  if (bytes <= kClassBytesMin) return 0;
  const auto bits = static_cast<uint32_t>(std::bit_width(bytes - 1));  // 2^bits holds `bytes`
  return bytes <= kClassBytesMax ? (bits - 12 + 1) / 2 : kSizedClasses + (bits - 27);
}

size_t mapped_bytes(uint32_t slot_class) {
  return slot_class < kSizedClasses ? kClassBytesMin << (2 * slot_class) : (2 * kClassBytesMax) << (slot_class - kSizedClasses);
}

/// Memory of small pages, or memory that begins at a huge page's border and has huge pages where the kernel has some. nullptr if it refuses.
uint8_t* map_region(size_t bytes, bool huge) {
  const size_t spare = huge ? kHugePageBytes : 0;
  void* const memory = mmap(nullptr, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* const mapped = static_cast<uint8_t*>(memory);
  if (!huge) return mapped;
  const size_t before = (spare - reinterpret_cast<uintptr_t>(mapped) % spare) % spare;
  if (before > 0) munmap(mapped, before);
  munmap(mapped + before + bytes, spare - before);
#ifdef MADV_HUGEPAGE
  madvise(mapped + before, bytes, MADV_HUGEPAGE);
#endif
  return mapped + before;
}

}  // namespace

struct BufferPool::Impl {
  Impl(uint64_t bytes, MemoryBudget* counted_in)
      : bytes_max(bytes),
        budget(counted_in),
        warm_bytes_max(std::min(bytes, kWarmBytesMax)),
        page_bytes(static_cast<size_t>(sysconf(_SC_PAGESIZE))),
        chunks(chunks_max(bytes)) {}

  ~Impl() {
    for (uint32_t i = 0; i < slots_made.load(std::memory_order_relaxed); i++) {
      if (entry(i)->region_bytes > 0) munmap(entry(i)->data, entry(i)->region_bytes);
    }
    for (const auto& chunk : chunks) delete[] chunk.load(std::memory_order_relaxed);
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Chunks of slot entries for all slots that a budget can ever ask for.
  static size_t chunks_max(uint64_t bytes) {
    uint64_t slots = 0;
    for (uint32_t i = 0; i < kSizedClasses + kLargeClasses; i++) slots += 2 * (bytes / mapped_bytes(i) + 1) + kRegionBytes / kClassBytesMin;
    return static_cast<size_t>(std::min<uint64_t>(slots, kNoSlot) / kSlotsPerChunk + 1);
  }

  Slot* entry(uint32_t slot) const { return &chunks[slot / kSlotsPerChunk].load(std::memory_order_relaxed)[slot % kSlotsPerChunk]; }

  Slot* find(uint32_t slot) const { return slot < slots_made.load(std::memory_order_acquire) ? entry(slot) : nullptr; }

  void push(uint32_t* list, uint32_t slot) {
    entry(slot)->next = *list;
    *list = slot;
  }

  uint32_t pop(uint32_t* list) {
    const uint32_t slot = *list;
    *list = entry(slot)->next;
    return slot;
  }

  /// Maps room for more slots of the class, all of them cold. Returns false if the kernel refuses.
  bool grow(uint32_t slot_class) {
    const size_t slot_bytes = mapped_bytes(slot_class);
    const size_t region_bytes = std::max(slot_bytes, kRegionBytes);
    const auto count = static_cast<uint32_t>(region_bytes / slot_bytes);
    const uint32_t first = slots_made.load(std::memory_order_relaxed);
    for (uint32_t chunk = first / kSlotsPerChunk; chunk <= (first + count - 1) / kSlotsPerChunk; chunk++) {
      if (chunk >= chunks.size()) return false;
      if (chunks[chunk].load(std::memory_order_relaxed) != nullptr) continue;
      Slot* const entries = new (std::nothrow) Slot[kSlotsPerChunk];
      if (entries == nullptr) return false;
      chunks[chunk].store(entries, std::memory_order_relaxed);
    }
    uint8_t* const region = map_region(region_bytes, slot_bytes >= kHugePageBytes && slot_class < kSizedClasses);
    if (region == nullptr) return false;
    entry(first)->region_bytes = region_bytes;
    for (uint32_t i = count; i-- > 0;) {
      Slot* const slot = entry(first + i);
      slot->data = region + size_t{i} * slot_bytes;
      slot->capacity = slot_bytes;
      slot->slot_class = static_cast<uint8_t>(slot_class);
      push(&classes[slot_class].cold, first + i);
    }
    slots_made.store(first + count, std::memory_order_release);
    return true;
  }

  /// Gives back the memory of a warm slot of the class that was not used for longest. The caller knows that there is one.
  void cool_one() {
    SlotClass* coldest = nullptr;
    for (SlotClass& candidate : classes) {
      if (candidate.warm != kNoSlot && (coldest == nullptr || candidate.last_used < coldest->last_used)) coldest = &candidate;
    }
    const uint32_t slot = pop(&coldest->warm);
    madvise(entry(slot)->data, entry(slot)->capacity, MADV_DONTNEED);
    bytes_warm -= entry(slot)->capacity;
    give(entry(slot)->capacity);
    push(&coldest->cold, slot);
  }

  bool take(uint64_t bytes) { return budget == nullptr || budget->try_take(MemoryKind::kBuffers, bytes); }
  void give(uint64_t bytes) {
    if (budget != nullptr) budget->give(MemoryKind::kBuffers, bytes);
  }

  const uint64_t bytes_max;
  MemoryBudget* const budget;
  const uint64_t warm_bytes_max;
  const size_t page_bytes;

  std::vector<std::atomic<Slot*>> chunks;  // never resized: data() reads it without the mutex
  std::atomic<uint32_t> slots_made{0};

  mutable std::mutex mutex;
  SlotClass classes[kSizedClasses + kLargeClasses];
  uint64_t bytes_in_use = 0;
  uint64_t bytes_warm = 0;
  uint64_t clock = 0;
};

BufferPool::BufferPool(uint64_t bytes_max, MemoryBudget* budget) : impl_(std::make_unique<Impl>(bytes_max, budget)) {}
BufferPool::~BufferPool() = default;

uint32_t BufferPool::acquire(size_t bytes) {
  if (bytes > impl_->bytes_max) return kNoSlot;
  const uint32_t slot_class = class_of(std::max(bytes, impl_->page_bytes));  // a smaller class than a page could not give its memory back
  if (slot_class >= kSizedClasses + kLargeClasses) return kNoSlot;
  const size_t capacity =
      slot_class < kSizedClasses ? mapped_bytes(slot_class) : (bytes + impl_->page_bytes - 1) / impl_->page_bytes * impl_->page_bytes;

  std::unique_lock lock(impl_->mutex);
  if (capacity > impl_->bytes_max - impl_->bytes_in_use) return kNoSlot;
  if (impl_->classes[slot_class].warm == kNoSlot && !impl_->take(capacity)) {
    lock.unlock();
    if (!impl_->budget->take(MemoryKind::kBuffers, capacity)) return kNoSlot;
    lock.lock();
    if (capacity > impl_->bytes_max - impl_->bytes_in_use || impl_->classes[slot_class].warm != kNoSlot) {
      impl_->give(capacity);
      if (capacity > impl_->bytes_max - impl_->bytes_in_use) return kNoSlot;
    }
  }
  SlotClass& from = impl_->classes[slot_class];
  from.last_used = ++impl_->clock;
  uint32_t number;
  if (from.warm != kNoSlot) {
    number = impl_->pop(&from.warm);
    impl_->bytes_warm -= capacity;
  } else {
    if (from.cold == kNoSlot && !impl_->grow(slot_class)) {
      impl_->give(capacity);
      return kNoSlot;
    }
    while (impl_->bytes_in_use + impl_->bytes_warm + capacity > impl_->bytes_max) impl_->cool_one();
    number = impl_->pop(&from.cold);
  }
  Slot* const slot = impl_->entry(number);
  slot->capacity = capacity;
  slot->state = State::kInUse;
  impl_->bytes_in_use += capacity;
  return number;
}

void BufferPool::release(uint32_t number) {
  std::unique_lock lock(impl_->mutex);
  Slot* const slot = impl_->find(number);
  const bool held = slot != nullptr && slot->state == State::kInUse;
  assert(held && "release of a buffer slot that is not handed out");
  if (!held) return;
  SlotClass& to = impl_->classes[slot->slot_class];
  const size_t capacity = slot->capacity;
  if (capacity > impl_->warm_bytes_max || slot->slot_class >= kSizedClasses) {
    // Freeing many pages takes milliseconds, so the others need not wait for it. The slot counts as in use until its memory is gone.
    slot->state = State::kLeaving;
    lock.unlock();
    madvise(slot->data, mapped_bytes(slot->slot_class), MADV_DONTNEED);
    lock.lock();
    slot->state = State::kIdle;
    impl_->bytes_in_use -= capacity;
    impl_->give(capacity);
    impl_->push(&to.cold, number);
    return;
  }
  slot->state = State::kIdle;
  impl_->bytes_in_use -= capacity;
  impl_->bytes_warm += capacity;
  impl_->push(&to.warm, number);
  while (impl_->bytes_warm > impl_->warm_bytes_max) impl_->cool_one();
}

uint8_t* BufferPool::data(uint32_t slot) const {
  const Slot* const found = impl_->find(slot);
  return found == nullptr ? nullptr : found->data;
}

size_t BufferPool::capacity(uint32_t slot) const {
  const Slot* const found = impl_->find(slot);
  return found == nullptr ? 0 : found->capacity;
}

uint64_t BufferPool::bytes_in_use() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->bytes_in_use;
}

uint64_t BufferPool::bytes_resident() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->bytes_in_use + impl_->bytes_warm;
}

uint64_t BufferPool::bytes_max() const { return impl_->bytes_max; }

void BufferPool::trim() {
  const std::lock_guard lock(impl_->mutex);
  while (impl_->bytes_warm > 0) impl_->cool_one();
}

}  // namespace galgo
