#include "dbus/options.hpp"

#include "dbus/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace nic::dbus {
namespace {

std::unexpected<model::Error> wrong(std::string_view key, std::string_view why) {
  return std::unexpected{model::invalid("read the option", std::string{key}, std::string{why})};
}

template <class T>
Answer<T> value(const std::string& key, const sdbus::Variant& variant, std::string_view type) {
  if (!variant.containsValueOfType<T>()) return wrong(key, fmt::format("its value must have the type {}", type));
  return variant.get<T>();
}

Answer<std::vector<model::PciAddress>> devices(const std::string& key, const sdbus::Variant& variant) {
  std::vector<model::PciAddress> addresses;
  if (variant.containsValueOfType<std::vector<sdbus::ObjectPath>>()) {
    for (const auto& path : variant.get<std::vector<sdbus::ObjectPath>>()) {
      const auto address = address_of_path(path);
      if (!address) return wrong(key, fmt::format("{} is not the object of a device", std::string_view{path}));
      addresses.push_back(*address);
    }
  } else if (variant.containsValueOfType<std::vector<std::string>>()) {
    for (const auto& text : variant.get<std::vector<std::string>>()) {
      const auto address = model::PciAddress::parse(text);
      if (!address) return std::unexpected{address.error().during("read the option " + key)};
      addresses.push_back(*address);
    }
  } else {
    return wrong(key, "its value must have the type as or ao");
  }
  std::ranges::sort(addresses);
  addresses.erase(std::ranges::unique(addresses).begin(), addresses.end());
  return addresses;
}

}  // namespace

Answer<Options> read(const OptionMap& map, const std::vector<std::string_view>& known) {
  Options options;
  for (const auto& [key, variant] : map) {
    if (std::ranges::find(known, key) == known.end())
      return wrong(key.substr(0, 64), known.empty() ? "the method has no options yet"
                                                    : fmt::format("the method knows only {}", fmt::join(known, ", ")));
    if (key == kNoInteraction || key == "force" || key == "restore") {
      const auto flag = value<bool>(key, variant, "b");
      if (!flag) return std::unexpected{flag.error()};
      if (key == "force")
        options.force = *flag;
      else if (key == "restore")
        options.restore = *flag;
      else
        options.interactive = !*flag;
    } else if (key == "resource") {
      const auto text = value<std::string>(key, variant, "s");
      if (!text) return std::unexpected{text.error()};
      options.resource = *text;
    } else if (key == "devices") {
      auto list = devices(key, variant);
      if (!list) return std::unexpected{list.error()};
      options.devices = *std::move(list);
    }
  }
  return options;
}

}  // namespace nic::dbus
