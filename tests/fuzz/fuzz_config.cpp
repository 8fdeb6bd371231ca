// rooms: config model
#include "config/parse_toml.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = nic::config::parse_toml({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  // A refusal without a reason helps nobody.
  if (!config && config.error().empty()) __builtin_trap();
  return 0;
}
