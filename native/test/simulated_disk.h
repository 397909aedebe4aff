// A disk in memory that loses what a real one may lose, and fails where it is told to.
//
// Every file has what programs see (`live`) and what is safe (`durable`); in between lie versions of its pages of 4 KiB and of its size. A sync makes
// the newest version of each safe. Names are likewise: those of a directory are safe once it is synced. A loss of power picks for every page, size
// and name one of the versions since the last sync, each independently of all others; some losses also tear pages at sectors of 512 bytes. A kill
// loses nothing. A sync that fails leaves pages clean that are not safe, as Linux does. Direct writes go to the device's own cache, which a loss of
// power empties like the kernel's, and are refused unless they are aligned.
//
// Calls are counted. crash_at(n) ends the run in the n-th call: from there on nothing has an effect, every call fails and `crashed` is true; what was
// acknowledged before that moment is what counts. fail_at(n, …) makes calls fail while the run goes on.
//
// Threads: every function from any thread, under one lock. The outcome of a seed depends on the order of calls alone.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "../engine/file.h"
#include "../engine/partition_meta.h"

namespace galgo::test {

/// kIoError: any call, EIO, nothing done. kNoSpace: writes, reserving, new files and folders, ENOSPC, nothing done. kShortWrite: writes, ENOSPC after
/// half.
enum class Fault { kIoError, kNoSpace, kShortWrite };

class SimulatedDisk final : public FileSystem {
 public:
  using Content = std::vector<uint8_t>;
  using Random = std::mt19937_64;
  static constexpr size_t kPageBytes = 4096;
  static constexpr size_t kSectorBytes = 512;

  std::atomic<bool> cached{true};  // false: read_cached answers EAGAIN, so that polls go to a sync thread

  // -- Crashes and faults --------------------------------------------------------------------------------------------------------------------

