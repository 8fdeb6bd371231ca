// The kernel's side of rtnetlink where VFs are concerned, for drivers that cannot be had: it takes RTM_SETLINK, keeps
// what it was told, refuses what the driver refuses, and answers with what it keeps. Behaves as do_setvfinfo and
// rtnl_fill_vfinfo of net/core/rtnetlink.c.
#pragma once

#include "host/perform.hpp"
#include "host/vf_message.hpp"

#include <linux/rtnetlink.h>

#include <map>
#include <string>
#include <vector>

namespace nic::test {

class RtnetlinkPeer {
 public:
  std::map<unsigned, model::VfSettings> vfs;  // by index; a VF that is not here does not exist
  std::map<std::string, int> refuses;         // by the name of a setting: the errno that the driver answers
  std::vector<std::string> told;              // "vf 0: vlan 7", in order
  bool deaf{false};                           // accepts everything and does nothing

  [[nodiscard]] host::Rtnetlink rtnetlink() {
    return {[this](host::Bytes payload) { return set_link(payload); },
            [this](unsigned) -> std::expected<std::map<unsigned, model::VfSettings>, model::Error> { return vfs; }};
  }

 private:
  std::expected<void, model::Error> set_link(host::Bytes payload) {
    for (const auto& [index, settings] : host::parse_vfs(payload)) {
      const auto vf = vfs.find(index);
      if (vf == vfs.end()) return std::unexpected(model::system_error(EINVAL, "ask", "rtnetlink"));
      for (const auto& [name, value] : named(settings)) {
        told.push_back("vf " + std::to_string(index) + ": " + std::string{name} + " " + value);
        if (const auto refused = refuses.find(std::string{name}); refused != refuses.end())
          return std::unexpected(model::system_error(refused->second, "ask", "rtnetlink"));
      }
      if (!deaf) lay_over(vf->second, settings);
    }
    return {};
  }
};

}  // namespace nic::test
