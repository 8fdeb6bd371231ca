#include "host/reload_facts.hpp"

#include "host/netlink_facts.hpp"
#include "host/open_files.hpp"
#include "host/reload_messages.hpp"
#include "host/sysfs.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace nic::host {
namespace {

namespace fs = std::filesystem;
using model::Mount;
using model::ReloadFacts;

constexpr std::size_t kMostProc = std::size_t{4} << 20;
constexpr int kMostLayers = 8;  // of device mapper and md on each other
constexpr std::string_view kNodes{"/dev/infiniband/"};
constexpr std::array<std::string_view, 8> kOverNetwork{"nfs", "nfs4", "cifs", "ceph", "lustre", "beegfs", "gpfs", "9p"};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return parts;
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(separators), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::vector<model::RdmaUser> rdma_users(const model::Roots& roots) {
  std::map<unsigned, model::RdmaUser> users;
  for_each_open_file(roots, [&](const std::string& pid, const std::string& target) {
    if (!target.starts_with(kNodes)) return;
    unsigned number = 0;
    std::from_chars(pid.data(), pid.data() + pid.size(), number);
    if (number == static_cast<unsigned>(::getpid())) return;
    auto& user = users[number];
    user.pid = number;
    if (user.name.empty()) user.name = process_name(roots, pid);
    if (std::ranges::find(user.nodes, target) == user.nodes.end()) user.nodes.push_back(target);
  });
  std::vector<model::RdmaUser> all;
  for (auto& [pid, user] : users) {
    std::ranges::sort(user.nodes);
    all.push_back(std::move(user));
  }
  return all;
}

// NVMe disks that a block device stands on, itself included: what it is made of, and of which disk it is a partition.
void find_disks(const Sysfs& block, const std::string& name, int layers, std::vector<std::string>& disks) {
  if (layers == 0 || name.empty() || name.find('/') != std::string::npos) return;
  if (name.starts_with("nvme") && std::ranges::find(disks, name) == disks.end()) disks.push_back(name);
  if (const auto below = block.list((name + "/slaves").c_str()); below && *below)
    for (const auto& slave : **below) find_disks(block, slave, layers - 1, disks);
}

// "/dev/mapper/root" is a link to "../dm-0".
std::vector<std::string> disks_of(const model::Roots& roots, std::string_view source) {
  constexpr std::string_view kDev{"/dev/"};
  std::vector<std::string> disks;
  const auto block = Sysfs::open(roots.sys / "class/block");
  if (!block || !source.starts_with(kDev)) return disks;
  std::error_code failure;
  const auto real = fs::canonical(roots.dev / source.substr(kDev.size()), failure);
  find_disks(*block, (failure ? fs::path{source} : real).filename().string(), kMostLayers, disks);
  std::ranges::sort(disks);
  return disks;
}

// "/dev/nvme0n1p2 / ext4 rw,relatime 0 0".
void read_mounts(const model::Roots& roots, std::string_view text, std::vector<Mount>& mounts) {
  for (const auto line : split(text, "\n")) {
    const auto words = split(line, " ");
    if (words.size() < 4) continue;
    Mount mount{plain_text(words[1]), plain_text(words[2]), disks_of(roots, words[0]), false};
    mount.over_rdma = words[3].contains("proto=rdma") || mount.type == "lustre";
    if (!mount.disks.empty() || std::ranges::find(kOverNetwork, mount.type) != kOverNetwork.end())
      mounts.push_back(std::move(mount));
  }
}

// "/dev/nvme0n1p3                          partition	1048572	0	-2", below a line of headings.
void read_swaps(const model::Roots& roots, std::string_view text, std::vector<Mount>& mounts) {
  for (const auto line : split(text, "\n")) {
    const auto words = split(line, " \t");
    if (words.size() < 2 || words[1] != "partition") continue;
    if (auto disks = disks_of(roots, words[0]); !disks.empty())
      mounts.push_back({"swap on " + plain_text(words[0]), "swap", std::move(disks), false});
  }
}

template <class Read>
void read_proc(const model::Roots& roots, const char* file, ReloadFacts& facts, Read read) {
  const auto proc = Sysfs::open(roots.proc);
  const auto text = proc ? proc->bytes(file, kMostProc) : Sysfs::Maybe<std::string>{std::unexpected(proc.error())};
  if (!text) facts.problems.push_back(text.error());
  if (text && *text) read(**text);
}

// The kernel takes the function's lock for the answer: a driver that is just being bound is waited for.
std::map<model::PciAddress, std::string> overrides_of_vfs(const Sysfs& sys) {
  std::map<model::PciAddress, std::string> all;
  const auto functions = sys.list("bus/pci/devices");
  if (!functions || !*functions) return all;
  for (const auto& name : **functions) {
    const auto address = model::PciAddress::parse(name);
    const auto folder = "bus/pci/devices/" + name;
    if (!address || !sys.exists((folder + "/physfn").c_str())) continue;
    const auto driver = sys.text((folder + "/driver_override").c_str());
    if (driver && *driver && !(*driver)->empty() && **driver != "(null)") all.emplace(*address, **driver);
  }
  return all;
}

std::map<std::string, std::string> driver_modules(const Sysfs& sys) {
  std::map<std::string, std::string> modules;
  const auto drivers = sys.list("bus/pci/drivers");
  if (!drivers || !*drivers) return modules;
  for (const auto& driver : **drivers)
    if (const auto module = sys.link(("bus/pci/drivers/" + driver + "/module").c_str()); module && *module)
      modules.emplace(driver, **module);
  return modules;
}

// Soft RDMA devices stand below no hardware. siw is iWARP, and says so: "4: RNIC" (node_type_show in core/sysfs.c).
std::map<std::string, std::string> software_kinds(const Sysfs& sys) {
  std::map<std::string, std::string> kinds;
  const auto devices = sys.list("class/infiniband");
  if (!devices || !*devices) return kinds;
  for (const auto& device : **devices) {
    const auto folder = "class/infiniband/" + device;
    const auto target = sys.target(folder.c_str());
    if (!target || !*target || !(*target)->contains("/virtual/")) continue;
    const auto type = sys.text((folder + "/node_type").c_str());
    kinds.emplace(device, type && *type && (*type)->starts_with('4') ? "siw" : "rxe");
  }
  return kinds;
}

// An address of /proc/net/tcp: words of 32 bits in the machine's order, in hexadecimal. IPv4 in IPv6 comes as IPv4.
std::optional<std::string> address_of(std::string_view hex) {
  constexpr std::string_view kMapped{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};
  std::string bytes;
  if (hex.size() != 8 && hex.size() != 32) return std::nullopt;
  for (; !hex.empty(); hex.remove_prefix(8)) {
    std::uint32_t word = 0;
    const auto digits = hex.substr(0, 8);
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), word, 16);
    if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  if (bytes.size() == 16 && bytes.starts_with(kMapped)) bytes.erase(0, kMapped.size());
  return bytes;
}

