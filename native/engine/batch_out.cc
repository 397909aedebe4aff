// Outgoing 0.9 replies: headers of whole and of cut records. Payloads are not touched.
#include <cstring>

#include "record_fields.h"

namespace galgo {

void to_wire_header(uint8_t* header) { std::memset(header + header::kReserved, 0, kRecordHeaderBytes - header::kReserved); }

void write_cut_header(uint8_t* header, const uint8_t* source, const uint8_t* frames, const uint8_t* frames_end, uint32_t count) {
  std::memmove(header, source, header::kBatchLength);  // partition, base offset, base and origin time stamps; all that is needed of `source`
  store64(header + header::kBatchLength, kRecordHeaderBytes + static_cast<uint64_t>(frames_end - frames));
  store32(header + header::kMessageCount, count);
  to_wire_header(header);
  store64(header + header::kBatchChecksum, batch_checksum(header, frames, frames_end));
}

}  // namespace galgo
