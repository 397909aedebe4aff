// Counts the calls that reach a file system, by what they are.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "../engine/file.h"

namespace galgo::test {

class CountingFileSystem final : public FileSystem {
 public:
  using Calls = std::map<std::string, int>;

  explicit CountingFileSystem(FileSystem& below) : below_(below) {}

  /// Those since the last time, without the kinds that there were none of.
  Calls take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(calls_, {});
  }

  int open(const std::string& path, OpenMode mode, IoCounters* counters, std::unique_ptr<File>* file) override {
    count("open");
    std::unique_ptr<File> real;
    if (const int error = below_.open(path, mode, counters, &real)) return error;
    *file = std::make_unique<CountingFile>(*this, std::move(real));
    return 0;
  }
  int remove(const std::string& path) override {
    count("remove");
    return below_.remove(path);
  }
  int rename(const std::string& from, const std::string& to) override {
    count("rename");
    return below_.rename(from, to);
  }
  int make_directories(const std::string& path) override {
    count("mkdir");
    return below_.make_directories(path);
  }
  int sync_directory(const std::string& path) override {
    count("syncdir");
    return below_.sync_directory(path);
  }
  int list(const std::string& path, std::vector<std::string>* names) override {
    count("list");
    return below_.list(path, names);
  }

 private:
  class CountingFile final : public File {
   public:
    CountingFile(CountingFileSystem& owner, std::unique_ptr<File> real) : owner_(owner), real_(std::move(real)) {}
    int read(void* to, size_t length, uint64_t position, size_t* done) override {
      owner_.count("read");
      return real_->read(to, length, position, done);
    }
    int read_cached(void* to, size_t length, uint64_t position, size_t* done) override {
      owner_.count("read");
      return real_->read_cached(to, length, position, done);
    }
    int write(iovec* parts, size_t count, uint64_t position) override {
      owner_.count("write");
      return real_->write(parts, count, position);
    }
    int sync() override {
      owner_.count("sync");
      return real_->sync();
    }
    int truncate(uint64_t length) override {
      owner_.count("truncate");
      return real_->truncate(length);
    }
    int size(uint64_t* bytes) override {
      owner_.count("stat");
      return real_->size(bytes);
    }
    int allocate(uint64_t position, uint64_t length) override {
      owner_.count("allocate");
      return real_->allocate(position, length);
    }

   private:
    CountingFileSystem& owner_;
    const std::unique_ptr<File> real_;
  };

  void count(const char* call) {
    const std::lock_guard lock(mutex_);
    ++calls_[call];
  }

  FileSystem& below_;
  std::mutex mutex_;
  Calls calls_;
};

}  // namespace galgo::test
