#include "host/perform.hpp"

#include "host/advice.hpp"
#include "host/fd.hpp"
#include "host/sysfs.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace nic::host {
namespace {

using model::Code;
using model::Error;
using model::PciAddress;
using Done = std::expected<void, Error>;

std::expected<Sysfs, Error> function_folder(const model::Roots& roots, const PciAddress& address) {
  auto folder = Sysfs::open(roots.sys / "bus/pci/devices" / address.text());
  if (!folder && folder.error().errno_value == ENOENT)
    return std::unexpected(Error{Code::not_found, ENOENT, "find", address.text(), "the function went away"});
  return folder;
}

Error advised(Error error, Operation operation) {
  if (error.advice.empty()) error.advice = std::string{advice(operation, error.errno_value)};
  return error;
}

// An attribute that is switched for a while and put back on every way out.
class Switched {
 public:
  Switched(const Sysfs& folder, const char* attribute, std::string_view back)
      : folder_{folder}, attribute_{attribute}, back_{back} {}
  Switched(const Switched&) = delete;
  Switched& operator=(const Switched&) = delete;
  ~Switched() {
    if (!done_) std::ignore = folder_.write(attribute_, back_);
  }
  Done restore() {
    done_ = true;
    return folder_.write(attribute_, back_);
  }

