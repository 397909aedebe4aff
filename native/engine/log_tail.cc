#include "log_tail.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "encrypted_record.h"
#include "index_file.h"
#include "log_window.h"

namespace galgo {
namespace {

constexpr int kLoadsMax = 10;

/// False: the reading ended at something that is no frame or no record.
bool visit_encrypted_frames(LogWindow<LogFile>& window, uint64_t position, RecordInfo info, uint64_t secret, RecordOpener& opener,
                            TailVisitor& visitor) {
  const uint8_t* const stored = window.at(position, info.batch_length);
  if (stored == nullptr) return false;
  std::vector<uint8_t> record(stored, stored + info.batch_length);
  if (opener.open(record.data(), &info, secret) != kOk) return false;
  const uint8_t* frame = record.data() + kRecordHeaderBytes;
  for (uint32_t i = 0; i < info.message_count; ++i, frame += frame_bytes(frame)) visitor.frame(frame);
  return true;
}

/// As above.
bool visit_frames(LogWindow<LogFile>& window, uint64_t position, const RecordInfo& info, TailVisitor& visitor) {
  const uint64_t end = position + info.batch_length;
  position += kRecordHeaderBytes;
  for (uint32_t i = 0; i < info.message_count; ++i) {
    const uint8_t* frame = end - position < kFrameHeaderBytes ? nullptr : window.at(position, kFrameHeaderBytes);
    if (frame == nullptr) return false;
    visitor.frame(frame);
    position += frame_bytes(frame);
    if (position > end) return false;
  }
  return true;
}

int visit_part(const LogContext& context, const TailPlan& part, const TailBounds& bounds, RecordOpener& opener, TailVisitor& visitor, bool* cut) {
  LogWindow window(*part.file, part.end, kTailReadBytes);
  RecordInfo info;
  for (uint64_t position = part.begin; position < part.end; position += info.batch_length) {
    const uint8_t* header = window.at(position, kRecordHeaderBytes);
    const bool valid = header != nullptr && read_record_header(header, context.secret, context.incarnation, &info) == HeaderCheck::kValid;
    if (!valid || info.batch_length > part.end - position) {
      *cut = true;
      return window.error();
    }
    visitor.record(header, info);
    if (!bounds.frames) continue;
    const bool visited = (info.flags & kRecordEncrypted) != 0 ? visit_encrypted_frames(window, position, info, context.secret, opener, visitor)
                                                              : visit_frames(window, position, info, visitor);
    if (!visited) *cut = true;
  }
  return window.error();
}

}  // namespace

int read_tail(const LogContext& context, const Keyring& keys, SegmentCache& cache, const std::vector<std::shared_ptr<Segment>>& segments,
              const TailBounds& bounds, TailVisitor& visitor, bool* cut) {
  *cut = false;
  uint64_t bytes_left = bounds.read_bytes_max;
  std::vector<TailPlan> newest_first;
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    const SegmentEnds ends = (*segment)->ends();
    if (ends.end_offset == (*segment)->start) continue;
    if (ends.end_offset <= bounds.first_offset || ends.last_timestamp < bounds.since) break;
    TailPlan plan;
    for (int loads = 0; !(*segment)->plan_tail(bounds.first_offset, bounds.since, bytes_left, bounds.frames, &plan); ++loads) {
      // The cache may release a segment again before it was planned with.
      if (loads == kLoadsMax) return EAGAIN;
      if (const int error = load_sealed(context, **segment)) return error;
    }
    if ((*segment)->sealed) cache.touch(*segment);
    bytes_left -= std::min(bytes_left, plan.bytes);
    const bool complete = plan.begin == 0;
    *cut = plan.cut;
    newest_first.push_back(std::move(plan));
    if (!complete) break;
  }
  RecordOpener opener(keys);
  for (auto part = newest_first.rbegin(); part != newest_first.rend(); ++part) {
    if (const int error = visit_part(context, *part, bounds, opener, visitor, cut)) return error;
  }
  return 0;
}

}  // namespace galgo
