// What is read again from the newest records of the log: ids when the partition is opened, producers' request numbers when they are asked for.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>

#include "log_tail.h"
#include "partition.h"
#include "record_fields.h"

namespace galgo {
namespace {

constexpr uint64_t kIdBytesMax = 64ull << 20;
constexpr uint64_t kProducerBytesMax = 32ull << 20;

uint64_t now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

class IdVisitor final : public TailVisitor {
 public:
  IdVisitor(IdWindow& ids, uint64_t since) : ids_(ids), since_(since) {}

  void record(const uint8_t*, const RecordInfo& info) override { info_ = info; }
  void frame(const uint8_t* header) override {
    if (info_.base_timestamp < since_ || (info_.flags & kRecordServerIdsOnly) != 0) return;
    ids_.restore(header + frame::kId, info_.base_offset + load32(header + frame::kOffsetDelta), info_.base_timestamp);
  }

 private:
  IdWindow& ids_;
  const uint64_t since_;
  RecordInfo info_{};
};

/// Keeps the newest kProducerRecordsMax.
class ProducerVisitor final : public TailVisitor {
 public:
  explicit ProducerVisitor(uint64_t since) : since_(since) {}

  void record(const uint8_t* header, const RecordInfo& info) override {
    const bool anonymous = (load64(header + header::kClientId) | load64(header + header::kClientId + 8)) == 0;
    if (anonymous || info.base_timestamp < since_) return;
    ProducerRecord read{};
    std::memcpy(read.client_id, header + header::kClientId, sizeof read.client_id);
    read.request = load64(header + header::kRequest);
    read.first_offset = info.first_offset;
    read.user_id = load32(header + header::kUserId);
    if (records_.size() < kProducerRecordsMax) {
      records_.push_back(read);
    } else {
      records_[oldest_] = read;
      oldest_ = (oldest_ + 1) % records_.size();
      overflowed_ = true;
    }
  }
  void frame(const uint8_t*) override {}

  size_t bytes() const { return records_.size() * sizeof(ProducerRecord); }
  bool overflowed() const { return overflowed_; }
  void copy(uint8_t* to) const {
    const size_t newer = (records_.size() - oldest_) * sizeof(ProducerRecord);
    std::memcpy(to, records_.data() + oldest_, newer);
    std::memcpy(to + newer, records_.data(), oldest_ * sizeof(ProducerRecord));
  }

 private:
  const uint64_t since_;
  std::vector<ProducerRecord> records_;
  size_t oldest_ = 0;
  bool overflowed_ = false;
};

}  // namespace

// What cannot be read is not remembered: the partition serves all the same.
void Partition::restore_ids() {
  const uint64_t since = ids_.expiry_us() == 0 ? 0 : now_us() - std::min(now_us(), ids_.expiry_us());
  const TailBounds bounds{.first_offset = end_offset_ - std::min<uint64_t>(end_offset_, ids_.entries_max()),
                          .since = since,
                          .read_bytes_max = kIdBytesMax,
                          .frames = true};
  IdVisitor visitor(ids_, since);
  bool cut = false;
  read_tail(log_, services_.keys, services_.segments, segments_, bounds, visitor, &cut);
}

void Partition::read_producers(uint64_t since, uint32_t request, CompletionSink* sink) {
  services_.syncs.post([self = shared_from_this(), since, request, sink] {
    Completion completion{.request = request, .status = kOutOfMemory};
    try {
      completion = self->collect_producers(since, request);
    } catch (const std::bad_alloc&) {
    }
    complete(sink, completion);
  });
}

Completion Partition::collect_producers(uint64_t since, uint32_t request) {
  Completion completion{.request = request};
  if (state() == State::kOpening || state() == State::kShut) completion.status = kClosed;
  if (!readable_) completion.status = kFenced;
  if (completion.status != kOk) return completion;
  std::vector<std::shared_ptr<Segment>> segments;
  {
    const std::lock_guard lock(view_mutex_);
    segments = segments_;
  }
  ProducerVisitor visitor(since);
  bool cut = false;
  const TailBounds bounds{.first_offset = 0, .since = since, .read_bytes_max = kProducerBytesMax, .frames = false};
  if (read_tail(log_, services_.keys, services_.segments, segments, bounds, visitor, &cut) != 0) cut = true;
  completion.detail = cut || visitor.overflowed() ? 1 : 0;
  if (visitor.bytes() == 0) return completion;
  completion.slot = services_.buffers.acquire(visitor.bytes());
  if (completion.slot == kNoSlot) {
    completion.status = kOutOfMemory;
    return completion;
  }
  visitor.copy(services_.buffers.data(completion.slot));
  completion.length = static_cast<uint32_t>(visitor.bytes());
  completion.count = static_cast<uint32_t>(visitor.bytes() / sizeof(ProducerRecord));
  return completion;
}

}  // namespace galgo
