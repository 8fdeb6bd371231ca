#include "model/error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace nic::model {
namespace {

struct ErrnoCode {
  int errno_value;
  Code code;
};

// Linux errno(3) to our kinds; whatever is not here is internal.
constexpr std::array kErrnoCodes{
    ErrnoCode{ENOENT, Code::not_found},
    ErrnoCode{ENODEV, Code::not_found},
    ErrnoCode{ENXIO, Code::not_found},
    ErrnoCode{ESRCH, Code::not_found},
    ErrnoCode{EACCES, Code::denied},
    ErrnoCode{EPERM, Code::denied},
    ErrnoCode{EROFS, Code::denied},
    ErrnoCode{EKEYREJECTED, Code::denied},
    ErrnoCode{EBUSY, Code::busy},
    ErrnoCode{EAGAIN, Code::busy},
    ErrnoCode{ENOMEM, Code::no_space},
    ErrnoCode{ENOSPC, Code::no_space},
    ErrnoCode{EOPNOTSUPP, Code::unsupported},
    ErrnoCode{ENOSYS, Code::unsupported},
    ErrnoCode{ENOTTY, Code::unsupported},
    ErrnoCode{EINVAL, Code::invalid},
    ErrnoCode{ERANGE, Code::invalid},
    ErrnoCode{ENAMETOOLONG, Code::invalid},
    ErrnoCode{ETIMEDOUT, Code::timed_out},
    ErrnoCode{ECANCELED, Code::timed_out},
};

}  // namespace

Code code_of_errno(int errno_value) {
  for (const auto& entry : kErrnoCodes)
    if (entry.errno_value == errno_value) return entry.code;
  return Code::internal;
}

Error Error::during(std::string_view activity) const {
  Error wider = *this;
  wider.operation = std::string{activity} + ": " + operation;
  return wider;
}

std::string Error::text() const {
  std::string line = operation;
  if (!object.empty()) line += (line.empty() ? "" : " ") + object;
  if (errno_value != 0) {
    const char* description = ::strerrordesc_np(errno_value);  // null for what is no errno of the C library
    line += ": " + (description == nullptr ? "error " + std::to_string(errno_value) : std::string{description});
  }
  if (!advice.empty()) line += (errno_value != 0 ? ". " : ": ") + advice;
  return line;
}

Error system_error(int errno_value, std::string operation, std::string object, std::string advice) {
  return {code_of_errno(errno_value), errno_value, std::move(operation), std::move(object), std::move(advice), {}};
}

Error invalid(std::string operation, std::string object, std::string advice) {
  return {Code::invalid, 0, std::move(operation), std::move(object), std::move(advice), {}};
}

std::string_view word(Code code) {
  switch (code) {
    case Code::not_found: return "notFound";
    case Code::denied: return "denied";
    case Code::busy: return "busy";
    case Code::no_space: return "noSpace";
    case Code::unsupported: return "unsupported";
    case Code::invalid: return "invalid";
    case Code::protected_: return "protected";
    case Code::timed_out: return "timedOut";
    case Code::stuck: return "stuck";
    case Code::internal: return "internal";
  }
  std::unreachable();
}

std::string_view word(ModuleReason reason) {
  switch (reason) {
    case ModuleReason::none: return "";
    case ModuleReason::key_rejected: return "Module.KeyRejected";
    case ModuleReason::key_unknown: return "Module.KeyUnknown";
    case ModuleReason::signature_damaged: return "Module.SignatureDamaged";
    case ModuleReason::wrong_kernel: return "Module.WrongKernel";
    case ModuleReason::does_not_fit: return "Module.DoesNotFit";
    case ModuleReason::symbol_missing: return "Module.SymbolMissing";
    case ModuleReason::not_permitted: return "Module.NotPermitted";
    case ModuleReason::forbidden: return "Module.Forbidden";
    case ModuleReason::no_device: return "Module.NoDevice";
    case ModuleReason::no_memory: return "Module.NoMemory";
    case ModuleReason::busy: return "Module.Busy";
    case ModuleReason::start_timed_out: return "Module.StartTimedOut";
    case ModuleReason::already_registered: return "Module.AlreadyRegistered";
    case ModuleReason::no_module_support: return "Module.NoModuleSupport";
    case ModuleReason::parameters_too_long: return "Module.ParametersTooLong";
    case ModuleReason::not_supported: return "Module.NotSupported";
    case ModuleReason::file_unreadable: return "Module.FileUnreadable";
    case ModuleReason::failed: return "Module.Failed";
    case ModuleReason::blacklisted: return "Module.Blacklisted";
    case ModuleReason::install_command: return "Module.InstallCommand";
    case ModuleReason::not_found: return "Module.NotFound";
  }
  std::unreachable();
}

}  // namespace nic::model
