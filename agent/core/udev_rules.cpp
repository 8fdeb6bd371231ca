#include "core/udev_rules.hpp"

#include "core/predict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace nic::core {
namespace {

constexpr std::size_t kMostName = 15;  // IFNAMSIZ - 1
constexpr std::size_t kMark = 3;
constexpr std::size_t kVfsPerLine = 32;

// A name is written into a file that udev obeys: only what can mean nothing else there is.
bool plain(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  });
}

// Three letters and digits that depend on every character (FNV-1a).
std::string mark(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  std::string text;
  for (std::size_t i = 0; i < kMark; ++i, hash /= kDigits.size()) text += kDigits[hash % kDigits.size()];
  return text;
}

std::string base_name(std::string_view pf_name, unsigned num_vfs) {
  const std::size_t room = kMostName - 1 - std::to_string(num_vfs == 0 ? 0 : num_vfs - 1).size();
  if (pf_name.size() <= room) return std::string{pf_name};
  return std::string{pf_name.substr(0, room - kMark)} + mark(pf_name);
}

void keep_off(std::string& text, const UdevRules& rules) {
  for (std::size_t first = 0; first < rules.vfs.size(); first += kVfsPerLine) {
    std::string some;
    for (std::size_t i = first; i < std::min(first + kVfsPerLine, rules.vfs.size()); ++i)
      some += (some.empty() ? "" : "|") + rules.vfs[i].text();
    text += fmt::format("KERNELS==\"{}\", GOTO=\"unmanaged\"\n", some);
  }
}

}  // namespace

std::string representor_name(std::string_view pf_name, unsigned index, unsigned num_vfs) {
  return fmt::format("{}_{}", base_name(pf_name, num_vfs), index);
}

std::string text(const UdevRules& rules) {
  std::string text = fmt::format(
      "# Written by nic-agent for {}. It is written anew when it is changed, and removed when the PF is given back.\n"
      "ACTION==\"remove\", GOTO=\"end\"\n"
      "SUBSYSTEM!=\"net\", GOTO=\"end\"\n",
      rules.device);
  keep_off(text, rules);
  if (rules.pf_name) {
    text += fmt::format(
        "KERNELS==\"{0}\", ATTR{{phys_port_name}}==\"pf[0-9]*|c[0-9]*pf[0-9]*\", GOTO=\"representor\"\n"
        "KERNELS==\"{0}\", ATTR{{phys_port_name}}==\"p[0-9]*\", ACTION==\"add\", NAME==\"\", NAME=\"{1}\"\n",
        rules.device, *rules.pf_name);
  }
  text += "GOTO=\"end\"\n";
  if (rules.pf_name) {
    text += "LABEL=\"representor\"\n";
    for (unsigned index = 0; index < rules.num_vfs; ++index)
      text += fmt::format(
          "ACTION==\"add\", NAME==\"\", ATTR{{phys_port_name}}==\"pf[0-9]*vf{0}|c[0-9]*pf[0-9]*vf{0}\", "
          "NAME=\"{1}\"\n",
          index, representor_name(*rules.pf_name, index, rules.num_vfs));
  }
  text +=
      "LABEL=\"unmanaged\"\n"
      "ENV{NM_UNMANAGED}=\"1\", ENV{NIC_AGENT_UNMANAGED}=\"1\"\n"
      "LABEL=\"end\"\n";
  return text;
}

std::string udev_rules(const model::DesiredPf& desired, const model::PciFunction& pf,
                       const model::Inventory& inventory) {
  const bool switchdev = desired.eswitch_mode == model::EswitchMode::switchdev;
  if (!pf.sriov || desired.given_back || (desired.num_vfs == 0 && !switchdev)) return "";
  UdevRules rules{pf.address.text(), std::nullopt, desired.num_vfs};
  for (unsigned index = 0; index < desired.num_vfs; ++index) {
    const auto there = pf.sriov->virtfns.find(index);
    rules.vfs.push_back(there == pf.sriov->virtfns.end() ? vf_address(pf.address, *pf.sriov, index) : there->second);
  }
  // A function with several ports (netdevsim, nfp) would have its name taken by each of them.
  const auto nets = inventory.net_devices_of(pf.address);
  if (switchdev && nets.size() == 1 && plain(nets.front()->name)) rules.pf_name = nets.front()->name;
  return text(rules);
}

}  // namespace nic::core
