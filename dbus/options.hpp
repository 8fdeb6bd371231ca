// The options dictionaries (a{sv}) of the methods, read strictly: an unknown key or a value of the wrong type is an
// error that names it, because an option that is not understood may have been meant to protect something.
// Thread: the loop's (sdbus::Variant is not a plain value).
#pragma once

#include "dbus/compat.hpp"
#include "dbus/requests.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nic::dbus {

using OptionMap = std::map<std::string, sdbus::Variant>;

struct Options {
  bool interactive{true};  // auth.no_user_interaction turned round
  bool force{false};
  bool restore{false};
  std::vector<model::PciAddress> devices;  // `devices`: as of PCI addresses, or ao of device objects
  std::string resource;
};

[[nodiscard]] Answer<Options> read(const OptionMap& map, const std::vector<std::string_view>& known);

inline constexpr std::string_view kNoInteraction = "auth.no_user_interaction";

}  // namespace nic::dbus
