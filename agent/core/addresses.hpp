// Addresses of VFs: from a pool, or made from the PF's own one so that they are the same after every reboot. Pure.
#pragma once

#include "model/config.hpp"
#include "model/hardware_address.hpp"
#include "model/inventory.hpp"

#include <optional>
#include <set>

namespace nic::core {

// The PF's own address with the local bit set and the VF's index laid over its vendor part: its last three bytes tell
// whose VF it is, and no two VFs of a PF share one. Source: IEEE 802, "Universal/Local" bit.
[[nodiscard]] model::MacAddress derived_mac(const model::MacAddress& pf, unsigned vf_index);
// The same with the two middle bytes of the EUI-64.
[[nodiscard]] model::Guid derived_guid(const model::Guid& pf, unsigned vf_index);

// What derived addresses are made of: the address that the card was made with; nullopt where the kernel does not tell
// it.
[[nodiscard]] std::optional<model::MacAddress> own_mac(const model::Inventory& inventory, const model::PciFunction& pf);
// The node GUID of the PF's RDMA device.
[[nodiscard]] std::optional<model::Guid> own_guid(const model::Inventory& inventory, const model::PciFunction& pf);

// The GUIDs of the PF's InfiniBand ports, as its RDMA device and the interfaces of ib_ipoib tell them.
[[nodiscard]] std::set<model::Guid> port_guids(const model::Inventory& inventory, const model::PciFunction& pf);

// Address `position` of the pool, from 0; nullopt behind its end.
template <class Address>
[[nodiscard]] std::optional<Address> nth(const model::AddressPool<Address>& pool, std::uint64_t position) {
  for (const auto& [first, last] : pool.ranges) {
    const std::uint64_t more = last.value - first.value;  // beside the first
    if (position <= more) return Address{first.value + position};
    position -= more + 1;
  }
  return std::nullopt;
}

}  // namespace nic::core
