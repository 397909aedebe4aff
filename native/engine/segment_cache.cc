#include "segment_cache.h"

namespace galgo {

void SegmentCache::touch(const std::shared_ptr<Segment>& segment) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(segment.get());
  if (found == entries_.end()) {
    recent_first_.push_front({segment, segment.get(), segment->extents_bytes()});
    entries_.emplace(segment.get(), recent_first_.begin());
    bytes_ += recent_first_.front().bytes;
  } else {
    recent_first_.splice(recent_first_.begin(), recent_first_, found->second);
    Entry& entry = recent_first_.front();
    // Another segment may have lived at this address, and extents may have been loaded again.
    entry.segment = segment;
    const uint64_t bytes = segment->extents_bytes();
    bytes_ += bytes - entry.bytes;
    entry.bytes = bytes;
  }
  while (recent_first_.size() > 1 && (bytes_ > extents_bytes_max_ || recent_first_.size() > files_max_ || !budget_.has_room(0))) release_oldest();
}

void SegmentCache::make_room(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  while (!recent_first_.empty() && !budget_.has_room(bytes)) release_oldest();
}

void SegmentCache::release_oldest() {
  const Entry& oldest = recent_first_.back();
  if (const auto unused = oldest.segment.lock()) unused->release();
  bytes_ -= oldest.bytes;
  entries_.erase(oldest.key);
  recent_first_.pop_back();
}

void SegmentCache::forget(const std::shared_ptr<Segment>& segment) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(segment.get());
  if (found == entries_.end()) return;
  bytes_ -= found->second->bytes;
  recent_first_.erase(found->second);
  entries_.erase(found);
}

IndexCacheStats SegmentCache::stats() const {
  const std::lock_guard lock(mutex_);
  return {.bytes = bytes_, .segments = recent_first_.size()};
}

}  // namespace galgo
