// Partitions: open, configure, read producers, flush, delete segments, purge, close, figures. Layouts in call_block.h.
//
// Requests that complete through the queue alone return kQueued.
#include <string>
#include <vector>

#include "engine_binding.h"

namespace galgo::binding {

PartitionOptions EngineBinding::partition_options(Arguments& in) {
  PartitionOptions options;
  options.partition_id = in.u53(2, "partitionId");
  options.incarnation = in.u64(3, "incarnation");
  options.create = in.flag(5, "create");
  options.segment_bytes = in.integer(6, "segmentBytes", 1, Arguments::kIntegerMax);
  options.durability = in.one_of(7, "durability", Durability::kNone, Durability::kGroup);
  options.offset_durability = in.one_of(8, "offsetDurability", Durability::kNone, Durability::kGroup);
  options.id_entries_max = in.u32(9, "idEntriesMax");
  options.id_expiry_us = in.u53(10, "idExpiryMicros");
  options.first_offset = in.u64(11, "firstOffset");
  options.direct_io = in.flag(13, "directIo");
  return options;
}

std::string EngineBinding::directory(Arguments& in) {
  if (!in.value().IsString()) {
    Napi::TypeError::New(in.env(), "directory is not a string").ThrowAsJavaScriptException();
    return {};
  }
  std::string directory = in.value().As<Napi::String>();
  // The system would take the part before the zero for the whole path.
  if (!directory.empty() && directory.find('\0') == std::string::npos) return directory;
  Napi::RangeError::New(in.env(), "directory is empty or contains a zero byte").ThrowAsJavaScriptException();
  return {};
}

Status EngineBinding::open(Arguments& in) {
  const uint32_t request = request_number(in);
  const PartitionOptions options = partition_options(in);
  if (in.failed()) return kThrown;
  const std::string path = directory(in);
  if (path.empty()) return kThrown;
  block_.words[1] = engine_->open(path, options, request, queue_.get());
  queued(request, Request::Kind::kOther);
  return kQueued;
}

Status EngineBinding::configure(Arguments& in) {
  const Handle handle = in.u32(1, "handle");
  const PartitionOptions options = partition_options(in);
  if (in.failed()) return kThrown;
  return engine_->configure(handle, options);
}

Status EngineBinding::read_producers(Arguments& in) {
  const uint32_t request = request_number(in);
  const Handle handle = in.u32(1, "handle");
  const uint64_t since = in.u53(2, "sinceMicros");
  if (in.failed()) return kThrown;
  engine_->read_producers(handle, since, request, queue_.get());
  queued(request, Request::Kind::kFillsSlot);
  return kQueued;
}

Status EngineBinding::flush(Arguments& in) {
  const uint32_t request = request_number(in);
  const Handle handle = in.u32(1, "handle");
  const bool sync = in.flag(2, "sync");
  if (in.failed()) return kThrown;
  engine_->flush(handle, sync, request, queue_.get());
  queued(request, Request::Kind::kOther);
  return kQueued;
}

Status EngineBinding::delete_segments(Arguments& in) {
  const uint32_t request = request_number(in);
  const Handle handle = in.u32(1, "handle");
  const uint32_t segments = in.u32(2, "segments");
  const uint64_t last_offset_max = in.u64(3, "lastOffsetMax");
  if (in.failed()) return kThrown;
  engine_->delete_segments(handle, segments, last_offset_max, request, queue_.get());
  queued(request, Request::Kind::kOther);
  return kQueued;
}

Status EngineBinding::purge(Arguments& in) {
  const uint32_t request = request_number(in);
  const Handle handle = in.u32(1, "handle");
  if (in.failed()) return kThrown;
  engine_->purge(handle, request, queue_.get());
  queued(request, Request::Kind::kOther);
  return kQueued;
}

Status EngineBinding::close(Arguments& in) {
  const uint32_t request = request_number(in);
  const Handle handle = in.u32(1, "handle");
  if (in.failed()) return kThrown;
  engine_->close(handle, request, queue_.get());
  queued(request, Request::Kind::kOther);
  return kQueued;
}

Status EngineBinding::stats(Arguments& in) {
  const Handle handle = in.u32(1, "handle");
  if (in.failed()) return kThrown;
  PartitionStats stats{};
  const Status status = engine_->stats(handle, &stats);
  const uint64_t figures[] = {stats.first_offset,
                              stats.next_offset,
                              stats.messages,
                              stats.logical_bytes,
                              stats.stored_bytes,
                              stats.last_timestamp,
                              stats.durable_offset,
                              stats.segments,
                              stats.state,
                              stats.read_calls,
                              stats.read_bytes,
                              stats.write_calls,
                              stats.write_bytes,
                              stats.sync_calls,
                              stats.direct_io ? 1u : 0u,
                              stats.staging_bytes,
                              static_cast<uint64_t>(stats.fence_reason),
                              static_cast<uint64_t>(stats.fence_error)};
  static_assert(sizeof figures / sizeof *figures <= sizeof block_.words / sizeof *block_.words);
  double* word = block_.words;
  for (const uint64_t figure : figures) *word++ = static_cast<double>(figure);
  return status;
}

Status EngineBinding::segments(Arguments& in) {
  const Handle handle = in.u32(1, "handle");
  if (in.failed()) return kThrown;
  if (!in.value().IsTypedArray() || in.value().As<Napi::TypedArray>().TypedArrayType() != napi_float64_array) {
    Napi::TypeError::New(in.env(), "figures are not a Float64Array").ThrowAsJavaScriptException();
    return kThrown;
  }
  constexpr size_t kFigures = 5;
  auto figures = in.value().As<Napi::Float64Array>();
  std::vector<SegmentStats> segments;
  const Status status = engine_->segments(handle, figures.ElementLength() / kFigures, &segments);
  double* figure = figures.Data();
  for (const SegmentStats& segment : segments) {
    for (const uint64_t each : {segment.first_offset, segment.last_offset, segment.logical_bytes, segment.first_timestamp, segment.last_timestamp}) {
      *figure++ = static_cast<double>(each);
    }
  }
  block_.words[0] = static_cast<double>(segments.size());
  return status;
}

}  // namespace galgo::binding
