// Turns pieces of a log in memory into the messages of a reply: in place for 0.9 clients, transcoded for 0.8 clients.
//
// Threads: plain memory work on the polling thread. Bytes from the disk are checked before they are followed: header checksums always, lengths
// always.
#pragma once

#include <cstdint>

#include "encrypted_record.h"
#include "engine.h"

namespace galgo {

/// A piece in memory. Begins with a record header; the frames of that record whose bytes come first in the log may be left out.
struct PieceBytes {
  uint8_t* begin;
  uint8_t* end;
  uint64_t skipped;  // bytes of frames left out after the first header
};

/// What records of a partition are keyed with.
struct RecordKey {
  uint64_t secret;
  uint64_t incarnation;
};

/// Verifies every header and frame in a piece. kOk or kInvalidMessageChecksum.
Status verify_piece(const PieceBytes& piece, const RecordKey& key);

/// Decrypts what is encrypted in a piece that was verified, where it lies. kOk, kCannotDecrypt or kInvalidMessageChecksum.
Status open_piece(const PieceBytes& piece, const RecordKey& key, RecordOpener& opener);

/// Offset of the first record in the piece with a time stamp ≥ `timestamp`, or `otherwise`. kOk or kInvalidMessageChecksum.
Status find_timestamp(const PieceBytes& piece, const RecordKey& key, uint64_t timestamp, uint64_t otherwise, uint64_t* offset);

struct PieceRecord;

class ReplyBuilder {
 public:
  /// At most `count` messages from offset `from` on, at most `bytes_max` bytes, but one message at least.
  ReplyBuilder(Generation generation, uint64_t from, uint32_t count, uint64_t bytes_max, const RecordKey& key)
      : generation_(generation), key_(key), from_(from), count_max_(count), bytes_max_(bytes_max) {}

  /// vsr: the reply's bytes are those of the piece, so the next one must lie where this one ended. classic: messages are written to `out`, which the
  /// caller made large enough; pass the start of the room each time. kOk, kInvalidMessageChecksum, or kCannotDecrypt for what is encrypted still.
  Status add(const PieceBytes& piece, uint8_t* out);

  bool full() const { return full_; }
  uint32_t count() const { return count_; }
  uint64_t first_offset() const { return first_offset_; }
  uint64_t last_offset() const { return last_offset_; }
  /// First byte of the reply; nullptr if there is none.
  uint8_t* begin() const { return begin_; }
  uint64_t bytes() const { return bytes_; }

 private:
  Status add_record(const PieceRecord& record, uint8_t* out);
  void took(uint8_t* begin, uint64_t bytes, uint64_t first_offset, uint32_t count);

  const Generation generation_;
  const RecordKey key_;
  uint64_t from_;  // next offset wanted
  const uint32_t count_max_;
  const uint64_t bytes_max_;
  bool full_ = false;
  uint32_t count_ = 0;
  uint64_t first_offset_ = 0;
  uint64_t last_offset_ = 0;
  uint8_t* begin_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace galgo
