// devlink: what cards tell beyond PCI, and their eswitch. Thread: the one that made it; every call BLOCKS, and each
// takes the lock of the device it speaks of, the dumps those of all: a driver that makes VFs or switches its mode holds
// it for seconds. Asking loads no module. Sources: kernel Documentation/networking/devlink/, net/devlink/.
#pragma once

#include "host/devlink_parse.hpp"
#include "host/genl_socket.hpp"
#include "model/error.hpp"

#include <expected>
#include <optional>
#include <string_view>
#include <vector>

namespace nic::host {

class Devlink {
 public:
  // Code::unsupported: the kernel has no devlink.
  [[nodiscard]] static std::expected<Devlink, model::Error> open();

  [[nodiscard]] std::expected<std::vector<DevlinkDevice>, model::Error> devices();
  // nullopt: no devlink device of that name, or it has no eswitch (VFs, InfiniBand ports).
  [[nodiscard]] std::expected<std::optional<model::EswitchMode>, model::Error> eswitch_mode(
      const DevlinkDevice& device);
  // The kernel refuses with EOPNOTSUPP what a device cannot, EBUSY and EPERM what it cannot now.
  [[nodiscard]] std::expected<void, model::Error> set_eswitch_mode(const DevlinkDevice& device,
                                                                   model::EswitchMode mode);
  // nullopt: the driver has no parameter of that name.
  [[nodiscard]] std::expected<std::optional<DevlinkParameter>, model::Error> parameter(const DevlinkDevice& device,
                                                                                       std::string_view name);
  // Sets a parameter as it was read, in the first of the modes that the driver offers. `text` as in ParameterValue.
  [[nodiscard]] std::expected<void, model::Error> set_parameter(const DevlinkDevice& device,
                                                                const DevlinkParameter& parameter,
                                                                std::string_view text);
  // What runs on the card, by name: "fw.app.name" -> "ICE OS Default Package". Empty where the driver tells nothing.
  [[nodiscard]] std::expected<RunningVersions, model::Error> running_versions(const DevlinkDevice& device);
  // Of all devices.
  [[nodiscard]] std::expected<std::vector<PortOf>, model::Error> ports();
  [[nodiscard]] std::expected<std::vector<ReporterOf>, model::Error> health_reporters();

 private:
  explicit Devlink(GenlSocket socket) : socket_{std::move(socket)} {}
  template <class Item>
  [[nodiscard]] std::expected<std::vector<Item>, model::Error> list(std::uint8_t command, std::string_view activity,
                                                                    std::optional<Item> (*parse)(Bytes));

  GenlSocket socket_;
};

}  // namespace nic::host
