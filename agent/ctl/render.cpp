#include "ctl/render.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>
#include <vector>

namespace nic::ctl {
namespace {

// Any value as one printable line.
std::string plain(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return printable(value.get_ref<const std::string&>());
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const auto& item : value) parts.push_back(plain(item));
    return fmt::format("{}", fmt::join(parts, " "));
  }
  return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string or_dash(std::string text) { return text.empty() ? "-" : std::move(text); }

long long number(const Json& object, const char* key, long long otherwise = 0) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_number_integer() ? found->get<long long>() : otherwise;
}

// A moment in microseconds, as it is called where one looks; "" for 0.
std::string time_of(const Json& object, const char* key) {
  constexpr long long kMicroseconds = 1'000'000;
  const std::time_t seconds = number(object, key) / kMicroseconds;
  std::tm parts{};
  std::array<char, 32> text{};
  if (seconds <= 0 || ::localtime_r(&seconds, &parts) == nullptr) return {};
  return {text.data(), std::strftime(text.data(), text.size(), "%F %T", &parts)};
}

bool flag(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::string ids(const Json& device) {
  return fmt::format("{:04x}:{:04x}", number(device, "VendorId"), number(device, "DeviceId"));
}

std::string last_of_path(const Json& path) {
  const auto text = plain(path);
  const auto slash = text.rfind('/');
  return slash == std::string::npos ? text : text.substr(slash + 1);
}

// Kept as an object path where the function is not there any more.
std::string address_of(const Json& state, const Json& path) {
  for (const auto& device : list(state, "Devices"))
    if (const auto found = device.find("Path"); found != device.end() && *found == path)
      return member(device, "PciAddress");
  return last_of_path(path);
}

std::string resource_of(const Json& state, const Json& path) {
  for (const auto& resource : list(state, "Resources"))
    if (const auto found = resource.find("Path"); found != resource.end() && *found == path)
      return member(resource, "Name");
  return last_of_path(path);
}

std::string vfs(const Json& device) {
  const auto& pf = object(device, "PhysicalFunction");
  const auto& wanted = object(device, "Desired");
  return fmt::format("{}/{}", number(pf, "NumVfs"), wanted.contains("NumVfs") ? member(wanted, "NumVfs") : "-");
}

std::string error_line(const Json& error) {
  auto text = member(error, "Operation");
  if (const auto what = member(error, "Object"); !what.empty()) text += (text.empty() ? "" : " ") + what;
  if (const auto errno_value = number(error, "Errno"); errno_value != 0)
    text += fmt::format(" (errno {})", errno_value);
  return text;
}

void advice(std::string& text, const std::string& what, const char* indent) {
  if (!what.empty()) text += fmt::format("{}-> {}\n", indent, what);
}

std::string interfaces_of(const Json& state, const std::string& address) {
  for (const auto& device : list(state, "Devices"))
    if (member(device, "PciAddress") == address) return member(device, "NetworkInterfaces");
  return "";
}

// "warn acs-redirect bridge 0000:3b:00.0 ...": severity, word and sentence of a finding.
std::array<std::string, 3> parts_of(std::string finding) {
  std::array<std::string, 3> parts;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto blank = finding.find(' ');
    parts[i] = finding.substr(0, blank);
    finding.erase(0, blank == std::string::npos ? finding.size() : blank + 1);
  }
  parts[2] = std::move(finding);
  return parts;
}

void problems(std::string& text, const Json& state, const Style& style) {
  const auto& rows = list(state, "Problems");
  if (rows.empty()) return;
  text += "\n" + style.bold("Problems") + "\n";
  for (const auto& row : rows) {
    text += fmt::format("  {}: {}\n", or_dash(member(row, "Subject")), member(row, "Text"));
    advice(text, member(row, "Advice"), "    ");
  }
}

void fact(std::string& text, const char* name, const std::string& value) {
  if (!value.empty()) text += fmt::format("  {:<16}{}\n", name, value);
}

