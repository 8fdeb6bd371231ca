// vDPA devices: what stands on which function, and making, binding and removing them. Thread: the one that made it;
// BLOCKS until the driver has made or removed the device. Asking loads no module. Sources: vdpa(8), linux/vdpa.h,
// kernel Documentation/netlink/specs and drivers/vdpa/vdpa.c, Documentation/ABI/testing/sysfs-bus-vdpa.
#pragma once

#include "host/attribute_writer.hpp"
#include "host/facts.hpp"
#include "host/genl_socket.hpp"
#include "host/vdpa_parse.hpp"
#include "model/plan.hpp"
#include "model/vdpa.hpp"

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nic::host {

class Vdpa {
 public:
  // Code::unsupported: the kernel has no vDPA (yet): module vdpa is not loaded.
  [[nodiscard]] static std::expected<Vdpa, model::Error> open();

  // What devices can be made on.
  [[nodiscard]] std::expected<std::vector<VdpaManagement>, model::Error> managements();
  // EOPNOTSUPP and EINVAL: not with so many pairs of queues; EEXIST: the name is taken; ENODEV: there is no such
  // management device.
  [[nodiscard]] std::expected<void, model::Error> add(const VdpaManagement& on, std::string_view name,
                                                      std::optional<std::uint16_t> queue_pairs);
  // ENODEV: there is none.
  [[nodiscard]] std::expected<void, model::Error> remove(std::string_view name);

 private:
  explicit Vdpa(GenlSocket socket) : socket_{std::move(socket)} {}
  GenlSocket socket_;
};

// What the step asks of the kernel besides sysfs; a test hands in its own.
struct VdpaKernel {
  std::function<std::expected<void, model::Error>(const VdpaManagement&, std::string_view name,
                                                  std::optional<std::uint16_t> queue_pairs)>
      add;
  std::function<std::expected<void, model::Error>(std::string_view name)> remove;
};
[[nodiscard]] VdpaKernel vdpa_kernel();

// Makes the device where it is not there, and binds it to the driver of its type; or removes it.
[[nodiscard]] std::expected<void, model::Error> set_vdpa(const FunctionFiles& vf, const model::SetVdpa& step,
                                                         const VdpaKernel& kernel);
// Makes a device with many queues, or with as many as its driver gives.
[[nodiscard]] std::expected<void, model::Error> make_vdpa(const VdpaManagement& on, std::string_view name,
                                                          const VdpaKernel& kernel);
// One that is not there is as good as removed.
[[nodiscard]] std::expected<void, model::Error> remove_vdpa(const Sysfs& sys, std::string_view name,
                                                            const VdpaKernel& kernel);
// Binds a device of the bus vdpa; one that is bound so is not touched.
[[nodiscard]] std::expected<void, model::Error> bind_vdpa(const Sysfs& sys, const WriteAttribute& write,
                                                          std::string_view name, model::VdpaType type);

// The vDPA devices of PCI functions, by name.
[[nodiscard]] std::vector<std::pair<model::PciAddress, std::string>> vdpa_devices(const Sysfs& sys);
// The nodes through which user space would hold a device that vhost_vdpa has.
[[nodiscard]] std::vector<std::string> vhost_nodes(const Sysfs& sys, std::string_view device);
// Fills in which vDPA devices stand on which functions.
void look_at_vdpa(const Sysfs& sys, Functions& functions);

}  // namespace nic::host
