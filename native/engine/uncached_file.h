// Reads a file without disturbing the page cache: past it where the file system can, else what was not in it is dropped again. For reading much that
// nobody else wants, and for seeing what is on the device rather than what is in memory.
//
// Threads: one at a time; blocking. Only for bytes that are not being written.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "file.h"

namespace galgo {

class UncachedFile final : public File {
 public:
  /// Returns 0 or errno.
  static int open(FileSystem& file_system, const std::string& path, IoCounters* counters, std::unique_ptr<File>* file);

  int read(void* to, size_t length, uint64_t position, size_t* done) override;
  int read_cached(void* to, size_t length, uint64_t position, size_t* done) override { return buffered_->read_cached(to, length, position, done); }
  int write(iovec*, size_t, uint64_t) override;
  int sync() override;
  int truncate(uint64_t) override;
  int size(uint64_t* bytes) override { return buffered_->size(bytes); }

 private:
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };

  UncachedFile(std::unique_ptr<File> buffered, std::unique_ptr<File> direct);
  int read_directly(uint8_t* to, size_t length, uint64_t position, size_t* done);
  int read_buffered(uint8_t* to, size_t length, uint64_t position, size_t* done);

  std::unique_ptr<File> buffered_;
  std::unique_ptr<File> direct_;  // null where the file system refuses
  std::unique_ptr<uint8_t, Free> staging_;
};

}  // namespace galgo
