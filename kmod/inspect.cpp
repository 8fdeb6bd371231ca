#include "kmod/inspect.hpp"

#include "kmod/catalogue.hpp"
#include "kmod/context.hpp"
#include "kmod/elf.hpp"
#include "kmod/file_cache.hpp"
#include "kmod/judge.hpp"
#include "kmod/modprobe_d.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <utility>

namespace nic::kmod {
namespace {

using model::ModuleReport;
using model::ModuleState;

struct Provider {
  std::string_view folder;  // below the kernel's tree; the first that fits counts
  std::string_view word;
};
constexpr std::array kProviders{
    Provider{"kernel/", "inbox"}, Provider{"updates/dkms/", "dkms"},         Provider{"updates/", "updates"},
    Provider{"extra/", "extra"},  Provider{"weak-updates/", "weak-updates"}, Provider{"extramodules/", "extra"},
};

std::string provider_of(const std::filesystem::path& tree, const std::filesystem::path& file) {
  const std::string below = file.lexically_relative(tree).string();
  for (const auto& provider : kProviders)
    if (below.starts_with(provider.folder)) return std::string{provider.word};
  return "other";
}

// nullopt where the kernel says nothing of it. Lockdown implies signatures (kernel_lockdown.7).
std::optional<bool> signatures_enforced(const model::Roots& roots) {
  const auto lockdown = text_of(roots.sys / "kernel/security/lockdown");
  if (lockdown &&
      (lockdown->find("[integrity]") != std::string::npos || lockdown->find("[confidentiality]") != std::string::npos))
    return true;
  const auto enforce = text_of(roots.sys / "module/module/parameters/sig_enforce");
  if (!enforce) return std::nullopt;
  return *enforce == "Y" || *enforce == "1";
}

ModuleState state_word(std::string_view word) {
  if (word == "live") return ModuleState::live;
  if (word == "going") return ModuleState::going;
  return ModuleState::coming;
}

class Inspector {
 public:
  Inspector(const model::Roots& roots, const Context& context, const model::Inventory& inventory, FileCache& files)
      : roots_(roots), context_(context), inventory_(inventory), files_(files) {
    machine_.release = printable(context.release());
    machine_.resolved = !context.problem();
    machine_.signature_enforced = signatures_enforced(roots);
    machine_.loading_disabled = text_of(roots.proc / "sys/kernel/modules_disabled") == "1";
  }

  [[nodiscard]] ModuleReport look(const std::string& name, bool wanted) const {
    ModuleReport report;
    report.name = model::kernel_name(name);
    report.wanted = wanted;
    Circumstances known = machine_;

    const auto module = context_.find(name);
    known.exists = module != nullptr;
    running(report, known, module.get());
    if (report.state == ModuleState::absent) whereabouts(report, known, name);
    if (module && report.state != ModuleState::builtin) file(report, known, module.get());
    restrictions(report, known, module.get());
    report.findings = judge(report, known);
    report.verdict = worst(report.findings);
    return report;
  }

 private:
  // What the kernel runs under this very name: the Inventory, and where that is older than the fact, sysfs.
  void running(ModuleReport& report, Circumstances& known, ::kmod_module* module) const {
    const auto loaded = std::ranges::find(inventory_.modules, report.name, &model::LoadedModule::name);
    if (loaded != inventory_.modules.end()) {
      report.state = state_word(loaded->state);
      report.build_id_running = loaded->build_id;
      report.version = printable(loaded->version);
      known.taint = loaded->taint;
    } else if (module != nullptr && ::kmod_module_get_initstate(module) == KMOD_MODULE_BUILTIN) {
      // libkmod looks at modules.builtin for this one, below our own root; for other states at the machine's /sys.
      report.state = ModuleState::builtin;
    } else if (const auto state = sysfs_state(roots_, report.name)) {
      report.state = state_word(*state);
    }
  }

  // A required module that is not there: an alias of another, or nothing of that name.
  void whereabouts(ModuleReport& report, Circumstances& known, const std::string& name) const {
    if (known.exists || !report.wanted) return;
    if (!known.resolved) {
      report.errors.push_back(*context_.problem());
      return;
    }
    known.behind_alias = context_.behind_alias(name);
    if (known.behind_alias.empty()) return;
    report.errors.push_back(model::invalid(
        "require the module", report.name,
        fmt::format("This is an alias; write the module's own name: {}", fmt::join(known.behind_alias, " or "))));
  }

