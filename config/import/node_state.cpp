#include "config/import/node_state.hpp"

#include <algorithm>
#include <map>

namespace nic::config {
namespace {

struct Interface {
  model::PciAddress pf;
  unsigned num_vfs{0};
  std::optional<unsigned> mtu;
  bool externally_managed{false};
  std::optional<model::EswitchMode> eswitch_mode;
};

// The policy that a PF without one is given: "pf-0000-3b-00.0".
std::string name_for(const model::PciAddress& pf) {
  std::string name = "pf-" + pf.text();
  std::ranges::replace(name, ':', '-');
  return name;
}

PfShare share_of(const Interface& interface, model::Place place) {
  PfShare share;
  share.pf = interface.pf;
  share.wish.name = name_for(interface.pf);
  share.wish.num_vfs = interface.num_vfs;
  share.wish.mtu = interface.mtu;
  share.wish.externally_managed = interface.externally_managed;
  share.wish.eswitch_mode = interface.eswitch_mode;
  share.wish.place = std::move(place);
  return share;
}

// The group of this PF that has some of these VFs.
const PfShare* holder(const model::IndexRange& range, const model::PciAddress& pf, const PfShares& shares) {
  const auto found = std::ranges::find_if(shares.all, [&](const PfShare& share) {
    return share.pf == pf && std::ranges::any_of(share.vfs, [&](const model::IndexRange& taken) {
             return range.first <= taken.last && taken.first <= range.last;
           });
  });
  return found == shares.all.end() ? nullptr : &*found;
}

void read_group(const Node& node, const Interface& interface, std::string_view resource_prefix, Findings& findings,
                PfShares& shares) {
  const MapReader reader{node, "vfGroup", findings};
  for (const auto name : {"resourceName", "vfRange"}) reader.require(name);
  PfShare share = share_of(interface, reader.place());
  share.resource = resource_name(reader, resource_prefix);
  share.vfs = reader.text("vfRange", index_ranges).value_or(std::vector<model::IndexRange>{});
  for (const auto& range : share.vfs) {
    if (range.last >= interface.num_vfs)
      reader.refuse("vfRange", fmt::format("there is no VF {}: numVfs is {}", range.last, interface.num_vfs));
    if (const PfShare* other = holder(range, interface.pf, shares))
      reader.refuse("vfRange", fmt::format("some of them are in the group at {} already", other->wish.place.text()));
  }
  if (auto name = reader.text("policyName", plain_name)) share.wish.name = std::move(*name);
  share.wish.device_type = reader.text("deviceType", device_type).value_or(model::DeviceType::netdevice);
  share.wish.mtu = mtu(reader);
  share.wish.is_rdma = is_rdma(reader, share.wish);
  share.wish.vdpa_type = vdpa_type_of(reader, share.wish);
  shares.all.push_back(std::move(share));
}

// The MTU of a PF is that of the largest of its policies; without one there it can only be given to all.
void spread_mtu(const Interface& interface, const MapReader& reader, const std::vector<PfShare>::iterator first,
                const std::vector<PfShare>::iterator last) {
  unsigned most = 0;
  std::for_each(first, last, [&](const PfShare& share) { most = std::max(most, share.wish.mtu.value_or(0)); });
  if (interface.mtu.value_or(0) <= most || first == last) return;
  if (most != 0)
    return reader.warn("mtu", fmt::format("not taken over: the PF gets {}, the largest MTU of its VFs", most));
  reader.warn("mtu", "the VFs get it too");
  std::for_each(first, last, [&](PfShare& share) { share.wish.mtu = interface.mtu; });
}

void read_interface(const Node& node, std::string_view resource_prefix, Findings& findings, PfShares& shares) {
  const MapReader reader{node, "interface", findings};
  reader.require("pciAddress");
  const auto address = reader.text("pciAddress", pci_address);
  if (!address) return;
  const auto& groups = reader.list("vfGroups");
  if (shares.all.size() + groups.size() >= kMostWishes)
    return reader.refuse("vfGroups", fmt::format("there are more than {} VF groups", kMostWishes));
  const auto twin = std::ranges::find(shares.all, *address, &PfShare::pf);
  if (twin != shares.all.end())
    return reader.refuse("pciAddress", fmt::format("this PF stands at {} already", twin->wish.place.text()));
  const Interface interface{*address, reader.number("numVfs", 0, kMostVfs).value_or(0), mtu(reader),
                            reader.boolean("externallyManaged").value_or(false), eswitch_mode(reader)};
  const auto before = static_cast<std::ptrdiff_t>(shares.all.size());
  for (const Node& group : groups) read_group(group, interface, resource_prefix, findings, shares);
  spread_mtu(interface, reader, shares.all.begin() + before, shares.all.end());
  if (groups.empty()) shares.all.push_back(share_of(interface, reader.place()));
}

void read_rdma_mode(const MapReader& reader, PfShares& shares) {
  const auto mode = reader.text("rdmaMode", rdma_netns_mode);
  if (!mode) return;
  if (shares.rdma_netns_mode && shares.rdma_netns_mode != mode)
    return reader.refuse("rdmaMode", fmt::format("another document says {}", word(*shares.rdma_netns_mode)));
  shares.rdma_netns_mode = mode;
}

// The same wish but for the PF: they came of one policy.
bool alike(const PfShare& a, const PfShare& b) {
  auto wish = a.wish;
  wish.place = b.wish.place;
  return wish == b.wish && a.resource == b.resource;
}

// What one policy made of several PFs.
struct Merged {
  PfShare share;  // the first
  std::vector<model::RootDevice> devices;
};

void add_pf(std::vector<model::RootDevice>& devices, const PfShare& share) {
  const auto known = std::ranges::find(devices, share.pf, &model::RootDevice::address);
  if (known == devices.end())
    devices.push_back({share.pf, share.vfs});
  else
    known->vfs.insert(known->vfs.end(), share.vfs.begin(), share.vfs.end());
}

// All VFs of a PF need no range.
void drop_whole_ranges(model::SriovPolicy& policy) {
  for (auto& device : policy.selectors.root_devices)
    if (policy.num_vfs > 0 && device.vfs == std::vector<model::IndexRange>{{0, policy.num_vfs - 1}}) device.vfs.clear();
}

// Wishes of one name that differ from PF to PF cannot be one policy.
std::string unique(const std::string& name, std::map<std::string, unsigned>& used) {
  constexpr std::size_t kMostName = 64;
  const unsigned count = ++used[name];
  if (count == 1) return name;
  const auto suffix = fmt::format("-{}", count);
  const auto other = name.substr(0, kMostName - suffix.size()) + suffix;
  return used.contains(other) ? unique(name, used) : (used[other] = 1, other);
}

}  // namespace

void read_node_state(const Node& document, std::string_view resource_prefix, Findings& findings, PfShares& shares) {
  const MapReader whole{document, "document", findings};
  whole.require("metadata");
  const Node* metadata = whole.map("metadata");
  const Node* name = metadata == nullptr ? nullptr : metadata->member("name");
  const std::string node = name == nullptr ? "" : name->text;
  if (shares.node && *shares.node != node)
    return whole.refuse("metadata", fmt::format("it is the state of \"{}\" after that of \"{}\": a configuration is of "
                                                "one machine, give one state",
                                                node.substr(0, 64), shares.node->substr(0, 64)));
  shares.node = node;
  const Node* spec = whole.map("spec");
  if (spec == nullptr) return;
  const MapReader reader{*spec, "state", findings};
  if (const Node* system = reader.map("system")) read_rdma_mode(MapReader{*system, "system", findings}, shares);
  for (const Node& interface : reader.list("interfaces")) read_interface(interface, resource_prefix, findings, shares);
}

void read_pool(const Node& document, Findings& findings, PfShares& shares) {
  const MapReader whole{document, "document", findings};
  if (const Node* spec = whole.map("spec")) read_rdma_mode(MapReader{*spec, "pool", findings}, shares);
}

bool is_record(const Node& document) {
  return document.member("kind") == nullptr && document.member("pciAddress") != nullptr;
}

void read_record(const Node& document, std::string_view resource_prefix, Findings& findings, PfShares& shares) {
  read_interface(document, resource_prefix, findings, shares);
}

void add_policies(const PfShares& shares, Wishes& wishes) {
  std::vector<Merged> merged;
  for (const auto& share : shares.all) {
    auto same = std::ranges::find_if(merged, [&](const Merged& other) { return alike(other.share, share); });
    if (same == merged.end()) same = merged.insert(merged.end(), Merged{share, {}});
    add_pf(same->devices, share);
  }
  std::map<std::string, unsigned> used;
  for (auto& [share, devices] : merged) {
    model::SriovPolicy policy = std::move(share.wish);
    policy.name = unique(policy.name, used);
    policy.selectors.root_devices = std::move(devices);
    if (!share.resource.empty())
      wishes.offers.push_back(
          {share.resource, policy.priority, policy.name, selectors_of_vfs(policy), false, policy.place});
    drop_whole_ranges(policy);
    wishes.policies.push_back(std::move(policy));
  }
}

}  // namespace nic::config
