#include "ctl/signals.hpp"

#include <array>
#include <cstdint>
#include <ctime>
#include <type_traits>
#include <utility>
#include <vector>

namespace nic::ctl {
namespace {

namespace compat = dbus::compat;
using Dictionary = std::map<std::string, sdbus::Variant>;
using Text = std::string;
using ErrorStruct = sdbus::Struct<Text, std::int32_t, Text, Text, Text>;

Json json(const Text& text) { return text; }
Json json(const sdbus::ObjectPath& path) { return Text{path}; }
template <class Number>
  requires std::is_arithmetic_v<Number>
Json json(Number number) {
  return number;
}
template <class Item>
Json json(const std::vector<Item>& items);
template <class... Parts>
Json json(const sdbus::Struct<Parts...>& row) {
  Json array = Json::array();
  std::apply([&](const auto&... part) { (array.push_back(json(part)), ...); },
             static_cast<const std::tuple<Parts...>&>(row));
  return array;
}
Json json(const Dictionary& dictionary) { return to_json(dictionary); }
template <class Item>
Json json(const std::vector<Item>& items) {
  Json array = Json::array();
  for (const auto& item : items) array.push_back(json(item));
  return array;
}

template <class T>
bool as(const sdbus::Variant& variant, Json& value) {
  if (!variant.containsValueOfType<T>()) return false;
  value = json(variant.get<T>());
  return true;
}

template <class... T>
Json first_of(const sdbus::Variant& variant) {
  Json value;
  (as<T>(variant, value) || ...);
  return value;
}

Json json(const sdbus::Variant& variant) {
  using sdbus::ObjectPath, sdbus::Struct, std::vector;
  return first_of<Text, bool, std::uint32_t, std::int32_t, std::uint16_t, std::uint64_t, ObjectPath, vector<Text>,
                  vector<ObjectPath>, Dictionary, vector<Struct<Text, Text>>, vector<Struct<Text, Text, Text>>,
                  ErrorStruct, vector<ErrorStruct>, vector<Struct<std::uint32_t, Text, Text, Text, Text>>,
                  vector<Struct<Text, std::int64_t, bool, std::uint64_t, std::uint64_t>>,
                  vector<Struct<std::uint32_t, Text, std::int64_t, std::int64_t, std::int64_t, Text>>,
                  vector<Struct<std::uint32_t, Text, vector<Text>>>>(variant);
}

Json error_json(const ErrorStruct& error) {
  return {{"Code", std::get<0>(error)},
          {"Errno", std::get<1>(error)},
          {"Operation", std::get<2>(error)},
          {"Object", std::get<3>(error)},
          {"Advice", std::get<4>(error)}};
}

Text joined(const std::vector<Text>& words) {
  Text line;
  for (const auto& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

Signal properties_changed(sdbus::Message& message) {
  Signal signal{Signal::Kind::changed, compat::text(message.getPath()), {}, Json::object()};
  Dictionary changed;
  message >> signal.interface >> changed;
  signal.values = to_json(changed);
  return signal;
}

Signal interfaces_added(sdbus::Message& message) {
  sdbus::ObjectPath path;
  std::map<Text, Dictionary> interfaces;
  message >> path >> interfaces;
  Signal signal{Signal::Kind::added, path, {}, Json::object()};
  std::vector<Text> names;
  for (const auto& [name, properties] : interfaces)
    if (name.starts_with("org.nicagent1.")) names.push_back(name);
  signal.interface = joined(names);
  return signal;
}

Signal interfaces_removed(sdbus::Message& message) {
  sdbus::ObjectPath path;
  std::vector<Text> names;
  message >> path >> names;
  return {Signal::Kind::removed, path, joined(names), Json::object()};
}

Signal job(sdbus::Message& message, Signal::Kind kind, const char* key) {
  std::uint32_t id{};
  sdbus::ObjectPath path;
  Text word;
  message >> id >> path >> word;
  return {kind, path, {}, {{"Id", id}, {key, word}}};
}

Signal finished(sdbus::Message& message) {
  Text result;
  ErrorStruct error;
  message >> result >> error;
  return {
      Signal::Kind::finished, compat::text(message.getPath()), {}, {{"Result", result}, {"Error", error_json(error)}}};
}

Signal owner_changed(sdbus::Message& message) {
  Text name, before, after;
  message >> name >> before >> after;
  return {Signal::Kind::agent, name, {}, {{"Running", !after.empty()}}};
}

Text time_of_day() {
  std::array<char, 16> text{};
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  return {text.data(), std::strftime(text.data(), text.size(), "%H:%M:%S", &parts)};
}

const char* word(Signal::Kind kind) {
  switch (kind) {
    case Signal::Kind::changed: return "changed";
    case Signal::Kind::added: return "added";
    case Signal::Kind::removed: return "removed";
    case Signal::Kind::job_new: return "job-new";
    case Signal::Kind::job_removed: return "job-removed";
    case Signal::Kind::finished: return "job-finished";
    case Signal::Kind::agent: return "agent";
  }
  return "";
}

}  // namespace

Json to_json(const Dictionary& dictionary) {
  Json object = Json::object();
  for (const auto& [key, value] : dictionary) object[key] = json(value);
  return object;
}

std::optional<Signal> read_signal(sdbus::Message& message) {
  const Text member = compat::text(message.getMemberName());
  if (member == "PropertiesChanged") return properties_changed(message);
  if (member == "InterfacesAdded") return interfaces_added(message);
  if (member == "InterfacesRemoved") return interfaces_removed(message);
  if (member == "JobNew") return job(message, Signal::Kind::job_new, "Kind");
  if (member == "JobRemoved") return job(message, Signal::Kind::job_removed, "Result");
  if (member == "Finished") return finished(message);
  if (member == "NameOwnerChanged") return owner_changed(message);
  return std::nullopt;
}

Change change_of(const Signal& signal) {
  return {time_of_day(), word(signal.kind), signal.path, signal.interface, signal.values};
}

}  // namespace nic::ctl
