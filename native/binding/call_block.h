// Arguments and inline results of engine calls: memory that JavaScript and the binding share.
//
// JavaScript writes the numbers of a call into twenty-four float64 words and calls; the binding checks each one. An inline result is one completion
// record (engine.h), shown as sixteen u32 words. Doubles carry wrong numbers (negative, fractional, too large, NaN) unchanged to the checks, where a
// u32 array would wrap them silently. Measured per call with 14 numbers: 27 ns this way, 62 ns as ordinary arguments; a Uint8Array beside them costs
// 13 ns.
//
//   word  append        poll           storeOffset  load-, deleteOffset  open, configure    deleteSegments     flush
//   0     request       request        request      request              request            request            request
//   1     handle        handle         handle       handle               handle             handle             handle
//   2     generation    generation     kind         kind                 partition id       segments           sync
//   3     slot          strategy       id           id                   incarnation low    last offset low
//   4     start         value low      offset low                        incarnation high   last offset high
//   5     length        value high     offset high                       create
//   6     count         count                                            segment bytes
//   7     user id       headroom                                         durability
//   8     header start  bytes max                                        offset durability
//   9                   consumer kind                                    id entries max
//   10                  consumer id                                      id expiry µs
//   11                  auto-commit                                      first offset low
//   12                                                                   first offset high
//   13                                                                   direct I/O
//
// restore takes request, handle, generation, slot, start and length; checkStored generation, slot, start, length and the expected offset (low, high),
// and answers from word 0 on with the bytes of the run, its messages, the fault, the fault's bytes, the fault's offset (low, high) and the next
// offset (low, high).
//
// verify takes request, handle, segment (low, high), position, next offset (low, high) and bytes max; repair what open takes, and the directory.
//
// takeMemory and giveMemory take bytes in word 0. memoryStats answers from word 0 on with the limit, then the bytes of each MemoryKind.
//
// readProducers takes words 0, 1 and 2 (since, µs). purge, close, stats and segments take words 0 and 1; acquireSlot (bytes), releaseSlot,
// passSlot, takeSlot and slotMemory (slot) take word 0. header start is -1 where there is none. append takes the bytes as an ordinary argument, open
// the directory, segments a Float64Array that it fills with five figures a segment, as many as fit. engineStats takes a Float64Array too: the figures
// of EngineStats, then bound (µs, 0 for the rest) and count of each bucket. Every call but slotMemory and shutdown returns a status. What else an
// answer holds is written back into the words: the handle of open into word 1, the offset of loadOffset into words 4 (low) and 5 (high), the slot of
// acquireSlot and the number of segments or figures into word 0, the figures of stats, bufferStats and idStats from word 0 on in the order of their
// TypeScript interfaces.
//
// Threads: the JavaScript thread of the environment that made the engine, alone. The binding owns the memory and frees it when that environment ends.
#pragma once

#include <napi.h>

#include <cstdint>

#include "../engine/engine.h"

namespace galgo::binding {

struct CallBlock {
  double words[24] = {};
  Completion result;
};

/// What a call returns when a JavaScript exception is pending; nobody sees it.
inline constexpr Status kThrown = kInvalidCommand;

/// Reads and checks the arguments of one call. The first wrong one throws an error that names it; the caller returns kThrown when failed() says so.
class Arguments {
 public:
  Arguments(const Napi::CallbackInfo& info, const double* words) : info_(info), words_(words) {}

  Napi::Env env() const { return info_.Env(); }
  /// The ordinary argument.
  Napi::Value value() const { return info_[0]; }

  /// An integer in [minimum, maximum], both at most 2^53 - 1.
  uint64_t integer(size_t word, const char* name, uint64_t minimum, uint64_t maximum) {
    const double value = words_[word];
    // NaN fails the first comparison; the cast is defined because the value is within range by then.
    if (value >= static_cast<double>(minimum) && value <= static_cast<double>(maximum)) {
      const auto integer = static_cast<uint64_t>(value);
      if (static_cast<double>(integer) == value) return integer;
    }
    fail(name, value, minimum, maximum);
    return minimum;
  }

  uint32_t u32(size_t word, const char* name) { return static_cast<uint32_t>(integer(word, name, 0, UINT32_MAX)); }
  uint64_t u53(size_t word, const char* name) { return integer(word, name, 0, kIntegerMax); }
  bool flag(size_t word, const char* name) { return integer(word, name, 0, 1) == 1; }

  /// A 64-bit value as two 32-bit words, the low one first.
  uint64_t u64(size_t word, const char* name) { return uint64_t{u32(word, name)} | uint64_t{u32(word + 1, name)} << 32; }

  /// A member of an enumeration whose values run from `first` to `last`.
  template <typename Enumeration>
  Enumeration one_of(size_t word, const char* name, Enumeration first, Enumeration last) {
    return static_cast<Enumeration>(integer(word, name, static_cast<uint64_t>(first), static_cast<uint64_t>(last)));
  }

  /// Throws a RangeError unless a number was found wrong before.
  void refuse(const char* message);
  bool failed() const { return failed_; }

  static constexpr uint64_t kIntegerMax = (uint64_t{1} << 53) - 1;

 private:
  void fail(const char* name, double value, uint64_t minimum, uint64_t maximum);

  const Napi::CallbackInfo& info_;
  const double* words_;
  bool failed_ = false;
};

}  // namespace galgo::binding
