#include "index_file.h"

#include <cerrno>

namespace galgo {

int write_index(const LogContext& context, Segment& segment, bool seal) {
  std::vector<uint8_t> entries;
  size_t first = 0;
  segment.unwritten_extents(seal, context.secret, &entries, &first);
  const size_t count = entries.size() / kIndexEntryBytes;
  if (segment.index_made && !seal && count == 0) return 0;

  std::unique_ptr<File> file;
  if (const int error = context.file_system.open(segment.index_path, OpenMode::kCreate, &context.counters, &file)) return error;
  if (!segment.index_made || seal) {
    const SegmentEnds ends = segment.ends();
    IndexHeader header{.sealed = seal, .start = segment.start, .incarnation = context.incarnation, .secret = context.secret};
    if (seal) {
      header.log_length = ends.end_position;
      header.end_offset = ends.end_offset;
      header.logical_bytes = ends.logical_bytes;
      header.first_timestamp = ends.first_timestamp;
      header.last_timestamp = ends.last_timestamp;
    }
    uint8_t bytes[kIndexHeaderBytes];
    encode_index_header(header, bytes);
    if (const int error = file->truncate(first == 0 ? 0 : kIndexHeaderBytes + first * kIndexEntryBytes)) return error;
    if (const int error = file->write(bytes, sizeof bytes, 0)) return error;
    segment.index_made = true;
  }
  if (count > 0) {
    if (const int error = file->write(entries.data(), entries.size(), kIndexHeaderBytes + first * kIndexEntryBytes)) return error;
    segment.extents_written(first + count);
  }
  return seal ? file->sync() : 0;
}

int read_index(const LogContext& context, const Segment& segment, uint64_t log_end_max, IndexContent* content) {
  std::unique_ptr<File> file;
  const int error = context.file_system.open(segment.index_path, OpenMode::kRead, &context.counters, &file);
  if (error == ENOENT) return 0;
  if (error != 0) return error;
  uint64_t size = 0;
  if (const int failed = file->size(&size)) return failed;
  std::vector<uint8_t> bytes(size);
  size_t done = 0;
  if (const int failed = file->read(bytes.data(), bytes.size(), 0, &done)) return failed;
  if (done < kIndexHeaderBytes || !decode_index_header(bytes.data(), &content->header)) return 0;
  const IndexHeader& header = content->header;
  if (header.start != segment.start || header.incarnation != context.incarnation || header.secret != context.secret) return 0;
  content->valid = true;
  content->log_end =
      decode_extents(bytes.data() + kIndexHeaderBytes, done - kIndexHeaderBytes, log_end_max, context.secret, segment.start, &content->extents);
  return 0;
}

int load_sealed(const LogContext& context, Segment& segment) {
  std::unique_ptr<File> file;
  if (const int error = context.file_system.open(segment.log_path, OpenMode::kRead, &context.counters, &file)) return error;
  const SegmentEnds ends = segment.ends();
  IndexContent content;
  const int error = read_index(context, segment, ends.end_position, &content);
  if (error != 0 || !content.valid || content.log_end != ends.end_position) {
    ExtentBuilder builder(segment.start);
    ScanState state{.next_offset = segment.start};
    content.extents.clear();
    if (const int failed = scan_log(*file, ends.end_position, context, &state, &builder, &content.extents)) return failed;
    if (state.position != ends.end_position) return EBADMSG;
  }
  segment.set_file(std::make_shared<LogFile>(std::move(file)));
  segment.set_extents(std::move(content.extents), 0);
  return 0;
}

}  // namespace galgo
