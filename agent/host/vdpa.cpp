#include "host/vdpa.hpp"

#include <fmt/format.h>
#include <linux/vdpa.h>

#include <algorithm>
#include <cerrno>

namespace nic::host {
namespace {

using Done = std::expected<void, model::Error>;
using model::Code;
using model::Error;

constexpr const char* kDevices = "bus/vdpa/devices";
// As many as the sriov-network-operator asks for; a device that takes fewer is made with what its driver gives.
constexpr std::uint16_t kQueuePairs = 32;

std::string device_file(std::string_view name, std::string_view file) {
  return fmt::format("{}/{}/{}", kDevices, name, file);
}

std::string driver_file(std::string_view driver, std::string_view file) {
  return fmt::format("bus/vdpa/drivers/{}/{}", driver, file);
}

Attributes handle(const VdpaManagement& management) {
  Attributes attributes;
  if (!management.bus.empty()) attributes.text(VDPA_ATTR_MGMTDEV_BUS_NAME, management.bus);
  attributes.text(VDPA_ATTR_MGMTDEV_DEV_NAME, management.name);
  return attributes;
}

Error on(Error error, std::string operation, std::string object) {
  error.operation = std::move(operation);
  error.object = std::move(object);
  return error;
}

bool is_there(const Sysfs& sys, std::string_view name) {
  return sys.exists(fmt::format("{}/{}", kDevices, name).c_str());
}

}  // namespace

std::expected<Vdpa, Error> Vdpa::open() {
  auto socket = GenlSocket::open(VDPA_GENL_NAME, VDPA_GENL_VERSION);
  if (!socket) return std::unexpected(std::move(socket.error()));
  return Vdpa{std::move(*socket)};
}

std::expected<std::vector<VdpaManagement>, Error> Vdpa::managements() {
  std::vector<VdpaManagement> all;
  const auto done = socket_.dump(
      VDPA_CMD_MGMTDEV_GET, {}, [&] { all.clear(); },
      [&](Bytes attributes) {
        if (auto one = parse_vdpa_management(attributes)) all.push_back(std::move(*one));
      });
  if (!done) return std::unexpected(done.error().during("list what vDPA devices can be made on"));
  return all;
}

Done Vdpa::add(const VdpaManagement& management, std::string_view name, std::optional<std::uint16_t> queue_pairs) {
  auto attributes = handle(management);
  attributes.text(VDPA_ATTR_DEV_NAME, name);
  if (queue_pairs) attributes.number(VDPA_ATTR_DEV_NET_CFG_MAX_VQP, *queue_pairs);
  const auto done = socket_.change(VDPA_CMD_DEV_NEW, attributes);
  if (!done)
    return std::unexpected(on(done.error(), fmt::format("make the vDPA device {} on", name), management.text()));
  return {};
}

Done Vdpa::remove(std::string_view name) {
  const auto done = socket_.change(VDPA_CMD_DEV_DEL, Attributes{}.text(VDPA_ATTR_DEV_NAME, name));
  if (!done) return std::unexpected(on(done.error(), "remove the vDPA device", std::string{name}));
  return {};
}

VdpaKernel vdpa_kernel() {
  return {[](const VdpaManagement& management, std::string_view name, std::optional<std::uint16_t> pairs) -> Done {
            auto vdpa = Vdpa::open();
            if (!vdpa) return std::unexpected(std::move(vdpa.error()));
            return vdpa->add(management, name, pairs);
          },
          [](std::string_view name) -> Done {
            auto vdpa = Vdpa::open();
            if (!vdpa) return std::unexpected(std::move(vdpa.error()));
            return vdpa->remove(name);
          }};
}

Done make_vdpa(const VdpaManagement& management, std::string_view name, const VdpaKernel& kernel) {
  auto made = kernel.add(management, name, kQueuePairs);
  if (!made && (made.error().errno_value == EOPNOTSUPP || made.error().errno_value == EINVAL))
    made = kernel.add(management, name, std::nullopt);
  if (made) return {};
  Error error = std::move(made.error());
  // The kernel's own words come first.
  if (error.errno_value == ENODEV || error.code == Code::unsupported)
    error.advice += std::string{error.advice.empty() ? "" : ": "} +
                    "nothing makes vDPA devices there: the VF's driver needs its module for them (mlx5_vdpa)";
  return std::unexpected(std::move(error));
}

Done remove_vdpa(const Sysfs& sys, std::string_view name, const VdpaKernel& kernel) {
  if (!is_there(sys, name)) return {};
  auto gone = kernel.remove(name);
  if (gone || gone.error().errno_value == ENODEV || gone.error().errno_value == ENOENT) return {};
  if (gone.error().errno_value == EBUSY && gone.error().advice.empty())
    gone.error().advice = "something has it open: end what uses it (a virtual machine, a container)";
  return gone;
}

Done bind_vdpa(const Sysfs& sys, const WriteAttribute& write, std::string_view name, model::VdpaType type) {
  const std::string driver{vdpa_driver(type)};
  const std::string what = "bind " + driver;
  const auto driver_of = [&] { return sys.link(device_file(name, "driver").c_str()); };
  const auto bound = driver_of();
  if (!bound) return std::unexpected(bound.error().during(what));
  if (*bound == driver) return {};
  if (!sys.exists(("bus/vdpa/drivers/" + driver).c_str()))
    return std::unexpected(Error{Code::not_found, 0, what + " to", std::string{name},
                                 "the driver is not there: load the module " + driver});
  // Kernels before 5.17 have no such file, and bind by name all the same. It stays: the device is made for this driver.
  const auto restriction = device_file(name, "driver_override");
  if (sys.exists(restriction.c_str()))
    if (auto set = write(sys, restriction.c_str(), driver + "\n"); !set)
      return std::unexpected(set.error().during(what));
  if (*bound)
    if (auto off = write(sys, driver_file(**bound, "unbind").c_str(), name); !off && off.error().errno_value != ENODEV)
      return std::unexpected(off.error().during(what + ": unbind " + **bound));
  if (auto done = write(sys, driver_file(driver, "bind").c_str(), name); !done) {
    auto error = done.error().during(what);
    if (error.advice.empty()) error.advice = driver + " refused the device: see dmesg";
    return std::unexpected(std::move(error));
  }
  const auto now = driver_of();
  if (!now) return std::unexpected(now.error().during(what));
  if (*now != driver)
    return std::unexpected(
        Error{Code::internal, 0, what + " to", std::string{name}, "the driver did not take it: see dmesg"});
  return {};
}

Done set_vdpa(const FunctionFiles& vf, const model::SetVdpa& step, const VdpaKernel& kernel) {
  const auto name = step.from ? step.from->name : model::vdpa_name(vf.address);
  if (!step.to) return remove_vdpa(vf.sys, name, kernel);
  if (!is_there(vf.sys, name))
    if (auto made = make_vdpa(VdpaManagement::of(vf.address), name, kernel); !made) return made;
  return bind_vdpa(vf.sys, vf.write, name, *step.to);
}

std::vector<std::pair<model::PciAddress, std::string>> vdpa_devices(const Sysfs& sys) {
  std::vector<std::pair<model::PciAddress, std::string>> all;
  const auto folder = sys.folder(kDevices);
  if (!folder || !*folder) return all;  // module vdpa is not loaded
  const auto names = (*folder)->list(".");
  if (!names) return all;
  for (const auto& name : names->value_or(std::vector<std::string>{})) {
    const auto target = (*folder)->target(name.c_str());
    const auto address = target && *target ? function_above(**target) : std::nullopt;
    if (address) all.emplace_back(*address, name);
  }
  return all;
}

std::vector<std::string> vhost_nodes(const Sysfs& sys, std::string_view device) {
  std::vector<std::string> nodes;
  const auto names = sys.list(fmt::format("{}/{}", kDevices, device).c_str());
  if (!names) return nodes;
  for (const auto& name : names->value_or(std::vector<std::string>{}))
    if (name.starts_with("vhost-vdpa-")) nodes.push_back("/dev/" + name);
  return nodes;
}

void look_at_vdpa(const Sysfs& sys, Functions& functions) {
  for (auto& [address, function] : functions) function.vdpa.clear();
  for (auto& [address, name] : vdpa_devices(sys)) {
    const auto function = functions.find(address);
    if (function == functions.end()) continue;
    const auto driver = sys.link(device_file(name, "driver").c_str());
    function->second.vdpa.push_back({std::move(name), driver ? driver->value_or("") : ""});
  }
}

}  // namespace nic::host
