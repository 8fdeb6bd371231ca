#include "kmod/context.hpp"

#include "model/module.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <fstream>
#include <utility>

namespace nic::kmod {
namespace {

// Failures come back as return values; the library's own lines on stderr would only repeat them without the advice.
void drop_log(void*, int, const char*, int, const char*, const char*, va_list) {}

constexpr std::size_t kMaxSmallFile = std::size_t{1} << 20;
constexpr std::size_t kMaxName = 55;  // MODULE_NAME_LEN of the kernel: 64 less a long and the final NUL

}  // namespace

std::optional<std::string> text_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text;
  std::array<char, 4096> piece{};
  while (file && text.size() < kMaxSmallFile) {
    file.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.eof()) return std::nullopt;
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string printable(std::string_view text) {
  std::string result{text};
  std::ranges::replace_if(result, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return result;
}

std::string kernel_release(const model::Roots& roots) {
  if (auto release = text_of(roots.proc / "sys/kernel/osrelease"); release && !release->empty()) return *release;
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "unknown";
}

std::vector<std::filesystem::path> modprobe_folders(const model::Roots& roots) {
  return {roots.etc / "modprobe.d", roots.run / "modprobe.d", roots.usr_lib.parent_path() / "local/lib/modprobe.d",
          roots.usr_lib / "modprobe.d", roots.modules.parent_path() / "modprobe.d"};
}

std::expected<void, model::Error> check_name(std::string_view name) {
  const auto refuse = [&](std::string advice) {
    return std::unexpected(model::invalid("module name", '"' + printable(name.substr(0, 80)) + '"', std::move(advice)));
  };
  if (name.empty()) return refuse("is empty");
  if (name.size() > kMaxName) return refuse("is longer than the 55 bytes that the kernel allows");
  if (name.find('/') != std::string_view::npos || name.find(".ko") != std::string_view::npos)
    return refuse("is a file; give the module's bare name, as lsmod prints it");
  const auto allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
  if (!std::ranges::all_of(name, allowed)) return refuse("has characters other than letters, digits, '_' and '-'");
  return {};
}

std::string module_of_file(std::string_view path) {
  constexpr std::array<std::string_view, 4> kSuffixes{".ko", ".ko.xz", ".ko.zst", ".ko.gz"};
  const auto file = path.substr(path.rfind('/') + 1);
  for (const auto suffix : kSuffixes)
    if (file.ends_with(suffix)) return model::kernel_name(file.substr(0, file.size() - suffix.size()));
  return {};
}

std::optional<std::string> sysfs_state(const model::Roots& roots, const std::string& kernel_name) {
  const auto folder = roots.sys / "module" / kernel_name;
  if (auto state = text_of(folder / "initstate")) return state;
  std::error_code ignored;
  return std::filesystem::is_directory(folder, ignored) ? std::optional<std::string>{""} : std::nullopt;
}

std::expected<Context, model::Error> Context::open(const model::Roots& roots) {
  const std::string release = kernel_release(roots);
  const auto tree = roots.modules / release;
  const auto folders = modprobe_folders(roots);
  std::vector<const char*> paths;
  paths.reserve(folders.size() + 1);
  for (const auto& folder : folders) paths.push_back(folder.c_str());
  paths.push_back(nullptr);

  ContextPtr context{::kmod_new(tree.c_str(), paths.data()), &::kmod_unref};
  if (!context)
    return std::unexpected(model::system_error(errno != 0 ? errno : ENOMEM, "open the module configuration for", tree));
  ::kmod_set_log_fn(context.get(), &drop_log, nullptr);

  Context opened{std::move(context), release, tree};
  std::error_code ignored;
  if (!std::filesystem::is_directory(tree, ignored)) {
    opened.problem_ = model::system_error(ENOENT, "look up modules in", tree,
                                          "No modules are installed for the running kernel " + printable(release) +
                                              ": install its linux-modules or linux-image package, or reboot into an "
                                              "installed kernel");
  } else if (const int result = ::kmod_load_resources(opened.get()); result < 0) {
    opened.problem_ = model::system_error(-result, "read the module index in", tree,
                                          "Run depmod -a " + printable(release) + " and look at what it says");
  }
  return opened;
}

ModulePtr Context::find(const std::string& name) const {
  ::kmod_module* module = nullptr;
  if (::kmod_module_new_from_name_lookup(get(), name.c_str(), &module) < 0) module = nullptr;
  ModulePtr found{module, &::kmod_module_unref};
  // The index is asked by name, but what it gives back is only taken if it is what was asked for.
  if (found && model::kernel_name(::kmod_module_get_name(found.get())) != model::kernel_name(name)) found.reset();
  return found;
}

std::vector<std::string> Context::behind_alias(const std::string& alias) const {
  ::kmod_list* list = nullptr;
  if (::kmod_module_new_from_lookup(get(), alias.c_str(), &list) < 0) return {};
  std::vector<std::string> names;
  for (auto* entry = list; entry != nullptr; entry = ::kmod_list_next(list, entry)) {
    const ModulePtr module{::kmod_module_get_module(entry), &::kmod_module_unref};
    if (module) names.push_back(model::kernel_name(::kmod_module_get_name(module.get())));
  }
  ::kmod_module_unref_list(list);
  std::erase(names, model::kernel_name(alias));
  return names;
}

bool Context::blacklisted(std::string_view kernel_name) const {
  const std::unique_ptr<::kmod_config_iter, decltype(&::kmod_config_iter_free_iter)> entries{
      ::kmod_config_get_blacklists(get()), &::kmod_config_iter_free_iter};
  while (entries && ::kmod_config_iter_next(entries.get())) {
    const char* name = ::kmod_config_iter_get_key(entries.get());
    if (name != nullptr && model::kernel_name(name) == kernel_name) return true;
  }
  return false;
}

}  // namespace nic::kmod
