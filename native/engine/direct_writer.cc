#include "direct_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace galgo {

int DirectWriter::begin(uint64_t end) {
  if (const int error = load(end)) return error;
  if (!current_) {
    if (const int error = renew(0)) return error;
  }
  const size_t used = end_ - current_->begin;
  std::memset(current_->data + used, 0, kBlockBytes - used);
  const int error = direct_->write(current_->data, kBlockBytes, current_->begin);
  // A full disk does not keep a partition from being opened and read.
  if (error != 0 && error != ENOSPC && error != EDQUOT) return error;
  return shrink();
}

int DirectWriter::append(const iovec* parts, size_t count) {
  size_t left = 0;
  for (size_t i = 0; i < count; ++i) left += parts[i].iov_len;
  size_t part_used = 0;
  if (!current_) {
    if (const int error = load(end_)) return error;
  }
  while (left > 0) {
    if (room() < left && room() < kStagingBytesMax - kBlockBytes) {
      if (const int error = renew(left)) return error;
    }
    const uint64_t begin = block_begin();
    const uint64_t end = end_ + std::min(left, room());
    for (uint64_t at = end_; at < end;) {
      const size_t bytes = std::min<uint64_t>(parts->iov_len - part_used, end - at);
      std::memcpy(current_->data + (at - current_->begin), static_cast<const uint8_t*>(parts->iov_base) + part_used, bytes);
      at += bytes;
      part_used += bytes;
      if (part_used < parts->iov_len) continue;
      ++parts;
      part_used = 0;
    }
    const uint64_t block_end = (end + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
    std::memset(current_->data + (end - current_->begin), 0, block_end - end);
    if (const int error = direct_->write(current_->data + (begin - current_->begin), block_end - begin, begin)) return error;
    left -= end - end_;
    end_ = end;
  }
  return 0;
}

void DirectWriter::rewind(uint64_t end) {
  const std::lock_guard lock(mutex_);
  previous_.reset();
  if (current_ && current_->begin > end) current_.reset();
  end_ = end;
}

// Takes up the partial block, if there is one, from the file.
int DirectWriter::load(uint64_t end) {
  end_ = end;
  std::shared_ptr<Staging> loaded;
  const size_t bytes = end_ - block_begin();
  if (bytes > 0) {
    loaded = std::make_shared<Staging>(buffers_, kBlockBytes, block_begin());
    if (loaded->slot == kNoSlot) return ENOMEM;
    size_t done = 0;
    if (const int error = plain_.read(loaded->data, bytes, block_begin(), &done)) return error;
    if (done < bytes) return EIO;
  }
  const std::lock_guard lock(mutex_);
  current_ = std::move(loaded);
  previous_.reset();
  return 0;
}

// A fresh staging buffer for the partial block and `bytes` to come; the one before stays for readers of the tail.
int DirectWriter::renew(size_t bytes) {
  const uint64_t begin = block_begin();
  const size_t kept = end_ - begin;
  {
    const std::lock_guard lock(mutex_);
    previous_.reset();
  }
  // Room for more than this group makes the next ones cheap. Where the pool is short of memory, a small buffer does.
  const bool scarce = buffers_.bytes_in_use() > buffers_.bytes_max() / 2;
  const size_t least = scarce ? 2 * kBlockBytes : kStagingBytesMin;
  std::shared_ptr<Staging> fresh;
  for (size_t wanted = std::clamp((scarce ? 1 : 2) * (kept + bytes), least, kStagingBytesMax); wanted >= 2 * kBlockBytes; wanted /= 4) {
    fresh = std::make_shared<Staging>(buffers_, wanted, begin);
    if (fresh->slot != kNoSlot) break;
  }
  if (fresh->slot == kNoSlot) return ENOMEM;
  if (kept > 0) std::memcpy(fresh->data, current_->data + (begin - current_->begin), kept);
  const std::lock_guard lock(mutex_);
  if (!scarce) previous_ = std::move(current_);
  current_ = std::move(fresh);
  return 0;
}

size_t DirectWriter::read_tail(uint8_t* to, size_t length, uint64_t position) const {
  std::shared_ptr<Staging> newest_first[2];
  {
    const std::lock_guard lock(mutex_);
    newest_first[0] = current_;
    newest_first[1] = previous_;
  }
  uint64_t end = position + length;
  for (const auto& staging : newest_first) {
    if (!staging || end <= staging->begin || end == position) continue;
    const uint64_t from = std::max(position, staging->begin);
    std::memcpy(to + (from - position), staging->data + (from - staging->begin), end - from);
    end = from;
  }
  return end - position;
}

uint64_t DirectWriter::staging_bytes() const {
  const std::lock_guard lock(mutex_);
  return (current_ ? current_->capacity : 0) + (previous_ ? previous_->capacity : 0);
}

int DirectWriter::shrink() {
  const uint64_t begin = block_begin();
  const size_t kept = end_ - begin;
  {
    const std::lock_guard lock(mutex_);
    previous_.reset();
    if (!current_ || current_->capacity == kBlockBytes) return 0;
  }
  std::shared_ptr<Staging> small;
  if (kept > 0) {
    small = std::make_shared<Staging>(buffers_, kBlockBytes, begin);
    if (small->slot == kNoSlot) return ENOMEM;
    std::memcpy(small->data, current_->data + (begin - current_->begin), kept);
  }
  const std::lock_guard lock(mutex_);
  current_ = std::move(small);
  return 0;
}

void DirectWriter::close() {
  direct_.reset();
  const std::lock_guard lock(mutex_);
  current_.reset();
  previous_.reset();
}

}  // namespace galgo
