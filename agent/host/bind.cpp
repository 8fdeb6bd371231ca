#include "host/attribute_writer.hpp"
#include "host/probe_windows.hpp"
#include "model/drivers.hpp"
#include "model/hardware_address.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <optional>
#include <utility>

namespace nic::host {
namespace {

using Done = std::expected<void, model::Error>;
using model::Code;
using model::Error;

constexpr std::string_view kVfio = "vfio-pci";
constexpr const char* kProbe = "bus/pci/drivers_probe";
constexpr const char* kNoIommuSwitch = "module/vfio/parameters/enable_unsafe_noiommu_mode";

Done probe(const FunctionFiles& function) { return function.write(function.sys, kProbe, function.address.text()); }

Done has_iommu(const FunctionFiles& function) {
  if (function.exists("iommu_group")) return {};
  const auto unsafe = function.sys.text(kNoIommuSwitch);
  if (unsafe && *unsafe && (**unsafe == "Y" || **unsafe == "1")) return {};
  return std::unexpected(
      Error{Code::unsupported, 0, "bind vfio-pci to", function.address.text(),
            "the function has no IOMMU group: enable VT-d or AMD-Vi in the BIOS and boot with intel_iommu=on (Intel; "
            "AMD has it on by default)"});
}

std::expected<std::string, Error> driver_of(const FunctionFiles& function) {
  const auto driver = function.link("driver");
  if (!driver) return std::unexpected(driver.error());
  return driver->value_or("");
}

std::string override_of(const FunctionFiles& function) {
  const auto text = function.text("driver_override");
  if (!text || !*text || **text == "(null)") return {};
  return **text;
}

}  // namespace

Done unbind(const FunctionFiles& function) {
  auto done = function.put("driver/unbind", function.address.text());
  if (done || done.error().errno_value == ENOENT || done.error().errno_value == ENODEV) return {};
  return done;
}

Done clear_overrides(const FunctionFiles& pf) {
  const auto names = pf.sys.list(pf.path("").c_str());
  if (!names) return std::unexpected(names.error());
  for (const auto& name : names->value_or(std::vector<std::string>{})) {
    if (!name.starts_with("virtfn")) continue;
    const auto target = pf.link(name);
    const auto address = model::PciAddress::parse(target ? target->value_or("") : "");
    if (!address) continue;  // it has just gone
    const FunctionFiles vf{pf.sys, pf.write, *address};
    const auto bound = driver_of(vf);
    if (!bound || *bound != kVfio || override_of(vf) != kVfio) continue;
    if (auto cleared = vf.put("driver_override", "\n"); !cleared) return cleared;
  }
  return {};
}

Done bind_vfio(const FunctionFiles& function) {
  const std::string what = "bind vfio-pci";
  const auto bound = driver_of(function);
  if (!bound) return std::unexpected(bound.error().during(what));
  if (*bound == kVfio) return {};
  if (auto iommu = has_iommu(function); !iommu) return iommu;
  if (!function.sys.exists("bus/pci/drivers/vfio-pci"))
    return std::unexpected(Error{Code::not_found, 0, "bind vfio-pci to", function.address.text(),
                                 "the driver is not there: load the module vfio_pci"});

  // While it stands, no other driver can take the function; it must not outlive the binding, or nothing but vfio-pci
  // could ever be bound again.
  PutBack restriction{function, "driver_override", "\n"};
  if (auto set = restriction.write("vfio-pci\n"); !set) return std::unexpected(set.error().during(what));
  if (!bound->empty())
    if (auto off = unbind(function); !off) return std::unexpected(off.error().during(what + ": unbind " + *bound));
  if (auto probed = probe(function); !probed) {
    auto error = probed.error().during(what);
    if (error.advice.empty()) error.advice = "vfio-pci refused the function: see dmesg";
    return std::unexpected(std::move(error));
  }
  const auto now = driver_of(function);
  if (!now) return std::unexpected(now.error().during(what));
  if (*now != kVfio)
    return std::unexpected(
        Error{Code::internal, 0, "bind vfio-pci to", function.address.text(),
              now->empty() ? "no driver took the function: see dmesg" : "the driver " + *now + " took the function"});
  if (auto cleared = restriction.finish(); !cleared)
    return std::unexpected(cleared.error().during(what + ": clear driver_override"));
  return {};
}

Done bind_netdevice(const FunctionFiles& function, ProbeWindows& windows) {
  const std::string what = "bind the network driver";
  const auto bound = driver_of(function);
  if (!bound) return std::unexpected(bound.error().during(what));
  if (!bound->empty() && !model::is_user_space_driver(*bound)) return {};

  // An override for a driver of another kind would keep every network driver away.
  if (!override_of(function).empty())
    if (auto cleared = function.put("driver_override", "\n"); !cleared)
      return std::unexpected(cleared.error().during(what + ": clear driver_override"));
  if (!bound->empty())
    if (auto off = unbind(function); !off) return std::unexpected(off.error().during(what + ": unbind " + *bound));

  const auto physfn = function.link("physfn");
  if (!physfn) return std::unexpected(physfn.error().during(what));
  const auto parsed = model::PciAddress::parse(physfn->value_or(""));
  const FunctionFiles pf{function.sys, function.write, parsed ? *parsed : function.address};
  std::optional<ProbeWindows::Window> window;
  if (parsed) {
    auto opened = windows.open(pf);
    if (!opened) return std::unexpected(opened.error().during(what));
    window.emplace(std::move(*opened));
  }
  if (auto probed = probe(function); !probed) {
    auto error = probed.error().during(what);
    if (error.advice.empty()) error.advice = "the driver refused the function: see dmesg";
    return std::unexpected(std::move(error));
  }
  const auto now = driver_of(function);
  if (!now) return std::unexpected(now.error().during(what));
  if (now->empty()) {
    const auto alias = function.text("modalias");
    return std::unexpected(Error{Code::not_found, 0, what + " of", function.address.text(),
                                 fmt::format("no driver took it: load its module (modprobe '{}'), or see dmesg",
                                             alias ? alias->value_or("") : "")});
  }
  if (model::is_user_space_driver(*now))
    return std::unexpected(Error{Code::busy, 0, what + " of", function.address.text(),
                                 fmt::format("{} took it again: its ids are in that driver's new_id", *now)});
  if (!window) return {};
  if (auto back = window->close(); !back)
    return std::unexpected(back.error().during(what + ": put back the probing of new VFs"));
  return {};
}

Done has_usable_rdma(const FunctionFiles& function) {
  const auto names = function.sys.list(function.path("infiniband").c_str());
  if (!names || !*names) return {};
  for (const auto& name : **names) {
    const auto text = function.text("infiniband/" + name + "/node_guid");
    const auto guid = model::Guid::parse(text ? text->value_or("") : "");
    if (guid && guid->value == 0)
      return std::unexpected(
          Error{Code::unsupported, 0, "make ready for RDMA", function.address.text(),
                fmt::format("its RDMA device {} has no GUID: give the VF an address (macs, guids), and see what its "
                            "driver says in dmesg",
                            name)});
  }
  return {};
}

}  // namespace nic::host
