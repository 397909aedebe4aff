// Messages and consumer offsets: append, poll, store, load, delete. Layouts in call_block.h.
#include <cstring>

#include "engine_binding.h"

namespace galgo::binding {

namespace {

// Of the VSR request header, which is 256 bytes.
constexpr size_t kRequestHeaderBytes = 256;
constexpr size_t kClientIdPosition = 128;
constexpr size_t kRequestPosition = 168;

struct Bytes {
  uint8_t* data = nullptr;
  size_t length = 0;
};

/// A Uint8Array's memory, borrowed for this call. Throws for anything else.
bool borrow(Napi::Env env, napi_value value, Bytes* bytes) {
  napi_typedarray_type type;
  void* data;
  if (napi_get_typedarray_info(env, value, &type, &bytes->length, &data, nullptr, nullptr) == napi_ok && type == napi_uint8_array) {
    bytes->data = static_cast<uint8_t*>(data);
    return true;
  }
  Napi::TypeError::New(env, "bytes is not a Uint8Array").ThrowAsJavaScriptException();
  return false;
}

bool within(const Bytes& bytes, size_t start, size_t length) { return start <= bytes.length && length <= bytes.length - start; }

/// Bytes of a slot must lie in it, or the engine would use memory that nobody keeps for it.
bool inside_slot(const Bytes& bytes, const SlotTable::Slot& slot) {
  const auto first = reinterpret_cast<uintptr_t>(slot.data);
  const auto data = reinterpret_cast<uintptr_t>(bytes.data);
  return data >= first && data - first <= slot.capacity && bytes.length <= slot.capacity - (data - first);
}

}  // namespace

Status EngineBinding::append(Arguments& in) {
  AppendRequest append{};
  append.request = request_number(in);
  const Handle handle = in.u32(1, "handle");
  append.generation = in.one_of(2, "generation", Generation::kClassic, Generation::kVsr);
  append.slot = in.u32(3, "slot");
  const uint32_t start = in.u32(4, "start");
  append.length = in.u32(5, "length");
  append.count = in.u32(6, "count");
  append.producer.user_id = in.u32(7, "userId");
  const bool has_header = block_.words[8] != -1;
  const uint32_t header_start = has_header ? in.u32(8, "headerStart") : 0;
  Bytes bytes;
  if (in.failed() || !borrow(in.env(), in.value(), &bytes)) return kThrown;

  if (append.slot != kNoSlot) {
    const SlotTable::Slot* slot = slots_.held(in.env(), append.slot);
    if (slot == nullptr) return kThrown;
    if (!inside_slot(bytes, *slot)) in.refuse("bytes is not a view of the slot");
  }
  if (!within(bytes, start, append.length)) in.refuse("start and length reach past the end of bytes");
  if (has_header && !within(bytes, header_start, kRequestHeaderBytes)) in.refuse("headerStart leaves no room for a request header in bytes");
  if (in.failed()) return kThrown;

  append.data = bytes.data + start;
  if (has_header) {
    std::memcpy(append.producer.client_id, bytes.data + header_start + kClientIdPosition, sizeof append.producer.client_id);
    append.producer.request = load64(bytes.data + header_start + kRequestPosition);
  }
  Completion done;
  const Status status = engine_->append(handle, append, queue_.get(), &done);
  if (status == kOk) block_.result = done;
  if (status == kQueued) queued(append.request, Request::Kind::kOther, append.slot);
  return status;
}

Status EngineBinding::poll(Arguments& in) {
  PollRequest poll{};
  poll.request = request_number(in);
  const Handle handle = in.u32(1, "handle");
  poll.generation = in.one_of(2, "generation", Generation::kClassic, Generation::kVsr);
  poll.strategy = in.one_of(3, "strategy", PollStrategy::kOffset, PollStrategy::kNext);
  poll.value = in.u64(4, "value");
  poll.count = in.u32(6, "count");
  poll.headroom = in.u32(7, "headroom");
  poll.bytes_max = in.u53(8, "bytesMax");
  poll.consumer_kind = in.one_of(9, "consumerKind", ConsumerKind::kConsumer, ConsumerKind::kGroup);
  poll.consumer_id = in.u32(10, "consumerId");
  poll.auto_commit = in.flag(11, "autoCommit");
  if (in.failed()) return kThrown;

  Completion done;
  const Status status = engine_->poll(handle, poll, queue_.get(), &done);
  if (status == kOk) {
    if (done.count == 0) done.slot = kNoSlot;
    if (done.slot != kNoSlot) slots_.give(done.slot);
    block_.result = done;
  }
  if (status == kQueued) queued(poll.request, Request::Kind::kFillsSlot);
  return status;
}

Status EngineBinding::store_offset(Arguments& in) {
  const uint32_t request = request_number(in);
  const Handle handle = in.u32(1, "handle");
  const auto kind = in.one_of(2, "kind", ConsumerKind::kConsumer, ConsumerKind::kGroup);
  const uint32_t id = in.u32(3, "id");
  const uint64_t offset = in.u64(4, "offset");
  if (in.failed()) return kThrown;
  const Status status = engine_->store_offset(handle, kind, id, offset, request, queue_.get());
  if (status == kQueued) queued(request, Request::Kind::kOther);
  return status;
}

Status EngineBinding::load_offset(Arguments& in) {
  const Handle handle = in.u32(1, "handle");
  const auto kind = in.one_of(2, "kind", ConsumerKind::kConsumer, ConsumerKind::kGroup);
  const uint32_t id = in.u32(3, "id");
  if (in.failed()) return kThrown;
  uint64_t offset = 0;
  const Status status = engine_->load_offset(handle, kind, id, &offset);
  block_.words[4] = static_cast<uint32_t>(offset);
  block_.words[5] = static_cast<uint32_t>(offset >> 32);
  return status;
}

Status EngineBinding::delete_offset(Arguments& in) {
  const uint32_t request = request_number(in);
  const Handle handle = in.u32(1, "handle");
  const auto kind = in.one_of(2, "kind", ConsumerKind::kConsumer, ConsumerKind::kGroup);
  const uint32_t id = in.u32(3, "id");
  if (in.failed()) return kThrown;
  const Status status = engine_->delete_offset(handle, kind, id, request, queue_.get());
  if (status == kQueued) queued(request, Request::Kind::kOther);
  return status;
}

}  // namespace galgo::binding