  uint64_t calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  bool crashed() const {
    const std::lock_guard lock(mutex_);
    return crashed_;
  }
  /// Ends the run in the `call`-th call from now, 1 being the next.
  void crash_at(uint64_t call) {
    const std::lock_guard lock(mutex_);
    crash_at_ = calls_ + call;
  }
  void crash_now() {
    const std::lock_guard lock(mutex_);
    crashed_ = true;
  }
  /// From the `call`-th call on, `times` calls fail, as far as they can fail in this way.
  void fail_at(uint64_t call, Fault fault, uint64_t times = 1) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    fail_from_ = calls_ + call;
    fail_end_ = times > UINT64_MAX - fail_from_ ? UINT64_MAX : fail_from_ + times;
    failed_.clear();
  }
  void heal() {
    const std::lock_guard lock(mutex_);
    fail_end_ = 0;
  }
  /// What failed since fail_at, as "write 00000000000000000000.log".
  std::vector<std::string> failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }
  void hold_syncs() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release_syncs() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  /// False: no sync waits yet.
  bool await_held_sync(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [this] { return waiting_ > 0; });
  }

  /// The process is gone; the machine goes on.
  void restart_process() {
    const std::lock_guard lock(mutex_);
    begin_life();
  }
  /// The machine is gone, and comes back with what was safe and some of the rest.
  void lose_power(Random& random) {
    const std::lock_guard lock(mutex_);
    const auto survival = static_cast<Survival>(random() % 4);
    for (auto& [path, directory] : directories_) {
      for (const auto& [name, versions] : directory.versions) {
        const size_t kept = pick(versions.size(), survival, random);
        if (kept == 0) continue;
        directory.durable[name] = versions[kept - 1];
      }
      std::erase_if(directory.durable, [](const auto& entry) { return entry.second == nullptr; });
      directory.live = directory.durable;
      directory.versions.clear();
      for (auto& [name, inode] : directory.live) lose_content(*inode, survival, random);
    }
    change_boot_ids();
    begin_life();
  }

  // -- Files as programs see them ------------------------------------------------------------------------------------------------------------

  std::map<std::string, Content> files(const std::string& directory) const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, Content> all;
    const auto found = directories_.find(directory);
    if (found == directories_.end()) return all;
    for (const auto& [name, inode] : found->second.live) all[name] = inode->live;
    return all;
  }
  /// Replaces the folder by these files, all of them safe, and begins a new life of the process.
  void set_files(const std::string& directory, const std::map<std::string, Content>& contents) {
    const std::lock_guard lock(mutex_);
    Directory made;
    for (const auto& [name, content] : contents) {
      auto inode = std::make_shared<Inode>(directory + "/" + name);
      inode->live = inode->durable = content;
      made.live[name] = made.durable[name] = std::move(inode);
    }
    directories_[directory] = std::move(made);
    begin_life();
  }

  // -- FileSystem ----------------------------------------------------------------------------------------------------------------------------

  int open(const std::string& path, OpenMode mode, IoCounters* counters, std::unique_ptr<File>* file) override {
    const std::lock_guard lock(mutex_);
    Directory* directory = find(parent(path));
    const std::string name = leaf(path);
    const bool missing = directory == nullptr || !directory->live.contains(name);
    const bool creates = missing && directory != nullptr && mode == OpenMode::kCreate;
    if (const int error = step(creates ? "create" : "open", path)) return error;
    if (missing && !creates) return ENOENT;
    if (creates) {
      directory->live[name] = std::make_shared<Inode>(path);
      directory->changed(name);
    }
    *file = std::make_unique<SimulatedFile>(*this, directory->live[name], mode == OpenMode::kDirect, counters);
    return 0;
  }

  int remove(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (const int error = step("unlink", path)) return error;
    Directory* directory = find(parent(path));
    if (directory != nullptr && directory->live.erase(leaf(path)) > 0) directory->changed(leaf(path));
    return 0;
  }

  /// Within a directory. Both names may be lost, or neither, as if they were changed one by one.
  int rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    if (const int error = step("rename", from)) return error;
    Directory* directory = find(parent(from));
    if (directory == nullptr || !directory->live.contains(leaf(from))) return ENOENT;
    std::shared_ptr<Inode>& replaced = directory->live[leaf(to)];
    replaced = directory->live[leaf(from)];
    replaced->path = to;
    directory->live.erase(leaf(from));
    directory->changed(leaf(to));
    directory->changed(leaf(from));
    return 0;
  }

  int make_directories(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (const int error = step("mkdir", path)) return error;
    directories_.try_emplace(path);
    return 0;
  }

  int sync_directory(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (const int error = step("syncdir", path)) return error;
    Directory* directory = find(path);
    if (directory == nullptr) return ENOENT;
    directory->durable = directory->live;
    directory->versions.clear();
    return 0;
  }

  int list(const std::string& path, std::vector<std::string>* names) override {
    const std::lock_guard lock(mutex_);
    if (const int error = step("list", path)) return error;
    const Directory* directory = find(path);
    if (directory == nullptr) return ENOENT;
    for (const auto& [name, inode] : directory->live) names->push_back(name);
    return 0;
  }

 private:
  enum class Survival { kNothing, kEverything, kPages, kSectors };

  struct Inode {
    explicit Inode(std::string where) : path(std::move(where)) {}

    std::string path;
    Content live;
    Content durable;
    std::map<size_t, std::vector<Content>> pages;  // versions of each since the last sync, oldest first
    std::vector<size_t> sizes;
  };

  struct Directory {
    std::map<std::string, std::shared_ptr<Inode>> live;
    std::map<std::string, std::shared_ptr<Inode>> durable;
    std::map<std::string, std::vector<std::shared_ptr<Inode>>> versions;  // nullptr: not there

    void changed(const std::string& name) {
      const auto found = live.find(name);
      versions[name].push_back(found == live.end() ? nullptr : found->second);
    }
  };

  class SimulatedFile final : public File {
   public:
    SimulatedFile(SimulatedDisk& disk, std::shared_ptr<Inode> inode, bool direct, IoCounters* counters)
        : disk_(disk), inode_(std::move(inode)), direct_(direct), counters_(counters), life_(disk.life_) {}

    int read(void* to, size_t length, uint64_t position, size_t* done) override {
      const std::lock_guard lock(disk_.mutex_);
      *done = 0;
      if (const int error = step("read")) return error;
      ++counters_->read_calls;
      const Content& live = inode_->live;
      if (position >= live.size()) return 0;
      *done = std::min<size_t>(length, live.size() - position);
      std::copy_n(live.begin() + static_cast<std::ptrdiff_t>(position), *done, static_cast<uint8_t*>(to));
      return 0;
    }
    int read_cached(void* to, size_t length, uint64_t position, size_t* done) override {
      if (!disk_.cached) return EAGAIN;
      const int error = read(to, length, position, done);
      return error == 0 && *done < length ? EAGAIN : error;
    }
    int write(iovec* parts, size_t count, uint64_t position) override {
      const std::lock_guard lock(disk_.mutex_);
      Content bytes;
      if (direct_ && !aligned(parts, count, position)) return EINVAL;
      for (size_t i = 0; i < count; ++i) {
        const auto* from = static_cast<const uint8_t*>(parts[i].iov_base);
        bytes.insert(bytes.end(), from, from + parts[i].iov_len);
      }
      bool in_part = false;
      const int error = step("write", &in_part);
      if (error != 0) bytes.resize(in_part ? bytes.size() / 2 : 0);
      if (!bytes.empty()) put(*inode_, bytes, position);
      ++counters_->write_calls;
      return error;
    }
    int sync() override {
      std::unique_lock lock(disk_.mutex_);
      ++disk_.waiting_;
      disk_.changed_.notify_all();
      disk_.changed_.wait(lock, [this] { return !disk_.held_; });
      --disk_.waiting_;
      const bool crashed_before = disk_.crashed_;
      const int error = step("sync");
      if (error == 0) {
        ++counters_->sync_calls;
        make_durable(*inode_);
      }
      if (error == 0 || !(disk_.crashed_ || crashed_before)) {
        inode_->pages.clear();
        inode_->sizes.clear();
      }
      return error;
    }
    int truncate(uint64_t length) override {
      const std::lock_guard lock(disk_.mutex_);
      if (const int error = step("truncate")) return error;
      resize(*inode_, length);
      return 0;
    }
    int size(uint64_t* bytes) override {
      const std::lock_guard lock(disk_.mutex_);
      if (const int error = step("stat")) return error;
      *bytes = inode_->live.size();
      return 0;
    }

    int allocate(uint64_t /*position*/, uint64_t /*length*/) override {
      const std::lock_guard lock(disk_.mutex_);
      return step("allocate");
    }

   private:
    static bool aligned(const iovec* parts, size_t count, uint64_t position) {
      bool all = position % kBlockBytes == 0;
      for (size_t i = 0; i < count; ++i) {
        all = all && reinterpret_cast<uintptr_t>(parts[i].iov_base) % kBlockBytes == 0 && parts[i].iov_len % kBlockBytes == 0;
      }
      return all;
    }
    int step(const char* call, bool* in_part = nullptr) { return life_ == disk_.life_ ? disk_.step(call, inode_->path, in_part) : EIO; }

    SimulatedDisk& disk_;
    const std::shared_ptr<Inode> inode_;
    const bool direct_;
    IoCounters* const counters_;
    const uint64_t life_;
  };

  static std::string parent(const std::string& path) { return path.substr(0, path.find_last_of('/')); }
  static std::string leaf(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

  Directory* find(const std::string& path) {
    const auto found = directories_.find(path);
    return found == directories_.end() ? nullptr : &found->second;
  }

  // Counts a call; what it returns is what the call must fail with. `in_part`: half of a write took place all the same.
  int step(const std::string& call, const std::string& path, bool* in_part = nullptr) {
    if (crashed_) return EIO;
    if (++calls_ == crash_at_) {
      crashed_ = true;
      changed_.notify_all();
      if (in_part != nullptr) *in_part = true;
      return EIO;
    }
    if (calls_ < fail_from_ || calls_ >= fail_end_) return 0;
    const bool writes = call == "write";
    if (fault_ == Fault::kShortWrite && !writes) return 0;
    if (fault_ == Fault::kNoSpace && !writes && call != "create" && call != "mkdir" && call != "allocate") return 0;
    if (in_part != nullptr) *in_part = fault_ == Fault::kShortWrite;
    failed_.push_back(call + " " + leaf(path));
    return fault_ == Fault::kIoError ? EIO : ENOSPC;
  }

  static Content page(const Content& file, size_t number) {
    Content bytes(kPageBytes, 0);
    const size_t begin = number * kPageBytes;
    if (begin < file.size()) {
      std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(begin), std::min(kPageBytes, file.size() - begin), bytes.begin());
    }
    return bytes;
  }

  static void put(Inode& inode, const Content& bytes, uint64_t position) {
    const size_t end = position + bytes.size();
    const size_t before = inode.live.size();
    if (before < end) inode.live.resize(end);
    std::copy(bytes.begin(), bytes.end(), inode.live.begin() + static_cast<std::ptrdiff_t>(position));
    for (size_t number = std::min<size_t>(before, position) / kPageBytes; number * kPageBytes < end; ++number) {
      inode.pages[number].push_back(page(inode.live, number));
    }
    if (end > before) inode.sizes.push_back(end);
  }

  static void resize(Inode& inode, size_t length) {
    const size_t before = inode.live.size();
    if (before == length) return;
    inode.live.resize(length);
    for (size_t number = std::min(before, length) / kPageBytes; number * kPageBytes < std::max(before, length); ++number) {
      inode.pages[number].push_back(page(inode.live, number));
    }
    inode.sizes.push_back(length);
  }

  // Pages that are taken for clean stay as they are on the device, whatever programs see.
  static void make_durable(Inode& inode) {
    inode.durable.resize(inode.live.size());
    for (const auto& [number, versions] : inode.pages) {
      const size_t begin = number * kPageBytes;
      if (begin >= inode.durable.size()) continue;
      std::copy_n(versions.back().begin(), std::min(kPageBytes, inode.durable.size() - begin),
                  inode.durable.begin() + static_cast<std::ptrdiff_t>(begin));
    }
  }

  // One of `versions` versions, counted from 1, or 0: what was safe.
  static size_t pick(size_t versions, Survival survival, Random& random) {
    if (survival == Survival::kNothing) return 0;
    return survival == Survival::kEverything ? versions : random() % (versions + 1);
  }

  static void lose_content(Inode& inode, Survival survival, Random& random) {
    const size_t kept_size = pick(inode.sizes.size(), survival, random);
    Content left = inode.durable;
    const size_t size = kept_size == 0 ? left.size() : inode.sizes[kept_size - 1];
    for (const auto& [number, versions] : inode.pages) {
      const size_t grain = survival == Survival::kSectors ? kSectorBytes : kPageBytes;
      const size_t begin = number * kPageBytes;
      if (left.size() < begin + kPageBytes) left.resize(begin + kPageBytes);
      for (size_t at = 0; at < kPageBytes; at += grain) {
        const size_t kept = pick(versions.size(), survival, random);
        if (kept == 0) continue;
        std::copy_n(versions[kept - 1].begin() + static_cast<std::ptrdiff_t>(at), grain, left.begin() + static_cast<std::ptrdiff_t>(begin + at));
      }
    }
    left.resize(size);
    inode.live = inode.durable = std::move(left);
    inode.pages.clear();
    inode.sizes.clear();
  }

  // The machine that comes back has another boot id than the one that partition.meta names.
  void change_boot_ids() {
    for (auto& [path, directory] : directories_) {
      const auto found = directory.live.find("partition.meta");
      if (found == directory.live.end()) continue;
      Content& bytes = found->second->live;
      for (size_t at = 0; at + kMetaSlotBytes <= bytes.size(); at += kMetaSlotBytes) {
        PartitionMeta meta;
        if (!decode_meta(bytes.data() + at, &meta)) continue;
        ++meta.boot_id[0];
        encode_meta(meta, bytes.data() + at);
      }
      found->second->durable = bytes;
    }
  }

  void begin_life() {
    ++life_;
    calls_ = crash_at_ = fail_end_ = 0;
    crashed_ = held_ = false;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Directory> directories_;
  uint64_t life_ = 1;
  uint64_t calls_ = 0;
  uint64_t crash_at_ = 0;
  bool crashed_ = false;
  Fault fault_ = Fault::kIoError;
  uint64_t fail_from_ = 0;
  uint64_t fail_end_ = 0;
  std::vector<std::string> failed_;
  bool held_ = false;
  int waiting_ = 0;
};

}  // namespace galgo::test
