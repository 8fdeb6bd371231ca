#include "kmod/next_boot.hpp"

#include "files/files.hpp"
#include "kmod/context.hpp"
#include "kmod/judge_initramfs.hpp"
#include "model/module_catalogue.hpp"
#include "model/version.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

namespace nic::kmod {
namespace {

constexpr std::string_view kImage{"vmlinuz-"};
constexpr std::size_t kMostIndex = std::size_t{16} << 20;  // modules.dep of a distribution's kernel has 1 MiB

// Modules that only a package beside the kernel brings.
constexpr std::array<std::string_view, 3> kOutOfTree{model::kCompat, "nvidia_peermem", "nv_peer_mem"};

bool older(const std::string& one, const std::string& other) {
  const auto first = model::parse_version(one);
  const auto second = model::parse_version(other);
  if (!first || !second) return !first && second;
  return first->parts < second->parts || (first->parts == second->parts && one < other);
}

std::vector<std::string> bootable(const model::Roots& roots) {
  std::vector<std::string> releases;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{roots.boot, error}, end; !error && entry != end;
       entry.increment(error)) {
    const auto name = entry->path().filename().string();
    if (!name.starts_with(kImage)) continue;
    const auto release = name.substr(kImage.size());
    std::error_code ignored;
    if (std::filesystem::exists(roots.modules / release / "modules.dep", ignored)) releases.push_back(release);
  }
  return releases;
}

// "saved_entry=<machine id>-<release>" of boot loader entries (grubby), or a menu entry that ends with the release.
std::optional<std::string> saved(const model::Roots& roots, const std::vector<std::string>& releases) {
  constexpr std::string_view kKey{"saved_entry="};
  for (const auto* file : {"grub2/grubenv", "grub/grubenv"}) {
    const auto text = text_of(roots.boot / file);
    if (!text) continue;
    const auto at = text->find(kKey);
    if (at == std::string::npos) continue;
    const auto entry = text->substr(at + kKey.size(), text->find('\n', at) - at - kKey.size());
    for (const auto& release : releases)
      if (!entry.empty() && entry.ends_with(release)) return release;
  }
  return std::nullopt;
}

// Which of the modules that come from outside have a file there; nullopt where there is no index.
std::optional<std::vector<std::string_view>> out_of_tree(const model::Roots& roots, const std::string& release) {
  const auto index = files::read(roots.modules / release / "modules.dep", kMostIndex);
  if (!index) return std::nullopt;
  std::vector<std::string_view> found;
  for (const auto name : kOutOfTree) {
    auto dashed = std::string{name};
    std::ranges::replace(dashed, '_', '-');
    if (index->contains(fmt::format("/{}.ko", name)) || index->contains(fmt::format("/{}.ko", dashed)))
      found.push_back(name);
  }
  return found;
}

}  // namespace

std::optional<std::string> next_release(const model::Roots& roots) {
  const auto releases = bootable(roots);
  if (releases.empty()) return std::nullopt;
  if (auto release = saved(roots, releases)) return release;
  return *std::ranges::max_element(releases, older);
}

std::vector<model::Finding> judge_next_boot(const model::Roots& roots, const std::string& running) {
  const auto next = next_release(roots);
  if (!next || *next == running) return {};
  const auto now = out_of_tree(roots, running);
  const auto then = out_of_tree(roots, *next);
  if (!now || !then) return {};
  std::vector<std::string_view> missing;
  std::ranges::copy_if(*now, std::back_inserter(missing),
                       [&](auto name) { return std::ranges::find(*then, name) == then->end(); });
  if (missing.empty()) return {};
  return {{model::Verdict::warn,
           fmt::format("The next boot is into kernel {}, for which there is no {}: that boot would fall back to the "
                       "kernel's own drivers. Build the vendor's modules for it (dkms autoinstall -k {}) before.",
                       printable(*next), fmt::join(missing, ", "), printable(*next))}};
}

std::vector<model::Finding> look_ahead(const model::Roots& roots, FileCache& files, InitramfsCache& images) {
  const auto running = kernel_release(roots);
  auto findings = judge_next_boot(roots, running);
  std::set<std::string> releases{running};
  if (const auto next = next_release(roots)) releases.insert(*next);
  for (const auto& release : releases)
    for (auto& finding : judge_initramfs(roots, release, files, images)) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace nic::kmod
