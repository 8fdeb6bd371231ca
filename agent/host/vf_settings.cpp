#include "host/vf_settings.hpp"

#include "host/function_nets.hpp"
#include "host/vf_message.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace nic::host {
namespace {

using model::Error;
using model::VfSettings;

// The settings one by one, in the order in which they are told. What goes in one message stays together.
std::vector<VfSettings> one_by_one(const VfSettings& all) {
  std::vector<VfSettings> parts;
  const auto part = [&](auto... member) {
    VfSettings one;
    ((one.*member = all.*member), ...);
    if (!one.empty()) parts.push_back(one);
  };
  part(&VfSettings::mac);
  part(&VfSettings::node_guid);
  part(&VfSettings::port_guid);
  part(&VfSettings::vlan);
  part(&VfSettings::trust);
  part(&VfSettings::spoof_check);
  part(&VfSettings::link_state);
  part(&VfSettings::min_tx_rate, &VfSettings::max_tx_rate);
  return parts;
}

// What drivers mean by it, where the kernel itself says nothing better. Sources: do_setvfinfo in net/core/rtnetlink.c;
// the ndo_set_vf_* functions of igb, ixgbe, i40e, ice, bnxt_en and mlx5.
std::string advice(const VfSettings& setting, int errno_value, const std::string& driver) {
  if (setting.min_tx_rate && errno_value == EINVAL)
    return fmt::format("{} takes a rate only while the PF has a link, and no more than the link's speed", driver);
  if (setting.vlan && errno_value == EPROTONOSUPPORT)
    return fmt::format("{} tags with 802.1q only: leave vlan_proto out", driver);
  switch (errno_value) {
    case EOPNOTSUPP: return fmt::format("{} cannot set this for its VFs: leave it out of the policy", driver);
    case EINVAL: return fmt::format("{} does not take this value, or has no such VF", driver);
    case EPERM: return "the firmware or the eswitch mode does not let the PF say this of its VFs";
    case EBUSY:
    case EAGAIN: return "the VF is being reset: it is tried again";
    default: return {};
  }
}

std::string names_of(const VfSettings& settings) {
  std::string all;
  for (const auto& [name, value] : named(settings)) all += fmt::format("{}{} {}", all.empty() ? "" : ", ", name, value);
  return all;
}

// A driver may accept what it does not do.
std::expected<void, Error> shown(const model::SetVf& step, unsigned ifindex, const Rtnetlink& rtnetlink,
                                 const std::string& object) {
  const auto now = rtnetlink.vfs(ifindex);
  if (!now) return std::unexpected(now.error());
  const auto vf = now->find(step.vf_index);
  if (vf == now->end()) return {};
  auto wished = step.settings;
  take_untold(wished, vf->second);
  const auto rest = missing(wished, vf->second);
  if (rest.empty()) return {};
  return std::unexpected(Error{model::Code::internal, 0, fmt::format("set {} of", names_of(rest)), object,
                               "the driver accepted it and does not show it: see dmesg"});
}

}  // namespace

std::expected<void, Error> set_vf(const FunctionFiles& pf, const model::SetVf& step, const Rtnetlink& rtnetlink) {
  const auto object = fmt::format("VF {} of {}", step.vf_index, pf.address.text());
  const std::string what = "set " + names_of(step.settings);
  const auto nets = nets_of(pf, what);
  if (!nets) return std::unexpected(nets.error());
  const auto ifindex = pf.sys.number<unsigned>(pf.path("net/" + nets->front() + "/ifindex").c_str());
  if (!ifindex) return std::unexpected(ifindex.error().during(what));
  if (!*ifindex) return std::unexpected(model::system_error(ENODEV, what + " of", object, "the interface is gone"));
  const auto driver = pf.link("driver");
  std::optional<Error> failure;
  for (const auto& setting : one_by_one(step.settings)) {
    auto done = rtnetlink.set_link(vf_message(**ifindex, step.vf_index, setting).bytes());
    if (done || failure) continue;
    failure = std::move(done.error());
    failure->operation = fmt::format("set {} of", names_of(setting));
    failure->object = object;
    if (failure->advice.empty())
      failure->advice = advice(setting, failure->errno_value, driver ? driver->value_or("the driver") : "the driver");
  }
  if (failure) return std::unexpected(std::move(*failure));
  return shown(step, **ifindex, rtnetlink, object);
}

}  // namespace nic::host
