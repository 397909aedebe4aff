#include "call_block.h"

#include <cstdio>

namespace galgo::binding {

void Arguments::fail(const char* name, double value, uint64_t minimum, uint64_t maximum) {
  char message[160];
  snprintf(message, sizeof message, "%s is %.17g, expected an integer from %llu to %llu", name, value, static_cast<unsigned long long>(minimum),
           static_cast<unsigned long long>(maximum));
  refuse(message);
}

void Arguments::refuse(const char* message) {
  if (failed_) return;
  failed_ = true;
  Napi::RangeError::New(env(), message).ThrowAsJavaScriptException();
}

}  // namespace galgo::binding
