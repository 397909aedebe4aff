// The engine's face: everything that the Node-API binding (or a test) calls.
//
// Threads: a caller thread (Node's) calls every function here. I/O threads write; a partition is bound to one of them. Whatever may wait for the
// device (appends that are synced or written directly, cold reads, opening, purge) runs on sync threads, and what nobody waits for (index files,
// space ahead) on background threads. A partition has one owner at a time: its I/O thread, or the calling thread when it wins it on an empty queue
// (inline append). The engine is process-wide and thread-safe: several calling threads may use it, each with a CompletionSink of its own.
//
// Ownership: buffers come from `BufferPool` (slots). A slot handed to append(…, owned) belongs to the engine until its completion was delivered, then
// to the caller again. A slot in a poll's result belongs to the caller, who releases it. Borrowed bytes are copied before the call returns unless the
// append ran inline.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "buffer_pool.h"
#include "engine_figures.h"
#include "id_window.h"
#include "keyring.h"
#include "memory_budget.h"
#include "record.h"
#include "status.h"

namespace galgo {

enum class Durability : uint8_t { kNone = 0, kInterval = 1, kGroup = 2 };
enum class Generation : uint8_t { kClassic = 0, kVsr = 1 };
enum class PollStrategy : uint8_t { kOffset = 1, kTimestamp = 2, kFirst = 3, kLast = 4, kNext = 5 };
/// Space ahead of a log's end: none, reserved without a change of size, or prewritten with zeros.
enum class SpaceAhead : uint8_t { kNone = 0, kReserve = 1, kPrewrite = 2 };
enum class ConsumerKind : uint8_t { kConsumer = 1, kGroup = 2 };

/// What came of a request. 64 bytes, fixed layout: the binding shows it to JavaScript as sixteen u32 words (see src/storage/engine.ts).
struct Completion {
  uint32_t request = 0;         // word 0: the caller's number
  Status status = kOk;          // word 1
  uint32_t slot = kNoSlot;      // word 2: poll: buffer slot; kNoSlot if none
  uint32_t start = 0;           // word 3: poll: first byte in the slot
  uint32_t length = 0;          // word 4: poll: bytes
  uint32_t count = 0;           // word 5: messages
  uint32_t detail = 0;          // word 6: errno, or a count of segments removed, …
  uint32_t reserved = 0;        // word 7
  uint64_t first_offset = 0;    // words 8, 9: append: base offset; poll: first message's offset
  uint64_t last_offset = 0;     // words 10, 11
  uint64_t current_offset = 0;  // words 12, 13: last offset of the partition, 0 if it never held one
  uint64_t timestamp = 0;       // words 14, 15: append: server time stamp in µs
};
static_assert(sizeof(Completion) == 64);

/// Takes completions on I/O threads. `push` is called for each request of a group, then `wake` once.
class CompletionSink {
 public:
  virtual ~CompletionSink() = default;
  virtual void push(const Completion& completion) = 0;
  virtual void wake() = 0;
};

class FileSystem;  // file.h

struct EngineOptions {
  uint32_t io_threads = 1;
  uint32_t sync_threads = 8;
  uint32_t background_threads = 2;               // index files and space ahead; 0: sync threads do that too
  uint64_t memory_bytes_max = 1ull << 30;        // of everything below, and of what the caller counts (memory_budget.h)
  uint64_t buffer_bytes_max = 256ull << 20;      // budget of the BufferPool
  uint32_t inline_append_bytes_max = 64 * 1024;  // larger appends go to the I/O thread
  uint32_t inline_poll_bytes_max = 1 << 20;      // larger polls, and reads that are not in the page cache, go to a sync thread
  uint32_t sync_interval_ms = 1000;              // policy `interval`
  uint32_t checkpoint_interval_ms = 5000;
  uint64_t index_cache_bytes_max = 64ull << 20;    // extent arrays of sealed segments
  uint32_t open_files_max = 4096;                  // descriptors of sealed segments
  uint32_t consumer_offsets_max = 1'000'000;       // per partition
  uint64_t id_bytes_max = 64ull << 20;             // ids remembered for deduplication, of all partitions
  SpaceAhead space_ahead = SpaceAhead::kPrewrite;  // of logs that are synced before the acknowledgement, or written directly
  std::vector<EncryptionKey> encryption_keys;      // for reading; the first one for writing too, if `encrypts`
  bool encrypts = false;                           // new records are encrypted
  FileSystem* file_system = nullptr;               // nullptr: the machine's; else it outlives the engine
};

struct PartitionOptions {
  uint64_t partition_id = 0;
  uint64_t incarnation = 0;             // must equal partition.meta's if that exists, else the partition opens fenced
  bool create = false;                  // false: a missing folder opens fenced instead of being made empty
  uint64_t segment_bytes = 1ull << 30;  // logical bytes after which a segment is full
  Durability durability = Durability::kNone;
  Durability offset_durability = Durability::kNone;
  bool direct_io = false;       // appends go past the page cache
  uint32_t id_entries_max = 0;  // ids that are remembered so that repeated messages are dropped; 0: none are. Fixed while open, as is the next
  uint64_t id_expiry_us = 0;    // for how long; 0: until newer ones take their place
  uint64_t first_offset = 0;    // of a folder that `create` makes: where its log begins
};

struct AppendRequest {
  Generation generation;
  uint32_t slot;  // kNoSlot: borrowed bytes
  uint8_t* data;  // classic: index block and messages; vsr: batch record, which is stamped in place. Inside the slot if there is one
  size_t length;
  uint32_t count;  // messages, as the request says
  Producer producer;
  uint32_t request;
};

struct PollRequest {
  Generation generation;
  PollStrategy strategy;
  uint64_t value;  // offset, or time stamp in µs
  uint32_t count;
  uint32_t headroom;   // bytes kept free before the messages in the result's slot, for the reply's header
  uint64_t bytes_max;  // of messages as they go out; at least one message is returned all the same
  ConsumerKind consumer_kind;
  uint32_t consumer_id;
  bool auto_commit;
  uint32_t request;
};

/// Which request of which producer a record of the log is of. Fixed layout: JavaScript reads it (src/storage/engine.ts).
struct ProducerRecord {
  uint8_t client_id[16];  // little-endian u128
  uint64_t request;
  uint64_t first_offset;
  uint32_t user_id;
  uint32_t reserved;
};
static_assert(sizeof(ProducerRecord) == 40);

inline constexpr size_t kProducerRecordsMax = 32 * 1024;

/// Messages as Iggy keeps them in its log files (stored_log.h), for a partition that nobody appends to meanwhile.
struct RestoreRequest {
  Generation generation;
  uint8_t* data;  // whole messages (0.9: records, which are stamped in place) with consecutive offsets; the caller's until the completion
  size_t length;
  uint32_t request;
};

/// Between two records of a partition's logs. Zeros are the beginning.
struct VerifyPlace {
  uint64_t segment = 0;  // its first offset
  uint64_t position = 0;
  uint64_t next_offset = 0;
};

struct VerifyRequest {
  VerifyPlace place;
  uint64_t bytes_max;  // at least one record is verified
  uint32_t request;
};

/// Why a partition takes no messages.
enum class FenceReason : uint8_t {
  kNone = 0,
  kDamaged = 1,      // bytes that were synced do not verify
  kMissing = 2,      // its folder, partition.meta or logs are gone
  kForeign = 3,      // the folder is another partition's
  kSyncFailed = 4,   // nobody knows what is on the device
  kCutFailed = 5,    // what a failed write left behind could not be cut off
  kPurgeFailed = 6,  // a purge that has begun could not be finished
  kGapsFull = 7,     // partition.meta has no room for another gap in the offsets
  kIoError = 8,      // it could not be opened
};

struct PartitionStats {
  uint64_t first_offset, next_offset;  // next_offset 0: never held a message
  uint64_t messages, logical_bytes, stored_bytes;
  uint64_t last_timestamp;
  uint64_t durable_offset;  // messages below are synced
  uint32_t segments;
  uint32_t state;                                                         // 0 opening, 1 ready, 2 fenced, 3 closed
  uint64_t read_calls, read_bytes, write_calls, write_bytes, sync_calls;  // of this partition since it was opened
  bool direct_io;                                                         // the active segment is written past the page cache
  uint64_t staging_bytes;                                                 // pooled buffers that hold the tail of direct logs
  FenceReason fence_reason;                                               // kNone unless fenced
  int fence_error;                                                        // errno, where a call failed
};

/// One segment of a partition.
struct SegmentStats {
  uint64_t first_offset, last_offset;  // last_offset is below first_offset by 1 (modulo 2^64) if the segment is empty
  uint64_t logical_bytes;
  uint64_t first_timestamp, last_timestamp;  // µs; 0 if the segment is empty
};

/// Tasks that no thread has taken up yet.
struct EngineWaiting {
  uint64_t io_tasks, sync_tasks;
};

/// Sealed segments whose extents and descriptors are in memory.
struct IndexCacheStats {
  uint64_t bytes, segments;
};

using Handle = uint32_t;

class Engine {
 public:
  /// Throws std::runtime_error if there are encryption keys and no OpenSSL, and what the standard library throws.
  explicit Engine(const EngineOptions& options);
  ~Engine();  // closes what is open without sealing it cleanly; call close_all first

