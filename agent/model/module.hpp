// What is known of one kernel module: the file that would load against the one that runs.
// Thread: any (values). Made by kmod/, shown on D-Bus. Sources: libkmod, /sys/module, modules.builtin, modprobe.d(5).
#pragma once

#include "model/error.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace nic::model {

enum class ModuleState : std::uint8_t { absent, builtin, live, coming, going };
enum class Verdict : std::uint8_t { pass, warn, fail, unknown };

struct Finding {
  Verdict severity{Verdict::unknown};
  std::string text;  // one sentence, with what to do

  bool operator==(const Finding&) const = default;
};

struct ModuleReport {
  std::string name;  // as the kernel spells it, with underscores
  bool wanted{false};
  ModuleState state{ModuleState::absent};
  std::string file;  // that would load; "" where there is none (builtin, missing)
  std::string version;
  std::string vermagic;
  bool vermagic_matches{true};
  std::string signature_id, signer, signature_key, signature_hash;  // "" where the file is not signed
  std::string build_id_file;                                        // lower-case hex; "" unknown
  std::string build_id_running;                                     // "" unknown or not loaded
  std::string blacklisted_by;                                       // the modprobe.d file, "" if it is not
  std::string provider;  // "inbox", "dkms", "extra" ...: by the file's folder
  Verdict verdict{Verdict::unknown};
  std::vector<Finding> findings;
  std::vector<Error> errors;  // last failure to load, files that could not be read

  bool operator==(const ModuleReport&) const = default;
  [[nodiscard]] bool loaded() const { return state == ModuleState::live || state == ModuleState::builtin; }
};

[[nodiscard]] std::string_view word(ModuleState state);
[[nodiscard]] std::string_view word(Verdict verdict);
// The kernel's spelling: dashes become underscores.
[[nodiscard]] std::string kernel_name(std::string_view module);

}  // namespace nic::model
