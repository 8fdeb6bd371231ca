// What is known of one kernel module: the file that would load against the one that runs.
// Thread: any (values). Made by kmod/, shown on D-Bus. Sources: libkmod, /sys/module, modules.builtin, modprobe.d(5).
#pragma once

#include "model/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::model {

enum class ModuleState : std::uint8_t { absent, builtin, live, coming, going };
enum class Verdict : std::uint8_t { pass, warn, fail, unknown };
// Whose driver: the kernel's own, one of an out-of-tree RDMA stack (MLNX_OFED, DOCA), whose modules all stand on
// mlx_compat, or another one that was built outside of the kernel's tree.
enum class Provider : std::uint8_t { unknown, inbox, ofed, other };

struct Finding {
  Verdict severity{Verdict::unknown};
  std::string text;  // one sentence, with what to do

  bool operator==(const Finding&) const = default;
};

// A parameter that modprobe.d or the kernel's command line sets.
struct ModuleParameter {
  std::string name;
  std::string wanted;                  // as written
  std::optional<std::string> running;  // as /sys/module/<name>/parameters shows it; nullopt where it cannot be read
  std::optional<bool> differs;  // compared by the parameter's type: 0x2 is 2, and Y is 1; nullopt: cannot be told

  bool operator==(const ModuleParameter&) const = default;
};

struct ModuleReport {
  std::string name;  // as the kernel spells it, with underscores
  bool wanted{false};
  ModuleState state{ModuleState::absent};
  std::string file;     // that would load; "" where there is none (builtin, missing)
  std::string version;  // of the running one, and where none runs, of the file
  std::string version_file;
  std::string vermagic;
  bool vermagic_matches{true};
  std::string signature_id, signer, signature_key, signature_hash;  // "" where the file is not signed
  std::string build_id_file;                                        // lower-case hex; "" unknown
  std::string build_id_running;                                     // "" unknown or not loaded
  std::string srcversion_file, srcversion_running;                  // a hash of the sources alone; "" unknown
  std::string blacklisted_by;                                       // the modprobe.d file, "" if it is not
  std::string folder;  // where the file lies in the kernel's tree: "kernel", "dkms", "extra" ...
  Provider provider_file{Provider::unknown}, provider_running{Provider::unknown};
  std::string taint;  // of the running one, letters of the kernel: "OE"
  std::vector<ModuleParameter> parameters;
  Verdict verdict{Verdict::unknown};
  std::vector<Finding> findings;
  std::vector<Error> errors;  // last failure to load, files that could not be read

  bool operator==(const ModuleReport&) const = default;
  [[nodiscard]] bool loaded() const { return state == ModuleState::live || state == ModuleState::builtin; }
};

[[nodiscard]] std::string_view word(ModuleState state);
[[nodiscard]] std::string_view word(Verdict verdict);
[[nodiscard]] std::string_view word(Provider provider);  // "inbox", "ofed", "other", "unknown"
// Null where there is none of this name, which is in the kernel's spelling.
[[nodiscard]] const ModuleReport* report_of(const std::vector<ModuleReport>& modules, std::string_view name);
// fail before warn before unknown before pass; `of_none` where there are no findings.
[[nodiscard]] Verdict worst(const std::vector<Finding>& findings, Verdict of_none);
// The kernel's spelling: dashes become underscores.
[[nodiscard]] std::string kernel_name(std::string_view module);

}  // namespace nic::model
