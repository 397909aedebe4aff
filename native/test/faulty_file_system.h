// The machine's files with faults on demand: failing or short writes, failing syncs and truncations of logs, syncs that wait for the test, or none at
// all.
#pragma once

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>

#include "../engine/file.h"

namespace galgo::test {

class FaultyFileSystem final : public FileSystem {
 public:
  std::atomic<int> log_write_error{0};  // errno of the next log writes, after half of the bytes were written
  std::atomic<int> log_sync_error{0};
  std::atomic<int> log_truncate_error{0};
  std::atomic<int> directory_sync_error{0};
  std::atomic<int> direct_open_error{0};  // of files for direct transfers
  std::atomic<int> direct_write_error{0};
  std::atomic<bool> skip_syncs{false};  // for tests of thousands of openings
  std::atomic<int> log_writes{0};
  std::atomic<int> log_syncs{0};
  std::atomic<int> directory_syncs{0};

  /// Log syncs wait until release_syncs().
  void hold_syncs() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release_syncs() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  void await_held_syncs(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }

  int open(const std::string& path, OpenMode mode, IoCounters* counters, std::unique_ptr<File>* file) override {
    if (const int error = direct_open_error; mode == OpenMode::kDirect && error != 0) return error;
    std::unique_ptr<File> real;
    if (const int error = machine_.open(path, mode, counters, &real)) return error;
    *file = std::make_unique<FaultyFile>(*this, std::move(real), path.ends_with(".log"), mode == OpenMode::kDirect);
    return 0;
  }
  int remove(const std::string& path) override { return machine_.remove(path); }
  int rename(const std::string& from, const std::string& to) override { return machine_.rename(from, to); }
  int make_directories(const std::string& path) override { return machine_.make_directories(path); }
  int sync_directory(const std::string& path) override {
    ++directory_syncs;
    if (const int error = directory_sync_error) return error;
    if (skip_syncs) return 0;
    return machine_.sync_directory(path);
  }
  int list(const std::string& path, std::vector<std::string>* names) override { return machine_.list(path, names); }

 private:
  class FaultyFile final : public File {
   public:
    FaultyFile(FaultyFileSystem& owner, std::unique_ptr<File> real, bool log, bool direct)
        : owner_(owner), real_(std::move(real)), log_(log), direct_(direct) {}
    int read(void* to, size_t length, uint64_t position, size_t* done) override { return real_->read(to, length, position, done); }
    int read_cached(void* to, size_t length, uint64_t position, size_t* done) override { return real_->read_cached(to, length, position, done); }
    int write(iovec* parts, size_t count, uint64_t position) override {
      if (const int error = owner_.direct_write_error; direct_ && error != 0) return error;
      if (!log_) return real_->write(parts, count, position);
      ++owner_.log_writes;
      if (const int error = owner_.log_write_error) {
        parts[0].iov_len /= 2;
        real_->write(parts, 1, position);
        return error;
      }
      return real_->write(parts, count, position);
    }
    int sync() override {
      if (owner_.skip_syncs) return 0;
      if (!log_) return real_->sync();
      ++owner_.log_syncs;
      {
        std::unique_lock lock(owner_.mutex_);
        ++owner_.waiting_;
        owner_.changed_.notify_all();
        owner_.changed_.wait(lock, [this] { return !owner_.held_; });
        --owner_.waiting_;
      }
      if (const int error = owner_.log_sync_error) return error;
      return real_->sync();
    }
    int truncate(uint64_t length) override {
      const int error = owner_.log_truncate_error;
      if (log_ && error != 0) return error;
      return real_->truncate(length);
    }
    int size(uint64_t* bytes) override { return real_->size(bytes); }
    int allocate(uint64_t position, uint64_t length) override { return real_->allocate(position, length); }

   private:
    FaultyFileSystem& owner_;
    const std::unique_ptr<File> real_;
    const bool log_;
    const bool direct_;
  };

  FileSystem& machine_ = machine_file_system();
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int waiting_ = 0;
};

}  // namespace galgo::test
