// Carrying out SetEswitchMode. Thread: a worker; BLOCKS for as long as the driver needs: seconds for many VFs.
// Internal to perform(). Sources: kernel Documentation/networking/devlink/mlx5.rst, switchdev.rst.
#pragma once

#include "host/attribute_writer.hpp"
#include "host/devlink_parse.hpp"
#include "model/eswitch.hpp"

#include <expected>
#include <functional>
#include <optional>
#include <string>

namespace nic::host {

// What the step asks of the kernel besides sysfs; a test hands in its own.
struct EswitchKernel {
  std::function<std::expected<std::optional<model::EswitchMode>, model::Error>(const DevlinkDevice&)> mode;
  std::function<std::expected<void, model::Error>(const DevlinkDevice&, model::EswitchMode)> set_mode;
  // flow_steering_mode smfs, where the driver has that parameter and it is another.
  std::function<std::expected<void, model::Error>(const DevlinkDevice&)> steer;
  std::function<std::expected<void, model::Error>(unsigned ifindex)> offload_tc;
};

[[nodiscard]] EswitchKernel eswitch_kernel();

// Unbinds the VFs, makes ready for switchdev, switches, and looks whether it happened. A PF that is in that mode
// already is not touched.
[[nodiscard]] std::expected<void, model::Error> set_eswitch_mode(const FunctionFiles& pf, model::EswitchMode to,
                                                                 const EswitchKernel& kernel);

// What an administrator can do when switching fails so; "" where nobody knows.
[[nodiscard]] std::string_view advice_for_eswitch(int errno_value);

}  // namespace nic::host