// "32768 pcisf 88 of PF 0 (ens1f0npf0sf88)"
std::string devlink_port(const Json& port) {
  auto text = fmt::format("{} {}", number(port, "Index"), member(port, "Flavour"));
  if (const auto which = number(port, "Number", -1); which >= 0) text += fmt::format(" {}", which);
  if (const auto pf = number(port, "PfNumber", -1); pf >= 0) text += fmt::format(" of PF {}", pf);
  if (const auto controller = number(port, "Controller", 0); controller > 0)
    text += fmt::format(" of controller {}", controller);
  if (const auto name = member(port, "NetworkInterface"); !name.empty()) text += fmt::format(" ({})", name);
  return text;
}

std::string health(const Json& reporter, const Style& style) {
  auto text = member(reporter, "Name");
  if (const auto port = number(reporter, "Port", -1); port >= 0) text += fmt::format(" of port {}", port);
  return text + fmt::format(" {}, {} errors, {} recoveries", style.state(flag(reporter, "Healthy") ? "ok" : "error"),
                            number(reporter, "Errors"), number(reporter, "Recoveries"));
}

void differences(std::string& text, const Json& rows, const char* indent) {
  for (const auto& row : rows)
    text += fmt::format("{}{}: has {}, should be {}\n", indent, member(row, "What"), or_dash(member(row, "Have")),
                        or_dash(member(row, "Want")));
}

}  // namespace

const Json& list(const Json& object, const char* key) {
  static const Json none = Json::array();
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_array() ? *found : none;
}

const Json& object(const Json& object, const char* key) {
  static const Json none = Json::object();
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_object() ? *found : none;
}

std::string member(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found == object.end() ? "" : plain(*found);
}

bool ready(const Json& state) {
  const auto word = member(object(state, "Manager"), "State");
  return word == "ready" || word == "ignore";
}

std::string status(const Json& state, const Style& style) {
  const auto& manager = object(state, "Manager");
  std::string text = fmt::format("{} {}: {}\n", style.bold("nic-agent"), member(manager, "Version"),
                                 style.state(member(manager, "State")));
  text += fmt::format("configuration {}, applied {}: {}\n\n", number(manager, "ConfigGeneration"),
                      number(manager, "AppliedGeneration"), or_dash(member(manager, "ConfigSources")));
  Table components{{"COMPONENT", "STATE", ""}};
  for (const auto& row : list(manager, "Components"))
    components.add({member(row, "Name"), member(row, "State"), member(row, "Text")});
  if (!components.empty()) text += components.text(style) + "\n";

  Table pfs{{"ADDRESS", "INTERFACE", "MODEL", "VFS", "DRIVER", "STATE", ""}};
  for (const auto& device : list(state, "Devices"))
    if (member(device, "Kind") == "pf")
      pfs.add({member(device, "PciAddress"), or_dash(member(device, "NetworkInterfaces")), ids(device), vfs(device),
               or_dash(member(device, "Driver")), member(device, "State"), member(device, "StateText")});
  text += pfs.empty() ? "no functions with SR-IOV\n" : pfs.text(style);

  problems(text, state, style);
  if (const auto& reasons = list(manager, "RebootReasons"); !reasons.empty()) {
    text += "\n" + style.bold("Reboot needed") + "\n";
    for (const auto& reason : reasons) text += "  " + plain(reason) + "\n";
  }
  if (const auto& jobs = list(state, "Jobs"); !jobs.empty()) {
    text += "\n" + style.bold("Jobs") + "\n";
    for (const auto& job : jobs)
      text += fmt::format("  {} {} {} {}/{} {}\n", number(job, "Id"), member(job, "Kind"), member(job, "State"),
                          number(job, "Step"), number(job, "Steps"), member(job, "Text"));
  }
  return text;
}

