#include "kmod/load.hpp"

#include "kmod/context.hpp"
#include "kmod/modprobe_d.hpp"
#include "model/module.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

namespace nic::kmod {
namespace {

using model::Code;
using model::Error;
using model::ModuleReason;

struct Answer {
  int errno_value;
  Code code;
  ModuleReason reason;
  std::string_view advice;
};

// What finit_module(2) and load_module() in the kernel's kernel/module/main.c mean by each.
constexpr std::array kAnswers{
    Answer{
        EKEYREJECTED, Code::denied, ModuleReason::key_rejected,
        "It is not signed by a key that this kernel trusts, and signatures are required: enrol the signer's key with "
        "mokutil, or sign it with an enrolled one"},
    Answer{ENOKEY, Code::denied, ModuleReason::key_unknown,
           "It is signed by a key that this kernel does not have, and signatures are required: enrol the signer's key "
           "with mokutil"},
    Answer{EBADMSG, Code::denied, ModuleReason::signature_damaged,
           "Its signature is damaged: install the module's package again"},
    Answer{ENOEXEC, Code::unsupported, ModuleReason::wrong_kernel,
           "The file is not a module for this kernel (other version or configuration, or damaged): build or install it "
           "for the running kernel"},
    Answer{EINVAL, Code::invalid, ModuleReason::does_not_fit,
           "The kernel refuses a parameter of it (options lines in modprobe.d) or the versions of the symbols it uses "
           "do not fit: the kernel log names which"},
    Answer{ENOENT, Code::unsupported, ModuleReason::symbol_missing,
           "It uses a symbol that nothing in this kernel provides, so it belongs to another driver stack: the kernel "
           "log names the symbol"},
    Answer{EPERM, Code::denied, ModuleReason::not_permitted,
           "The kernel does not let modules be loaded: look at kernel.modules_disabled, lockdown and "
           "module_blacklist=, and that the service has CAP_SYS_MODULE"},
    Answer{EACCES, Code::denied, ModuleReason::forbidden,
           "A security module (SELinux, AppArmor) forbids it: look at the audit log"},
    Answer{ENODEV, Code::not_found, ModuleReason::no_device, "The driver found no hardware that it could serve"},
    Answer{ENXIO, Code::not_found, ModuleReason::no_device, "The driver found no hardware that it could serve"},
    Answer{ENOMEM, Code::no_space, ModuleReason::no_memory, "The kernel has no memory left for it"},
    Answer{EBUSY, Code::busy, ModuleReason::busy,
           "It, or something that it needs, is just starting, stopping, or held by another driver"},
    Answer{ETIMEDOUT, Code::timed_out, ModuleReason::start_timed_out,
           "Its start took longer than the kernel waits for: look at the kernel log"},
    Answer{EEXIST, Code::busy, ModuleReason::already_registered,
           "Something else already registered what it provides: look at the kernel log"},
    Answer{ENOSYS, Code::unsupported, ModuleReason::no_module_support,
           "This kernel was built without loadable modules"},
    Answer{E2BIG, Code::invalid, ModuleReason::parameters_too_long,
           "Its parameters are too long: shorten its options lines in modprobe.d"},
    Answer{EOPNOTSUPP, Code::unsupported, ModuleReason::not_supported,
           "The driver says that this machine or this kernel cannot do what it is for"},
    Answer{EBADF, Code::internal, ModuleReason::file_unreadable, "The module file could not be opened"},
};

// How far one call of kmod_module_probe_insert_module() came. Its print callback is given no data, hence the pointer;
// it is set for the time of the call only.
struct Progress {
  const model::Roots& roots;
  std::vector<std::string> inserted;  // the last is the one that failed, if one did
  std::optional<Error> refused;
};
thread_local Progress* current = nullptr;

Error has_install_command(const model::Roots& roots, const std::string& module, const char* command) {
  return {Code::denied,
          0,
          "load the module",
          module,
          fmt::format("{} gives it an install command ({}), which is never run: remove that line, or load it by hand",
                      who_installs(roots, module).value_or("The modprobe configuration"), printable(command)),
          ModuleReason::install_command};
}

// Called before each insertion, and, with `install`, before each install command, which would be run in its place.
void note(::kmod_module* module, bool install, const char* text) {
  if (current == nullptr) return;
  const auto name = model::kernel_name(::kmod_module_get_name(module));
  if (install)
    current->refused = has_install_command(current->roots, name, text != nullptr ? text : "");
  else
    current->inserted.push_back(name);
}

// libkmod would otherwise hand the command to system(3).
int refuse_command(::kmod_module*, const char*, void*) { return -ECANCELED; }

bool is_there(const model::Roots& roots, ::kmod_module* module, const std::string& name) {
  return ::kmod_module_get_initstate(module) == KMOD_MODULE_BUILTIN || sysfs_state(roots, name) == "live";
}

Error not_found(const Context& context, const std::string& name) {
  if (context.problem()) return context.problem()->during("load the module " + name);
  const auto behind = context.behind_alias(name);
  if (!behind.empty())
    return model::invalid("load the module", name,
                          fmt::format("This is an alias; write the module's own name: {}", fmt::join(behind, " or ")));
  return {Code::not_found,
          0,
          "load the module",
          name,
          fmt::format("There is no module {} for kernel {}: install the package that brings it (linux-modules, the "
                      "vendor's driver), or build it for this kernel",
                      name, printable(context.release())),
          ModuleReason::not_found};
}

struct Target {
  Context context;
  ModulePtr module;
  std::string name;
};

// The module to insert, or null in `module` where nothing is left to do.
std::expected<Target, Error> find_target(const model::Roots& roots, std::string_view wanted) {
  if (const auto valid = check_name(wanted); !valid) return std::unexpected(valid.error());
  const std::string name = model::kernel_name(wanted);
  auto context = Context::open(roots);
  if (!context) return std::unexpected(context.error());
  auto module = context->find(name);
  if (!module) {
    // Loaded by hand from a file outside the tree: it is there, and that is what was asked for.
    if (sysfs_state(roots, name) == "live") return Target{std::move(*context), std::move(module), name};
    return std::unexpected(not_found(*context, name));
  }
  if (is_there(roots, module.get(), name)) {
    module.reset();
  } else if (context->blacklisted(name)) {
    return std::unexpected(Error{Code::denied, 0, "load the module", name,
                                 fmt::format("{} blacklists it: remove that line, or do not require the module",
                                             who_blacklists(roots, name).value_or("The modprobe configuration")),
                                 ModuleReason::blacklisted});
  } else if (const char* command = ::kmod_module_get_install_commands(module.get());
             command != nullptr && *command != '\0') {
    return std::unexpected(has_install_command(roots, name, command));
  }
  return Target{std::move(*context), std::move(module), name};
}

int insert(const Target& target, unsigned flags, Progress& progress) {
  current = &progress;
  const int result =
      ::kmod_module_probe_insert_module(target.module.get(), flags, nullptr, &refuse_command, nullptr, &note);
  current = nullptr;
  return result;
}

// The kernel has several reasons for EPERM, and most can be told apart from outside.
std::string_view why_not_permitted(const model::Roots& roots, std::string_view module, std::string_view otherwise) {
  if (text_of(roots.proc / "sys/kernel/modules_disabled") == "1")
    return "The kernel.modules_disabled switch is set: no module can be loaded until the next boot";
  if (kernel_refuses(roots, module)) return "It stands in module_blacklist= on the kernel's command line: remove it";
  const auto lockdown = text_of(roots.sys / "kernel/security/lockdown").value_or("");
  if (lockdown.find('[') != std::string::npos && lockdown.find("[none]") == std::string::npos)
    return "The kernel is locked down (Secure Boot) and the module is not signed by a key that it trusts: sign it with "
           "an enrolled key";
  return otherwise;
}

}  // namespace

Error insertion_error(const model::Roots& roots, int errno_value, std::string_view module, std::string_view wanted) {
  Error error = model::system_error(errno_value, "load the module", std::string{module},
                                    "Look at the kernel log for what it says of this module");
  error.module_reason = ModuleReason::failed;
  for (const auto& answer : kAnswers) {
    if (answer.errno_value != errno_value) continue;
    error.code = answer.code;
    error.module_reason = answer.reason;
    error.advice = errno_value == EPERM ? why_not_permitted(roots, module, answer.advice) : answer.advice;
  }
  if (module != wanted) error.operation = fmt::format("load, for {}, the module", wanted);
  return error;
}

std::expected<void, Error> load(const model::Roots& roots, std::string_view name) {
  const auto target = find_target(roots, name);
  if (!target) return std::unexpected(target.error());
  if (!target->module) return {};
  Progress progress{roots, {}, {}};
  const int result = insert(*target, KMOD_PROBE_APPLY_BLACKLIST, progress);
  if (result == 0) return {};
  if (progress.refused) return std::unexpected(*progress.refused);
  if (result > 0)
    return std::unexpected(
        Error{Code::denied, 0, "load the module", target->name, "It is blacklisted", ModuleReason::blacklisted});
  const auto& failed = progress.inserted.empty() ? target->name : progress.inserted.back();
  return std::unexpected(insertion_error(roots, -result, failed, target->name));
}

std::expected<std::vector<std::string>, Error> load_for_device(const model::Roots& roots, const std::string& modalias) {
  const auto context = Context::open(roots);
  if (!context) return std::unexpected(context.error());
  std::vector<std::string> there;
  std::optional<Error> failure;
  for (const auto& name : context->behind_alias(modalias)) {
    const auto loaded = load(roots, name);
    if (loaded)
      there.push_back(name);
    else if (!failure)
      failure = loaded.error();
  }
  if (!there.empty()) return there;
  if (failure) return std::unexpected(std::move(*failure));
  return std::unexpected(
      Error{Code::not_found, 0, "find a module for the device", printable(modalias),
            fmt::format("No module of kernel {} drives it: install the one that does", printable(context->release())),
            ModuleReason::not_found});
}

std::expected<std::vector<std::string>, Error> plan_load(const model::Roots& roots, std::string_view name) {
  const auto target = find_target(roots, name);
  if (!target) return std::unexpected(target.error());
  if (!target->module) return std::vector<std::string>{};
  Progress progress{roots, {}, {}};
  const int result = insert(*target, KMOD_PROBE_APPLY_BLACKLIST | KMOD_PROBE_DRY_RUN, progress);
  if (progress.refused) return std::unexpected(*progress.refused);
  if (result < 0) return std::unexpected(insertion_error(roots, -result, target->name, target->name));
  // A dry run does not see that a shared soft dependency is already there, and names it again.
  std::vector<std::string> plan;
  for (auto& module : progress.inserted)
    if (std::ranges::find(plan, module) == plan.end()) plan.push_back(std::move(module));
  return plan;
}

}  // namespace nic::kmod
