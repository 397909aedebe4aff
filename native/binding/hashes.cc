#include "hashes.h"

#include "../engine/record.h"

namespace galgo::binding {

namespace {

bool is_bytes(const Napi::Value& value) { return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array; }

template <typename Hash>
Napi::Value hash_of(const Napi::CallbackInfo& info, Hash hash) {
  if (is_bytes(info[0])) return hash(info[0].As<Napi::Uint8Array>());
  Napi::TypeError::New(info.Env(), "bytes is not a Uint8Array").ThrowAsJavaScriptException();
  return info.Env().Undefined();
}

Napi::Value hash_xxh32(const Napi::CallbackInfo& info) {
  return hash_of(info, [&](Napi::Uint8Array bytes) { return Napi::Number::New(info.Env(), xxh32(bytes.Data(), bytes.ByteLength())); });
}

Napi::Value hash_xxh3(const Napi::CallbackInfo& info) {
  return hash_of(info, [&](Napi::Uint8Array bytes) { return Napi::BigInt::New(info.Env(), xxh3_64(bytes.Data(), bytes.ByteLength())); });
}

}  // namespace

void add_hashes(Napi::Env env, Napi::Object exports) {
  exports.Set("xxh32", Napi::Function::New<hash_xxh32>(env, "xxh32"));
  exports.Set("xxh3", Napi::Function::New<hash_xxh3>(env, "xxh3"));
}

}  // namespace galgo::binding
