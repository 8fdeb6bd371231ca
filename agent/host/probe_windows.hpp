// Whether the kernel binds VFs of a PF to drivers at all (sriov_drivers_autoprobe) decides on those that are probed by
// hand too. While VFs of a PF are bound side by side, the first of them switches it on and the last switches it off.
// Thread: any worker. Source: drivers/pci/pci-driver.c pci_device_can_probe.
#pragma once

#include "model/error.hpp"
#include "model/pci_address.hpp"

#include <expected>
#include <map>
#include <memory>
#include <mutex>

namespace nic::host {

struct FunctionFiles;

class ProbeWindows {
  struct State {
    std::mutex mutex;
    unsigned users{0};
    bool was_off{false};  // and is put back by the last user
  };

 public:
  // One VF's part in it. It ends on every way out; close() also tells how putting back went.
  class Window {
   public:
    Window(Window&&) = default;
    Window(const Window&) = delete;
    Window& operator=(const Window&) = delete;
    Window& operator=(Window&&) = delete;
    ~Window() { std::ignore = close(); }
    [[nodiscard]] std::expected<void, model::Error> close();

   private:
    friend ProbeWindows;
    Window(std::shared_ptr<State> state, const FunctionFiles& pf) : state_{std::move(state)}, pf_{&pf} {}
    std::shared_ptr<State> state_;  // null: closed
    const FunctionFiles* pf_;
  };

  // `pf` has to outlive the window.
  [[nodiscard]] std::expected<Window, model::Error> open(const FunctionFiles& pf);

 private:
  std::mutex mutex_;
  std::map<model::PciAddress, std::weak_ptr<State>> open_;
};

}  // namespace nic::host
