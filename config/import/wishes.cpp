#include "config/import/wishes.hpp"

#include "config/import/vf_ids.hpp"

namespace nic::config {
namespace {

constexpr unsigned kLeastMtu = 68;  // RFC 791
constexpr unsigned kMostMtu = 65535;

// A policy without ranges means its own VFs: those from 0 to num_vfs - 1.
template <class Pf>
std::vector<Pf> with_ranges(std::vector<Pf> pfs, unsigned num_vfs) {
  for (auto& pf : pfs)
    if (pf.vfs.empty() && num_vfs > 0) pf.vfs = {{0, num_vfs - 1}};
  return pfs;
}

}  // namespace

std::optional<unsigned> mtu(const MapReader& reader) {
  const auto given = reader.number("mtu", 0, kMostMtu);
  if (!given || *given == 0) return std::nullopt;
  if (*given < kLeastMtu) reader.refuse("mtu", fmt::format("the least is {}", kLeastMtu));
  return given;
}

std::optional<model::EswitchMode> eswitch_mode(const MapReader& reader) {
  using Maybe = std::optional<model::EswitchMode>;
  return reader
      .text("eSwitchMode",
            [](std::string_view text) -> Read<Maybe> {
              if (text.empty()) return Maybe{};
              const auto mode = eswitch_mode(text);
              return mode ? Read<Maybe>{Maybe{*mode}} : std::unexpected(mode.error());
            })
      .value_or(std::nullopt);
}

bool is_rdma(const MapReader& reader, const model::SriovPolicy& policy) {
  const bool asked = reader.boolean("isRdma").value_or(false);
  if (asked && policy.device_type == model::DeviceType::vfio_pci)
    reader.refuse("isRdma", "a VF on vfio-pci has no RDMA device");
  return asked;
}

std::optional<model::VdpaType> vdpa_type_of(const MapReader& reader, const model::SriovPolicy& policy) {
  const auto type = reader.text("vdpaType", vdpa_type);
  if (type && policy.device_type == model::DeviceType::vfio_pci)
    reader.refuse("vdpaType", "a VF on vfio-pci has no vDPA device");
  if (type && policy.eswitch_mode != model::EswitchMode::switchdev)
    reader.refuse("vdpaType", "vDPA devices need eSwitchMode switchdev");
  if (type == model::VdpaType::vhost)
    reader.warn("vdpaType", "the devices are made, but pods are not given /dev/vhost-vdpa-*");
  return type;
}

std::string resource_name(const MapReader& reader, std::string_view prefix) {
  return reader
      .text("resourceName", [&](std::string_view text) { return resource_name(fmt::format("{}/{}", prefix, text)); })
      .value_or("");
}

model::Selectors selectors_of_vfs(const model::SriovPolicy& policy) {
  model::Selectors vfs;
  vfs.vendors = policy.selectors.vendors;
  for (const auto device : policy.selectors.devices)
    if (const auto id = vf_id(vfs.vendors.empty() ? std::nullopt : std::optional{vfs.vendors.front()}, device))
      vfs.devices.push_back(*id);
  if (policy.device_type == model::DeviceType::vfio_pci) vfs.drivers = {std::string{word(policy.device_type)}};
  vfs.pf_names = with_ranges(policy.selectors.pf_names, policy.num_vfs);
  vfs.root_devices = with_ranges(policy.selectors.root_devices, policy.num_vfs);
  vfs.is_rdma = policy.is_rdma;
  return vfs;
}

}  // namespace nic::config
