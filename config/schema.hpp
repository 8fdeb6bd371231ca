// Every key of the configuration, once: the parser, its messages and the test of nic-agent.toml(5) read this table.
// Thread: any (constants).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace nic::config {

enum class Type : std::uint8_t { text, number, boolean, texts, text_or_texts, table, tables, selector_or_list };

struct Key {
  std::string_view table;  // "" for the top level; "sriov.policy"
  std::string_view name;
  Type type;
  std::string_view about;  // one line
};

inline constexpr std::array kKeys{
    Key{"", "agent", Type::table, "How the agent behaves"},
    Key{"", "sriov", Type::table, "SR-IOV policies"},
    Key{"", "infiniband", Type::table, "What is the same for all InfiniBand PFs"},
    Key{"", "kernel_modules", Type::table, "Kernel modules that must be loaded"},
    Key{"", "gpudirect", Type::table, "RDMA from and to the memory of GPUs, and the way there"},
    Key{"", "rdma", Type::table, "The RDMA subsystem as a whole"},
    Key{"", "kubelet", Type::table, "The kubelet's device-plugin endpoint"},
    Key{"", "resource", Type::tables, "Resources that are offered to the kubelet"},
    Key{"agent", "auto_apply", Type::boolean, "Apply the plan by itself; false only shows it until Apply is called"},
    Key{"agent", "protected", Type::texts, "PCI addresses of functions that are never disturbed unless forced"},
    Key{"sriov", "policy", Type::tables, "What a set of PFs should be"},
    Key{"sriov.policy", "name", Type::text, "Name of the policy, unique"},
    Key{"sriov.policy", "selectors", Type::table, "Which PFs are meant"},
    Key{"sriov.policy", "priority", Type::number, "0 (strongest) to 99: who has a VF that two policies claim"},
    Key{"sriov.policy", "externally_managed", Type::boolean, "Somebody else makes the VFs; the PF is never written to"},
    Key{"sriov.policy", "on_drift", Type::text,
        "\"enforce\" or \"observe\": what others change is put right, or only shown"},
    Key{"sriov.policy", "num_vfs", Type::number, "Virtual functions of each PF, 0 to 65535"},
    Key{"sriov.policy", "mtu", Type::number, "MTU of the VFs, 68 to 65535; the PF is raised to it, never lowered"},
    Key{"sriov.policy", "device_type", Type::text, "Driver of the VFs: \"netdevice\" or \"vfio-pci\""},
    Key{"sriov.policy", "is_rdma", Type::boolean, "Each VF is to have an RDMA device that works; not with vfio-pci"},
    Key{"sriov.policy", "need_vhost_net", Type::boolean, "Modules vhost_net and tun are loaded"},
    Key{"sriov.policy", "vdpa_type", Type::text, "A vDPA device on each VF: \"virtio\" or \"vhost\""},
    Key{"sriov.policy", "eswitch_mode", Type::text, "Mode of the PF's eswitch: \"legacy\" or \"switchdev\""},
    Key{"sriov.policy", "macs", Type::text_or_texts,
        "MAC addresses of Ethernet VFs: \"derived\", or addresses and ranges"},
    Key{"sriov.policy", "guids", Type::text_or_texts,
        "GUIDs of InfiniBand VFs: \"derived\", \"pool\", or GUIDs and ranges"},
    Key{"sriov.policy", "vlan", Type::number, "VLAN of the VFs, 0 (none) to 4094"},
    Key{"sriov.policy", "vlan_qos", Type::number, "Priority in the VLAN tag, 0 to 7"},
    Key{"sriov.policy", "vlan_proto", Type::text, "\"802.1q\" or \"802.1ad\""},
    Key{"sriov.policy", "trust", Type::boolean, "The VFs may ask for promiscuous mode and other MAC addresses"},
    Key{"sriov.policy", "spoofchk", Type::boolean, "Frames with another source address than the VF's are dropped"},
    Key{"sriov.policy", "link_state", Type::text, "The VFs' link: \"auto\", \"enable\" or \"disable\""},
    Key{"sriov.policy", "min_tx_rate", Type::number, "Guaranteed rate of each VF in Mbit/s, 0: none"},
    Key{"sriov.policy", "max_tx_rate", Type::number, "Most that each VF may send in Mbit/s, 0: no limit"},
    Key{"sriov.policy", "group", Type::tables, "VFs that differ from the rest"},
    Key{"sriov.policy.group", "vfs", Type::text, "VF indexes: \"0-3,5\""},
    Key{"sriov.policy.group", "device_type", Type::text, "Driver of these VFs"},
    Key{"sriov.policy.group", "mtu", Type::number, "MTU of these VFs"},
    Key{"sriov.policy.group", "is_rdma", Type::boolean, "Each of these VFs is to have an RDMA device that works"},
    Key{"sriov.policy.group", "vdpa_type", Type::text, "A vDPA device on each of these VFs"},
    Key{"sriov.policy.group", "macs", Type::text_or_texts,
        "MAC addresses of Ethernet VFs: \"derived\", or addresses and ranges"},
    Key{"sriov.policy.group", "guids", Type::text_or_texts,
        "GUIDs of InfiniBand VFs: \"derived\", \"pool\", or GUIDs and ranges"},
    Key{"sriov.policy.group", "vlan", Type::number, "VLAN of the VFs, 0 (none) to 4094"},
    Key{"sriov.policy.group", "vlan_qos", Type::number, "Priority in the VLAN tag, 0 to 7"},
    Key{"sriov.policy.group", "vlan_proto", Type::text, "\"802.1q\" or \"802.1ad\""},
    Key{"sriov.policy.group", "trust", Type::boolean, "The VFs may ask for promiscuous mode and other MAC addresses"},
    Key{"sriov.policy.group", "spoofchk", Type::boolean,
        "Frames with another source address than the VF's are dropped"},
    Key{"sriov.policy.group", "link_state", Type::text, "The VFs' link: \"auto\", \"enable\" or \"disable\""},
    Key{"sriov.policy.group", "min_tx_rate", Type::number, "Guaranteed rate of each VF in Mbit/s, 0: none"},
    Key{"sriov.policy.group", "max_tx_rate", Type::number, "Most that each VF may send in Mbit/s, 0: no limit"},
    Key{"sriov.policy.selectors", "vendors", Type::texts, "PCI vendor ids: \"15b3\""},
    Key{"sriov.policy.selectors", "devices", Type::texts, "PCI device ids of the PF: \"1021\""},
    Key{"sriov.policy.selectors", "pf_names", Type::texts, "Interface names of PFs, with VF ranges: \"ens1f0#0-3\""},
    Key{"sriov.policy.selectors", "root_devices", Type::texts, "PCI addresses of PFs, with VF ranges"},
    Key{"sriov.policy.selectors", "link_types", Type::texts, "\"ethernet\" or \"infiniband\""},
    Key{"infiniband", "guid_pool", Type::text, "File that guids = \"pool\" takes GUIDs from"},
    Key{"kernel_modules", "required", Type::texts,
        "Modules that are loaded, by their exact names, and sets: \"@mlx5\""},
    Key{"kernel_modules", "rdma_stack", Type::text, "Whose RDMA stack has to run: \"inbox\" or \"ofed\""},
    Key{"kernel_modules", "require_signed", Type::boolean, "Required modules have to be signed"},
    Key{"kernel_modules", "reload", Type::text,
        "A module that runs in another build than the one on disk: \"never\" loaded anew by itself, or \"when-safe\""},
    Key{"kernel_modules", "ready_file", Type::text, "File that is there as long as the drivers are right"},
    Key{"kernel_modules", "version", Type::tables, "Which versions of a module will do"},
    Key{"kernel_modules.version", "name", Type::text, "Name of the module"},
    Key{"kernel_modules.version", "min", Type::text, "The oldest version that will do"},
    Key{"kernel_modules.version", "max", Type::text, "The newest version that will do"},
    Key{"gpudirect", "peer_memory", Type::text,
        "How GPU memory is registered: \"auto\", \"dmabuf\", \"peermem\" or \"none\""},
    Key{"rdma", "netns_mode", Type::text, "RDMA devices and network namespaces: \"shared\" or \"exclusive\""},
    Key{"gpudirect", "acs", Type::text, "ACS redirection between GPUs and NICs: \"leave\" or \"off-on-gpu-paths\""},
    Key{"gpudirect", "max_read_request", Type::number,
        "Most bytes that the NICs nearest to GPUs read at once: 128, 256, 512, 1024, 2048 or 4096"},
    Key{"kubelet", "enabled", Type::boolean, "Offer the resources to the kubelet"},
    Key{"kubelet", "root", Type::text, "Root directory of the kubelet"},
    Key{"kubelet", "on_rival", Type::text,
        "A resource that another device plugin offers too: \"take-over\" or \"stand-by\" until it goes"},
    Key{"resource", "name", Type::text, "Extended resource name: \"example.com/rdma\""},
    Key{"resource", "kind", Type::text, "\"shared\" or \"exclusive\""},
    Key{"resource", "rdma_hca_max", Type::number, "How many pods may share it, 1 to 100000; shared only"},
    Key{"resource", "selectors", Type::selector_or_list, "Which functions are meant: a table, or a list of tables"},
    Key{"resource", "exclude_topology", Type::boolean, "Do not tell the kubelet the NUMA node"},
    Key{"resource.selectors", "vendors", Type::texts, "PCI vendor ids"},
    Key{"resource.selectors", "devices", Type::texts, "PCI device ids"},
    Key{"resource.selectors", "drivers", Type::texts, "Names of the bound driver"},
    Key{"resource.selectors", "pf_names", Type::texts, "VFs of the PF with this interface name, with VF ranges"},
    Key{"resource.selectors", "root_devices", Type::texts, "VFs of the PF with this address, with VF ranges"},
    Key{"resource.selectors", "pci_addresses", Type::texts, "PCI addresses"},
    Key{"resource.selectors", "if_names", Type::texts, "Names of the function's own network interface"},
    Key{"resource.selectors", "link_types", Type::texts, "\"ethernet\" or \"infiniband\""},
    Key{"resource.selectors", "is_rdma", Type::boolean, "Only functions with an RDMA device"},
};

}  // namespace nic::config
