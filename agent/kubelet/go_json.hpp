// JSON as Go's encoding/json prints it, for texts that are compared with those of programs in Go. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace nic::kubelet {

// Compact, with <, >, &, U+2028 and U+2029 as escapes.
template <class Json>
[[nodiscard]] std::string go_json(const Json& json) {
  const auto plain = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text;
  for (std::size_t at = 0; at < plain.size(); ++at) {
    switch (plain[at]) {
      case '<': text += "\\u003c"; break;
      case '>': text += "\\u003e"; break;
      case '&': text += "\\u0026"; break;
      default:
        if (const auto end = std::string_view{plain}.substr(at, 3); end == "\u2028" || end == "\u2029") {
          text += end == "\u2028" ? "\\u2028" : "\\u2029";
          at += 2;
        } else {
          text += plain[at];
        }
    }
  }
  return text;
}

}  // namespace nic::kubelet
