#include "log_space.h"

#include <algorithm>
#include <cerrno>

namespace galgo {
namespace {

// A small log gets little, so that thousands of partitions with few messages stay small.
constexpr uint64_t kStepBytesMin = 256 * 1024;
constexpr uint64_t kReserveBytesMax = 32 << 20;
constexpr uint64_t kPrewriteBytesMax = 16 << 20;
// Appends that have overtaken the zeros wait for one such write at most.
constexpr uint64_t kZeroWriteBytes = 1 << 20;

alignas(kBlockBytes) constexpr uint8_t kZeros[64 * 1024] = {};

}  // namespace

uint64_t LogSpace::due(SpaceAhead how, uint64_t end, uint64_t bytes_to_come) const {
  // A little is not worth the calls.
  if (how == SpaceAhead::kNone || bytes_to_come < kStepBytesMin || given_up_.load(std::memory_order_relaxed)) return 0;
  const uint64_t step = std::clamp(end, kStepBytesMin, how == SpaceAhead::kReserve ? kReserveBytesMax : kPrewriteBytesMax);
  const uint64_t ready = how == SpaceAhead::kReserve ? reserved_ : written_;
  // Half of it is left to be used while more is made.
  return ready < end + step / 2 ? block_end(end + std::min(step, bytes_to_come)) : 0;
}

bool LogSpace::extend(SpaceAhead how, File& file, File& zeros_to, uint64_t to) {
  const int error = how == SpaceAhead::kPrewrite ? prewrite(zeros_to, to) : reserve(file, to);
  if (error != 0) given_up_ = true;
  return error == 0 && how == SpaceAhead::kPrewrite;
}

int LogSpace::reserve(File& file, uint64_t to) {
  const std::lock_guard lock(mutex_);
  const uint64_t from = reserved_;
  if (finished_ || from >= to) return 0;
  extended_ = true;
  if (const int error = file.allocate(from, to - from)) return error;
  reserved_ = to;
  return 0;
}

int LogSpace::prewrite(File& file, uint64_t to) {
  for (;;) {
    const std::lock_guard lock(mutex_);
    const uint64_t from = written_;
    if (finished_ || from >= to) return 0;
    const uint64_t bytes = std::min(kZeroWriteBytes, to - from);
    iovec parts[kZeroWriteBytes / sizeof kZeros];
    size_t count = 0;
    for (uint64_t left = bytes; left > 0; left -= parts[count++].iov_len) {
      parts[count] = {const_cast<uint8_t*>(kZeros), static_cast<size_t>(std::min<uint64_t>(left, sizeof kZeros))};
    }
    extended_ = true;
    if (const int error = file.write(parts, count, from)) return error;
    written_ = from + bytes;
  }
}

void LogSpace::stop() {
  const std::lock_guard lock(mutex_);
  finished_ = true;
}

int LogSpace::cut(File& file, uint64_t length) {
  const std::lock_guard lock(mutex_);
  if (const int error = file.truncate(length)) return error;
  written_ = block_end(length);
  reserved_ = length;
  return 0;
}

int LogSpace::finish(File& file, uint64_t length, bool padded, bool* cut) {
  const std::lock_guard lock(mutex_);
  finished_ = true;
  *cut = padded || extended_;
  return *cut ? file.truncate(length) : 0;
}

}  // namespace galgo
