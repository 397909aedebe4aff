// A window over a log file that moves forwards and grows where a record is larger.
//
// Threads: one at a time; blocking reads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace galgo {

/// `Source` reads as File does.
template <typename Source>
class LogWindow {
 public:
  /// Reads up to `length`, `window_bytes` at a time.
  LogWindow(Source& file, uint64_t length, size_t window_bytes) : file_(file), length_(length), window_bytes_(window_bytes) {}

  /// `bytes` bytes at `position`, or nullptr where the file is shorter or cannot be read.
  const uint8_t* at(uint64_t position, uint64_t bytes) {
    if (position > length_ || bytes > length_ - position) return nullptr;
    if (position < begin_ || position + bytes > begin_ + filled_) {
      const uint64_t wanted = std::min(std::max<uint64_t>(bytes, window_bytes_), length_ - position);
      if (buffer_.size() < wanted) buffer_.resize(wanted);
      begin_ = position;
      filled_ = 0;
      error_ = file_.read(buffer_.data(), wanted, position, &filled_);
      if (error_ != 0 || filled_ < bytes) return nullptr;
    }
    return buffer_.data() + (position - begin_);
  }

  int error() const { return error_; }

 private:
  Source& file_;
  const uint64_t length_;
  const size_t window_bytes_;
  std::vector<uint8_t> buffer_;
  uint64_t begin_ = 0;
  size_t filled_ = 0;
  int error_ = 0;
};

}  // namespace galgo
