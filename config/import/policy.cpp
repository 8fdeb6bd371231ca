#include "config/import/policy.hpp"

namespace nic::config {
namespace {

// The operator keeps a policy of this name for itself and never applies it.
constexpr std::string_view kDefaultPolicy = "default";

std::string name_of(const Node& metadata, Findings& findings) {
  const Node* name = metadata.member("name");
  const auto text = name == nullptr ? plain_name("") : plain_name(name->text);
  if (!text) findings.mistake((name == nullptr ? metadata : *name).key_at, "metadata.name: " + text.error());
  return text.value_or("");
}

model::Selectors selectors(const MapReader& reader) {
  model::Selectors result;
  if (const auto vendor = reader.text("vendor", pci_id)) result.vendors = {*vendor};
  if (const auto device = reader.text("deviceID", pci_id)) result.devices = {*device};
  result.pf_names = reader.texts("pfNames", pf_name);
  result.root_devices = reader.texts("rootDevices", root_device);
  return result;
}

template <class Pf>
void check_ranges(const std::vector<Pf>& pfs, unsigned num_vfs, const MapReader& reader) {
  for (const auto& pf : pfs)
    for (const auto& range : pf.vfs)
      if (range.last >= num_vfs)
        reader.refuse("nicSelector", fmt::format("there is no VF {}: numVfs is {}", range.last, num_vfs));
}

}  // namespace

void read_policy(const Node& document, std::string_view resource_prefix, Findings& findings, Wishes& wishes) {
  const MapReader whole{document, "document", findings};
  whole.require("spec");
  whole.require("metadata");
  const Node* metadata = whole.map("metadata");
  const Node* spec = whole.map("spec");
  if (metadata == nullptr || spec == nullptr) return;
  model::SriovPolicy policy;
  policy.place = findings.place(document.at);
  policy.name = name_of(*metadata, findings);
  if (policy.name == kDefaultPolicy)
    return whole.warn("metadata", "the policy \"default\" is left out, as the operator does");

  const MapReader reader{*spec, "policy", findings};
  for (const auto name : {"resourceName", "numVfs", "nicSelector"}) reader.require(name);
  policy.priority = reader.number("priority", 0, model::kWeakestPriority).value_or(model::kWeakestPriority);
  policy.num_vfs = reader.number("numVfs", 0, kMostVfs).value_or(0);
  policy.mtu = mtu(reader);
  policy.device_type = reader.text("deviceType", device_type).value_or(model::DeviceType::netdevice);
  policy.eswitch_mode = eswitch_mode(reader);
  policy.externally_managed = reader.boolean("externallyManaged").value_or(false);
  if (const Node* nic_selector = reader.map("nicSelector")) {
    const MapReader which{*nic_selector, "nicSelector", findings};
    if (which.has("netFilter"))
      return which.warn("netFilter",
                        fmt::format("policy \"{}\" is left out: it means the networks of a cloud", policy.name));
    policy.selectors = selectors(which);
    if (policy.selectors.empty())
      reader.refuse("nicSelector", "name at least one of vendor, deviceID, rootDevices, pfNames");
    check_ranges(policy.selectors.pf_names, policy.num_vfs, reader);
    check_ranges(policy.selectors.root_devices, policy.num_vfs, reader);
  }
  policy.need_vhost_net = reader.boolean("needVhostNet").value_or(false);
  if (policy.need_vhost_net)
    reader.warn("needVhostNet", "the modules are loaded, but pods are given neither /dev/vhost-net nor /dev/net/tun");
  policy.vdpa_type = vdpa_type_of(reader, policy);
  policy.is_rdma = is_rdma(reader, policy);

  Offer offer;
  offer.resource = resource_name(reader, resource_prefix);
  offer.priority = policy.priority;
  offer.policy = policy.name;
  offer.selectors = selectors_of_vfs(policy);
  if (offer.selectors.devices.size() < policy.selectors.devices.size())
    reader.warn("nicSelector",
                "which device id the VFs of these PFs have is not known: see that the resource selects "
                "no others, and give it \"devices\" if it does");
  offer.exclude_topology = reader.boolean("excludeTopology").value_or(false);
  offer.place = policy.place;
  wishes.offers.push_back(std::move(offer));
  wishes.policies.push_back(std::move(policy));
}

}  // namespace nic::config
