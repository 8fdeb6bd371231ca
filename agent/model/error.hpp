// What went wrong outside, as a value that can be shown to an administrator.
// Thread: any (a value). Cost: a few strings. Codes map to D-Bus names, gRPC codes, exit codes and journal
// priorities in the tables of error_tables.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nic::model {

// Closed set of kinds. `protected_` carries an underscore because the bare word is a keyword.
enum class Code : std::uint8_t {
  not_found,    // the object is not (or no longer) there
  denied,       // the kernel or polkit said no
  busy,         // somebody else uses it; try again later
  no_space,     // memory, MMIO, bus numbers
  unsupported,  // this kernel, driver or device cannot
  invalid,      // the caller or the file asked for something that makes no sense
  protected_,   // the function carries the default route or is in use
  timed_out,    // a deadline passed
  stuck,        // an earlier kernel call has not come back
  internal,     // anything else, a bug in the agent included
};

// Why a kernel module was not loaded: kinds that call for different answers, where `Code` alone does not tell them
// apart. In the order of the answers of finit_module(2), then those given before the kernel is asked.
enum class ModuleReason : std::uint8_t {
  none,
  key_rejected,
  key_unknown,
  signature_damaged,
  wrong_kernel,
  does_not_fit,
  symbol_missing,
  not_permitted,
  forbidden,
  no_device,
  no_memory,
  busy,
  start_timed_out,
  already_registered,
  no_module_support,
  parameters_too_long,
  not_supported,
  file_unreadable,
  failed,
  blacklisted,
  install_command,
  not_found,
};

struct Error {
  Code code{Code::internal};
  int errno_value{0};     // errno of the kernel call, 0 where there was none
  std::string operation;  // what was attempted: "create 16 VFs"
  std::string object;     // on what: a PCI address, a path, file:line:column
  std::string advice;     // what an administrator can do; may be empty
  ModuleReason module_reason{ModuleReason::none};

  bool operator==(const Error&) const = default;

  // The same failure seen from one floor up: "reading the VF limit: open".
  [[nodiscard]] Error during(std::string_view activity) const;
  // One line: "create 16 VFs on 0000:3b:00.0: Cannot allocate memory. Enable SR-IOV in the BIOS ..."
  [[nodiscard]] std::string text() const;
};

// The Error of a failed system call; the code is derived from errno by a table.
[[nodiscard]] Error system_error(int errno_value, std::string operation, std::string object, std::string advice = {});
// An Error about input that makes no sense.
[[nodiscard]] Error invalid(std::string operation, std::string object, std::string advice = {});

[[nodiscard]] Code code_of_errno(int errno_value);
// The words used on D-Bus and in JSON: "notFound", "protected" ... Stable.
[[nodiscard]] std::string_view word(Code code);
// "Module.KeyRejected" ...; "" for none.
[[nodiscard]] std::string_view word(ModuleReason reason);

}  // namespace nic::model
