// One libkmod context and what it may be asked: private to kmod/.
// Thread: one at a time; libkmod contexts are not to be shared, so every public function makes its own. Blocking.
// Source: libkmod.h, modprobe.d(5), modules.dep(5).
#pragma once

#include "model/error.hpp"
#include "model/roots.hpp"

#include <libkmod.h>

#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::kmod {

using ModulePtr = std::unique_ptr<::kmod_module, decltype(&::kmod_module_unref)>;
using ContextPtr = std::unique_ptr<::kmod_ctx, decltype(&::kmod_unref)>;

class Context {
 public:
  // The context of the running kernel's tree; what could not be opened stands in problem().
  [[nodiscard]] static std::expected<Context, model::Error> open(const model::Roots& roots);

  [[nodiscard]] ::kmod_ctx* get() const { return context_.get(); }
  [[nodiscard]] const std::string& release() const { return release_; }
  [[nodiscard]] const std::filesystem::path& tree() const { return tree_; }
  // Why names cannot be looked up: the tree of the running kernel is missing or was never indexed by depmod(8).
  [[nodiscard]] const std::optional<model::Error>& problem() const { return problem_; }

  // The module of exactly this name (dashes and underscores are the same), a builtin included; null if there is none.
  [[nodiscard]] ModulePtr find(const std::string& name) const;
  // What the name stands for where it is an alias, in the kernel's spelling.
  [[nodiscard]] std::vector<std::string> behind_alias(const std::string& alias) const;
  [[nodiscard]] bool blacklisted(std::string_view kernel_name) const;

 private:
  Context(ContextPtr context, std::string release, std::filesystem::path tree)
      : context_(std::move(context)), release_(std::move(release)), tree_(std::move(tree)) {}

  ContextPtr context_;
  std::string release_;
  std::filesystem::path tree_;
  std::optional<model::Error> problem_;
};

// The running kernel's release: <proc>/sys/kernel/osrelease, which is what uname(2) says.
[[nodiscard]] std::string kernel_release(const model::Roots& roots);
// The folders of modprobe.d(5), the strongest first.
[[nodiscard]] std::vector<std::filesystem::path> modprobe_folders(const model::Roots& roots);
// An Error where no module can have this name: "mlx5_core.ko", "../x", "".
[[nodiscard]] std::expected<void, model::Error> check_name(std::string_view name);
// The kernel's name of the module in a file "kernel/drivers/mlx5-core.ko.xz"; "" where the name is not a module file's.
[[nodiscard]] std::string module_of_file(std::string_view path);
// The text of a small file without its last newline; nullopt if it cannot be read.
[[nodiscard]] std::optional<std::string> text_of(const std::filesystem::path& path);
// Bytes that D-Bus and terminals cannot take become '?'.
[[nodiscard]] std::string printable(std::string_view text);
// As in /sys/module/<name>/initstate: "live", "coming", "going"; "" for a module that has a folder there but
// no state (built in, or just starting); nullopt where there is no folder.
[[nodiscard]] std::optional<std::string> sysfs_state(const model::Roots& roots, const std::string& kernel_name);

}  // namespace nic::kmod
