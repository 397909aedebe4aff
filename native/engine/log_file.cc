#include "log_file.h"

namespace galgo {

int LogFile::go_direct(const LogContext& context, const std::string& path, BufferPool& buffers, uint64_t end) {
  std::unique_ptr<File> direct;
  if (const int error = context.file_system.open(path, OpenMode::kDirect, &context.counters, &direct)) return error;
  auto writer = std::make_unique<DirectWriter>(std::move(direct), *file_, buffers);
  if (const int error = writer->begin(end)) return error;
  writer_ = std::move(writer);
  return 0;
}

int LogFile::read(void* to, size_t length, uint64_t position, size_t* done) {
  const size_t in_file = writer_ ? writer_->read_tail(static_cast<uint8_t*>(to), length, position) : length;
  *done = 0;
  if (in_file > 0) {
    if (const int error = file_->read(to, in_file, position, done)) return error;
  }
  if (*done == in_file) *done = length;
  return 0;
}

int LogFile::read_cached(void* to, size_t length, uint64_t position, size_t* done) {
  const size_t in_file = writer_ ? writer_->read_tail(static_cast<uint8_t*>(to), length, position) : length;
  if (in_file > 0) {
    if (const int error = file_->read_cached(to, in_file, position, done)) return error;
  }
  *done = length;
  return 0;
}

int LogFile::append(iovec* parts, size_t count, uint64_t position, uint64_t end) {
  return space_.write(end, [&] { return writer_ ? writer_->append(parts, count) : file_->write(parts, count, position); });
}

int LogFile::cut(uint64_t end) {
  if (const int error = space_.cut(*file_, end)) return error;
  if (writer_) writer_->rewind(end);
  return 0;
}

bool LogFile::extend_space(const LogContext& context, const std::string& path, SpaceAhead how, uint64_t to) {
  // Zeros go past the page cache where they can: the sync of an append must not wait for them to be written back.
  std::unique_ptr<File> direct;
  if (how == SpaceAhead::kPrewrite) context.file_system.open(path, OpenMode::kDirect, &context.counters, &direct);
  return space_.extend(how, *file_, direct ? *direct : *file_, to);
}

void LogFile::shrink() {
  if (writer_) writer_->shrink();
}

int LogFile::finish(uint64_t end, bool* unsynced) {
  bool cut = false;
  if (const int error = space_.finish(*file_, end, writer_ != nullptr, &cut)) return error;
  if (writer_) writer_->close();
  const int error = cut ? file_->sync() : 0;
  *unsynced = error != 0;
  return error;
}

}  // namespace galgo