  BufferPool& buffers();
  const IdBudget& ids() const;
  MemoryBudget& memory();
  const EngineFigures& figures() const;
  EngineWaiting waiting() const;
  IndexCacheStats index_cache() const;

  /// Starts opening (and recovering) a partition; completes through the sink with kOk or kFenced (served read-only as far as sound), detail = errno
  /// on kIoError. On kOk, detail is 0 or the errno for which appends are buffered although direct I/O is asked for.
  Handle open(const std::string& directory, const PartitionOptions& options, uint32_t request, CompletionSink* sink);

  /// Returns kOk (done inline, `out` filled), kQueued (completes through the sink), or an error (nothing happened, the slot stays the caller's).
  Status append(Handle handle, const AppendRequest& append, CompletionSink* sink, Completion* out);

  /// As append. kOk with count 0: nothing to read, no slot.
  Status poll(Handle handle, const PollRequest& poll, CompletionSink* sink, Completion* out);

  /// Checks against the partition's end (kInvalidOffset). kOk, or kQueued if the partition's offset durability is kGroup. While the partition opens,
  /// this and the two below answer kClosed; appends, polls and the requests further down wait.
  Status store_offset(Handle handle, ConsumerKind kind, uint32_t id, uint64_t offset, uint32_t request, CompletionSink* sink);
  /// kOk or kConsumerOffsetNotFound.
  Status load_offset(Handle handle, ConsumerKind kind, uint32_t id, uint64_t* offset);
  Status delete_offset(Handle handle, ConsumerKind kind, uint32_t id, uint32_t request, CompletionSink* sink);

