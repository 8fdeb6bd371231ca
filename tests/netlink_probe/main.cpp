// Asks and orders what the agent would, of any devlink or vDPA device; see kUsage. The kernel's refusals go to standard
// error as the agent would show them, with exit status 1.
#include "core/udev_rules.hpp"
#include "host/devlink.hpp"
#include "host/kernel_events.hpp"
#include "host/netlink_facts.hpp"
#include "host/netlink_socket.hpp"
#include "host/offload.hpp"
#include "host/udev_rules.hpp"
#include "host/vdpa.hpp"
#include "host/vf_message.hpp"
#include "loop/loop.hpp"
#include "netlink_probe/vduse.hpp"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <systemd/sd-event.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace nic::test {
namespace {

using Result = std::expected<void, model::Error>;
using Words = std::span<const std::string>;

constexpr const char* kUsage =
    "nic-netlink-probe COMMAND...; DEVICE is bus/name, as devlink(8) has it\n"
    "  devices                       every devlink device\n"
    "  mode DEVICE [MODE]            the eswitch mode; or set it\n"
    "  ports DEVICE                  index flavour pf vf sf ifindex\n"
    "  health DEVICE                 name state errors recoveries\n"
    "  parameter DEVICE NAME [VALUE] its value; or set it\n"
    "  links                         ifindex name phys_port_name phys_switch_id\n"
    "  offload IFINDEX               hw-tc-offload on\n"
    "  vf IFINDEX VF [NAME VALUE]... what its driver tells of a VF; or set it: mac, vlan (ID,QOS,PROTOCOL), trust,\n"
    "                                spoofchk, link_state, rates (MIN,MAX)\n"
    "  listen                        \"listening\", then \"heard\" when a card or its health changes; gives up after "
    "20 s\n"
    "  rules DEVICE PF VFS           the udev rules that name representors\n"
    "  reload-udev                   have udev read its rules\n"
    "  vdpa                          what vDPA devices can be made on\n"
    "  vdpa-make MANAGEMENT NAME     make one\n"
    "  vdpa-bind NAME TYPE           give it to the driver of its type\n"
    "  vdpa-remove NAME              remove it\n"
    "  vduse NAME                    let a vDPA device of this name be made on \"vduse\"\n"
    "  vduse-end NAME                and no longer\n";

model::Error wrong(std::string what) { return model::invalid(std::move(what), "", "see --help"); }

std::expected<host::DevlinkDevice, model::Error> device(const std::string& text) {
  const auto parsed = host::DevlinkDevice::parse(text);
  if (!parsed) return std::unexpected(wrong("\"" + text + "\" is no device"));
  return *parsed;
}

std::expected<unsigned, model::Error> number(const std::string& text) {
  unsigned value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size())
    return std::unexpected(wrong("\"" + text + "\" is no number"));
  return value;
}

std::string text(std::optional<unsigned> value) { return value ? std::to_string(*value) : "-"; }

Result devices(host::Devlink& devlink, Words) {
  const auto all = devlink.devices();
  if (!all) return std::unexpected(all.error());
  for (const auto& one : *all) fmt::print("{}\n", one.text());
  return {};
}

Result mode(host::Devlink& devlink, Words words) {
  const auto target = device(words[0]);
  if (!target) return std::unexpected(target.error());
  if (words.size() > 1) {
    for (const auto wanted : {model::EswitchMode::legacy, model::EswitchMode::switchdev})
      if (words[1] == model::word(wanted)) return devlink.set_eswitch_mode(*target, wanted);
    return std::unexpected(wrong("\"" + words[1] + "\" is no mode"));
  }
  const auto now = devlink.eswitch_mode(*target);
  if (!now) return std::unexpected(now.error());
  fmt::print("{}\n", *now ? model::word(**now) : "none");
  return {};
}

Result ports(host::Devlink& devlink, Words words) {
  const auto all = devlink.ports();
  if (!all) return std::unexpected(all.error());
  for (const auto& [of, port] : *all)
    if (of.text() == words[0])
      fmt::print("{} {} {} {} {} {}\n", port.index, port.flavour ? model::word(*port.flavour) : "unknown",
                 text(port.pf), text(port.vf), text(port.sf), text(port.net_ifindex));
  return {};
}

