// Result codes of the engine. Positive values are Iggy's wire status numbers, so a reply can carry them as they are.
#pragma once

#include <cstdint>

namespace galgo {

using Status = int32_t;

inline constexpr Status kOk = 0;

// Wire numbers (Iggy error table).
inline constexpr Status kInvalidCommand = 3;
inline constexpr Status kInvalidFormat = 4;
inline constexpr Status kCannotEncrypt = 71;
inline constexpr Status kCannotDecrypt = 72;
inline constexpr Status kPartitionNotFound = 3007;
inline constexpr Status kConsumerOffsetNotFound = 3021;
inline constexpr Status kInvalidMessagesCount = 4009;
inline constexpr Status kTooBigUserHeaders = 4017;
inline constexpr Status kTooBigMessagePayload = 4022;
inline constexpr Status kInvalidMessageChecksum = 4027;
inline constexpr Status kNonZeroOffset = 4031;
inline constexpr Status kNonZeroTimestamp = 4032;
inline constexpr Status kMissingIndex = 4033;
inline constexpr Status kInvalidMessagesSize = 4036;
inline constexpr Status kInvalidMessageTimestampDelta = 4038;
inline constexpr Status kInvalidBatchChecksum = 4039;
inline constexpr Status kInvalidOffset = 4100;
inline constexpr Status kCannotAppendToFile = 10005;
inline constexpr Status kCannotReadFile = 10002;
inline constexpr Status kCannotReadIndexPosition = 10011;

// Engine facts that no wire number names. The caller maps them.
inline constexpr Status kQueued = -1;        // will complete through the ring
inline constexpr Status kFenced = -10;       // partition is fenced: damaged, or a sync failed
inline constexpr Status kClosed = -11;       // handle closed or never opened
inline constexpr Status kOutOfMemory = -12;  // the buffer budget is spent
inline constexpr Status kIoError = -13;      // see Completion::detail for errno
inline constexpr Status kTooManyOffsets = -14;

}  // namespace galgo
