// The commands of nicctl that need no agent: files in, text out. Thread: one; blocking.
#pragma once

#include "ctl/client.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace nic::ctl {

struct Offline {
  const std::vector<std::string>& files;  // "-": standard input
  const std::string& resource_prefix;     // of sriov resources that have none; "": as each of them has it by itself
  bool json{false};
  std::ostream& out;
  std::ostream& err;
};

// Documents of the sriov-network-operator and files of the device plugins as TOML; warnings go to `err`. Mistakes:
// Exit::failure, and no TOML.
[[nodiscard]] Exit import_documents(const Offline& call);
// What is wrong with each file: a configuration, one of a device plugin, or a pool of GUIDs. Mistakes, and keys and
// values that a device plugin would pass over in silence: Exit::failure.
[[nodiscard]] Exit check_config(const Offline& call);

// Why no resource could have this prefix; "" for a good one.
[[nodiscard]] std::string wrong_prefix(const std::string& prefix);

}  // namespace nic::ctl
