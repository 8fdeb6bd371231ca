#include "config/load.hpp"

#include "config/guid_file.hpp"
#include "config/parse_toml.hpp"
#include "config/plugin_file.hpp"
#include "files/files.hpp"
#include "model/module.hpp"
#include "model/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <system_error>

namespace nic::config {
namespace {

using model::Config;
using model::Error;

template <class Entry>
void replace_or_add(std::vector<Entry>& all, std::vector<Entry> more) {
  for (auto& entry : more) {
    const auto same = std::ranges::find(all, entry.name, &Entry::name);
    if (same == all.end())
      all.push_back(std::move(entry));
    else
      *same = std::move(entry);
  }
}

void lay_over(Config& config, Config later) {
  replace_or_add(config.policies, std::move(later.policies));
  replace_or_add(config.resources, std::move(later.resources));
  replace_or_add(config.module_versions, std::move(later.module_versions));
  for (auto& module : later.modules) {
    const bool known = std::ranges::any_of(config.modules, [&](const auto& other) {
      return model::kernel_name(other.name) == model::kernel_name(module.name);
    });
    if (!known) config.modules.push_back(std::move(module));
  }
  config.protected_functions.merge(later.protected_functions);
  config.auto_apply = later.auto_apply;
  config.rdma_netns_mode = later.rdma_netns_mode;
  config.kubelet = std::move(later.kubelet);
  config.plugins = std::move(later.plugins);
  config.drivers = std::move(later.drivers);
  config.peer_memory = later.peer_memory;
  config.guid_pool = std::move(later.guid_pool);
  config.gpudirect = later.gpudirect;
  config.sources.insert(config.sources.end(), later.sources.begin(), later.sources.end());
}

// From the least to the most important.
std::vector<std::filesystem::path> drop_in_folders(const model::Roots& roots) {
  return {roots.usr_lib / names::kConfigDropIns, roots.run / names::kConfigDropIns, roots.etc / names::kConfigDropIns};
}

// By file name, whichever folder it is in; a folder that cannot be read is a mistake, a missing one is not.
std::vector<std::filesystem::path> drop_ins(const model::Roots& roots, std::vector<Error>& mistakes) {
  std::map<std::string, std::filesystem::path> by_name;
  for (const auto& folder : drop_in_folders(roots)) {
    std::error_code failure;
    std::filesystem::directory_iterator entries{folder, failure};
    if (failure && failure != std::errc::no_such_file_or_directory)
      mistakes.push_back(model::system_error(failure.value(), "read the folder", folder.string()));
    for (; !failure && entries != std::filesystem::directory_iterator{}; entries.increment(failure))
      if (entries->path().extension() == ".toml") by_name[entries->path().filename()] = entries->path();
  }
  std::vector<std::filesystem::path> files;
  files.reserve(by_name.size());
  for (auto& [name, path] : by_name) files.push_back(std::move(path));
  return files;
}

// What it has is no part of the configuration: whatever is wrong with it concerns the PFs that take GUIDs from it.
void read_guid_pool(const model::Roots& roots, Config& config) {
  const auto asks = [](const auto& one) {
    return one.options.guids && one.options.guids->source == model::AddressSource::file;
  };
  const bool asked = std::ranges::any_of(config.policies, [&](const model::SriovPolicy& policy) {
    return asks(policy) || std::ranges::any_of(policy.groups, asks);
  });
  if (asked)
    config.guid_file =
        read_guid_file(config.guid_pool.empty() ? (roots.etc / names::kGuidPool).string() : config.guid_pool);
}

const model::Resource* named(std::string_view name, const std::vector<model::Resource>& resources) {
  const auto found = std::ranges::find(resources, name, &model::Resource::name);
  return found == resources.end() ? nullptr : &*found;
}

// In the order of the file. What cannot be read stays as it was before.
std::vector<model::Resource> resources_of(const PluginDocument& document, const std::vector<model::Resource>& before) {
  if (!document.whole) return before;
  std::vector<model::Resource> result;
  for (const auto& entry : document.entries) {
    const bool twin = std::ranges::any_of(
        document.entries, [&](const auto& other) { return other.resource && other.name == entry.name; });
    if (entry.resource)
      result.push_back(*entry.resource);
    else if (const auto* last = named(entry.name, before); last != nullptr && !twin && !named(entry.name, result))
      result.push_back(*last);
  }
  return result;
}

void read_plugin_file(const std::string& path, PluginForm form, const std::vector<model::PluginFile>& before,
                      Config& config) {
  if (path.empty()) return;
  PluginDocument document;
  if (const auto text = files::read(path, kMostBytes)) {
    document = parse_plugin(*text, form, config.plugins.sriov_resource_prefix, path, config.plugins.strict);
  } else {
    document.whole = false;
    document.findings.mistakes.push_back(text.error());
  }
  const auto last = std::ranges::find(before, path, &model::PluginFile::path);
  model::PluginFile file{
      path, resources_of(document, last == before.end() ? std::vector<model::Resource>{} : last->resources)};
  for (const auto& resource : file.resources) {
    if (const auto* known = named(resource.name, config.resources))
      config.problems.push_back(
          model::invalid(resource.place.text(), "",
                         fmt::format("resource \"{}\" is already at {}", resource.name, known->place.text())));
    else
      config.resources.push_back(resource);
  }
  std::ranges::move(document.findings.mistakes, std::back_inserter(config.problems));
  for (const auto& [place, text] : document.findings.warnings)
    config.warnings.push_back(fmt::format("{}: {}", place.text(), text));
  for (const auto& [place, text] : document.findings.notes)
    config.notes.push_back(fmt::format("{}: {}", place.text(), text));
  config.plugin_files.push_back(std::move(file));
  config.sources.push_back(path);
}

bool is_masked(const std::filesystem::path& path) {
  std::error_code failure;
  return std::filesystem::read_symlink(path, failure) == "/dev/null";
}

}  // namespace

std::expected<Config, std::vector<Error>> load(const model::Roots& roots, const std::vector<Layer>& layers,
                                               const std::vector<model::PluginFile>& before) {
  Config config;
  std::vector<Error> mistakes;
  const auto add = [&](std::string_view text, const std::string& source) {
    auto later = parse_toml(text, source, config);
    if (later)
      lay_over(config, std::move(*later));
    else
      mistakes.insert(mistakes.end(), later.error().begin(), later.error().end());
  };
  const auto add_file = [&](const std::filesystem::path& path, bool may_be_absent) {
    if (is_masked(path)) return;
    const auto text = files::read(path, kMostBytes);
    if (text)
      add(*text, path.string());
    else if (!may_be_absent || text.error().code != model::Code::not_found)
      mistakes.push_back(text.error());
  };
  add_file(roots.etc / names::kConfigFile, true);
  for (const auto& path : drop_ins(roots, mistakes)) add_file(path, false);
  for (const auto& layer : layers) add(layer.text, "layer:" + layer.name);
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
  read_guid_pool(roots, config);
  read_plugin_file(config.plugins.rdma_shared_config, PluginForm::rdma_shared, before, config);
  read_plugin_file(config.plugins.sriov_config, PluginForm::sriov, before, config);
  return config;
}

std::vector<std::string> files_named(const Config& config) {
  std::vector<std::string> files;
  for (const auto& file : {config.guid_file.path, config.plugins.rdma_shared_config, config.plugins.sriov_config})
    if (!file.empty()) files.push_back(file);
  return files;
}

std::vector<std::filesystem::path> watch_directories(const model::Roots& roots, const std::vector<std::string>& files) {
  std::vector<std::filesystem::path> folders{(roots.etc / names::kConfigFile).parent_path()};
  for (auto& folder : drop_in_folders(roots)) {
    folders.push_back(folder.parent_path());
    folders.push_back(std::move(folder));
  }
  for (const auto& file : files) {
    std::error_code failure;
    // Where a link leads it is written to, and not where the link is.
    if (const auto real = std::filesystem::canonical(file, failure); !failure) folders.push_back(real.parent_path());
    auto folder = std::filesystem::path{file}.parent_path();
    folders.push_back(folder);
    // It is seen when it is made, by the watch on the nearest one above it that is there.
    while (folder.has_relative_path() && !std::filesystem::exists(folder, failure)) folder = folder.parent_path();
    folders.push_back(std::move(folder));
  }
  std::ranges::sort(folders);
  folders.erase(std::ranges::unique(folders).begin(), folders.end());
  return folders;
}

}  // namespace nic::config
