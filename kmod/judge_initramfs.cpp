#include "kmod/judge_initramfs.hpp"

#include "files/files.hpp"
#include "kmod/context.hpp"
#include "model/module_catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace nic::kmod {
namespace {

using model::Finding;
using model::Verdict;
namespace fs = std::filesystem;

constexpr std::size_t kMostIndex = std::size_t{16} << 20;
constexpr std::string_view kModules{"lib/modules/"};

// The modules of the catalogue in the kernel's tree: name to file, as modules.dep gives it; nullopt without an index.
std::optional<std::map<std::string, std::string>> tree_of(const model::Roots& roots, const std::string& release) {
  const auto index = files::read(roots.modules / release / "modules.dep", kMostIndex);
  if (!index) return std::nullopt;
  std::map<std::string, std::string> files;
  for (std::string_view rest{*index}; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto file = line.substr(0, line.find(':'));
    auto name = module_of_file(file);
    if (model::known_module(name) != nullptr) files.emplace(std::move(name), file);
  }
  return files;
}

// Module files may be compressed in the one place and not in the other.
std::string_view without_packing(std::string_view file) { return file.substr(0, file.rfind(".ko") + 3); }

using Copies = std::vector<const InitramfsModule*>;

// By name, those that the kernel of this release would find there.
std::map<std::string, Copies> copies_in(const Initramfs& image, const std::string& release) {
  std::map<std::string, Copies> copies;
  for (const auto& module : image.modules)
    if (module.path.starts_with(std::string{kModules} + release + "/"))
      copies[module_of_file(module.path)].push_back(&module);
  return copies;
}

// Of several copies depmod prefers by the folder, in the image as in the tree.
const InitramfsModule& that_loads(const Copies& copies, std::string_view tree_file) {
  const auto same = std::ranges::find_if(
      copies, [&](const auto* copy) { return without_packing(copy->path).ends_with(without_packing(tree_file)); });
  return same == copies.end() ? *copies.front() : **same;
}

// Modules of a compatible kernel are linked, one link deep (weak-updates). Null where the target is not in the image.
const InitramfsModule* behind(const InitramfsModule& module, const Initramfs& image) {
  if (module.link.empty()) return &module;
  auto target = (fs::path{"/" + module.path}.parent_path() / module.link).lexically_normal().string().substr(1);
  if (target.starts_with("usr/")) target.erase(0, 4);
  const auto found = std::ranges::find(image.modules, target, &InitramfsModule::path);
  return found == image.modules.end() || !found->link.empty() ? nullptr : &*found;
}

// nullopt: cannot be told.
std::optional<bool> same_build(const InitramfsModule* there, const ModuleFile& here) {
  if (there == nullptr || !there->problem.empty()) return std::nullopt;
  if (!there->build_id.empty() && !here.build_id.empty()) return there->build_id == here.build_id;
  const auto sources = here.value("srcversion");
  if (!there->srcversion.empty() && !sources.empty() && there->srcversion != sources) return false;
  return std::nullopt;  // equal sources may be in another build
}

Finding unknown(const fs::path& image, std::string_view why) {
  return {Verdict::unknown, fmt::format("Whether the initramfs {} carries the drivers that are on disk cannot be told: "
                                        "{}.",
                                        printable(image.string()), why)};
}

}  // namespace

std::optional<fs::path> initramfs_of(const model::Roots& roots, const std::string& release) {
  const auto machine = text_of(roots.etc / "machine-id").value_or("");
  for (const auto& name : {"initrd.img-" + release, "initramfs-" + release + ".img", "initrd-" + release,
                           machine + "/" + release + "/initrd"}) {
    std::error_code ignored;
    if (name.front() != '/' && fs::is_regular_file(roots.boot / name, ignored)) return roots.boot / name;
  }
  return std::nullopt;
}

std::vector<Finding> judge_initramfs(const model::Roots& roots, const std::string& release, FileCache& files,
                                     InitramfsCache& images) {
  const auto path = initramfs_of(roots, release);
  if (!path) return {};
  const auto tree = tree_of(roots, release);
  if (!tree) return {};
  const auto image = images.read(*path);
  if (!image) return {unknown(*path, image.error().text())};
  std::vector<Finding> findings;
  std::vector<std::string> other, untold;
  for (const auto& [name, copies] : copies_in(**image, release)) {
    const auto file = tree->find(name);
    if (file == tree->end()) {
      other.push_back(name);
      continue;
    }
    const auto here = files.read(roots.modules / release / file->second);
    const auto same =
        here ? same_build(behind(that_loads(copies, file->second), **image), **here) : std::optional<bool>{};
    if (!same)
      untold.push_back(name);
    else if (!*same)
      other.push_back(name);
  }
  if (!other.empty())
    findings.push_back(
        {Verdict::warn,
         fmt::format("The initramfs of kernel {0} ({1}) carries another build of {2} than {3} has: a boot into that "
                     "kernel runs it. Make the initramfs again: update-initramfs -u -k {0}, or dracut --force --kver "
                     "{0}.",
                     printable(release), printable(path->string()), fmt::join(other, ", "),
                     printable((roots.modules / release).string()))});
  if (!untold.empty())
    findings.push_back(unknown(*path, fmt::format("its {} could not be compared", fmt::join(untold, ", "))));
  if (!(*image)->problem.empty()) findings.push_back(unknown(*path, (*image)->problem));
  return findings;
}

}  // namespace nic::kmod