 private:
  const Sysfs& folder_;
  const char* attribute_;
  std::string_view back_;
  bool done_{false};
};

Done write_vfs(const Sysfs& pf, unsigned from, unsigned to) {
  // The kernel refuses to go from one count to another: through zero.
  if (from != 0 && to != 0)
    if (auto removed = pf.write("sriov_numvfs", "0"); !removed) return removed;
  return pf.write("sriov_numvfs", std::to_string(to));
}

Done run(const model::Roots& roots, const model::SetNumVfs& action) {
  const auto pf = function_folder(roots, action.pf);
  if (!pf) return std::unexpected(pf.error());
  const auto now = pf->number<unsigned>("sriov_numvfs");
  if (!now) return std::unexpected(now.error());
  if (!*now)
    return std::unexpected(
        Error{Code::unsupported, ENOENT, "read", pf->name("sriov_numvfs"),
              "the function has no SR-IOV capability: switch it on in the firmware and in the BIOS"});
  if (**now == action.to) return {};
  const auto probing = pf->number<unsigned>("sriov_drivers_autoprobe");
  const bool switch_off = probing && *probing && **probing != 0 && action.to > 0;
  if (switch_off)
    if (auto off = pf->write("sriov_drivers_autoprobe", "0"); !off) return off;
  Done written;
  Done restored;
  {
    std::optional<Switched> autoprobe;
    if (switch_off) autoprobe.emplace(*pf, "sriov_drivers_autoprobe", "1");
    written = write_vfs(*pf, **now, action.to);
    if (autoprobe) restored = autoprobe->restore();
  }
  if (!written) return std::unexpected(advised(written.error(), Operation::create_vfs));
  if (!restored) return restored;
  // A short count is success to write(2).
  const auto after = pf->number<unsigned>("sriov_numvfs");
  if (!after) return std::unexpected(after.error());
  if (after->value_or(0) != action.to)
    return std::unexpected(Error{
        Code::no_space, 0, fmt::format("{} VFs were asked for, the driver made {} of", action.to, after->value_or(0)),
        action.pf.text(), "the kernel log says why"});
  return {};
}

Done run(const model::Roots& roots, const model::SetAutoprobe& action) {
  const auto pf = function_folder(roots, action.pf);
  if (!pf) return std::unexpected(pf.error());
  return pf->write("sriov_drivers_autoprobe", action.on ? "1" : "0");
}

std::expected<std::optional<std::string>, Error> driver_of(const Sysfs& function) { return function.link("driver"); }

Done unbind(const Sysfs& function, const PciAddress& address) {
  const auto driver = driver_of(function);
  if (!driver) return std::unexpected(driver.error());
  if (!*driver) return {};
  return function.write("driver/unbind", address.text());
}

Done probe(const model::Roots& roots, const PciAddress& address) {
  const auto bus = Sysfs::open(roots.sys / "bus/pci");
  if (!bus) return std::unexpected(bus.error());
  return bus->write("drivers_probe", address.text());
}

Done bind_vfio(const model::Roots& roots, const Sysfs& function, const PciAddress& address) {
  const auto driver = driver_of(function);
  if (!driver) return std::unexpected(driver.error());
  if (*driver == "vfio-pci") return {};
  if (!function.exists("iommu_group"))
    return std::unexpected(
        Error{Code::unsupported, 0, "bind to vfio-pci", address.text(),
              "the function is in no IOMMU group: switch VT-d or AMD-Vi on in the BIOS and boot with "
              "intel_iommu=on or amd_iommu=on"});
  const auto bus = Sysfs::open(roots.sys / "bus/pci");
  if (!bus) return std::unexpected(bus.error());
  if (!bus->exists("drivers/vfio-pci"))
    return std::unexpected(Error{Code::not_found, 0, "bind to vfio-pci", address.text(),
                                 "the module vfio-pci is not loaded: see nicctl modules"});
  if (auto set = function.write("driver_override", "vfio-pci"); !set) return set;
  Switched override{function, "driver_override", "\n"};
  if (auto gone = unbind(function, address); !gone) return gone;
  const Done probed = probe(roots, address);
  const Done cleared = override.restore();
  if (!probed) return std::unexpected(advised(probed.error(), Operation::bind_vfio));
  if (!cleared) return cleared;
  const auto after = driver_of(function);
  if (after && *after == "vfio-pci") return {};
  return std::unexpected(
      advised(model::system_error(ENODEV, "bind to vfio-pci", address.text()), Operation::bind_vfio));
}

Done bind_network(const model::Roots& roots, const Sysfs& function, const PciAddress& address) {
  if (const auto driver = driver_of(function); driver && *driver == "vfio-pci") {
    if (auto gone = unbind(function, address); !gone) return gone;
  } else if (driver && *driver) {
    return {};
  }
  const auto override = function.text("driver_override");
  if (override && *override && !(*override)->empty() && **override != "(null)")
    if (auto cleared = function.write("driver_override", "\n"); !cleared) return cleared;
  // With probing off on its PF the kernel would not look for a driver of the VF.
  const auto pf = function.folder("physfn");
  std::optional<Switched> autoprobe;
  if (pf && *pf) {
    const auto probing = (*pf)->number<unsigned>("sriov_drivers_autoprobe");
    if (probing && *probing && **probing == 0) {
      if (auto on = (*pf)->write("sriov_drivers_autoprobe", "1"); !on) return on;
      autoprobe.emplace(**pf, "sriov_drivers_autoprobe", "0");
    }
  }
  const Done probed = probe(roots, address);
  if (autoprobe)
    if (auto back = autoprobe->restore(); !back) return back;
  if (!probed) return std::unexpected(advised(probed.error(), Operation::bind_network));
  if (const auto after = driver_of(function); after && *after) return {};
  return std::unexpected(
      advised(model::system_error(ENODEV, "find a network driver for", address.text()), Operation::bind_network));
}

Done run(const model::Roots& roots, const model::BindDriver& action) {
  const auto function = function_folder(roots, action.function);
  if (!function) return std::unexpected(function.error());
  return action.device_type == model::DeviceType::vfio_pci ? bind_vfio(roots, *function, action.function)
                                                           : bind_network(roots, *function, action.function);
}

Done run(const model::Roots& roots, const model::SetMtu& action) {
  const auto function = function_folder(roots, action.function);
  if (!function) return std::unexpected(function.error());
  const auto names = function->list("net");
  if (!names) return std::unexpected(names.error());
  if (!*names || (*names)->empty())
    return std::unexpected(
        Error{Code::busy, 0, "set the MTU of", action.function.text(), "its network interface is not there yet"});
  for (const auto& name : **names)
    if (auto set = set_interface_mtu(name, action.to); !set) return set;
  return {};
}

Done run(const model::Roots&, const model::LoadModule& action) {
  return std::unexpected(Error{Code::internal, 0, "load module", action.name, "it was sent to the wrong room"});
}

}  // namespace

std::expected<void, Error> set_interface_mtu(const std::string& name, unsigned mtu) {
  const Fd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket) return std::unexpected(model::system_error(errno, "open a socket for", name));
  ifreq request{};
  if (name.size() >= IFNAMSIZ) return std::unexpected(model::invalid("set the MTU of", name, "the name is too long"));
  std::memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_mtu = static_cast<int>(mtu);
  if (::ioctl(socket.get(), SIOCSIFMTU, &request) == 0) return {};
  return std::unexpected(
      advised(model::system_error(errno, fmt::format("set MTU {} of", mtu), name), Operation::set_mtu));
}

std::expected<void, Error> perform(const model::Roots& roots, const model::Action& action) {
  return std::visit([&](const auto& typed) { return run(roots, typed); }, action);
}

}  // namespace nic::host
