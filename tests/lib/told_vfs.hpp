// What a kernel with igb tells of VFs: values of this shape are what planning finds on a real machine.
#pragma once

#include "model/inventory.hpp"

namespace nic::test {

// A VF of which nothing was said yet.
inline model::VfSettings fresh_vf() {
  model::VfSettings vf;
  vf.mac = model::MacAddress{};
  vf.vlan = model::Vlan{};
  vf.trust = false;
  vf.spoof_check = true;
  vf.link_state = model::VfLinkState::automatic;
  vf.min_tx_rate = vf.max_tx_rate = 0;
  return vf;
}

// The interfaces of all PFs tell of all their VFs, what was said and what was not.
inline void tell_of_vfs(model::Inventory& now) {
  for (auto& net : now.net_devices) {
    const auto* pf = net.function ? now.function(*net.function) : nullptr;
    if (pf == nullptr || !pf->sriov) continue;
    for (const auto& [index, address] : pf->sriov->virtfns) {
      auto told = fresh_vf();
      if (const auto known = net.vfs.find(index); known != net.vfs.end()) lay_over(told, known->second);
      net.vfs[index] = told;
    }
  }
}

}  // namespace nic::test