std::string shown(const std::string& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

}  // namespace

// "   0: 0100007F:0016 0200007F:D2F0 01 ...": local, remote, state. 01 is TCP_ESTABLISHED, 0016 the port of ssh.
std::map<unsigned, std::string> ssh_sessions(std::string_view tcp, std::string_view tcp6,
                                             const InterfaceAddresses& addresses) {
  std::map<unsigned, std::string> sessions;
  for (const auto text : {tcp, tcp6}) {
    for (const auto line : split(text, "\n")) {
      const auto words = split(line, " ");
      if (words.size() < 4 || words[3] != "01" || !words[1].ends_with(":0016")) continue;
      const auto local = address_of(words[1].substr(0, words[1].find(':')));
      const auto remote = address_of(words[2].substr(0, words[2].find(':')));
      if (!local || !remote) continue;
      for (const auto& [ifindex, own] : addresses)
        if (own.contains(*local)) sessions.emplace(ifindex, "an ssh session from " + shown(*remote));
    }
  }
  return sessions;
}

ReloadFacts read_reload_facts(const model::Roots& roots) {
  ReloadFacts facts;
  facts.rdma_users = rdma_users(roots);
  // The service may see mounts of its own; those of the first process are the machine's.
  std::error_code failure;
  const char* mounts = fs::exists(roots.proc / "1/mounts", failure) ? "1/mounts" : "mounts";
  read_proc(roots, mounts, facts, [&](const auto& text) { read_mounts(roots, text, facts.mounts); });
  read_proc(roots, "swaps", facts, [&](const auto& text) { read_swaps(roots, text, facts.mounts); });
  if (const auto sys = Sysfs::open(roots.sys)) {
    facts.driver_modules = driver_modules(*sys);
    facts.overrides = overrides_of_vfs(*sys);
    facts.software_kinds = software_kinds(*sys);
  }
  if (const auto links = netlink_of(roots).links())
    for (const auto& link : *links)
      if (!link.kind.empty()) facts.link_kinds.emplace(link.ifindex, link.kind);
  if (!is_real(roots)) return facts;
  const auto addresses = ask_interface_addresses();
  if (!addresses) facts.problems.push_back(addresses.error());
  std::string tcp, tcp6;
  read_proc(roots, "net/tcp", facts, [&](auto& text) { tcp = text; });
  read_proc(roots, "net/tcp6", facts, [&](auto& text) { tcp6 = text; });
  if (addresses) facts.sessions = ssh_sessions(tcp, tcp6, *addresses);
  return facts;
}

}  // namespace nic::host
