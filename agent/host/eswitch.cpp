#include "host/eswitch.hpp"

#include "host/devlink.hpp"
#include "host/function_nets.hpp"
#include "host/offload.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>

namespace nic::host {
namespace {

using Done = std::expected<void, model::Error>;
using model::EswitchMode;

constexpr std::string_view kSteering = "flow_steering_mode";
constexpr std::string_view kSoftwareSteering = "smfs";

struct Advice {
  int errno_value;
  std::string_view text;
};

constexpr std::array kAdvice{
    Advice{EOPNOTSUPP,
           "the driver, its firmware or the link type cannot do it: InfiniBand ports have no eswitch, ice changes its "
           "mode only without VFs, IPsec states and devlink traps keep mlx5 from it"},
    Advice{EBUSY, "the eswitch is in use, or the firmware is being reset: remove tc rules and try again"},
    Advice{EPERM, "the driver refuses it, as mlx5 does on cards with two PCI connections (Socket Direct)"},
    Advice{EINVAL, "the driver does not know this mode, or is in it already"},
    Advice{ENODEV, "the function has no devlink device: its driver is not bound, or it was pulled"},
    Advice{ENOMEM, "the card or the kernel has no room for so many representors: ask for fewer VFs"},
};

std::string activity(EswitchMode to) { return fmt::format("switch the eswitch to {}", word(to)); }

Done steer(const DevlinkDevice& device) {
  auto devlink = Devlink::open();
  if (!devlink) return std::unexpected(std::move(devlink.error()));
  const auto parameter = devlink->parameter(device, kSteering);
  if (!parameter) return std::unexpected(parameter.error());
  if (!*parameter || (*parameter)->values.empty() || (*parameter)->values.front().text == kSoftwareSteering) return {};
  auto set = devlink->set_parameter(device, **parameter, kSoftwareSteering);
  // Cards that steer by firmware only refuse the other way, and switch all the same.
  if (set || set.error().errno_value == EOPNOTSUPP || set.error().errno_value == EINVAL ||
      set.error().errno_value == ENODEV)
    return {};
  return set;
}

Done unbind_vfs(const FunctionFiles& pf) {
  const auto names = pf.sys.list(pf.path("").c_str());
  if (!names) return std::unexpected(names.error());
  for (const auto& name : names->value_or(std::vector<std::string>{})) {
    if (!name.starts_with("virtfn") || !pf.exists(name + "/driver")) continue;
    const auto target = pf.link(name);
    const auto address = model::PciAddress::parse(target ? target->value_or("") : "");
    if (!address) continue;  // it has just gone
    if (auto off = unbind({pf.sys, pf.write, *address}); !off) return off;
  }
  return {};
}

Done prepare_switchdev(const FunctionFiles& pf, const EswitchKernel& kernel) {
  const auto nets = own_nets_of(pf);
  if (!nets) return std::unexpected(nets.error());
  for (const auto& net : *nets) {
    const auto ifindex = pf.sys.number<unsigned>(pf.path("net/" + net + "/ifindex").c_str());
    if (!ifindex || !*ifindex) continue;  // renamed meanwhile: tc rules can be offloaded later too
    if (auto done = kernel.offload_tc(**ifindex); !done) return done;
  }
  return kernel.steer(DevlinkDevice::of(pf.address));
}

model::Error with_advice(model::Error error) {
  // The kernel's own words come first.
  const auto advice = advice_for_eswitch(error.errno_value);
  if (!advice.empty()) error.advice += (error.advice.empty() ? "" : ": ") + std::string{advice};
  return error;
}

}  // namespace

std::string_view advice_for_eswitch(int errno_value) {
  for (const auto& entry : kAdvice)
    if (entry.errno_value == errno_value) return entry.text;
  return "";
}

EswitchKernel eswitch_kernel() {
  return {[](const DevlinkDevice& device) -> std::expected<std::optional<EswitchMode>, model::Error> {
            auto devlink = Devlink::open();
            if (!devlink) return std::unexpected(std::move(devlink.error()));
            return devlink->eswitch_mode(device);
          },
          [](const DevlinkDevice& device, EswitchMode mode) -> Done {
            auto devlink = Devlink::open();
            if (!devlink) return std::unexpected(std::move(devlink.error()));
            return devlink->set_eswitch_mode(device, mode);
          },
          steer, offload_tc};
}

Done set_eswitch_mode(const FunctionFiles& pf, EswitchMode to, const EswitchKernel& kernel) {
  const auto device = DevlinkDevice::of(pf.address);
  const auto now = kernel.mode(device);
  if (!now) return std::unexpected(now.error().during(activity(to)));
  if (*now == to) return {};
  if (!*now)
    return std::unexpected(with_advice(model::system_error(EOPNOTSUPP, activity(to) + " of", pf.address.text(), "")));
  if (auto free = unbind_vfs(pf); !free) return std::unexpected(free.error().during(activity(to)));
  if (to == EswitchMode::switchdev)
    if (auto ready = prepare_switchdev(pf, kernel); !ready) return std::unexpected(ready.error().during(activity(to)));
  if (auto set = kernel.set_mode(device, to); !set) return std::unexpected(with_advice(std::move(set.error())));
  const auto then = kernel.mode(device);
  if (!then) return std::unexpected(then.error().during(activity(to)));
  if (*then != to)
    return std::unexpected(
        model::Error{model::Code::internal, 0, activity(to) + " of", pf.address.text(),
                     fmt::format("it is {} all the same: see dmesg", *then ? word(**then) : "not known any more")});
  return {};
}

}  // namespace nic::host
