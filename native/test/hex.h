// Bytes from the hexadecimal text of golden vectors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace galgo::test {

inline std::vector<uint8_t> from_hex(std::string_view text) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) bytes.push_back(static_cast<uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
  return bytes;
}

}  // namespace galgo::test
