#include "ctl/offline.hpp"

#include "config/guid_file.hpp"
#include "config/import/document.hpp"
#include "config/import/import.hpp"
#include "config/import/plugins.hpp"
#include "config/json.hpp"
#include "config/parse_toml.hpp"
#include "config/words.hpp"
#include "config/write_toml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <ostream>

namespace nic::ctl {
namespace {

using Mistakes = std::vector<model::Error>;

// Pipes too, as in `nicctl import <(kubectl get ...)`.
std::expected<std::string, model::Error> read_input(const std::string& file, std::size_t limit) {
  const std::string path = file == "-" ? "/dev/stdin" : file;
  errno = 0;
  std::ifstream stream{path, std::ios::binary};
  if (!stream) return std::unexpected(model::system_error(errno, "open", path));
  std::string text(limit + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad() || (stream.gcount() == 0 && errno != 0))
    return std::unexpected(model::system_error(errno, "read", path));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > limit)
    return std::unexpected(model::invalid("read", path, fmt::format("it is larger than {} bytes", limit)));
  return text;
}

// Places stand in front, as compilers print them.
Json rows(const Mistakes& mistakes) {
  Json rows = Json::array();
  for (const auto& mistake : mistakes)
    rows.push_back({{"Operation", mistake.operation}, {"Object", mistake.object}, {"Advice", mistake.advice}});
  return rows;
}

Json rows(const std::vector<config::Warning>& warnings) {
  Json rows = Json::array();
  for (const auto& warning : warnings) rows.push_back({{"Place", warning.place.text()}, {"Text", warning.text}});
  return rows;
}

Exit refuse(const Offline& call, const Mistakes& mistakes) {
  for (const auto& mistake : mistakes) call.err << "nicctl: " << printable(mistake.text()) << "\n";
  if (call.json)
    call.out << dump({{"Error", {{"Name", ""}, {"Text", mistakes.front().text()}}}, {"Mistakes", rows(mistakes)}})
             << "\n";
  return Exit::failure;
}

void say(const Offline& call, const std::vector<config::Warning>& warnings) {
  for (const auto& warning : warnings)
    call.err << "nicctl: " << printable(warning.place.text() + ": " + warning.text) << "\n";
}

// What the TOML does not say as it was meant. There should be nothing.
Mistakes lost_on_the_way(const model::Config& meant, const model::Config& said) {
  Mistakes lost;
  for (const auto& resource : meant.resources) {
    const auto found = std::ranges::find(said.resources, resource.name, &model::Resource::name);
    auto same = found == said.resources.end() ? model::Resource{} : *found;
    same.place = resource.place;
    if (same != resource)
      lost.push_back(model::invalid(resource.place.text(), "",
                                    fmt::format("{}: the configuration cannot say all of it", resource.name)));
  }
  return lost;
}

// A file of a device plugin, or a pool of GUIDs.
void check_json(const Offline& call, const std::string& text, const std::string& name, Mistakes& mistakes,
                std::vector<config::Warning>& notes) {
  const auto form = config::plugin_form_of(text);
  if (!form && text.find_first_not_of(" \t\r\n") == text.find('{')) {
    const auto json = config::read_json(text, config::Keys::all);
    const auto at = json ? json->at : json.error().at;
    mistakes.push_back(model::invalid(model::Place{name, at.line, at.column}.text(), "",
                                      json ? "it has neither a configList nor a resourceList, as the device plugins' "
                                             "files have: this is no configuration"
                                           : json.error().why));
    return;
  }
  if (!form) {
    std::ranges::copy(config::mistakes_in(config::parse_guid_file(text, name)), std::back_inserter(mistakes));
    return;
  }
  const auto prefix = call.resource_prefix.empty() ? config::kSriovPrefix : std::string_view{call.resource_prefix};
  auto document = config::parse_plugin(text, *form, prefix, name, true);
  std::ranges::move(document.findings.mistakes, std::back_inserter(mistakes));
  std::ranges::move(document.findings.notes, std::back_inserter(notes));
}

std::string name_of(const std::string& file) { return file == "-" ? "standard input" : file; }

}  // namespace

std::string wrong_prefix(const std::string& prefix) {
  const auto name = config::resource_name(prefix + "/name");
  return name ? "" : name.error();
}

Exit import_documents(const Offline& call) {
  std::vector<config::Source> sources;
  Mistakes unread;
  for (const auto& file : call.files) {
    auto text = read_input(file, config::kMostDocumentBytes);
    if (text)
      sources.push_back({name_of(file), std::move(*text)});
    else
      unread.push_back(std::move(text.error()));
  }
  if (!unread.empty()) return refuse(call, unread);
  const auto imported = config::import_documents(sources, call.resource_prefix);
  if (!imported) return refuse(call, imported.error());
  say(call, imported->warnings);
  const auto toml = config::write_toml(imported->config);
  const auto read = config::parse_toml(toml, "the result");
  if (!read) return refuse(call, read.error());
  if (const auto lost = lost_on_the_way(imported->config, *read); !lost.empty()) return refuse(call, lost);
  if (call.json)
    call.out << dump({{"Toml", toml}, {"Warnings", rows(imported->warnings)}}) << "\n";
  else
    call.out << toml;
  return Exit::ok;
}

Exit check_config(const Offline& call) {
  Mistakes mistakes;
  std::vector<config::Warning> notes;
  for (const auto& file : call.files) {
    const auto text = read_input(file, config::kMostBytes);
    if (!text) {
      mistakes.push_back(text.error());
      continue;
    }
    if (config::looks_like_json(*text))
      check_json(call, *text, name_of(file), mistakes, notes);
    else if (auto config = config::parse_toml(*text, name_of(file)); !config)
      std::ranges::move(config.error(), std::back_inserter(mistakes));
  }
  say(call, notes);
  if (!mistakes.empty()) return refuse(call, mistakes);
  if (call.json) call.out << dump({{"Mistakes", Json::array()}, {"Warnings", rows(notes)}}) << "\n";
  return Exit::ok;
}

}  // namespace nic::ctl