  // These complete through the sink.
  /// The newest records of 0.9 producers not older than `since` (µs), in order, at most kProducerRecordsMax: the result's slot holds `count`
  /// ProducerRecords; none, no slot. `detail` 1: there may be more, but that is as far as was read.
  void read_producers(Handle handle, uint64_t since, uint32_t request, CompletionSink* sink);
  void flush(Handle handle, bool sync, uint32_t request, CompletionSink* sink);
  /// Removes up to `segments` of the oldest sealed segments whose last offset is ≤ `last_offset_max` and ≤ every stored consumer offset;
  /// completion.count = how many.
  void delete_segments(Handle handle, uint32_t segments, uint64_t last_offset_max, uint32_t request, CompletionSink* sink);
  /// Empties the partition: offset 0 again, consumer offsets gone.
  void purge(Handle handle, uint32_t request, CompletionSink* sink);
  /// Writes messages with the offsets and time stamps that they bring; checksums are not looked at. Offsets go on at or above the partition's end. A
  /// time stamp below that of the message before is raised to it; completion.start = of how many messages. Errors: kInvalidCommand, kInvalidOffset
  /// (below the end, ahead of an empty log, or more gaps than partition.meta can hold), kOutOfMemory, kIoError; what was written before one stays.
  void restore(Handle handle, const RestoreRequest& restore, CompletionSink* sink);
  /// Verifies what is durable of the logs from a place on, reading from the device and past the page cache. `count` bytes were verified up to where
  /// to go on: segment current_offset, position `start`, next offset `timestamp`; `reserved` 1: there is no more. kInvalidMessageChecksum: just ahead
  /// of there, from byte `length` of the log on, messages [first_offset, last_offset) are damaged; `detail`: errno if they cannot be read.
  void verify(Handle handle, const VerifyRequest& verify, CompletionSink* sink);
  /// Gives up what is damaged of a partition that is not open (repair.h). At least last_offset messages were given up, in `count` stretches, the
  /// first of them at first_offset; appends go on at current_offset. Errors: kFenced (nothing was changed), kIoError.
  void repair(const std::string& directory, const PartitionOptions& options, uint32_t request, CompletionSink* sink);
  /// Changes the options that may change while open: segment_bytes, the durabilities, and direct_io from the next segment on.
  Status configure(Handle handle, const PartitionOptions& options);
  /// Writes what is open, syncs, seals with a clean-stop mark and frees the handle.
  void close(Handle handle, uint32_t request, CompletionSink* sink);

  Status stats(Handle handle, PartitionStats* out);
  /// Segments from the oldest on, at most `segments_max` of them; the last of all is the active one.
  Status segments(Handle handle, size_t segments_max, std::vector<SegmentStats>* out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace galgo
