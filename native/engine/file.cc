#include "file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace galgo {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

class MachineFile final : public File {
 public:
  MachineFile(int descriptor, IoCounters* counters) : descriptor_(descriptor), counters_(counters) {}
  ~MachineFile() override { ::close(descriptor_); }
  MachineFile(const MachineFile&) = delete;
  MachineFile& operator=(const MachineFile&) = delete;

  int read(void* to, size_t length, uint64_t position, size_t* done) override {
    *done = 0;
    while (*done < length) {
      const ssize_t got = ::pread(descriptor_, static_cast<uint8_t*>(to) + *done, length - *done, static_cast<off_t>(position + *done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno;
      counters_->read_calls.fetch_add(1, kRelaxed);
      counters_->read_bytes.fetch_add(static_cast<uint64_t>(got), kRelaxed);
      if (got == 0) break;
      *done += static_cast<size_t>(got);
    }
    return 0;
  }

  int read_cached(void* to, size_t length, uint64_t position, size_t* done) override {
    iovec part{to, length};
    const ssize_t got = ::preadv2(descriptor_, &part, 1, static_cast<off_t>(position), RWF_NOWAIT);
    // A file system without RWF_NOWAIT answers EOPNOTSUPP: for the caller that is the same as a page that is not cached.
    if (got < 0) return errno == EOPNOTSUPP || errno == EINTR || errno == ENOSYS || errno == EINVAL ? EAGAIN : errno;
    counters_->read_calls.fetch_add(1, kRelaxed);
    counters_->read_bytes.fetch_add(static_cast<uint64_t>(got), kRelaxed);
    *done = static_cast<size_t>(got);
    return *done == length ? 0 : EAGAIN;
  }

  int write(iovec* parts, size_t count, uint64_t position) override {
    while (count > 0) {
      const ssize_t put = ::pwritev(descriptor_, parts, static_cast<int>(count), static_cast<off_t>(position));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return errno;
      counters_->write_calls.fetch_add(1, kRelaxed);
      counters_->write_bytes.fetch_add(static_cast<uint64_t>(put), kRelaxed);
      position += static_cast<uint64_t>(put);
      auto left = static_cast<size_t>(put);
      bool advanced = left > 0;
      while (count > 0 && left >= parts->iov_len) {
        advanced = true;
        left -= parts->iov_len;
        ++parts;
        --count;
      }
      if (!advanced) return ENOSPC;
      if (count > 0) {
        parts->iov_base = static_cast<uint8_t*>(parts->iov_base) + left;
        parts->iov_len -= left;
      }
    }
    return 0;
  }

  int sync() override {
    // EINTR is not retried: after a failed sync the kernel may have dropped the dirty pages, and a second call would report success.
    if (::fdatasync(descriptor_) != 0) return errno;
    counters_->sync_calls.fetch_add(1, kRelaxed);
    return 0;
  }

  int truncate(uint64_t length) override {
    while (::ftruncate(descriptor_, static_cast<off_t>(length)) != 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  int size(uint64_t* bytes) override {
    struct stat facts {};
    if (::fstat(descriptor_, &facts) != 0) return errno;
    *bytes = static_cast<uint64_t>(facts.st_size);
    return 0;
  }

  int allocate(uint64_t position, uint64_t length) override {
    while (::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(position), static_cast<off_t>(length)) != 0) {
      if (errno == ENOSYS) return EOPNOTSUPP;
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  void drop_cached(uint64_t position, uint64_t length) override {
#ifdef POSIX_FADV_DONTNEED
    ::posix_fadvise(descriptor_, static_cast<off_t>(position), static_cast<off_t>(length), POSIX_FADV_DONTNEED);
#endif
  }

 private:
  const int descriptor_;
  IoCounters* const counters_;
};

std::string parent_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

class MachineFileSystem final : public FileSystem {
 public:
  int open(const std::string& path, OpenMode mode, IoCounters* counters, std::unique_ptr<File>* file) override {
    const int flags = (mode == OpenMode::kRead ? O_RDONLY : O_RDWR) | (mode == OpenMode::kCreate ? O_CREAT : 0) |
                      (mode == OpenMode::kDirect ? O_DIRECT : 0) | O_CLOEXEC;
    int descriptor;
    do descriptor = ::open(path.c_str(), flags, 0640);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) return errno;
    *file = std::make_unique<MachineFile>(descriptor, counters);
    return 0;
  }

  int remove(const std::string& path) override { return ::unlink(path.c_str()) == 0 || errno == ENOENT ? 0 : errno; }

  int rename(const std::string& from, const std::string& to) override { return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno; }

  int make_directories(const std::string& path) override {
    if (::mkdir(path.c_str(), 0750) == 0) return sync_directory(parent_of(path));
    if (errno == EEXIST) return 0;
    if (errno != ENOENT) return errno;
    const std::string parent = parent_of(path);
    if (parent == path) return ENOENT;
    if (const int error = make_directories(parent)) return error;
    if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) return errno;
    return sync_directory(parent);
  }

  int sync_directory(const std::string& path) override {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    const int error = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    return error;
  }

  int list(const std::string& path, std::vector<std::string>* names) override {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return errno;
    errno = 0;
    while (const dirent* entry = ::readdir(directory)) names->emplace_back(entry->d_name);
    const int error = errno;
    ::closedir(directory);
    return error;
  }
};

}  // namespace

int File::allocate(uint64_t /*position*/, uint64_t /*length*/) { return EOPNOTSUPP; }

void File::drop_cached(uint64_t /*position*/, uint64_t /*length*/) {}

int FileSystem::rename(const std::string& /*from*/, const std::string& /*to*/) { return EOPNOTSUPP; }

int File::write(const void* from, size_t length, uint64_t position) {
  iovec part{const_cast<void*>(from), length};
  return write(&part, 1, position);
}

FileSystem& machine_file_system() {
  static MachineFileSystem file_system;
  return file_system;
}

}  // namespace galgo
