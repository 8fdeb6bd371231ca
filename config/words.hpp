// Texts of the configuration into values. Pure; a failure is one sentence that says what is right.
// Thread: any. Sources: nic-agent.toml(5); Kubernetes' IsExtendedResourceName and IsQualifiedName for resource names.
#pragma once

#include "model/config.hpp"
#include "model/driver_status.hpp"
#include "model/module.hpp"
#include "model/version.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::config {

template <class T>
using Read = std::expected<T, std::string>;

[[nodiscard]] Read<std::uint16_t> pci_id(std::string_view text);                         // four hexadecimal digits
[[nodiscard]] Read<std::vector<model::IndexRange>> index_ranges(std::string_view text);  // "0-3,5"
[[nodiscard]] Read<model::PfName> pf_name(std::string_view text);                        // "ens1f0#0-3"
[[nodiscard]] Read<model::RootDevice> root_device(std::string_view text);                // "0000:3b:00.0#0-3"
[[nodiscard]] Read<model::PciAddress> pci_address(std::string_view text);
[[nodiscard]] Read<model::DeviceType> device_type(std::string_view text);
[[nodiscard]] Read<model::OnDrift> on_drift(std::string_view text);
[[nodiscard]] Read<model::OnRival> on_rival(std::string_view text);
[[nodiscard]] Read<model::AcsPolicy> acs_policy(std::string_view text);
[[nodiscard]] Read<model::ReloadPolicy> reload_policy(std::string_view text);
[[nodiscard]] Read<model::EswitchMode> eswitch_mode(std::string_view text);
[[nodiscard]] Read<model::LinkType> link_type(std::string_view text);
[[nodiscard]] Read<model::VdpaType> vdpa_type(std::string_view text);
[[nodiscard]] Read<model::RdmaNetnsMode> rdma_netns_mode(std::string_view text);
[[nodiscard]] Read<model::PreferredAllocation> preferred_allocation(std::string_view text);
[[nodiscard]] Read<model::NodePermissions> node_permissions(std::string_view text);
[[nodiscard]] Read<model::RdmaNode> rdma_node(std::string_view text);
[[nodiscard]] Read<model::CdiMode> cdi_mode(std::string_view text);
[[nodiscard]] Read<std::string> interface_name(std::string_view text);
[[nodiscard]] Read<std::string> module_name(std::string_view text);
[[nodiscard]] Read<std::string> module_or_set(std::string_view text);   // "ib_uverbs", "@mlx5"
[[nodiscard]] Read<model::Provider> rdma_stack(std::string_view text);  // "inbox", "ofed"
[[nodiscard]] Read<model::Version> version(std::string_view text);      // "24.10-1.1.4"
[[nodiscard]] Read<model::PeerMemoryWish> peer_memory(std::string_view text);
[[nodiscard]] Read<std::string> run_file(std::string_view text);  // a file below /run
[[nodiscard]] Read<std::string> resource_name(std::string_view text);
[[nodiscard]] Read<model::ResourceKind> resource_kind(std::string_view text);
[[nodiscard]] Read<model::DeviceClass> device_class(std::string_view text);
[[nodiscard]] Read<std::uint16_t> pkey(std::string_view text);  // "0x8001"
[[nodiscard]] Read<std::string> aux_type(std::string_view text);
// What the kernel, a firmware or a CNI calls something: printable ASCII, 256 bytes at most.
[[nodiscard]] Read<std::string> printable_text(std::string_view text);
[[nodiscard]] Read<std::string> resource_prefix(std::string_view text);
[[nodiscard]] Read<std::string> plain_name(std::string_view text);  // names of policies and drivers
[[nodiscard]] Read<std::string> kubelet_root(std::string_view text);
[[nodiscard]] Read<std::string> file_path(std::string_view text);
[[nodiscard]] Read<model::Guid> guid(std::string_view text);
// The GUID of a PF's port, alone or at the end of the address of its IPoIB interface (20 bytes).
[[nodiscard]] Read<model::Guid> port_guid(std::string_view text);

// The candidate that is nearest to a misspelt word, if one is near enough to be meant.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      const std::vector<std::string_view>& candidates);

}  // namespace nic::config
