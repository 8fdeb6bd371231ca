#include "host/perform.hpp"

#include "host/attribute_writer.hpp"
#include "host/eswitch.hpp"
#include "host/netlink_facts.hpp"
#include "host/netlink_socket.hpp"
#include "host/rdma_netns.hpp"
#include "host/restore.hpp"
#include "host/udev_rules.hpp"
#include "host/vdpa.hpp"
#include "host/vf_settings.hpp"

#include <linux/rtnetlink.h>

#include <cerrno>
#include <type_traits>
#include <variant>

namespace nic::host {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

// Done by kmod/, or by restore() of this room.
template <class Step>
constexpr bool kElsewhere =
    std::is_same_v<Step, model::LoadModule> || std::is_same_v<Step, model::UnloadModule> ||
    std::is_same_v<Step, model::RestoreInterface> || std::is_same_v<Step, model::RestoreRdmaDevice>;

// Beside a composed tree there is no kernel that would know its interfaces.
Rtnetlink rtnetlink_of(const model::Roots& roots) {
  const auto source = netlink_of(roots);
  if (!is_real(roots))
    return {[](Bytes) -> std::expected<void, model::Error> {
              return std::unexpected(model::system_error(EOPNOTSUPP, "change an interface", "rtnetlink"));
            },
            source.vfs};
  return {[](Bytes payload) -> std::expected<void, model::Error> {
            auto socket = NetlinkSocket::open(NETLINK_ROUTE);
            if (!socket) return std::unexpected(std::move(socket.error()));
            return socket->change(RTM_SETLINK, payload);
          },
          source.vfs};
}

}  // namespace

std::string modalias(const model::Roots& roots, const model::PciAddress& function) {
  const auto sys = Sysfs::open(roots.sys);
  if (!sys) return {};
  const auto text = sys->text(("bus/pci/devices/" + function.text() + "/modalias").c_str());
  return text ? text->value_or("") : std::string{};
}

std::expected<void, model::Error> perform(const model::Roots& roots, const model::Action& action,
                                          ProbeWindows& windows) {
  if (const auto* net = std::get_if<model::RestoreInterface>(&action))
    return restore(roots, *net, restore_kernel(roots));
  if (const auto* rdma = std::get_if<model::RestoreRdmaDevice>(&action)) return restore(*rdma, restore_kernel(roots));
  return perform(roots, action,
                 {[](const Sysfs& sys, const char* path, std::string_view value) { return sys.write(path, value); },
                  rtnetlink_of(roots), eswitch_kernel(), rdma_netns_kernel(roots), vdpa_kernel(), windows});
}

std::expected<void, model::Error> perform(const model::Roots& roots, const model::Action& action,
                                          const Kernel& kernel) {
  const auto sys = Sysfs::open(roots.sys);
  if (!sys) return std::unexpected(sys.error());
  const auto files = [&](const model::PciAddress& address) { return FunctionFiles{*sys, kernel.write, address}; };
  const auto there = [&](const model::PciAddress& address) -> std::expected<void, model::Error> {
    if (sys->exists(("bus/pci/devices/" + address.text()).c_str())) return {};
    return std::unexpected(model::system_error(ENODEV, model::describe(action), address.text(),
                                               "the function is gone; it was pulled, or its PF's VFs were removed"));
  };
  return std::visit(Overloaded{
                        [&](const model::SetNumVfs& step) -> std::expected<void, model::Error> {
                          if (auto found = there(step.pf); !found) return found;
                          return set_num_vfs(files(step.pf), step.to);
                        },
                        [&](const model::SetAutoprobe& step) -> std::expected<void, model::Error> {
                          if (auto found = there(step.pf); !found) return found;
                          if (auto set = set_autoprobe(files(step.pf), step.on); !set) return set;
                          return clear_overrides(files(step.pf));
                        },
                        [&](const model::SetEswitchMode& step) -> std::expected<void, model::Error> {
                          if (auto found = there(step.pf); !found) return found;
                          return set_eswitch_mode(files(step.pf), step.to, kernel.eswitch);
                        },
                        [&](const model::WriteUdevRules& step) -> std::expected<void, model::Error> {
                          return write_udev_rules(roots, files(step.pf), step.text);
                        },
                        [&](const model::BindDriver& step) -> std::expected<void, model::Error> {
                          if (auto found = there(step.function); !found) return found;
                          if (step.device_type == model::DeviceType::vfio_pci) return bind_vfio(files(step.function));
                          auto bound = bind_netdevice(files(step.function), kernel.windows);
                          return bound && step.rdma ? has_usable_rdma(files(step.function)) : bound;
                        },
                        [&](const model::UnbindDriver& step) -> std::expected<void, model::Error> {
                          if (auto found = there(step.function); !found) return found;
                          return unbind(files(step.function));
                        },
                        [&](const model::SetVf& step) -> std::expected<void, model::Error> {
                          if (auto found = there(step.pf); !found) return found;
                          return set_vf(files(step.pf), step, kernel.rtnetlink);
                        },
                        [&](const model::SetVdpa& step) -> std::expected<void, model::Error> {
                          if (auto found = there(step.function); !found) return found;
                          return set_vdpa(files(step.function), step, kernel.vdpa);
                        },
                        [&](const model::BringUp& step) -> std::expected<void, model::Error> {
                          if (auto found = there(step.function); !found) return found;
                          return bring_up(files(step.function));
                        },
                        [&](const model::SetMtu& step) -> std::expected<void, model::Error> {
                          if (auto found = there(step.function); !found) return found;
                          return set_mtu(files(step.function), step.to, is_real(roots));
                        },
                        [&](const model::SetRdmaNetns& step) -> std::expected<void, model::Error> {
                          return set_rdma_netns(roots, step, kernel.rdma_netns);
                        },
                        [&](const model::SetAcs& step) -> std::expected<void, model::Error> {
                          if (auto found = there(step.bridge); !found) return found;
                          return set_acs(files(step.bridge), step.mask, step.value);
                        },
                        [&](const model::SetMaxReadRequest& step) -> std::expected<void, model::Error> {
                          if (auto found = there(step.function); !found) return found;
                          return set_max_read_request(files(step.function), step.to);
                        },
                        [&](const model::SetOverride& step) -> std::expected<void, model::Error> {
                          if (auto found = there(step.function); !found) return found;
                          return files(step.function).put("driver_override", step.driver + "\n");
                        },
                        [&](const auto& step) -> std::expected<void, model::Error> {
                          static_assert(kElsewhere<std::decay_t<decltype(step)>>);
                          return std::unexpected(model::Error{model::Code::internal, 0, model::describe(action), "",
                                                              "this is not done by writes to sysfs"});
                        },
                    },
                    action);
}

}  // namespace nic::host