std::string devices(const Json& state, const Style& style) {
  Table table{{"ADDRESS", "KIND", "INTERFACE", "MODEL", "DRIVER", "NUMA", "LINK", "RDMA", "STATE", "RESOURCES"}};
  for (const auto& device : list(state, "Devices")) {
    const auto numa = number(device, "NumaNode", -1);
    std::vector<std::string> names;
    for (const auto& resource : list(device, "Resources")) names.push_back(resource_of(state, resource));
    table.add({member(device, "PciAddress"), member(device, "Kind"), or_dash(member(device, "NetworkInterfaces")),
               ids(device), or_dash(member(device, "Driver")), numa < 0 ? "-" : std::to_string(numa),
               or_dash(member(device, "LinkState")), or_dash(member(object(device, "Rdma"), "Name")),
               member(device, "State"), fmt::format("{}", fmt::join(names, " "))});
  }
  return table.empty() ? "no network functions\n" : table.text(style);
}

std::string device(const Json& device, const Style& style) {
  std::string text = fmt::format("{} {} {}\n", style.bold(member(device, "PciAddress")), member(device, "Kind"),
                                 style.state(member(device, "State")));
  fact(text, "status", member(device, "StateText"));
  fact(text, "model",
       fmt::format("{} (subsystem {:04x}:{:04x})", ids(device), number(device, "SubsystemVendorId"),
                   number(device, "SubsystemDeviceId")));
  fact(text, "serial", member(device, "Serial"));
  fact(text, "driver", or_dash(member(device, "Driver")));
  if (const auto numa = number(device, "NumaNode", -1); numa >= 0) fact(text, "NUMA node", std::to_string(numa));
  if (const auto group = number(device, "IommuGroup", -1); group >= 0) fact(text, "IOMMU group", std::to_string(group));
  if (const auto names = member(device, "NetworkInterfaces"); !names.empty()) {
    fact(text, "interfaces", names);
    auto link = fmt::format("{} {}", member(device, "LinkType"), member(device, "LinkState"));
    if (const auto speed = number(device, "LinkSpeed"); speed > 0) link += fmt::format(", {} Mbit/s", speed);
    fact(text, "link", link);
    fact(text, "MTU", member(device, "Mtu"));
    fact(text, "address", member(device, "MacAddress"));
  }
  if (const auto& pf = object(device, "PhysicalFunction"); !pf.empty()) {
    fact(text, "VFs", fmt::format("{} of {} possible", number(pf, "NumVfs"), number(pf, "TotalVfs")));
    fact(text, "eswitch", member(pf, "EswitchMode"));
    fact(text, "representors", member(pf, "Representors"));
    fact(text, "SFs", member(pf, "ScalableFunctions"));
    for (const auto& port : list(pf, "Ports")) fact(text, "devlink port", devlink_port(port));
    for (const auto& reason : list(pf, "ProtectionReasons")) fact(text, "protected", plain(reason));
    if (flag(pf, "Owned")) fact(text, "owned", "given back when no policy asks for it any more");
    for (const auto& [key, value] : object(pf, "Found").items())
      fact(text, "found", fmt::format("{} {}", printable(key), plain(value)));
  }
  if (const auto& vf = object(device, "VirtualFunction"); !vf.empty()) {
    fact(text, "VF", fmt::format("{} of {}", number(vf, "Index"), last_of_path(vf.value("PhysicalFunction", Json{}))));
    for (const auto& [key, value] : object(vf, "Settings").items())
      fact(text, "told of it", fmt::format("{} {}", printable(key), plain(value)));
    if (const auto vdpa = member(vf, "VdpaDevice"); !vdpa.empty())
      fact(text, "vDPA", fmt::format("{} ({})", vdpa, or_dash(member(vf, "VdpaDriver"))));
    fact(text, "in use", member(vf, "UsedBy"));
  }
  if (const auto& rdma = object(device, "Rdma"); !rdma.empty()) {
    fact(text, "RDMA", fmt::format("{}{}", member(rdma, "Name"), flag(rdma, "Software") ? " (software)" : ""));
    fact(text, "firmware", member(rdma, "Firmware"));
    fact(text, "node GUID", member(rdma, "NodeGuid"));
    for (const auto& port : list(rdma, "Ports"))
      fact(text, "port",
           fmt::format("{} {} {} {} {}", number(port, "Number"), member(port, "State"), member(port, "PhysState"),
                       member(port, "LinkLayer"), member(port, "Rate")));
    for (const auto& port : list(rdma, "InfinibandPorts")) {
      fact(text, "port GUID", fmt::format("{} {}", number(port, "Number"), or_dash(member(port, "Guid"))));
      fact(text, "PKeys", fmt::format("{} {}", number(port, "Number"), or_dash(member(port, "PKeys"))));
    }
    fact(text, "device nodes", member(rdma, "CharacterDevices"));
  }
  for (const auto& [key, value] : object(device, "Desired").items())
    fact(text, "desired", fmt::format("{} {}", printable(key), plain(value)));
  differences(text, list(device, "Differences"), "  ! ");
  if (const auto& error = object(device, "LastError"); !member(error, "Code").empty()) {
    fact(text, "last error", error_line(error));
    advice(text, member(error, "Advice"), "    ");
    fact(text, "failed at", time_of(device, "FailedAt"));
    fact(text, "tried again at", time_of(device, "RetryAt"));
  }
  for (const auto& reporter : list(device, "HealthReporters")) fact(text, "health", health(reporter, style));
  for (const auto& note : list(device, "Notes")) fact(text, "note", plain(note));
  return text;
}