Result health(host::Devlink& devlink, Words words) {
  const auto all = devlink.health_reporters();
  if (!all) return std::unexpected(all.error());
  for (const auto& [of, reporter] : *all)
    if (of.text() == words[0] && !reporter.port)
      fmt::print("{} {} {} {}\n", reporter.name, reporter.healthy ? "healthy" : "error", reporter.errors,
                 reporter.recoveries);
  return {};
}

Result parameter(host::Devlink& devlink, Words words) {
  const auto target = device(words[0]);
  if (!target) return std::unexpected(target.error());
  const auto found = devlink.parameter(*target, words[1]);
  if (!found) return std::unexpected(found.error());
  if (words.size() > 2)
    return *found ? devlink.set_parameter(*target, **found, words[2])
                  : std::unexpected(wrong("there is no parameter " + words[1]));
  if (!*found)
    fmt::print("none\n");
  else
    for (const auto& value : (*found)->values) fmt::print("{}\n", value.text);
  return {};
}

Result links(Words) {
  const auto all = host::kernel_netlink({}).links();
  if (!all) return std::unexpected(all.error());
  for (const auto& link : *all)
    fmt::print("{} {} {} {}\n", link.ifindex, link.name, link.phys_port_name.value_or("-"),
               link.phys_switch_id.value_or("-"));
  return {};
}

Result offload(Words words) {
  const auto ifindex = number(words[0]);
  return ifindex ? host::offload_tc(*ifindex) : std::unexpected(ifindex.error());
}

bool on(std::string_view text) { return text == "on"; }

template <class Word>
std::optional<Word> one_of(std::initializer_list<Word> words, std::string_view text) {
  for (const auto known : words)
    if (text == model::word(known)) return known;
  return std::nullopt;
}

// "a,b" apart; what is not there is "".
std::pair<std::string, std::string> halves(const std::string& text) {
  const auto comma = text.find(',');
  return {text.substr(0, comma), comma == std::string::npos ? "" : text.substr(comma + 1)};
}

// False: there is no such setting, or the value is none of its.
bool take(model::VfSettings& settings, std::string_view name, const std::string& value) {
  using enum model::VfLinkState;
  const auto [first, rest] = halves(value);
  if (name == "mac") settings.mac = model::MacAddress::parse(value);
  if (name == "trust") settings.trust = on(value);
  if (name == "spoofchk") settings.spoof_check = on(value);
  if (name == "link_state") settings.link_state = one_of({automatic, enable, disable}, value);
  if (name == "rates") {
    settings.min_tx_rate = number(first).value_or(0);
    settings.max_tx_rate = number(rest).value_or(0);
  }
  if (name == "vlan") {
    const auto [qos, protocol] = halves(rest);
    settings.vlan = model::Vlan{static_cast<std::uint16_t>(number(first).value_or(0)),
                                static_cast<std::uint8_t>(number(qos).value_or(0)),
                                one_of({model::VlanProtocol::dot1q, model::VlanProtocol::dot1ad}, protocol)
                                    .value_or(model::VlanProtocol::dot1q)};
  }
  return !settings.empty();
}

Result vf(Words words) {
  const auto ifindex = number(words[0]);
  const auto index = number(words[1]);
  if (!ifindex || !index) return std::unexpected(ifindex ? index.error() : ifindex.error());
  for (std::size_t at = 2; at + 1 < words.size(); at += 2) {
    model::VfSettings change;
    if (!take(change, words[at], words[at + 1])) return std::unexpected(wrong("\"" + words[at] + "\" is no setting"));
    auto socket = host::NetlinkSocket::open(NETLINK_ROUTE);
    if (!socket) return std::unexpected(socket.error());
    const auto request = host::vf_message(*ifindex, *index, change);
    if (auto done = socket->change(RTM_SETLINK, request.bytes()); !done) return done;
  }
  const auto all = host::kernel_netlink({}).vfs(*ifindex);
  if (!all) return std::unexpected(all.error());
  const auto found = all->find(*index);
  if (found == all->end()) return std::unexpected(wrong("nothing is told of this VF"));
  for (const auto& [name, value] : model::named(found->second)) fmt::print("{} {}\n", name, value);
  return {};
}

