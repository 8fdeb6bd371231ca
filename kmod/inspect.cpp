#include "kmod/inspect.hpp"

#include "kmod/context.hpp"
#include "kmod/elf.hpp"
#include "kmod/file_cache.hpp"
#include "kmod/judge.hpp"
#include "kmod/modprobe_d.hpp"
#include "kmod/parameters.hpp"
#include "kmod/peer_memory.hpp"
#include "kmod/symbols.hpp"
#include "kmod/user_space.hpp"
#include "model/module_catalogue.hpp"

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
using model::Provider;

struct Folder {
  std::string_view folder;  // below the kernel's tree; the first that fits counts
  std::string_view word;
};
constexpr std::array kFolders{
    Folder{"kernel/", "kernel"}, Folder{"updates/dkms/", "dkms"},         Folder{"updates/", "updates"},
    Folder{"extra/", "extra"},   Folder{"weak-updates/", "weak-updates"}, Folder{"extramodules/", "extra"},
};

std::string folder_of(const std::filesystem::path& tree, const std::filesystem::path& file) {
  const std::string below = file.lexically_relative(tree).string();
  for (const auto& folder : kFolders)
    if (below.starts_with(folder.folder)) return std::string{folder.word};
  return "other";
}

// The folder alone says little: distributions put their own modules into updates/ and vendors theirs into kernel/.
Provider provider_of(const ModuleFile& file, std::string_view module, std::string_view folder) {
  if (module == model::kCompat) return Provider::ofed;
  for (auto rest = file.value("depends"); !rest.empty();) {
    const auto name = rest.substr(0, rest.find(','));
    if (model::kernel_name(name) == model::kCompat) return Provider::ofed;
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  return file.value("intree") == "Y" || folder == "kernel" ? Provider::inbox : Provider::other;
}

// Of a running module: mlx_compat is held by all that were built against it, and the kernel marks what is not its own.
Provider running_provider(const model::Inventory& inventory, const model::LoadedModule& module) {
  if (module.name == model::kCompat) return Provider::ofed;
  const auto compat = std::ranges::find(inventory.modules, model::kCompat, &model::LoadedModule::name);
  if (compat != inventory.modules.end() && std::ranges::find(compat->holders, module.name) != compat->holders.end())
    return Provider::ofed;
  return module.taint.find('O') != std::string::npos ? Provider::other : Provider::inbox;
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
    running(report, module.get());
    if (report.state == ModuleState::absent) whereabouts(report, known, name);
    std::shared_ptr<const ModuleFile> content;
    if (module && report.state != ModuleState::builtin) content = file(report, known, module.get());
    if (module) parameters(report, module.get(), content.get());
    if (wanted && report.state == ModuleState::absent && known.file_read)
      if (const auto symbols = read_symbols(module.get())) known.clashes = symbols->clashes;
    restrictions(report, known, module.get());
    report.findings = judge(report, known);
    report.verdict = model::worst(report.findings, model::Verdict::unknown);
    return report;
  }

  // As if the kernel did not have it: what keeps its file from being loaded. A blacklist is about what is asked for,
  // not about what that depends on (modprobe.d.5).
  [[nodiscard]] std::vector<model::Finding> if_loaded_now(const std::string& name, bool as_dependency) const {
    ModuleReport report;
    report.name = name;
    report.wanted = true;
    Circumstances known = machine_;
    // A kernel that says nothing of signatures was built without them (CONFIG_MODULE_SIG makes the file).
    known.signature_enforced = machine_.signature_enforced.value_or(false);
    const auto module = context_.find(name);
    known.exists = module != nullptr;
    if (module && ::kmod_module_get_initstate(module.get()) == KMOD_MODULE_BUILTIN) return {};
    if (module) static_cast<void>(file(report, known, module.get()));
    if (known.file_read)
      if (const auto symbols = read_symbols(module.get())) known.clashes = symbols->clashes;
    restrictions(report, known, module.get());
    if (as_dependency) report.blacklisted_by.clear();
    return judge_loading(report, known);
  }

  // It stays, and what is loaded was built for its file.
  [[nodiscard]] bool stays_in_another_build(const std::string& name, ::kmod_module* module) const {
    const auto loaded = std::ranges::find(inventory_.modules, name, &model::LoadedModule::name);
    const char* path = ::kmod_module_get_path(module);
    if (loaded == inventory_.modules.end() || loaded->build_id.empty() || path == nullptr) return false;
    const auto content = files_.read(path);
    return content && !(*content)->build_id.empty() && (*content)->build_id != loaded->build_id;
  }

 private:
  // What the kernel runs under this very name: the Inventory, and where that is older than the fact, sysfs.
  void running(ModuleReport& report, ::kmod_module* module) const {
    const auto loaded = std::ranges::find(inventory_.modules, report.name, &model::LoadedModule::name);
    if (loaded != inventory_.modules.end()) {
      report.state = state_word(loaded->state);
      report.build_id_running = loaded->build_id;
      report.srcversion_running = printable(loaded->srcversion);
      report.version = printable(loaded->version);
      report.taint = loaded->taint;
      report.provider_running = running_provider(inventory_, *loaded);
    } else if (module != nullptr && ::kmod_module_get_initstate(module) == KMOD_MODULE_BUILTIN) {
      // libkmod looks at modules.builtin for this one, below our own root; for other states at the machine's /sys.
      report.state = ModuleState::builtin;
      report.provider_running = Provider::inbox;
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

  // What the file says of itself; null where there is none, or it cannot be read.
  std::shared_ptr<const ModuleFile> file(ModuleReport& report, Circumstances& known, ::kmod_module* module) const {
    const char* path = ::kmod_module_get_path(module);
    if (path == nullptr) return nullptr;
    report.file = printable(path);
    report.folder = folder_of(context_.tree(), path);
    known.weak_update = report.folder == "weak-updates";
    const auto read = files_.read(path);
    if (!read) {
      known.file_missing = read.error().errno_value == ENOENT;
      report.errors.push_back(read.error());
      return nullptr;
    }
    const auto& content = *read;
    known.file_read = true;
    known.file_signed = content->signed_;
    report.version_file = content->value("version");
    if (report.version.empty()) report.version = report.version_file;
    report.srcversion_file = content->value("srcversion");
    report.provider_file = provider_of(*content, report.name, report.folder);
    report.vermagic = content->value("vermagic");
    while (report.vermagic.ends_with(' ')) report.vermagic.pop_back();
    report.build_id_file = content->build_id;
    const auto built_for = report.vermagic.substr(0, report.vermagic.find(' '));
    // A module of a KMP is built for one kernel and linked into compatible ones, whose symbol versions let it in.
    report.vermagic_matches = report.vermagic.empty() || built_for == context_.release() ||
                              (known.weak_update && report.vermagic.find(" modversions") != std::string::npos);
    if (known.file_signed) signature(report, module);
    return content;
  }

  void parameters(ModuleReport& report, ::kmod_module* module, const ModuleFile* content) const {
    const char* options = ::kmod_module_get_options(module);
    if (options != nullptr) report.parameters = read_parameters(roots_, report.name, options, content);
  }

  void signature(ModuleReport& report, ::kmod_module* module) const {
    const auto read = files_.signature(module);
    if (!read) return report.errors.push_back(read.error());
    const auto& told = **read;
    // The mark is there, and what it is the mark of is nothing that could be read.
    report.signature_id = told.id.empty() ? "unreadable" : told.id;
    report.signer = told.signer;
    report.signature_key = told.key;
    report.signature_hash = told.hash;
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

std::vector<ModuleReport> look_at(const model::Roots& roots, const Context& context,
                                  const std::vector<std::string>& wanted, const model::Inventory& inventory,
                                  FileCache& files) {
  std::vector<ModuleReport> reports;
  const Inspector inspector{roots, context, inventory, files};
  std::set<std::string> seen;
  for (const auto& name : wanted) {
    if (!seen.insert(model::kernel_name(name)).second) continue;
    if (const auto valid = check_name(name); !valid)
      reports.push_back(refused(name, valid.error()));
    else
      reports.push_back(inspector.look(name, true));
  }
  for (const auto& module : inventory.modules)
    if (model::known_module(module.name) != nullptr && seen.insert(module.name).second)
      reports.push_back(inspector.look(module.name, false));
  return reports;
}

// Where there is no index, nothing is known of any.
model::ModulesOfDevices modules_of(const Context* context, const model::Inventory& inventory) {
  model::ModulesOfDevices all;
  for (const auto& [address, function] : inventory.functions) {
    if (function.physfn) continue;
    const auto [entry, added] = all.try_emplace(function.modalias);
    if (added && context != nullptr && !function.modalias.empty())
      entry->second = context->behind_alias(function.modalias);
  }
  return all;
}

std::vector<ModuleReport> all_refused(const std::vector<std::string>& wanted, const model::Error& error) {
  std::vector<ModuleReport> reports;
  for (const auto& name : wanted) reports.push_back(refused(name, error));
  return reports;
}

// Each module once, whatever depends on it.
class Reloader {
 public:
  Reloader(const Inspector& inspector, const Context& context, const model::Inventory& inventory,
           const model::ReloadPlan& plan)
      : inspector_{inspector}, context_{context}, inventory_{inventory}, plan_{plan} {}

  std::vector<model::Obstacle> look() {
    for (const auto& name : plan_.load) add(name, false);
    for (const auto& name : plan_.load)
      if (const auto module = context_.find(name))
        for (const auto& needed : dependencies(module.get())) look_at_needed(name, needed.get());
    return std::move(obstacles_);
  }

 private:
  void add(const std::string& name, bool as_dependency) {
    if (!seen_.insert(name).second) return;
    for (auto& finding : inspector_.if_loaded_now(name, as_dependency))
      if (finding.severity == model::Verdict::fail || finding.severity == model::Verdict::unknown)
        obstacles_.push_back({fmt::format("{} could not be loaded again: {}", name, finding.text),
                              finding.severity == model::Verdict::unknown});
  }

  void look_at_needed(const std::string& name, ::kmod_module* needed) {
    const auto its_name = model::kernel_name(::kmod_module_get_name(needed));
    if (seen_.contains(its_name)) return;
    if (std::ranges::find(inventory_.modules, its_name, &model::LoadedModule::name) == inventory_.modules.end())
      return add(its_name, true);
    seen_.insert(its_name);
    if (inspector_.stays_in_another_build(its_name, needed))
      obstacles_.push_back({fmt::format("{} depends on {}, which stays loaded in another build than the one on disk: "
                                        "reload that, too",
                                        name, its_name),
                            true});
  }

  const Inspector& inspector_;
  const Context& context_;
  const model::Inventory& inventory_;
  const model::ReloadPlan& plan_;
  std::set<std::string> seen_;
  std::vector<model::Obstacle> obstacles_;
};

}  // namespace

std::vector<model::Obstacle> load_obstacles(const model::Roots& roots, const model::ReloadPlan& plan,
                                            const model::Inventory& inventory, FileCache& files) {
  const auto context = Context::open(roots);
  if (!context) return {{context.error().text(), false}};
  const Inspector inspector{roots, *context, inventory, files};
  return Reloader{inspector, *context, inventory, plan}.look();
}

model::DriverFacts inspect(const model::Roots& roots, const std::vector<std::string>& wanted,
                           const model::Inventory& inventory, FileCache& files) {
  model::DriverFacts facts;
  facts.user_space = user_space_stack(roots);
  const auto context = Context::open(roots);
  if (!context) {
    facts.modules = all_refused(wanted, context.error());
    facts.modules_of = modules_of(nullptr, inventory);
    return facts;
  }
  facts.modules = look_at(roots, *context, wanted, inventory, files);
  facts.modules_of = modules_of(&*context, inventory);
  facts.peer_memory = read_peer_memory(roots, *context);
  return facts;
}

}  // namespace nic::kmod
