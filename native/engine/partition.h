// One open partition: who owns it when, its queue, and what is published of it.
//
// Ownership: appends, rotation, purge and closing change the log's end and need the partition to themselves. Whoever sets `owned_` under the queue's
// lock has it: the I/O thread, or a calling thread that finds the queue empty (inline append). Where appends wait for the device, because they are
// synced before the acknowledgement or written directly, it is a sync thread instead. It keeps the partition until the sync of its group has
// returned, so that the next group is not even written before; that one gathers meanwhile.
//
// Locks, in the order they may be taken: meta_mutex_ (partition.meta) → index_mutex_ (index files; no append ever waits for it) → sync_mutex_ (syncs
// of logs) → view_mutex_ (what polls see; held for nanoseconds) → a segment's own. The first three are held across blocking calls, never by an I/O
// thread. queue_mutex_ and next_mutex_ are leaves.
//
// Lifetime: shared; every task that is posted for a partition holds a reference. Services outlive partitions' tasks, as the engine stops the threads
// first.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "append_group.h"
#include "consumer_offsets.h"
#include "encrypted_record.h"
#include "engine.h"
#include "engine_figures.h"
#include "id_window.h"
#include "log_check.h"
#include "recovery.h"
#include "segment.h"
#include "segment_cache.h"
#include "stored_log.h"
#include "task_threads.h"

namespace galgo {

/// Small records take more than their logical bytes, so a segment is also full at this many stored ones.
inline constexpr uint64_t kStoredBytesFull = 2ull << 30;

/// What partitions share.
struct Services {
  const EngineOptions& options;
  FileSystem& file_system;
  BufferPool& buffers;
  SegmentCache& segments;
  IdBudget& ids;
  const Keyring& keys;
  MemoryBudget& memory;
  EngineFigures& figures;
  TaskThreads& io;          // the partition's I/O thread
  TaskThreads& syncs;       // threads that may wait for the device
  TaskThreads& background;  // the same, for what nobody waits for
};

class Partition : public std::enable_shared_from_this<Partition> {
 public:
  Partition(const Services& services, const std::string& directory, const PartitionOptions& options);
  ~Partition();

  void open(uint32_t request, CompletionSink* sink);

  Status append(const AppendRequest& request, CompletionSink* sink, Completion* out);
  Status poll(const PollRequest& request, CompletionSink* sink, Completion* out);

  Status store_offset(ConsumerKind kind, uint32_t id, uint64_t offset, uint32_t request, CompletionSink* sink);
  Status load_offset(ConsumerKind kind, uint32_t id, uint64_t* offset);
  Status delete_offset(ConsumerKind kind, uint32_t id, uint32_t request, CompletionSink* sink);

  void read_producers(uint64_t since, uint32_t request, CompletionSink* sink);
  void flush(bool sync, uint32_t request, CompletionSink* sink);
  void delete_segments(uint32_t segments, uint64_t last_offset_max, uint32_t request, CompletionSink* sink);
  void purge(uint32_t request, CompletionSink* sink);
  void restore(const RestoreRequest& restore, CompletionSink* sink);
  void close(uint32_t request, CompletionSink* sink);
  void verify(const VerifyRequest& verify, CompletionSink* sink);

  void configure(const PartitionOptions& options);
  void stats(PartitionStats* out);
  void segments(size_t segments_max, std::vector<SegmentStats>* out);
  /// Runs on the engine's timer: starts maintenance where the policy's interval has passed.
  void tick(std::chrono::steady_clock::time_point now);

 private:
  enum class State : uint32_t { kOpening = 0, kReady = 1, kReadOnly = 2, kShut = 3 };

  struct Control {
    enum class Kind { kFlush, kDeleteSegments, kPurge, kRestore, kClose } kind;
    uint32_t request;
    CompletionSink* sink;
    uint32_t segments = 0;
    uint64_t last_offset_max = 0;
    Generation generation = Generation::kClassic;
    uint8_t* data = nullptr;
    size_t length = 0;
  };
  // One place in the queue: an append or a control request.
  struct Job {
    AppendJob append;
    std::unique_ptr<Control> control;
  };
  struct Waiter {
    uint32_t request;
    CompletionSink* sink;
  };
  struct WaitingPoll {
    PollRequest request;
    CompletionSink* sink;
  };

  // partition.cc: opening, queue and ownership
  void open_now(uint32_t request, CompletionSink* sink);
  void enqueue(Job job);
  void enqueue_control(Control control);
  bool own_if_idle();
  void release_ownership();
  void schedule();
  void run();
  void run_control(const Control& control);
  void fence(FenceReason reason, int error = 0);
  Status refusal() const;  // kOk while appends are taken
  State state() const { return state_.load(std::memory_order_acquire); }
  static void complete(CompletionSink* sink, const Completion& completion);

  // partition_tail.cc
  bool begin_segment_of_key();
  void restore_ids();
  Completion collect_producers(uint64_t since, uint32_t request);