Result listen(Words) {
  constexpr std::uint64_t kPatience = 20'000'000;
  const auto event = loop::new_event();
  bool heard = false;
  const host::KernelEvents events{event.get(), {}, [&](const model::Dirty& dirty) { heard = heard || dirty.devlink; }};
  if (!events.failures().empty()) return std::unexpected(events.failures().front());
  fmt::print("listening\n");
  std::fflush(stdout);
  loop::Timer patience{event.get(), [&] { sd_event_exit(event.get(), 0); }};
  patience.arm(std::chrono::microseconds{kPatience});
  while (!heard && sd_event_get_state(event.get()) != SD_EVENT_FINISHED)
    if (sd_event_run(event.get(), kPatience) < 0) break;
  if (!heard) return std::unexpected(wrong("nothing was heard"));
  fmt::print("heard\n");
  return {};
}

Result rules(Words words) {
  const auto vfs = number(words[2]);
  if (!vfs) return std::unexpected(vfs.error());
  fmt::print("{}", core::text({words[0], words[1], *vfs}));
  return {};
}

Result vdpa(Words) {
  auto kernel = host::Vdpa::open();
  if (!kernel) return std::unexpected(kernel.error());
  const auto all = kernel->managements();
  if (!all) return std::unexpected(all.error());
  for (const auto& one : *all) fmt::print("{}\n", one.text());
  return {};
}

Result vdpa_make(Words words) {
  return host::make_vdpa(host::VdpaManagement::parse(words[0]), words[1], host::vdpa_kernel());
}

Result vdpa_bind(Words words) {
  const auto sys = host::Sysfs::open("/sys");
  if (!sys) return std::unexpected(sys.error());
  for (const auto type : model::kVdpaTypes)
    if (words[1] == model::word(type))
      return host::bind_vdpa(
          *sys,
          [](const host::Sysfs& below, const char* path, std::string_view value) { return below.write(path, value); },
          words[0], type);
  return std::unexpected(wrong("\"" + words[1] + "\" is no type"));
}

Result vdpa_remove(Words words) {
  const auto sys = host::Sysfs::open("/sys");
  return sys ? host::remove_vdpa(*sys, words[0], host::vdpa_kernel()) : std::unexpected(sys.error());
}

Result run(Words words) {
  struct Command {
    std::size_t least, most;
    Result (*devlink)(host::Devlink&, Words);
    Result (*other)(Words);
  };
  static const std::map<std::string_view, Command> kCommands{
      {"devices", {0, 0, devices, nullptr}},
      {"mode", {1, 2, mode, nullptr}},
      {"ports", {1, 1, ports, nullptr}},
      {"health", {1, 1, health, nullptr}},
      {"parameter", {2, 3, parameter, nullptr}},
      {"links", {0, 0, nullptr, links}},
      {"offload", {1, 1, nullptr, offload}},
      {"vf", {2, 16, nullptr, vf}},
      {"listen", {0, 0, nullptr, listen}},
      {"rules", {3, 3, nullptr, rules}},
      {"reload-udev", {0, 0, nullptr, [](Words) { return host::reload_udev(); }}},
      {"vdpa", {0, 0, nullptr, vdpa}},
      {"vdpa-make", {2, 2, nullptr, vdpa_make}},
      {"vdpa-bind", {2, 2, nullptr, vdpa_bind}},
      {"vdpa-remove", {1, 1, nullptr, vdpa_remove}},
      {"vduse", {1, 1, nullptr, [](Words name) { return begin_vduse(name[0]); }}},
      {"vduse-end", {1, 1, nullptr, [](Words name) { return end_vduse(name[0]); }}},
  };
  const auto command = words.empty() ? kCommands.end() : kCommands.find(words[0]);
  if (command == kCommands.end()) return std::unexpected(wrong("there is no such command"));
  const auto& [least, most, with_devlink, other] = command->second;
  const auto rest = words.subspan(1);
  if (rest.size() < least || rest.size() > most) return std::unexpected(wrong("too few or too many words"));
  if (other != nullptr) return other(rest);
  auto devlink = host::Devlink::open();
  return devlink ? with_devlink(*devlink, rest) : std::unexpected(devlink.error());
}

}  // namespace
}  // namespace nic::test

int main(int argc, char** argv) {
  const std::vector<std::string> words{argv + 1, argv + argc};
  if (words == std::vector<std::string>{"--help"}) {
    fmt::print("{}", nic::test::kUsage);
    return 0;
  }
  const auto done = nic::test::run(words);
  if (!done) fmt::print(stderr, "{}\n", done.error().text());
  return done ? 0 : 1;
}
