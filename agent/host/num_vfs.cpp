#include "host/attribute_writer.hpp"
#include "host/mmio.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>

namespace nic::host {
namespace {

using Done = std::expected<void, model::Error>;

struct Advice {
  int errno_value;
  std::string_view text;
};

// What sriov_numvfs_store of drivers/pci/iov.c and the drivers' sriov_configure answer, and what helps.
constexpr std::array kAdvice{
    Advice{ENOENT, "no driver is bound to the function, or its driver cannot make VFs: bind the vendor's PF driver"},
    Advice{ENOMEM,
           "there is not enough MMIO space or there are no bus numbers for so many VFs: enable SR-IOV and Above 4G "
           "Decoding in the BIOS, or boot with pci=realloc"},
    Advice{ERANGE, "more VFs than sriov_totalvfs: ask for fewer, or raise NUM_OF_VFS in the firmware"},
    Advice{EINVAL, "the driver refuses this count; with i40e also while VFs are assigned to virtual machines"},
    Advice{EBUSY, "VFs are in use or already there in another number: stop what uses them and set 0 first"},
    Advice{EAGAIN, "the driver is busy with the function: try again"},
    Advice{EPERM, "the driver refuses: VFs are assigned to virtual machines, or its queues are taken (ixgbe)"},
    Advice{EIO, "the device's InitialVFs and TotalVFs disagree: its firmware is at fault, see dmesg"},
    Advice{ENODEV, "the function, or the PF that it depends on, is gone"},
    Advice{ENOSYS, "not the PF of its dependency group"},
    Advice{EOPNOTSUPP, "the driver cannot make VFs now; with ice this is Safe Mode: install its DDP package"},
    Advice{ENOSPC, "the driver has no room for so many VFs: ask for fewer"},
    Advice{EACCES,
           "the agent may not write there: it needs to be root, and the kernel not in confidentiality lockdown"},
    Advice{EROFS, "/sys is mounted read-only for the agent"},
    Advice{ETIMEDOUT, "the firmware did not answer: see dmesg"},
};

std::string activity(unsigned to) {
  return to == 0 ? std::string{"remove the VFs"} : fmt::format("create {} VF{}", to, to == 1 ? "" : "s");
}

std::expected<unsigned, model::Error> read_num_vfs(const FunctionFiles& pf, unsigned to) {
  auto now = pf.sys.number<unsigned>(pf.path("sriov_numvfs").c_str());
  if (!now) return std::unexpected(now.error().during(activity(to)));
  if (!*now)
    return std::unexpected(model::system_error(
        ENOENT, activity(to) + ": open", pf.shown("sriov_numvfs"),
        "the function has no SR-IOV capability: enable it in the firmware (SRIOV_EN, NUM_OF_VFS) and in the BIOS"));
  return **now;
}

Done write_num_vfs(const FunctionFiles& pf, unsigned value, unsigned to) {
  auto done = pf.put("sriov_numvfs", fmt::format("{}\n", value));
  if (done) return {};
  auto error = done.error().during(activity(to));
  error.advice = advice_for_num_vfs(error.errno_value);
  if (error.errno_value == ENOMEM)
    if (const auto room = room_for_vfs(pf, to); !room.empty()) error.advice += ". " + room;
  return std::unexpected(std::move(error));
}

}  // namespace

std::string_view advice_for_num_vfs(int errno_value) {
  for (const auto& entry : kAdvice)
    if (entry.errno_value == errno_value) return entry.text;
  return "";
}

Done set_num_vfs(const FunctionFiles& pf, unsigned to) {
  const auto now = read_num_vfs(pf, to);
  if (!now) return std::unexpected(now.error());
  if (*now == to) return {};

  // New VFs stay without a driver until the plan binds each as it is asked for.
  if (to != 0)
    if (auto off = set_autoprobe(pf, false); !off) return std::unexpected(off.error().during(activity(to)));
  // The kernel goes from one count to another by way of none only.
  if (*now != 0 && to != 0)
    if (auto none = write_num_vfs(pf, 0, to); !none) return none;
  if (auto all = write_num_vfs(pf, to, to); !all) return all;

  // A short count is a success to the kernel ("%d VFs requested; only %d enabled").
  const auto then = read_num_vfs(pf, to);
  if (!then) return std::unexpected(then.error());
  if (*then != to)
    return std::unexpected(model::Error{model::Code::internal, 0, activity(to), pf.shown("sriov_numvfs"),
                                        fmt::format("{} requested, {} enabled: see dmesg", to, *then)});
  return {};
}

Done set_autoprobe(const FunctionFiles& pf, bool on) {
  constexpr const char* kFile = "sriov_drivers_autoprobe";
  const auto now = pf.text(kFile);
  if (!now) return std::unexpected(now.error().during("set the probing of new VFs"));
  const std::string_view want = on ? "1" : "0";
  if (*now == want) return {};
  if (auto done = pf.put(kFile, on ? "1\n" : "0\n"); !done)
    return std::unexpected(done.error().during("set the probing of new VFs"));
  return {};
}

}  // namespace nic::host
