#include "host/udev_rules.hpp"

#include "files/files.hpp"
#include "host/function_nets.hpp"
#include "host/netlink_facts.hpp"
#include "host/program.hpp"

#include <cerrno>

namespace nic::host {
namespace {

using Done = std::expected<void, model::Error>;

constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
constexpr std::chrono::seconds kReloadDeadline{10};

std::filesystem::path folder(const model::Roots& roots) { return roots.run / "udev"; }

// Sends every interface below a function's `net` folder through udev. One that goes meanwhile needs no rules.
void replay(const FunctionFiles& function, std::string_view action, bool representors) {
  const auto nets = function.sys.list(function.path("net").c_str());
  if (!nets) return;
  for (const auto& net : nets->value_or(std::vector<std::string>{}))
    if (is_representor(function, net) == representors) std::ignore = function.put("net/" + net + "/uevent", action);
}

void replay_all(const FunctionFiles& pf) {
  replay(pf, "add", true);  // names are given to what is new
  const auto names = pf.sys.list(pf.path("").c_str());
  if (!names) return;
  for (const auto& name : names->value_or(std::vector<std::string>{})) {
    if (!name.starts_with("virtfn")) continue;
    const auto target = pf.link(name);
    if (const auto vf = model::PciAddress::parse(target ? target->value_or("") : ""))
      replay({pf.sys, pf.write, *vf}, "change", false);
  }
}

Done reload_if_real(const model::Roots& roots) { return is_real(roots) ? reload_udev() : Done{}; }

}  // namespace

std::filesystem::path udev_rules_file(const model::Roots& roots, std::string_view device) {
  return folder(roots) / "rules.d" / ("70-nic-agent-" + std::string{device} + ".rules");
}

std::optional<std::string> read_udev_rules(const model::Roots& roots, const model::PciAddress& pf) {
  std::error_code failure;
  if (!std::filesystem::is_directory(folder(roots), failure)) return std::nullopt;
  auto text = files::read(udev_rules_file(roots, pf.text()), kMostBytes);
  if (text) return std::move(*text);
  if (text.error().errno_value == ENOENT) return "";
  return std::nullopt;
}

Done write_udev_rules(const model::Roots& roots, const FunctionFiles& pf, std::string_view text) {
  if (text.empty()) return remove_udev_rules(roots, pf.address);
  const auto file = udev_rules_file(roots, pf.address.text());
  if (const auto now = files::read(file, kMostBytes); now && *now == text) return {};
  if (auto written = files::write_atomically(file, text); !written)
    return std::unexpected(written.error().during("write udev rules"));
  if (auto known = reload_if_real(roots); !known) return known;
  replay_all(pf);
  return {};
}

Done remove_udev_rules(const model::Roots& roots, const model::PciAddress& pf) {
  const auto file = udev_rules_file(roots, pf.text());
  std::error_code failure;
  if (!std::filesystem::exists(file, failure)) return {};
  if (auto removed = files::remove(file); !removed) return std::unexpected(removed.error().during("remove udev rules"));
  return reload_if_real(roots);
}

Done reload_udev() {
  auto done = run_program({"/usr/bin/udevadm", "control", "--reload"}, kReloadDeadline);
  if (done) return {};
  auto error = done.error().during("have udev read its rules");
  if (error.advice.empty()) error.advice = "is systemd-udevd running?";
  return std::unexpected(std::move(error));
}

}  // namespace nic::host
