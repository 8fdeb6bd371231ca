// rooms: apply
#include "apply/owned_text.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  // What was understood is written so that it is understood again.
  if (const auto note = nic::apply::parse_owned(text)) {
    const auto again = nic::apply::parse_owned(nic::apply::to_text(*note));
    if (!again || again->owned.found != note->owned.found || again->owned.pf != note->owned.pf) __builtin_trap();
  }
  if (const auto note = nic::apply::parse_rdma_netns(text))
    if (nic::apply::parse_rdma_netns(nic::apply::to_text(*note)) != note) __builtin_trap();
  const auto record = nic::apply::parse_operator_record(text);
  if (record && (record->num_vfs > 0xffff || record->mtu > 0xffff)) __builtin_trap();
  return 0;
}
