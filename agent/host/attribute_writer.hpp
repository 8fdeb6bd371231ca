// Writing sysfs attributes so that they are put back on every way out. Thread: one worker. Internal to perform().
#pragma once

#include "host/perform.hpp"
#include "host/sysfs.hpp"

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::host {

// One PCI function's folder as perform() needs it.
struct FunctionFiles {
  const Sysfs& sys;
  const WriteAttribute& write;
  model::PciAddress address;

  [[nodiscard]] std::string path(std::string_view file) const {
    return "bus/pci/devices/" + address.text() + "/" + std::string{file};
  }
  [[nodiscard]] std::string shown(std::string_view file) const { return sys.name(path(file)); }
  [[nodiscard]] std::expected<void, model::Error> put(std::string_view file, std::string_view value) const {
    return write(sys, path(file).c_str(), value);
  }
  [[nodiscard]] Sysfs::Maybe<std::string> link(std::string_view file) const { return sys.link(path(file).c_str()); }
  [[nodiscard]] Sysfs::Maybe<std::string> text(std::string_view file) const { return sys.text(path(file).c_str()); }
  [[nodiscard]] bool exists(std::string_view file) const { return sys.exists(path(file).c_str()); }
};

// Writes a value now and another one when it goes, unless finish() did that already and told how it went.
class PutBack {
 public:
  PutBack(FunctionFiles files, std::string file, std::string_view back)
      : files_{files}, file_{std::move(file)}, back_{back} {}
  PutBack(const PutBack&) = delete;
  PutBack& operator=(const PutBack&) = delete;
  ~PutBack() {
    if (armed_) std::ignore = files_.put(file_, back_);  // an earlier failure is on its way out already
  }
  [[nodiscard]] std::expected<void, model::Error> write(std::string_view value) {
    armed_ = true;  // before the write: a failed one may have taken effect
    return files_.put(file_, value);
  }
  [[nodiscard]] std::expected<void, model::Error> finish() {
    if (!armed_) return {};
    armed_ = false;
    return files_.put(file_, back_);
  }

 private:
  FunctionFiles files_;
  std::string file_, back_;
  bool armed_{false};
};

// Takes a function from its driver; success also when it has none any more.
[[nodiscard]] std::expected<void, model::Error> unbind(const FunctionFiles& function);

[[nodiscard]] std::expected<void, model::Error> set_num_vfs(const FunctionFiles& pf, unsigned to);
[[nodiscard]] std::expected<void, model::Error> set_autoprobe(const FunctionFiles& pf, bool on);
// Of VFs of the PF on which it stands though vfio-pci is bound: whoever bound it did not come to clearing it.
[[nodiscard]] std::expected<void, model::Error> clear_overrides(const FunctionFiles& pf);
[[nodiscard]] std::expected<void, model::Error> bind_vfio(const FunctionFiles& function);
[[nodiscard]] std::expected<void, model::Error> bind_netdevice(const FunctionFiles& function, ProbeWindows& windows);
// Code::unsupported where an RDMA device of the function has no GUID although it has just been bound. One that is not
// there yet comes with an event.
[[nodiscard]] std::expected<void, model::Error> has_usable_rdma(const FunctionFiles& function);
[[nodiscard]] std::expected<void, model::Error> bring_up(const FunctionFiles& function);
[[nodiscard]] std::expected<void, model::Error> set_acs(const FunctionFiles& bridge, std::uint16_t mask,
                                                        std::uint16_t value);
[[nodiscard]] std::expected<void, model::Error> set_max_read_request(const FunctionFiles& function, unsigned bytes);
[[nodiscard]] std::expected<void, model::Error> set_mtu(const FunctionFiles& function, unsigned to, bool real);

}  // namespace nic::host
