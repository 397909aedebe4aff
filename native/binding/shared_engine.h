// An engine that several environments of the process use: the one that made it, and those that attached themselves to it by its number.
//
// Threads: all functions may be called from any thread. The engine lives as long as the last environment that uses it. A completion queue whose
// environment has ended while requests were outstanding is kept here until then, since the engine's threads will still push into it.
//
// A buffer slot that one environment passes to another is in transit in between: only a number that was passed can be taken, and once, so that a
// wrong number remains an error.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "../engine/engine.h"

namespace galgo::binding {

class SharedEngine {
 public:
  /// Starts an engine under a number of its own.
  static std::shared_ptr<SharedEngine> start(const EngineOptions& options);
  /// The engine with this number, or nullptr if there is none any more.
  static std::shared_ptr<SharedEngine> find(uint32_t number);

  SharedEngine(uint32_t number, const EngineOptions& options) : number_(number), engine_(options) {}
  ~SharedEngine();

  uint32_t number() const { return number_; }
  Engine& engine() { return engine_; }

  void keep(std::unique_ptr<CompletionSink> queue);

  void pass_slot(uint32_t slot);
  /// False: nobody passed it.
  bool take_slot(uint32_t slot);

 private:
  const uint32_t number_;
  std::mutex mutex_;
  // Guarded by mutex_:
  std::vector<std::unique_ptr<CompletionSink>> kept_;
  std::unordered_set<uint32_t> in_transit_;
  // Last, so that its threads end before what they use.
  Engine engine_;
};

}  // namespace galgo::binding