std::string modules(const Json& state, const Style& style) {
  Table table{{"MODULE", "WANTED", "STATE", "PROVIDER", "VERSION", "SIGNER", "VERDICT"}};
  std::string below;
  for (const auto& module : list(state, "Modules")) {
    const auto name = member(module, "Name");
    table.add({name, flag(module, "Wanted") ? "yes" : "no", member(module, "State"),
               or_dash(member(module, "Provider")), or_dash(member(module, "Version")),
               or_dash(member(module, "Signer")), member(module, "Verdict")});
    for (const auto& finding : list(module, "Findings"))
      below += fmt::format("{}: {}: {}\n", name, style.state(member(finding, "Severity")), member(finding, "Text"));
    for (const auto& error : list(module, "Errors")) {
      below += fmt::format("{}: {}\n", name, error_line(error));
      advice(below, member(error, "Advice"), "  ");
    }
  }
  if (table.empty()) return "no kernel modules are asked for or in use\n";
  return table.text(style, {"STATE", "VERDICT"}) + (below.empty() ? "" : "\n" + below);
}

std::string verdict(const Json& state, const Style& style) {
  const auto& manager = object(state, "Manager");
  std::string text;
  const auto say = [&](const std::string& subject, const Json& findings) {
    for (const auto& finding : findings)
      text += fmt::format("{}: {}: {}\n", style.state(member(finding, "Severity")), subject, member(finding, "Text"));
  };
  for (const auto& module : list(state, "Modules"))
    if (flag(module, "Wanted")) say(member(module, "Name"), list(module, "Findings"));
  say("drivers", list(manager, "DriverFindings"));
  const auto& stack = object(manager, "RdmaStack");
  fact(text, "RDMA stack", fmt::format("{} runs, {} on disk", member(stack, "Running"), member(stack, "OnDisk")));
  if (const auto version = member(stack, "Version"); !version.empty()) fact(text, "version", version);
  if (const auto user = member(stack, "UserSpace"); !user.empty()) fact(text, "user space", user);
  const auto& peer = object(manager, "PeerMemory");
  fact(text, "GPU memory", fmt::format("{}: {}", member(peer, "Way"), member(peer, "Text")));
  fact(text, "drivers", style.state(member(manager, "DriverVerdict")));
  return text;
}

