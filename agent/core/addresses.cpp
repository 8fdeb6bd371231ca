#include "core/addresses.hpp"

namespace nic::core {
namespace {

// Index 0 must differ from the PF's own address, which may be a local one already.
std::uint64_t mark(unsigned vf_index) { return std::uint64_t{vf_index} + 1; }

}  // namespace

model::MacAddress derived_mac(const model::MacAddress& pf, unsigned vf_index) {
  constexpr unsigned kVendor = 24;  // the second and third byte
  constexpr std::uint64_t kLocal = std::uint64_t{2} << 40U;
  return {(pf.value | kLocal) ^ (mark(vf_index) & 0xffffU) << kVendor};
}

model::Guid derived_guid(const model::Guid& pf, unsigned vf_index) {
  constexpr unsigned kMiddle = 24;  // ff:fe, or what the vendor made of it
  constexpr std::uint64_t kLocal = std::uint64_t{2} << 56U;
  return {(pf.value | kLocal) ^ (mark(vf_index) & 0xffffU) << kMiddle};
}

std::optional<model::MacAddress> own_mac(const model::Inventory& inventory, const model::PciFunction& pf) {
  for (const auto* net : inventory.net_devices_of(pf.address))
    if (const auto mac = model::MacAddress::parse(net->permanent_address); mac && mac->usable()) return mac;
  return std::nullopt;
}

std::optional<model::Guid> own_guid(const model::Inventory& inventory, const model::PciFunction& pf) {
  for (const auto* rdma : inventory.rdma_devices_of(pf.address))
    if (const auto guid = model::Guid::parse(rdma->node_guid); guid && guid->usable()) return guid;
  return std::nullopt;
}

std::set<model::Guid> port_guids(const model::Inventory& inventory, const model::PciFunction& pf) {
  constexpr std::size_t kText = (8 * 3) - 1;  // the last 8 of the 20 bytes of an IPoIB address
  std::set<model::Guid> guids;
  const auto add = [&](std::string_view text) {
    if (const auto guid = model::Guid::parse(text); guid && guid->usable()) guids.insert(*guid);
  };
  for (const auto* rdma : inventory.rdma_devices_of(pf.address))
    for (const auto& port : rdma->ports) add(port.guid);
  for (const auto* net : inventory.net_devices_of(pf.address))
    if (net->link_type == model::LinkType::infiniband && net->address.size() > kText)
      add(std::string_view{net->address}.substr(net->address.size() - kText));
  return guids;
}

}  // namespace nic::core
