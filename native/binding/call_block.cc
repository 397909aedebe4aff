#include "call_block.h"

#include <cstdio>

namespace galgo::binding {

void Arguments::fail(const char* name, double value, uint64_t minimum, uint64_t maximum) {
  if (failed_) return;
  failed_ = true;
  char message[160];
  snprintf(message, sizeof message, "%s is %.17g, expected an integer from %llu to %llu", name, value, static_cast<unsigned long long>(minimum),
           static_cast<unsigned long long>(maximum));
  Napi::RangeError::New(env_, message).ThrowAsJavaScriptException();
}

}  // namespace galgo::binding
