// rooms: apply host model
// What a reload has kept: its file, and the kernel's messages in it. What was understood is written so that it is
// understood again, and a message is never longer or shorter for being sent to another interface.
#include "apply/reload_text.hpp"
#include "host/reload_messages.hpp"
#include "words.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nic;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto note = apply::parse_reload(text)) require(apply::parse_reload(apply::to_text(*note)) == note);
  if (const auto tried = apply::parse_tried_reloads(text))
    require(apply::parse_tried_reloads(apply::to_text(*tried)) == tried);
  const auto bytes = std::as_bytes(std::span{data, size});
  if (const auto address = host::kept_address(bytes)) {
    require(address->first != 0);
    require(host::address_message(address->second, 7)->size() == address->second.size());
  }
  std::ignore = host::address_bytes(bytes);
  std::ignore = host::kept_link_info(bytes);
  if (const auto route = host::kept_route(bytes, {{2, "a"}, {3, "b"}})) {
    require(!route->interfaces.empty());
    const auto sent = host::route_message(*route, [](const std::string&) { return 9U; });
    require(sent && sent->size() == route->message.size());
    std::ignore = host::needs_gateway(*route);
  }
  // Also one that nobody has cleaned.
  std::ignore = host::route_message({std::string{text}, {}}, [](const std::string&) { return 9U; });
  std::ignore = host::ssh_sessions(text, text, {});
  return 0;
}
