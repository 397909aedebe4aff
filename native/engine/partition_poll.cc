// Polling: from strategy to offset, from offset to byte ranges, one read a range, and the reply made where the bytes lie.
//
// Runs on the calling thread as long as everything comes from memory and is small; else once more on a sync thread, which may wait for the device
// without holding up anybody's appends.
#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>
#include <optional>
#include <utility>

#include "index_file.h"
#include "partition.h"
#include "poll_reply.h"

namespace galgo {
namespace {

// Records are at most this much larger than the 0.8 messages they hold: 304 bytes against 64 for an empty message alone in its record.
constexpr uint64_t kStoredToClassicMax = 5;
// An 0.8 poll reads and transcodes this much at a time.
constexpr uint64_t kClassicPieceBytes = 4ull << 20;
// Decrypting this much takes about 0.1 ms, six times as long as all the rest of a poll: more would hold up the calling thread's other work.
constexpr uint64_t kInlineDecryptedBytesMax = 512 * 1024;

class Slot {
 public:
  Slot(BufferPool& pool, uint64_t bytes) : pool_(pool), number_(pool.acquire(bytes)) {}
  ~Slot() {
    if (number_ != kNoSlot) pool_.release(number_);
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  bool missing() const { return number_ == kNoSlot; }
  uint8_t* data() const { return pool_.data(number_); }
  uint32_t hand_over() { return std::exchange(number_, kNoSlot); }

 private:
  BufferPool& pool_;
  uint32_t number_;
};

/// 0.8 messages take at most four thirds of the bytes of their frames.
uint64_t as_classic(uint64_t stored) { return stored + stored / 3 + kClassicHeaderBytes; }

}  // namespace

class PollRun {
 public:
  /// `cached`: only from memory and only what is small; else kQueued.
  PollRun(Partition& partition, const PollRequest& request, bool cached)
      : partition_(partition), request_(request), cached_(cached), key_{partition.log_.secret, partition.log_.incarnation} {}

  Status run(Completion* out) {
    *out = {.request = request_.request, .slot = kNoSlot};
    out->status = run_into(out);
    if (out->status == kInvalidMessageChecksum) partition_.services_.figures.checksum_errors.fetch_add(1, std::memory_order_relaxed);
    return out->status;
  }

 private:
  Status run_into(Completion* out);
  Status find_start(uint64_t* from, bool* found);
  Status start_of_timestamp(uint64_t* from);
  Status plan(uint64_t from);
  Status load(const std::shared_ptr<Segment>& segment);
  Status read_piece(const Piece& piece, uint8_t* to, PieceBytes* bytes);
  Status read_and_build(ReplyBuilder* reply, uint64_t from, Completion* out);
  Status commit(uint64_t last_offset);