  // partition_append.cc
  Status check_append(const AppendRequest& request, AppendJob* job);
  Status keep_borrowed(AppendJob* job);
  bool segment_full(uint64_t logical_bytes, uint64_t stored_bytes) const;
  bool inline_allowed() const;
  void note_inline_write(double microseconds, size_t bytes, std::chrono::steady_clock::time_point now);
  void append_group();
  bool write_group();
  void fail_group(Status status);
  void fail_first_append(int error);
  bool waits_for_device() const { return durability_ == Durability::kGroup || direct_active_; }
  void finish_synced_group();
  void publish_group();
  bool publish(const SegmentEnds& ends, const std::vector<Extent>& extents);
  void rotate();
  Completion outcome(const AppendJob& job) const;
  void complete_group();

  // partition_restore.cc
  Completion restore(const Control& control);
  Status restore_records(uint8_t* data, std::vector<TranscodedRecord>& records, size_t* next, Completion* completion);
  Status begin_behind_gap(uint64_t offset, uint32_t* detail);
  // partition_space.cc
  void activate(std::shared_ptr<Segment> segment);
  int go_direct(LogFile& log, const std::string& path, uint64_t end);
  SpaceAhead space_ahead() const;
  void make_space_ahead();
  void prepare_next_log();
  int next_segment(uint64_t start, std::shared_ptr<Segment>* segment);
  void drop_next_log();

  // partition_poll.cc
  friend class PollRun;
  uint64_t start_of_last(uint64_t count) const;  // with view_mutex_
  void run_poll(const PollRequest& request, CompletionSink* sink);

  // partition_verify.cc
  struct Verifiable {
    std::shared_ptr<Segment> segment;
    uint64_t length;
    uint64_t end_offset;
    bool to_file_end = false;  // the file may hold more than is shown
  };
  bool find_verifiable(uint64_t from, Verifiable* found);
  bool holds(const std::shared_ptr<Segment>& segment);
  void verify_piece(const VerifyRequest& verify, Completion* completion);
  CheckEnd verify_log(const Verifiable& log, VerifyPlace* place, uint64_t* bytes_left, uint64_t* bytes, LogDamage* damage);

  // partition_maintenance.cc
  void request_maintenance();
  void maintain();
  int checkpoint();
  void request_indexes();
  int write_indexes();
  int sync_logs();
  int sync_written();
  int change_meta(PartitionMeta changed);
  void fence_faulted(int error);
  void fence_unsynced(int error);
  int reserve_offsets(uint64_t beyond);
  Completion remove_oldest(const Control& control);
  Completion empty(const Control& control);
  Completion shut(const Control& control);
  void finish_offset_request(Waiter waiter);

  const Services services_;
  const PartitionOptions opened_with_;
  std::atomic<uint64_t> segment_bytes_;
  std::atomic<Durability> durability_;
  std::atomic<Durability> offset_durability_;
  std::atomic<bool> direct_wanted_;         // for segments to come
  std::atomic<bool> direct_active_{false};  // of the active segment
  std::atomic<State> state_{State::kOpening};
  std::atomic<bool> readable_{true};
  std::atomic<FenceReason> fence_reason_{FenceReason::kNone};
  std::atomic<int> fence_error_{0};
  IoCounters counters_;
  LogContext log_;  // constant once open

  std::mutex queue_mutex_;
  std::deque<Job> jobs_;
  std::vector<WaitingPoll> waiting_polls_;  // until the partition is open
  bool owned_ = true;                       // opening owns it first
  bool scheduled_ = false;

  // The owner's alone.
  AppendGroup group_;
  IdWindow ids_;
  RecordSealer sealer_;
  ExtentBuilder builder_;
  std::shared_ptr<Segment> active_;
  std::shared_ptr<LogFile> active_log_;
  bool next_requested_ = false;  // the log of the segment to come is made ready, or was
  uint64_t end_position_ = 0;
  uint64_t end_logical_bytes_ = 0;
  uint64_t end_offset_ = 0;
  uint64_t segment_timestamp_ = 0;  // of the active segment's first message
  uint64_t last_timestamp_ = 0;
  double inline_write_us_ = 0;  // moving average
  std::chrono::steady_clock::time_point threaded_until_{};

  std::mutex view_mutex_;
  std::vector<std::shared_ptr<Segment>> segments_;  // in order; the last is the active one
  uint64_t next_offset_ = 0;
  uint64_t published_timestamp_ = 0;
  uint64_t durable_offset_ = 0;
  uint64_t checkpointed_offset_ = 0;
  uint64_t unsynced_bytes_ = 0;  // published since the last sync

  std::mutex sync_mutex_;
  int sync_error_ = 0;  // errno of the first sync of a log that failed

  std::mutex meta_mutex_;
  PartitionMeta meta_;
  std::mutex index_mutex_;
  std::atomic<bool> indexes_requested_{false};
  std::atomic<bool> maintenance_requested_{false};
  std::atomic<uint64_t> reserved_offset_{0};
  std::atomic<std::chrono::steady_clock::duration::rep> last_checkpoint_{0};

  std::mutex next_mutex_;
  std::shared_ptr<LogFile> next_log_;  // for the segment to come, under the name of prepared_log_path
  std::atomic<bool> extending_{false};
  std::atomic<uint64_t> last_group_bytes_{0};
  std::atomic<uint32_t> idle_ticks_{0};

  ConsumerOffsets offsets_;
  std::mutex waiters_mutex_;
  std::vector<Waiter> offset_waiters_;  // of the next sync of offsets.dat
};

}  // namespace galgo