std::string resources(const Json& state, const Style& style) {
  Table table{{"RESOURCE", "KIND", "HEALTHY", "CAPACITY", "KUBELET", "DEVICES"}};
  std::string below;
  for (const auto& resource : list(state, "Resources")) {
    const auto name = member(resource, "Name");
    std::vector<std::string> addresses;
    for (const auto& path : list(resource, "Devices")) addresses.push_back(address_of(state, path));
    table.add({name, member(resource, "Kind"), member(resource, "Healthy"), member(resource, "Capacity"),
               member(resource, "KubeletState"), fmt::format("{}", fmt::join(addresses, " "))});
    for (const auto& row : list(resource, "NotReady"))
      below += fmt::format("{}: {} is not in it: {}, waits for {}\n", name, member(row, "What"), member(row, "Have"),
                           or_dash(member(row, "Want")));
    for (const auto& row : list(resource, "Unhealthy")) {
      const auto device = member(row, "Device");
      below +=
          fmt::format("{}: {} unhealthy: {}\n", name, device.empty() ? "all are" : device + " is", member(row, "Why"));
    }
    for (const auto& warning : list(resource, "Warnings")) below += fmt::format("{}: {}\n", name, plain(warning));
    for (const auto& holder : list(resource, "Holders"))
      below += fmt::format("{}: {} is held by container {} of pod {}\n", name, member(holder, "Device"),
                           member(holder, "Container"), member(holder, "Pod"));
    if (const auto rival = member(resource, "Rival"); !rival.empty())
      below += fmt::format(
          "{}: another plugin offers it too, on {}: {}\n", name, rival,
          flag(resource, "StandingBy") ? "the agent stands by until it goes" : "the newest one is followed");
    for (const char* key : {"LastError", "Disagreement"}) {
      const auto& error = object(resource, key);
      if (member(error, "Code").empty()) continue;
      below += fmt::format("{}: {}\n", name, error_line(error));
      advice(below, member(error, "Advice"), "  ");
    }
  }
  if (table.empty()) return "no resources are configured\n";
  return table.text(style, {"KUBELET"}) + (below.empty() ? "" : "\n" + below);
}

std::string gpus(const Json& state, const Style& style) {
  Table table{{"GPU", "NIC", "INTERFACE", "LEVEL", "NEAREST", "VERDICT", "FINDINGS"}};
  std::vector<std::string> sentences;
  for (const auto& path : list(object(state, "Manager"), "GpuPaths")) {
    std::string words;
    for (const auto& finding : list(path, "Findings")) {
      const auto [severity, word, sentence] = parts_of(plain(finding));
      if (severity != "pass" && words.find(word) == std::string::npos) words += (words.empty() ? "" : " ") + word;
      auto below = fmt::format("{}: {}: {}", severity == "pass" ? "note" : style.state(severity), word, sentence);
      // What is true of a bridge or a NIC is true on many paths.
      if (std::ranges::find(sentences, below) == sentences.end()) sentences.push_back(std::move(below));
    }
    const auto nic = member(path, "Nic");
    table.add({member(path, "Gpu"), nic, or_dash(interfaces_of(state, nic)), member(path, "Level"),
               flag(path, "Nearest") ? "yes" : "-", member(path, "Verdict"), words});
  }
  if (table.empty()) return "no GPU, or no NIC\n";
  return table.text(style, {"VERDICT"}) + (sentences.empty() ? "" : fmt::format("\n{}\n", fmt::join(sentences, "\n")));
}

std::string line(const Change& change) {
  std::string text = fmt::format("{} {} {}", change.time, change.what, printable(change.path));
  if (!change.interface.empty()) text += " " + printable(change.interface);
  for (const auto& [key, value] : change.values.items()) {
    auto shown = plain(value);
    if (shown.empty() || shown.find(' ') != std::string::npos) shown = '"' + shown + '"';
    text += fmt::format(" {}={}", printable(key), shown);
  }
  return text + "\n";
}

Json json(const Change& change) {
  return {{"Time", change.time},
          {"What", change.what},
          {"Path", change.path},
          {"Interface", change.interface},
          {"Values", change.values}};
}

std::string dump(const Json& json, int indent) { return json.dump(indent, ' ', true, Json::error_handler_t::replace); }

}  // namespace nic::ctl