  Partition& partition_;
  const PollRequest& request_;
  const bool cached_;
  const RecordKey key_;
  uint64_t offsets_generation_ = 0;
  uint64_t next_offset_ = 0;
  std::vector<Piece> pieces_;
  std::shared_ptr<Segment> unloaded_;  // what a plan is waiting for
  int error_ = 0;
};

Status Partition::poll(const PollRequest& request, CompletionSink* sink, Completion* out) {
  if (state() == State::kOpening) {
    const std::lock_guard lock(queue_mutex_);
    if (state() == State::kOpening) {
      waiting_polls_.push_back({request, sink});
      return kQueued;
    }
  }
  if (state() == State::kShut) return kClosed;
  if (!readable_) return kFenced;
  const Status status = PollRun(*this, request, true).run(out);
  if (status == kQueued) {
    services_.syncs.post([self = shared_from_this(), request, sink] { self->run_poll(request, sink); });
  }
  return status;
}

void Partition::run_poll(const PollRequest& request, CompletionSink* sink) {
  Completion completion{.request = request.request, .status = kClosed, .slot = kNoSlot};
  if (!readable_) {
    completion.status = kFenced;
  } else if (state() != State::kShut) {
    try {
      PollRun(*this, request, false).run(&completion);
    } catch (const std::bad_alloc&) {
      completion = {.request = request.request, .status = kOutOfMemory, .slot = kNoSlot};
    }
  }
  complete(sink, completion);
}

Status PollRun::run_into(Completion* out) {
  uint64_t from = 0;
  bool found = false;
  Status status = kOk;
  // Loading a segment happens outside the lock, so what was planned before is planned anew.
  for (;;) {
    unloaded_.reset();
    pieces_.clear();
    status = find_start(&from, &found);
    if (status == kOk && found) status = plan(from);
    if (!unloaded_) break;
    if (cached_) return kQueued;
    status = load(unloaded_);
    if (status != kOk) break;
  }
  out->current_offset = next_offset_ == 0 ? 0 : next_offset_ - 1;
  out->detail = static_cast<uint32_t>(error_);
  if (status != kOk || !found || pieces_.empty()) return status;
  for (const Piece& piece : pieces_) {
    if (piece.segment->sealed) partition_.services_.segments.touch(piece.segment);
  }

  ReplyBuilder reply(request_.generation, from, request_.count, request_.bytes_max, key_);
  status = read_and_build(&reply, from, out);
  out->detail = static_cast<uint32_t>(error_);
  return status;
}

// The offset from which on there are `count` messages, or all. Where offsets were given up, fewer messages than offsets lie before the end.
uint64_t Partition::start_of_last(uint64_t count) const {
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    const uint64_t end_offset = (*segment)->ends().end_offset;
    const uint64_t messages = end_offset - (*segment)->start;
    if (count <= messages) return end_offset - count;
    count -= messages;
  }
  return segments_.empty() ? 0 : segments_.front()->start;
}

// `found` false: nothing to read.
Status PollRun::find_start(uint64_t* from, bool* found) {
  offsets_generation_ = partition_.offsets_.generation();
  uint64_t first = 0;
  uint64_t last = 0;
  {
    const std::lock_guard lock(partition_.view_mutex_);
    next_offset_ = partition_.next_offset_;
    first = partition_.segments_.empty() ? 0 : partition_.segments_.front()->start;
    if (request_.strategy == PollStrategy::kLast) last = partition_.start_of_last(request_.count);
  }
  *found = false;
  if (request_.count == 0) return kOk;
  *from = first;
  switch (request_.strategy) {
    case PollStrategy::kOffset:
      *from = std::max(first, request_.value);
      break;
    case PollStrategy::kFirst:
      break;
    case PollStrategy::kLast:
      *from = last;
      break;
    case PollStrategy::kNext: {
      uint64_t stored = 0;
      if (partition_.offsets_.load(static_cast<uint8_t>(request_.consumer_kind), request_.consumer_id, &stored)) *from = std::max(first, stored + 1);
      break;
    }
    case PollStrategy::kTimestamp: {
      const Status status = start_of_timestamp(from);
      if (status != kOk || unloaded_) return status;
      break;
    }
  }
  *found = *from < next_offset_;
  return kOk;
}

Status PollRun::start_of_timestamp(uint64_t* from) {
  TimestampPlan plan{};
  {
    const std::lock_guard lock(partition_.view_mutex_);
    *from = next_offset_;
    const auto& segments = partition_.segments_;
    const auto segment = std::find_if(segments.begin(), segments.end(), [&](const auto& candidate) {
      const SegmentEnds ends = candidate->ends();
      return ends.end_position > 0 && ends.last_timestamp >= request_.value;
    });
    if (segment == segments.end()) return kOk;
    if (!(*segment)->plan_timestamp(request_.value, &plan)) {
      unloaded_ = *segment;
      return kOk;
    }
  }
  if (plan.exact) {
    *from = plan.offset;
    return kOk;
  }
  const Slot slot(partition_.services_.buffers, plan.piece.end - plan.piece.begin);
  if (slot.missing()) return kOutOfMemory;
  PieceBytes bytes{};
  const Status status = read_piece(plan.piece, slot.data(), &bytes);
  return status == kOk ? find_timestamp(bytes, key_, request_.value, plan.offset, from) : status;
}

// Lists the byte ranges from `from` on that hold the wanted messages, across segments.
Status PollRun::plan(uint64_t from) {
  const bool classic = request_.generation == Generation::kClassic;
  uint64_t bytes_left = request_.bytes_max;
  if (classic && __builtin_mul_overflow(bytes_left, kStoredToClassicMax, &bytes_left)) bytes_left = std::numeric_limits<uint64_t>::max();
  uint64_t count_left = request_.count;

  const std::lock_guard lock(partition_.view_mutex_);
  const auto& segments = partition_.segments_;
  auto segment =
      std::upper_bound(segments.begin(), segments.end(), from, [](uint64_t offset, const auto& candidate) { return offset < candidate->start; });
  if (segment != segments.begin()) --segment;
  for (; segment != segments.end() && count_left > 0 && bytes_left > 0; ++segment) {
    const uint64_t end_offset = (*segment)->ends().end_offset;
    from = std::max(from, (*segment)->start);
    while (from < end_offset && count_left > 0 && (bytes_left > 0 || pieces_.empty())) {
      const uint64_t to = from + std::min(count_left, end_offset - from);
      Piece piece;
      if (!(*segment)->plan(from, to, classic ? std::min(bytes_left, kClassicPieceBytes) : bytes_left, &piece)) {
        unloaded_ = *segment;
        return kOk;
      }
      bytes_left -= std::min(bytes_left, piece.end - piece.begin);
      const uint64_t next = std::min(piece.end_offset, to);
      count_left -= next - from;
      from = next;
      const bool reaches_end = piece.end_offset >= to;
      pieces_.push_back(std::move(piece));
      // A 0.9 reply is one range a segment: where the range ends early, the byte cap ended it.
      if (!classic && !reaches_end) return kOk;
    }
  }
  return kOk;
}

Status PollRun::load(const std::shared_ptr<Segment>& segment) {
  const uint64_t extents_likely = segment->ends().end_position / kExtentBytesMin + 1;
  if (!partition_.services_.memory.make_room(extents_likely * sizeof(Extent))) return kOutOfMemory;
  error_ = load_sealed(partition_.log_, *segment);
  if (error_ == 0) return kOk;
  {
    const std::lock_guard lock(partition_.view_mutex_);
    const auto& segments = partition_.segments_;
    if (std::find(segments.begin(), segments.end(), segment) == segments.end()) {
      // Removed since it was planned with: plan again without it.
      error_ = 0;
      return kOk;
    }
  }
  return error_ == EBADMSG ? kInvalidMessageChecksum : kCannotReadFile;
}

// Reads a piece to `to`, behind a copy of its first record's header if it begins inside that record. kQueued: not in memory.
Status PollRun::read_piece(const Piece& piece, uint8_t* to, PieceBytes* bytes) {
  const auto read = [&](uint8_t* at, uint64_t position, uint64_t length) {
    size_t done = 0;
    error_ = cached_ ? piece.file->read_cached(at, length, position, &done) : piece.file->read(at, length, position, &done);
    if (error_ == 0 && done < length) error_ = EIO;  // the file is shorter than what was published
    if (error_ == EAGAIN && cached_) {
      error_ = 0;
      return kQueued;
    }
    return error_ == 0 ? kOk : kCannotReadFile;
  };
  const uint64_t length = piece.end - piece.begin;
  *bytes = {to, to + length, 0};
  if (piece.begin != piece.record_position) {
    const Status status = read(to, piece.record_position, kRecordHeaderBytes);
    if (status != kOk) return status;
    to += kRecordHeaderBytes;
    bytes->end += kRecordHeaderBytes;
    bytes->skipped = piece.begin - piece.record_position - kRecordHeaderBytes;
  }
  return read(to, piece.begin, length);
}

Status PollRun::read_and_build(ReplyBuilder* reply, uint64_t from, Completion* out) {
  uint64_t total = 0;
  uint64_t largest = 0;
  for (const Piece& piece : pieces_) {
    total += piece.end - piece.begin;
    largest = std::max(largest, piece.end - piece.begin);
  }
  uint64_t inline_bytes_max = partition_.services_.options.inline_poll_bytes_max;
  if (partition_.services_.keys.any()) inline_bytes_max = std::min(inline_bytes_max, kInlineDecryptedBytesMax);
  if (cached_ && total > inline_bytes_max) return kQueued;
  const bool classic = request_.generation == Generation::kClassic;
  const uint64_t first_bytes = pieces_.front().end - pieces_.front().begin;
  uint64_t reply_bytes = total + kRecordHeaderBytes;
  if (classic) reply_bytes = std::min(as_classic(total), std::min(request_.bytes_max, as_classic(total)) + as_classic(first_bytes));

  BufferPool& buffers = partition_.services_.buffers;
  Slot slot(buffers, request_.headroom + reply_bytes);
  if (slot.missing()) return kOutOfMemory;
  uint8_t* const room = slot.data() + request_.headroom;
  std::optional<Slot> scratch;
  if (classic) scratch.emplace(buffers, largest + kRecordHeaderBytes);
  if (scratch && scratch->missing()) return kOutOfMemory;

  RecordOpener opener(partition_.services_.keys);
  uint8_t* at = room;
  for (const Piece& piece : pieces_) {
    if (reply->full()) break;
    PieceBytes bytes{};
    Status status = read_piece(piece, classic ? scratch->data() : at, &bytes);
    if (status == kOk && !piece.verified) {
      status = verify_piece(bytes, key_);
      if (status == kOk) piece.segment->mark_verified(piece.extent_first, piece.extent_end);
    }
    if (status == kOk && partition_.services_.keys.any()) status = open_piece(bytes, key_, opener);
    if (status == kOk) status = reply->add(bytes, room);
    if (status != kOk) return status;
    at = bytes.end;
  }
  // The index said that the message at `from` is here.
  if (reply->count() == 0 || reply->first_offset() < from) return kInvalidMessageChecksum;
  if (request_.auto_commit) {
    const Status status = commit(reply->last_offset());
    if (status != kOk) return status;
  }
  out->start = static_cast<uint32_t>(reply->begin() - slot.data());
  out->length = static_cast<uint32_t>(reply->bytes());
  out->count = reply->count();
  out->first_offset = reply->first_offset();
  out->last_offset = reply->last_offset();
  out->slot = slot.hand_over();
  return kOk;
}

// Best effort, but for a full table: a consumer whose progress cannot be kept must not be served.
Status PollRun::commit(uint64_t last_offset) {
  int error = 0;
  const Status status =
      partition_.offsets_.store(static_cast<uint8_t>(request_.consumer_kind), request_.consumer_id, last_offset, offsets_generation_, true, &error);
  return status == kTooManyOffsets || status == kOutOfMemory ? status : kOk;
}

}  // namespace galgo
