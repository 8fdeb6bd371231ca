#include "kmod/parameters.hpp"

#include "kmod/context.hpp"
#include "model/module.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

namespace nic::kmod {
namespace {

constexpr std::string_view kArrayOf{"array of "};
constexpr std::array<std::string_view, 10> kNumbers{"byte", "short", "ushort", "int",    "uint",
                                                    "long", "ulong", "ullong", "hexint", "charint"};

// One word of the options with its quotation marks taken off; spaces inside of them stay.
std::string next_option(std::string_view& rest) {
  const auto begin = std::min(rest.find_first_not_of(" \t\n\r"), rest.size());
  rest.remove_prefix(begin);
  std::string word;
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest.size(); ++at) {
    const char c = rest[at];
    if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
      break;
    else
      word += c;
  }
  rest.remove_prefix(at);
  return word;
}

// kstrtobool() of the kernel's lib/kstrtox.c.
std::optional<bool> truth(std::string_view text) {
  if (text.empty()) return std::nullopt;
  switch (text[0]) {
    case 'y':
    case 'Y':
    case 't':
    case 'T':
    case '1': return true;
    case 'n':
    case 'N':
    case 'f':
    case 'F':
    case '0': return false;
    default: break;
  }
  if (text == "on" || text == "ON" || text == "On") return true;
  if (text == "off" || text == "OFF" || text == "Off") return false;
  return std::nullopt;
}

// Base 0, as the kernel reads it; negative numbers by their two's complement.
std::optional<unsigned long long> number(std::string_view text) {
  const std::string copy{text};
  char* end = nullptr;
  errno = 0;
  const auto value = std::strtoull(copy.c_str(), &end, 0);
  if (copy.empty() || errno != 0 || *end != '\0') return std::nullopt;
  return value;
}

std::optional<bool> same_array(std::string_view type, std::string_view one, std::string_view other) {
  std::optional<bool> same = true;
  while (same == true && !(one.empty() && other.empty())) {
    const auto first = one.substr(0, one.find(','));
    const auto second = other.substr(0, other.find(','));
    same = same_value(type, first, second);
    one.remove_prefix(std::min(first.size() + 1, one.size()));
    other.remove_prefix(std::min(second.size() + 1, other.size()));
  }
  return same;
}

// "parmtype=prof_sel:uint"; "" where the file says nothing of it.
std::string_view type_of(const ModuleFile* file, std::string_view parameter) {
  if (file == nullptr) return {};
  for (const auto& [key, value] : file->info) {
    const auto colon = value.find(':');
    if (key == "parmtype" && colon != std::string::npos && value.substr(0, colon) == parameter)
      return std::string_view{value}.substr(colon + 1);
  }
  return {};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> read_options(std::string_view options) {
  std::vector<std::pair<std::string, std::string>> all;
  for (auto word = next_option(options); !word.empty(); word = next_option(options)) {
    const auto equals = word.find('=');
    auto name = model::kernel_name(word.substr(0, equals));
    if (name.empty()) continue;
    auto value = equals == std::string::npos ? std::string{"1"} : printable(word.substr(equals + 1));
    std::erase_if(all, [&](const auto& earlier) { return earlier.first == name; });
    all.emplace_back(printable(name), std::move(value));
  }
  return all;
}

std::optional<bool> same_value(std::string_view type, std::string_view one, std::string_view other) {
  if (one == other) return true;
  if (type.starts_with(kArrayOf)) return same_array(type.substr(kArrayOf.size()), one, other);
  if (type == "bool" || type == "invbool" || type == "bint") {
    const auto first = truth(one);
    const auto second = truth(other);
    if (!first || !second) return std::nullopt;
    return *first == *second;
  }
  if (std::ranges::find(kNumbers, type) != kNumbers.end()) {
    const auto first = number(one);
    const auto second = number(other);
    if (!first || !second) return std::nullopt;
    return *first == *second;
  }
  if (type == "charp" || type == "string") return false;
  return std::nullopt;
}

std::vector<model::ModuleParameter> read_parameters(const model::Roots& roots, const std::string& kernel_name,
                                                    std::string_view options, const ModuleFile* file) {
  std::vector<model::ModuleParameter> all;
  for (auto& [name, value] : read_options(options)) {
    model::ModuleParameter parameter{std::move(name), std::move(value), std::nullopt, std::nullopt};
    // A name with a slash would lead out of the folder.
    if (parameter.name.find('/') == std::string::npos && parameter.name != "..")
      if (const auto text = text_of(roots.sys / "module" / kernel_name / "parameters" / parameter.name))
        parameter.running = printable(*text);
    if (parameter.running)
      if (const auto same = same_value(type_of(file, parameter.name), parameter.wanted, *parameter.running))
        parameter.differs = !*same;
    all.push_back(std::move(parameter));
  }
  return all;
}

}  // namespace nic::kmod
