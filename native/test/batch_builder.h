// Builds valid 0.9 batches and 0.8 message blocks as a client would, for tests of the engine.
//
// Written from the published layouts with literal positions, so that it checks the engine's own constants instead of sharing them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "../engine/record.h"

namespace galgo::test {

using Bytes = std::vector<uint8_t>;

struct Message {
  std::string payload;
  std::string user_headers = {};
  uint64_t id = 1;                   // low half of the u128; the high half is zero
  uint64_t origin_timestamp = 1000;  // µs
};

/// `count` messages of `payload_bytes` each; ids from 1, origin time stamps 1 µs apart, payloads that differ.
inline std::vector<Message> uniform_messages(uint32_t count, size_t payload_bytes, uint64_t origin_timestamp = 1'700'000'000'000'000) {
  std::vector<Message> messages(count);
  for (uint32_t i = 0; i < count; i++) {
    std::string payload(payload_bytes, '\0');
    uint64_t state = 0x9E3779B97F4A7C15ull * (i + 1);
    for (char& byte : payload) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      byte = static_cast<char>(state >> 56);
    }
    messages[i] = {std::move(payload), "", i + 1ull, origin_timestamp + i};
  }
  return messages;
}

/// Recomputes the frame checksum at `frame` from its content.
inline void seal_frame(uint8_t* frame) { store64(frame, xxh3_64(frame + 8, frame_bytes(frame) - 8)); }

/// Recomputes the batch checksum from the header fields and the frames' checksum fields. The frames must tile the batch.
inline void seal_batch(Bytes& batch) {
  Bytes input(batch.begin(), batch.begin() + 40);
  input.insert(input.end(), batch.begin() + 48, batch.begin() + 52);
  for (size_t at = 256; at < batch.size(); at += frame_bytes(&batch[at])) {
    input.insert(input.end(), batch.begin() + static_cast<std::ptrdiff_t>(at), batch.begin() + static_cast<std::ptrdiff_t>(at + 8));
  }
  store64(&batch[40], xxh3_64(input.data(), input.size()));
}

/// A 0.9 batch as a producer sends it: stamped fields zero, checksums right.
inline Bytes build_batch(const std::vector<Message>& messages) {
  uint64_t origin = messages.empty() ? 0 : messages[0].origin_timestamp;
  size_t bytes = 256;
  for (const Message& message : messages) {
    origin = std::min(origin, message.origin_timestamp);
    bytes += 48 + message.payload.size() + message.user_headers.size();
  }
  Bytes batch(bytes, 0);
  store64(&batch[24], origin);
  store64(&batch[32], bytes);
  store32(&batch[48], static_cast<uint32_t>(messages.size()));
  size_t at = 256;
  for (size_t i = 0; i < messages.size(); i++) {
    const Message& message = messages[i];
    uint8_t* frame = &batch[at];
    store64(frame + 8, message.id);
    store32(frame + 24, static_cast<uint32_t>(i));
    store32(frame + 28, static_cast<uint32_t>(message.origin_timestamp - origin));
    store32(frame + 32, static_cast<uint32_t>(message.user_headers.size()));
    store32(frame + 36, static_cast<uint32_t>(message.payload.size()));
    std::copy(message.payload.begin(), message.payload.end(), frame + 48);
    std::copy(message.user_headers.begin(), message.user_headers.end(), frame + 48 + message.payload.size());
    seal_frame(frame);
    at += frame_bytes(frame);
  }
  seal_batch(batch);
  return batch;
}

/// The index block and the messages of a 0.8 SendMessages, as a client writes them (checksum, offset and time stamp zero).
inline Bytes build_classic(const std::vector<Message>& messages) {
  size_t bytes = 16 * messages.size();
  for (const Message& message : messages) bytes += 64 + message.payload.size() + message.user_headers.size();
  Bytes data(bytes, 0);
  size_t at = 16 * messages.size();
  for (size_t i = 0; i < messages.size(); i++) {
    const Message& message = messages[i];
    uint8_t* out = &data[at];
    store64(out + 8, message.id);
    store64(out + 40, message.origin_timestamp);
    store32(out + 48, static_cast<uint32_t>(message.user_headers.size()));
    store32(out + 52, static_cast<uint32_t>(message.payload.size()));
    std::copy(message.payload.begin(), message.payload.end(), out + 64);
    std::copy(message.user_headers.begin(), message.user_headers.end(), out + 64 + message.payload.size());
    at += 64 + message.payload.size() + message.user_headers.size();
    store32(&data[16 * i + 4], static_cast<uint32_t>(at - 16 * messages.size()));
  }
  return data;
}

/// The messages that frames [frames, frames + bytes) of a record with header `header` hold, for comparison.
struct ReadMessage {
  Bytes id;
  uint64_t offset;
  uint64_t timestamp;
  uint64_t origin_timestamp;
  std::string payload;
  std::string user_headers;
};

inline std::vector<ReadMessage> read_frames(const uint8_t* header, const uint8_t* frames, size_t bytes) {
  std::vector<ReadMessage> read;
  for (const uint8_t* frame = frames; frame < frames + bytes; frame += frame_bytes(frame)) {
    const char* body = reinterpret_cast<const char*>(frame) + 48;
    const uint32_t payload = load32(frame + 36);
    read.push_back({Bytes(frame + 8, frame + 24), load64(header + 8) + load32(frame + 24), load64(header + 16),
                    load64(header + 24) + load32(frame + 28), std::string(body, payload), std::string(body + payload, load32(frame + 32))});
  }
  return read;
}

/// The messages of a 0.8 block (64-byte headers).
inline std::vector<ReadMessage> read_classic(const uint8_t* messages, size_t bytes) {
  std::vector<ReadMessage> read;
  for (size_t at = 0; at < bytes; at += 64 + load32(messages + at + 48) + size_t{load32(messages + at + 52)}) {
    const uint8_t* message = messages + at;
    const char* body = reinterpret_cast<const char*>(message) + 64;
    const uint32_t payload = load32(message + 52);
    read.push_back({Bytes(message + 8, message + 24), load64(message + 24), load64(message + 32), load64(message + 40), std::string(body, payload),
                    std::string(body + payload, load32(message + 48))});
  }
  return read;
}

}  // namespace galgo::test
