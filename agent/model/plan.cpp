#include "model/plan.hpp"

#include "model/pcie.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace nic::model {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace

bool Plan::empty() const {
  return modules.empty() && rdma.empty() && std::ranges::all_of(pfs, [](const PfPlan& pf) { return pf.steps.empty(); });
}

std::string_view word(Disruption disruption) {
  switch (disruption) {
    case Disruption::live: return "live";
    case Disruption::vf_disruptive: return "vf-disruptive";
    case Disruption::pf_disruptive: return "pf-disruptive";
    case Disruption::reboot: return "reboot";
  }
  std::unreachable();
}

std::string describe(const Action& action) {
  return std::visit(
      Overloaded{
          [](const SetNumVfs& a) {
            if (a.to == 0) return fmt::format("remove the {} VFs of {}", a.from, a.pf.text());
            if (a.from == 0) return fmt::format("create {} VFs on {}", a.to, a.pf.text());
            return fmt::format("change {} from {} to {} VFs", a.pf.text(), a.from, a.to);
          },
          [](const SetAutoprobe& a) {
            return fmt::format("turn driver probing of new VFs {} on {}", a.on ? "on" : "off", a.pf.text());
          },
          [](const SetEswitchMode& a) {
            return fmt::format("switch the eswitch of {} from {} to {}", a.pf.text(), word(a.from), word(a.to));
          },
          [](const WriteUdevRules& a) {
            return fmt::format("{} the udev rules of {}", a.text.empty() ? "remove" : "write", a.pf.text());
          },
          [](const BindDriver& a) {
            return fmt::format("bind VF {} ({}) to {}", a.vf_index, a.function.text(),
                               a.device_type == DeviceType::vfio_pci ? "vfio-pci" : "its network driver");
          },
          [](const UnbindDriver& a) {
            return fmt::format("take VF {} ({}) from {}", a.vf_index, a.function.text(), a.from);
          },
          [](const SetVf& a) {
            std::string all;
            for (const auto& [name, value] : named(a.settings))
              all += fmt::format("{}{} {}", all.empty() ? "" : ", ", name, value);
            return fmt::format("set {} of VF {} of {}", all, a.vf_index, a.pf.text());
          },
          [](const SetVdpa& a) {
            if (!a.to) return fmt::format("remove the vDPA device of VF {} ({})", a.vf_index, a.function.text());
            return fmt::format("{} the vDPA device of VF {} ({}) {} {}", a.from ? "give" : "make", a.vf_index,
                               a.function.text(), a.from ? "to" : "for", vdpa_driver(*a.to));
          },
          [](const BringUp& a) { return fmt::format("bring the network interface of {} up", a.function.text()); },
          [](const SetMtu& a) {
            return fmt::format("set the MTU of {} from {} to {}", a.function.text(), a.from, a.to);
          },
          [](const SetAcs& a) {
            const auto now = static_cast<std::uint16_t>(a.from & a.mask);
            const auto on = acs_text(static_cast<std::uint16_t>(a.value & ~now));
            const auto off = acs_text(static_cast<std::uint16_t>(now & ~a.value));
            return fmt::format("turn ACS {}{}{}{}{} at bridge {}", on, on.empty() ? "" : " on",
                               on.empty() || off.empty() ? "" : " and ", off, off.empty() ? "" : " off",
                               a.bridge.text());
          },
          [](const SetMaxReadRequest& a) {
            return fmt::format("set the maximum read request of {} from {} to {} bytes", a.function.text(), a.from,
                               a.to);
          },
          [](const LoadModule& a) { return fmt::format("load kernel module {}", a.name); },
          [](const SetRdmaNetns& a) {
            if (!a.to || a.from == a.to) return std::string{"remove the agent's option of ib_core"};
            if (!a.from) return fmt::format("have ib_core start in network-namespace mode {}", word(*a.to));
            return fmt::format("set the RDMA network-namespace mode from {} to {}", word(*a.from), word(*a.to));
          },
          [](const UnloadModule& a) { return fmt::format("unload kernel module {}", a.name); },
          [](const SetOverride& a) { return fmt::format("reserve {} for driver {}", a.function.text(), a.driver); },
          [](const RestoreInterface& a) { return fmt::format("put network interface {} back", a.saved.name); },
          [](const RestoreRdmaDevice& a) { return fmt::format("put RDMA device {} back", a.saved.name); },
      },
      action);
}

std::string target(const Action& action) {
  return std::visit(
      Overloaded{
          [](const SetNumVfs& a) { return a.pf.text(); },
          [](const SetAutoprobe& a) { return a.pf.text(); },
          [](const SetEswitchMode& a) { return a.pf.text(); },
          [](const WriteUdevRules& a) { return a.pf.text(); },
          [](const BindDriver& a) { return a.function.text(); },
          [](const UnbindDriver& a) { return a.function.text(); },
          [](const SetVf& a) { return a.pf.text(); },
          [](const SetVdpa& a) { return a.function.text(); },
          [](const BringUp& a) { return a.function.text(); },
          [](const SetMtu& a) { return a.function.text(); },
          [](const SetAcs& a) { return a.bridge.text(); },
          [](const SetMaxReadRequest& a) { return a.function.text(); },
          [](const LoadModule& a) { return a.name; },
          [](const SetRdmaNetns&) { return std::string{"rdma"}; },
          [](const UnloadModule& a) { return a.name; },
          [](const SetOverride& a) { return a.function.text(); },
          [](const RestoreInterface& a) { return a.saved.function ? a.saved.function->text() : a.saved.name; },
          [](const RestoreRdmaDevice& a) { return a.saved.function ? a.saved.function->text() : a.saved.name; },
      },
      action);
}

}  // namespace nic::model
