#include "shared_engine.h"

#include <unordered_map>
#include <utility>

namespace galgo::binding {

namespace {

/// The engines of the process by number.
struct Registry {
  std::mutex mutex;
  uint32_t last_number = 0;
  std::unordered_map<uint32_t, std::weak_ptr<SharedEngine>> engines;
};

/// Never destroyed: environments may end after static objects.
Registry& registry() {
  static auto* const all = new Registry;
  return *all;
}

}  // namespace

std::shared_ptr<SharedEngine> SharedEngine::start(const EngineOptions& options) {
  uint32_t number = 0;
  {
    const std::lock_guard lock(registry().mutex);
    number = ++registry().last_number;
  }
  auto shared = std::make_shared<SharedEngine>(number, options);
  const std::lock_guard lock(registry().mutex);
  registry().engines[number] = shared;
  return shared;
}

std::shared_ptr<SharedEngine> SharedEngine::find(uint32_t number) {
  const std::lock_guard lock(registry().mutex);
  const auto found = registry().engines.find(number);
  return found == registry().engines.end() ? nullptr : found->second.lock();
}

SharedEngine::~SharedEngine() {
  const std::lock_guard lock(registry().mutex);
  registry().engines.erase(number_);
}

void SharedEngine::keep(std::unique_ptr<CompletionSink> queue) {
  const std::lock_guard lock(mutex_);
  kept_.push_back(std::move(queue));
}

void SharedEngine::pass_slot(uint32_t slot) {
  const std::lock_guard lock(mutex_);
  in_transit_.insert(slot);
}

bool SharedEngine::take_slot(uint32_t slot) {
  const std::lock_guard lock(mutex_);
  return in_transit_.erase(slot) > 0;
}

}  // namespace galgo::binding
