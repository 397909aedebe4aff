// Files as the engine needs them: positioned, counted, safe against EINTR and short transfers.
//
// Threads: a File may be used from any thread at once; the kernel orders overlapping calls. Interfaces, so that a test can put a failing or simulated
// disk underneath. Every function returns 0 or an errno value.
#pragma once

#include <sys/uio.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace galgo {

/// System calls and bytes of one partition.
struct IoCounters {
  std::atomic<uint64_t> read_calls{0};
  std::atomic<uint64_t> read_bytes{0};
  std::atomic<uint64_t> write_calls{0};
  std::atomic<uint64_t> write_bytes{0};
  std::atomic<uint64_t> sync_calls{0};
};

class File {
 public:
  virtual ~File() = default;
  /// Reads `length` bytes; `done` is less only where the file ends.
  virtual int read(void* to, size_t length, uint64_t position, size_t* done) = 0;
  /// As read, from memory alone: EAGAIN unless the kernel has every byte cached.
  virtual int read_cached(void* to, size_t length, uint64_t position, size_t* done) = 0;
  /// Writes all parts back to back, at most IOV_MAX of them. One system call unless the kernel takes less. `parts` may be changed.
  virtual int write(iovec* parts, size_t count, uint64_t position) = 0;
  /// fdatasync.
  virtual int sync() = 0;
  virtual int truncate(uint64_t length) = 0;
  virtual int size(uint64_t* bytes) = 0;
  /// Reserves space for [position, position + length) without changing the size; EOPNOTSUPP where the file system cannot.
  virtual int allocate(uint64_t position, uint64_t length);
  /// Lets the kernel forget what it has cached of these bytes, where it can.
  virtual void drop_cached(uint64_t position, uint64_t length);

  int write(const void* from, size_t length, uint64_t position);
};

enum class OpenMode {
  kRead,
  kReadWrite,
  kCreate,  // read and write, made if missing
  kDirect,  // read and write past the page cache: EINVAL where the file system refuses. Positions, lengths and addresses are multiples of kBlockBytes
};

/// What direct transfers are aligned to: the page, which is a multiple of the logical block of every common device.
inline constexpr size_t kBlockBytes = 4096;

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// `counters` outlives the file's last transfer.
  virtual int open(const std::string& path, OpenMode mode, IoCounters* counters, std::unique_ptr<File>* file) = 0;
  /// A missing file is no error.
  virtual int remove(const std::string& path) = 0;
  /// Replaces a file that has the new name. EOPNOTSUPP where the file system cannot.
  virtual int rename(const std::string& from, const std::string& to);
  /// Makes the directory and its missing parents, and syncs the parent of each one made.
  virtual int make_directories(const std::string& path) = 0;
  /// Makes names in the directory durable.
  virtual int sync_directory(const std::string& path) = 0;
  /// Names in a directory; ENOENT if there is none.
  virtual int list(const std::string& path, std::vector<std::string>* names) = 0;
};

FileSystem& machine_file_system();

}  // namespace galgo
