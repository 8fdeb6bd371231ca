// Where the machine's trees are: made once in main or in a test and handed down; never a global, never an environment
// variable.
#pragma once

#include <filesystem>

namespace nic::model {

struct Roots {
  std::filesystem::path sys{"/sys"};
  std::filesystem::path proc{"/proc"};
  std::filesystem::path dev{"/dev"};
  std::filesystem::path run{"/run"};
  std::filesystem::path etc{"/etc"};
  std::filesystem::path usr_lib{"/usr/lib"};
  std::filesystem::path modules{"/lib/modules"};  // of all kernels
  std::filesystem::path state{"/var/lib/nic-agent"};
  std::filesystem::path boot{"/boot"};

  // The same trees below another folder, for tests.
  [[nodiscard]] static Roots below(const std::filesystem::path& root) {
    return {root / "sys", root / "proc",    root / "dev",         root / "run",
            root / "etc", root / "usr/lib", root / "lib/modules", root / "var/lib/nic-agent",
            root / "boot"};
  }
};

}  // namespace nic::model