  void file(ModuleReport& report, Circumstances& known, ::kmod_module* module) const {
    const char* path = ::kmod_module_get_path(module);
    if (path == nullptr) return;
    report.file = printable(path);
    report.provider = provider_of(context_.tree(), path);
    known.weak_update = report.provider == "weak-updates";
    const auto read = files_.read(path);
    if (!read) {
      known.file_missing = read.error().errno_value == ENOENT;
      report.errors.push_back(read.error());
      return;
    }
    const auto& content = *read;
    known.file_read = true;
    known.file_signed = content->signed_;
    if (report.version.empty()) report.version = content->value("version");
    report.vermagic = content->value("vermagic");
    while (report.vermagic.ends_with(' ')) report.vermagic.pop_back();
    report.build_id_file = content->build_id;
    const auto built_for = report.vermagic.substr(0, report.vermagic.find(' '));
    // A module of a KMP is built for one kernel and linked into compatible ones, whose symbol versions let it in.
    report.vermagic_matches = report.vermagic.empty() || built_for == context_.release() ||
                              (known.weak_update && report.vermagic.find(" modversions") != std::string::npos);
    signature(report, module);
    if (known.file_signed && report.signature_id.empty()) report.signature_id = "unreadable";
  }

  static void signature(ModuleReport& report, ::kmod_module* module) {
    constexpr std::array<std::pair<std::string_view, std::string ModuleReport::*>, 4> kFields{{
        {"sig_id", &ModuleReport::signature_id},
        {"signer", &ModuleReport::signer},
        {"sig_key", &ModuleReport::signature_key},
        {"sig_hashalgo", &ModuleReport::signature_hash},
    }};
    ::kmod_list* list = nullptr;
    if (::kmod_module_get_info(module, &list) < 0) return;
    for (auto* entry = list; entry != nullptr; entry = ::kmod_list_next(list, entry)) {
      const std::string_view key{::kmod_module_info_get_key(entry)};
      for (const auto& [name, field] : kFields)
        if (key == name) report.*field = printable(::kmod_module_info_get_value(entry));
    }
    ::kmod_module_info_free_list(list);
  }

  void restrictions(ModuleReport& report, Circumstances& known, ::kmod_module* module) const {
    if (report.state == ModuleState::builtin) return;
    if (context_.blacklisted(report.name))
      report.blacklisted_by = who_blacklists(roots_, report.name).value_or("the modprobe configuration");
    known.kernel_refuses = kernel_refuses(roots_, report.name);
    if (module == nullptr) return;
    if (const char* command = ::kmod_module_get_install_commands(module); command != nullptr && *command != '\0') {
      known.install_command = printable(command);
      known.install_file = who_installs(roots_, report.name).value_or("the modprobe configuration");
    }
  }

  const model::Roots& roots_;
  const Context& context_;
  const model::Inventory& inventory_;
  FileCache& files_;
  Circumstances machine_;
};

ModuleReport refused(const std::string& name, model::Error error) {
  ModuleReport report;
  report.name = printable(name.substr(0, 80));
  report.wanted = true;
  report.verdict = model::Verdict::fail;
  report.findings.push_back({model::Verdict::fail, error.text() + "."});
  report.errors.push_back(std::move(error));
  return report;
}

}  // namespace

std::vector<ModuleReport> inspect(const model::Roots& roots, const std::vector<std::string>& wanted,
                                  const model::Inventory& inventory, FileCache& files) {
  std::vector<ModuleReport> reports;
  const auto context = Context::open(roots);
  if (!context) {
    for (const auto& name : wanted) reports.push_back(refused(name, context.error()));
    return reports;
  }
  const Inspector inspector{roots, *context, inventory, files};
  std::set<std::string> seen;
  for (const auto& name : wanted) {
    if (!seen.insert(model::kernel_name(name)).second) continue;
    if (const auto valid = check_name(name); !valid)
      reports.push_back(refused(name, valid.error()));
    else
      reports.push_back(inspector.look(name, true));
  }
  for (const auto& module : inventory.modules)
    if (is_known(module.name) && seen.insert(module.name).second) reports.push_back(inspector.look(module.name, false));
  return reports;
}

}  // namespace nic::kmod
