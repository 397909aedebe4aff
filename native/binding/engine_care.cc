// Verifying partitions and giving up what is damaged of them. Layouts in call_block.h.
#include <string>

#include "engine_binding.h"

namespace galgo::binding {

Status EngineBinding::verify(Arguments& in) {
  VerifyRequest verify{};
  verify.request = request_number(in);
  const Handle handle = in.u32(1, "handle");
  verify.place.segment = in.u64(2, "segment");
  verify.place.position = in.u53(4, "position");
  verify.place.next_offset = in.u64(5, "nextOffset");
  verify.bytes_max = in.u53(7, "bytesMax");
  if (in.failed()) return kThrown;
  engine_->verify(handle, verify, queue_.get());
  queued(verify.request, Request::Kind::kOther);
  return kQueued;
}

Status EngineBinding::repair(Arguments& in) {
  const uint32_t request = request_number(in);
  const PartitionOptions options = partition_options(in);
  if (in.failed()) return kThrown;
  const std::string path = directory(in);
  if (path.empty()) return kThrown;
  engine_->repair(path, options, request, queue_.get());
  queued(request, Request::Kind::kOther);
  return kQueued;
}

}  // namespace galgo::binding
