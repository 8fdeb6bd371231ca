#include "kmod/unload.hpp"

#include "kmod/context.hpp"
#include "model/module.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

namespace nic::kmod {
namespace {

using model::Code;
using model::Error;

struct Answer {
  int errno_value;
  Code code;
  std::string_view advice;
};

// What delete_module() in the kernel's kernel/module/main.c means by each.
constexpr std::array kAnswers{
    Answer{
        EAGAIN, Code::busy,
        "It is in use: end the programs that have its devices open (lsof /dev/infiniband), and take down what stands "
        "on them"},
    Answer{
        EBUSY, Code::busy,
        "It cannot be unloaded, or is just starting or stopping: a module without an exit stays until the next boot"},
    Answer{EPERM, Code::denied, "The kernel does not let modules be unloaded: the service needs CAP_SYS_MODULE"},
    Answer{EFAULT, Code::internal, "The kernel could not read the name"},
};

// Modules that hold on to it.
std::vector<std::string> holders(const model::Roots& roots, std::string_view module) {
  std::vector<std::string> names;
  std::error_code failure;
  const auto folder = roots.sys / "module" / module / "holders";
  for (std::filesystem::directory_iterator entry{folder, failure}, end; !failure && entry != end;
       entry.increment(failure))
    names.push_back(printable(entry->path().filename().string()));
  std::ranges::sort(names);
  return names;
}

std::string advice_for(const model::Roots& roots, int errno_value, std::string_view module,
                       std::string_view otherwise) {
  if (errno_value == EAGAIN)
    if (const auto names = holders(roots, module); !names.empty())
      return fmt::format("Other modules need it: {}; unload them first", fmt::join(names, ", "));
  if (errno_value == EPERM && text_of(roots.proc / "sys/kernel/modules_disabled") == "1")
    return "The kernel.modules_disabled switch is set: no module can be unloaded until the next boot";
  return std::string{otherwise};
}

}  // namespace

Error removal_error(const model::Roots& roots, int errno_value, std::string_view module) {
  Error error = model::system_error(errno_value, "unload the module", std::string{module},
                                    "Look at the kernel log for what it says of this module");
  for (const auto& answer : kAnswers) {
    if (answer.errno_value != errno_value) continue;
    error.code = answer.code;
    error.advice = advice_for(roots, errno_value, module, answer.advice);
  }
  return error;
}

std::expected<void, Error> unload(const model::Roots& roots, std::string_view wanted) {
  if (const auto valid = check_name(wanted); !valid) return std::unexpected(valid.error());
  const auto name = model::kernel_name(wanted);
  const auto state = sysfs_state(roots, name);
  if (!state) return {};
  if (state->empty())
    return std::unexpected(Error{Code::unsupported, 0, "unload the module", name,
                                 "It is built into the kernel, or just starting: it cannot be unloaded"});
  const auto context = Context::open(roots);
  if (!context) return std::unexpected(context.error());
  ::kmod_module* found = nullptr;
  if (const int failed = ::kmod_module_new_from_name(context->get(), name.c_str(), &found); failed < 0)
    return std::unexpected(removal_error(roots, -failed, name));
  const ModulePtr module{found, &::kmod_module_unref};
  const int result = ::kmod_module_remove_module(module.get(), 0);
  // Another one was quicker.
  if (result == 0 || result == -ENOENT) return {};
  return std::unexpected(removal_error(roots, -result, name));
}

}  // namespace nic::kmod
