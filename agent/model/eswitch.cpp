#include "model/eswitch.hpp"

#include <charconv>
#include <utility>

namespace nic::model {
namespace {

// Takes "<prefix><number>" off the front; nullopt when something else stands there.
std::optional<unsigned> take(std::string_view& rest, std::string_view prefix) {
  if (!rest.starts_with(prefix)) return std::nullopt;
  const auto digits = rest.substr(prefix.size());
  unsigned value{};
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failure != std::errc{}) return std::nullopt;
  rest = digits.substr(static_cast<std::size_t>(end - digits.data()));
  return value;
}

}  // namespace

std::string_view word(EswitchMode mode) {
  switch (mode) {
    case EswitchMode::legacy: return "legacy";
    case EswitchMode::switchdev: return "switchdev";
  }
  std::unreachable();
}

std::optional<PortName> parse_port_name(std::string_view text) {
  PortName name;
  name.controller = take(text, "c");
  if (const auto pf = take(text, "pf")) {
    name.kind = PortKind::pf;
    name.port = *pf;
    auto vf = take(text, "vfr");  // ice before Linux 6.10
    if (!vf) vf = take(text, "vf");
    const auto sf = vf ? std::nullopt : take(text, "sf");
    if (vf) name.kind = PortKind::vf;
    if (sf) name.kind = PortKind::sf;
    name.index = vf ? *vf : sf.value_or(0);
  } else if (const auto port = take(text, "p"); port && !name.controller) {
    name.port = *port;
    name.index = take(text, "s").value_or(0);
  } else {
    return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return name;
}

bool is_representor(std::string_view port_name) {
  const auto name = parse_port_name(port_name);
  return name && name->kind != PortKind::physical;
}

}  // namespace nic::model
