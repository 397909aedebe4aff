#include "uncached_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace galgo {
namespace {

constexpr size_t kStagingBytes = 256 * 1024;

}  // namespace

int UncachedFile::open(FileSystem& file_system, const std::string& path, IoCounters* counters, std::unique_ptr<File>* file) {
  std::unique_ptr<File> buffered;
  std::unique_ptr<File> direct;
  if (const int error = file_system.open(path, OpenMode::kRead, counters, &buffered)) return error;
  if (file_system.open(path, OpenMode::kDirect, counters, &direct) != 0) direct.reset();
  file->reset(new UncachedFile(std::move(buffered), std::move(direct)));
  return 0;
}

UncachedFile::UncachedFile(std::unique_ptr<File> buffered, std::unique_ptr<File> direct)
    : buffered_(std::move(buffered)), direct_(std::move(direct)) {
  if (!direct_) return;
  staging_.reset(static_cast<uint8_t*>(std::aligned_alloc(kBlockBytes, kStagingBytes)));
  if (!staging_) throw std::bad_alloc();
}

int UncachedFile::read(void* to, size_t length, uint64_t position, size_t* done) {
  auto* const bytes = static_cast<uint8_t*>(to);
  if (direct_) {
    const int error = read_directly(bytes, length, position, done);
    if (error != EINVAL) return error;
    direct_.reset();
  }
  return read_buffered(bytes, length, position, done);
}

int UncachedFile::read_directly(uint8_t* to, size_t length, uint64_t position, size_t* done) {
  *done = 0;
  while (*done < length) {
    const uint64_t at = position + *done;
    const size_t skipped = at % kBlockBytes;
    const size_t wanted = std::min((skipped + length - *done + kBlockBytes - 1) / kBlockBytes * kBlockBytes, kStagingBytes);
    size_t got = 0;
    if (const int error = direct_->read(staging_.get(), wanted, at - skipped, &got)) return error;
    if (got <= skipped) break;
    const size_t taken = std::min(got - skipped, length - *done);
    std::memcpy(to + *done, staging_.get() + skipped, taken);
    *done += taken;
    if (got < wanted) break;
  }
  return 0;
}

int UncachedFile::read_buffered(uint8_t* to, size_t length, uint64_t position, size_t* done) {
  if (buffered_->read_cached(to, length, position, done) == 0) return 0;
  const int error = buffered_->read(to, length, position, done);
  buffered_->drop_cached(position, length);
  return error;
}

int UncachedFile::write(iovec*, size_t, uint64_t) { return EBADF; }
int UncachedFile::sync() { return EBADF; }
int UncachedFile::truncate(uint64_t) { return EBADF; }

}  // namespace galgo
