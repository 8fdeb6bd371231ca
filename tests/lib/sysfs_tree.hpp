// A machine made of files: /sys and /proc as the kernel lays them out (devices below /sys/devices, symbolic links from
// bus, class and driver folders), for tests and benchmarks. Only the standard library is used.
//
//   SysfsTree tree;
//   tree.pf("0000:3b:00.0", 0x15b3, 0x1021).total_vfs(16).driver("mlx5_core").netdev("ens1np0", 3).rdma("mlx5_0");
//   tree.vf("0000:3b:00.0", 0, "0000:3b:00.1", 0x15b3, 0x101e);
//   observe(Roots::below(tree.root()), ...);
//
// The files have no kernel behind them: a write to sriov_numvfs makes no VFs. The tree is removed with its object.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace nic::test {

namespace fs = std::filesystem;

class SysfsTree;

// One PCI function; every call adds what it says and gives the function back.
class TreeFunction {
 public:
  TreeFunction(SysfsTree& tree, std::string address, fs::path folder)
      : tree_{tree}, address_{std::move(address)}, folder_{std::move(folder)} {}

  TreeFunction& file(std::string_view name, std::string_view text);  // text as it stands in the file
  TreeFunction& class_code(unsigned code);                           // 0x020700; also in modalias
  TreeFunction& driver(std::string_view name);
  TreeFunction& numa(int node) { return file("numa_node", std::to_string(node) + "\n"); }
  TreeFunction& iommu_group(unsigned group, std::string_view name = {});
  TreeFunction& total_vfs(unsigned total);  // makes it a PF: all the sriov_ files
  TreeFunction& netdev(const std::string& name, unsigned ifindex, unsigned hardware_type = 1);
  // An RDMA device with this many ports, its uverbs, and (mad) umad and issm of each port.
  TreeFunction& rdma(const std::string& name, unsigned ports = 1, std::string_view link_layer = "InfiniBand",
                     bool mad = true);
  // A scalable function's auxiliary device with its RDMA device: "mlx5_core.sf.4".
  TreeFunction& scalable_function(const std::string& auxiliary, unsigned number, const std::string& rdma);
  // Bound to a driver of user-space I/O as uioN.
  TreeFunction& uio(const std::string& name);
  // A vDPA device, bound to this driver on the bus vdpa, or ("") to none.
  TreeFunction& vdpa(const std::string& name, const std::string& driver);
  void remove();  // with everything that points to it

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] const fs::path& folder() const { return folder_; }

 private:
  SysfsTree& tree_;
  std::string address_;
  fs::path folder_;
  unsigned vendor_{0}, device_{0};
  friend class SysfsTree;
};

class SysfsTree {
 public:
  SysfsTree() {
    // Memory, as sysfs is: thousands of small files take long on a disk.
    const fs::path base = ::access("/dev/shm", W_OK) == 0 ? fs::path{"/dev/shm"} : fs::temp_directory_path();
    std::string pattern = (base / "sysfs-tree-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
    root_ = pattern;
    for (const char* folder : {"sys/bus/pci/devices", "sys/bus/pci/drivers", "sys/class/net", "sys/module",
                               "sys/kernel/iommu_groups", "sys/devices/virtual", "proc", "dev", "run"})
      fs::create_directories(root_ / folder);
    write("sys/bus/pci/drivers_probe", "");
    write("proc/modules", "");
  }
  SysfsTree(const SysfsTree&) = delete;
  SysfsTree& operator=(const SysfsTree&) = delete;
  ~SysfsTree() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  [[nodiscard]] const fs::path& root() const { return root_; }
  [[nodiscard]] fs::path sys() const { return root_ / "sys"; }

  // Below the tree's root.
  void write(const fs::path& path, std::string_view text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream{root_ / path, std::ios::binary} << text;
  }
  [[nodiscard]] std::string read(const fs::path& path) const {
    std::ifstream file{root_ / path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  // A relative symbolic link at `at` to `to`, both below the root. Replaces one that is there.
  void link(const fs::path& at, const fs::path& to) {
    fs::create_directories((root_ / at).parent_path());
    fs::remove(root_ / at);
    fs::create_symlink(fs::relative(fs::weakly_canonical(root_ / to), fs::weakly_canonical((root_ / at).parent_path())),
                       root_ / at);
  }

  // A network function without SR-IOV.
  TreeFunction plain(const std::string& address, unsigned vendor, unsigned device) {
    const auto bus = address.substr(0, address.rfind(':'));
    const auto above = bridges_.find(bus);
    const fs::path folder = (above == bridges_.end() ? fs::path{"sys/devices/pci" + bus} : above->second) / address;
    return function(folder, address, vendor, device);
  }
  // A function of any class behind a bridge that is there.
  TreeFunction behind(const std::string& bridge, const std::string& address, unsigned vendor, unsigned device,
                      unsigned class_code) {
    const auto above = fs::relative(fs::canonical(device_link(bridge)), root_);
    return function(above / address, address, vendor, device).class_code(class_code);
  }
  TreeFunction function(const fs::path& folder, const std::string& address, unsigned vendor, unsigned device) {
    TreeFunction function{*this, address, root_ / folder};
    function.vendor_ = vendor;
    function.device_ = device;
    function.file("vendor", "0x" + hex(vendor, 4) + "\n")
        .file("device", "0x" + hex(device, 4) + "\n")
        .file("subsystem_vendor", "0x" + hex(vendor, 4) + "\n")
        .file("subsystem_device", "0x0001\n")
        .file("revision", "0x01\n")
        .file("driver_override", "(null)\n")
        .class_code(0x020000)
        .numa(-1);
    fs::remove(root_ / "sys/bus/pci/devices" / address);
    fs::create_directory_symlink(fs::path{"../../.."} / fs::relative(folder, "sys"),
                                 root_ / "sys/bus/pci/devices" / address);
    return function;
  }
  // A PCI bridge; functions of the bus behind it ("0000:03") stand below it when they are made after it.
  TreeFunction bridge(const std::string& address, const std::string& bus, unsigned vendor, unsigned device) {
    auto function = plain(address, vendor, device).class_code(0x060400);
    bridges_[bus] = fs::relative(function.folder(), root_);
    return function;
  }
  TreeFunction pf(const std::string& address, unsigned vendor, unsigned device) {
    return plain(address, vendor, device).total_vfs(8);
  }
  // A VF of a PF that is there, linked at both ends.
  TreeFunction vf(const std::string& pf, unsigned index, const std::string& address, unsigned vendor, unsigned device) {
    auto function = plain(address, vendor, device);
    const auto parent = fs::relative(fs::canonical(device_link(pf)), root_);
    link(parent / ("virtfn" + std::to_string(index)), fs::relative(function.folder(), root_));
    link(fs::relative(function.folder(), root_) / "physfn", parent);
    return function;
  }
  // A scalable function on a PF that is there: mlx5_core.sf.<number>, which the administrator calls `sfnum`. Gives its
  // folder below the root, for netdev_below and rdma_below.
  fs::path scalable_function(const std::string& pf, unsigned number, unsigned sfnum,
                             std::string_view driver = "mlx5_core.sf") {
    const auto name = "mlx5_core.sf." + std::to_string(number);
    const auto folder = fs::relative(fs::canonical(device_link(pf)), root_) / name;
    write(folder / "sfnum", std::to_string(sfnum) + "\n");
    link("sys/bus/auxiliary/devices/" + name, folder);
    if (driver.empty()) return folder;
    fs::create_directories(sys() / "bus/auxiliary/drivers" / driver);
    link(folder / "driver", fs::path{"sys/bus/auxiliary/drivers"} / driver);
    return folder;
  }
  void netdev_below(const fs::path& folder, const std::string& name, unsigned ifindex) {
    netdev(folder / "net" / name, name, ifindex, 1);
  }
  void rdma_below(const fs::path& folder, const std::string& name, std::string_view link_layer = "Ethernet") {
    rdma(folder, folder, name, 1, link_layer, false);
  }
  [[nodiscard]] fs::path device_link(const std::string& address) const {
    return root_ / "sys/bus/pci/devices" / address;
  }
  void driver(std::string_view name) { fs::create_directories(sys() / "bus/pci/drivers" / name); }

  // A network interface that is no PCI function's: a bridge, a VLAN.
  void virtual_netdev(const std::string& name, unsigned ifindex, unsigned lower_ifindex = 0) {
    netdev("sys/devices/virtual/net/" + name, name, ifindex, 1);
    if (lower_ifindex != 0) write("sys/class/net/" + name + "/iflink", std::to_string(lower_ifindex) + "\n");
  }
  // Soft-RoCE on an interface: no `device` link, everything below /sys/devices/virtual.
  void software_rdma(const std::string& name, const std::string& netdev) {
    rdma("sys/devices/virtual", {}, name, 1, "Ethernet", false);
    write("sys/class/infiniband/" + name + "/parent", netdev + "\n");
  }
  void rdma_cm() {
    write("sys/devices/virtual/misc/rdma_cm/dev", "10:124\n");
    link("sys/class/misc/rdma_cm", "sys/devices/virtual/misc/rdma_cm");
    write("dev/infiniband/rdma_cm", "");
  }
  // A loaded module, with a GNU build id of these bytes.
  void module(const std::string& name, std::string_view build_id = {}, std::string_view version = {}) {
    fs::create_directories(sys() / "module" / name);
    std::ofstream{root_ / "proc/modules", std::ios::app} << name << " 4096 0 - Live 0x0000000000000000\n";
    if (!version.empty()) write("sys/module/" + name + "/version", std::string{version} + "\n");
    if (build_id.empty()) return;
    std::string note{"\4\0\0\0\0\0\0\0\3\0\0\0GNU\0", 16};
    note[4] = static_cast<char>(build_id.size());
    write("sys/module/" + name + "/notes/.note.gnu.build-id", note.append(build_id));
  }

 private:
  friend class TreeFunction;

  static std::string hex(unsigned value, std::size_t digits) {
    char text[16];
    const auto end = std::to_chars(text, text + sizeof text, value, 16).ptr;
    const std::string bare{text, end};
    return std::string(digits - std::min(digits, bare.size()), '0') + bare;
  }
  void netdev(const fs::path& folder, const std::string& name, unsigned ifindex, unsigned hardware_type) {
    write(folder / "ifindex", std::to_string(ifindex) + "\n");
    write(folder / "iflink", std::to_string(ifindex) + "\n");
    write(folder / "type", std::to_string(hardware_type) + "\n");
    write(folder / "address", "52:54:00:00:00:" + hex(ifindex & 0xff, 2) + "\n");
    write(folder / "mtu", "1500\n");
    write(folder / "flags", "0x1003\n");
    write(folder / "carrier", "1\n");
    write(folder / "operstate", "up\n");
    write(folder / "speed", "100000\n");
    link("sys/class/net/" + name, folder);
  }
  // `parent`: what infiniband/, infiniband_verbs/ and infiniband_mad/ stand below. `device`: where `device` points.
  void rdma(const fs::path& parent, const fs::path& device, const std::string& name, unsigned ports,
            std::string_view link_layer, bool mad) {
    const auto folder = parent / "infiniband" / name;
    const auto guid = "0002:c903:00f9:" + hex(nodes_, 4) + "\n";
    write(folder / "node_guid", guid);
    write(folder / "sys_image_guid", guid);
    write(folder / "fw_ver", "28.41.1000\n");
    write(folder / "node_desc", "host " + name + "\n");
    if (!device.empty()) {
      write(folder / "board_id", "MT_0000000838\n");
      write(folder / "hca_type", "MT4129\n");
      link(folder / "device", device);
    }
    link("sys/class/infiniband/" + name, folder);
    for (unsigned port = 1; port <= ports; ++port) {
      const auto at = folder / "ports" / std::to_string(port);
      write(at / "state", "4: ACTIVE\n");
      write(at / "phys_state", "5: LinkUp\n");
      write(at / "link_layer", std::string{link_layer} + "\n");
      write(at / "rate", "400 Gb/sec (4X NDR)\n");
      write(at / "gids/0", "fe80:0000:0000:0000:" + guid);
    }
    node(parent, "infiniband_verbs", "uverbs" + std::to_string(nodes_), name, 192 + nodes_, 0);
    ++nodes_;
    if (!mad) return;
    for (unsigned port = 1; port <= ports; ++port, ++mads_) {
      node(parent, "infiniband_mad", "umad" + std::to_string(mads_), name, mads_, port);
      node(parent, "infiniband_mad", "issm" + std::to_string(mads_), name, 64 + mads_, port);
    }
  }
  void node(const fs::path& parent, const std::string& kind, const std::string& name, const std::string& device,
            unsigned minor, unsigned port) {
    const auto folder = parent / kind / name;
    write(folder / "ibdev", device + "\n");
    write(folder / "dev", "231:" + std::to_string(minor) + "\n");
    if (port != 0) write(folder / "port", std::to_string(port) + "\n");
    link("sys/class/" + kind + "/" + name, folder);
    write("dev/infiniband/" + name, "");
  }

  fs::path root_;
  std::map<std::string, fs::path> bridges_;  // by the bus behind them
  unsigned nodes_{0}, mads_{0};
};

inline TreeFunction& TreeFunction::file(std::string_view name, std::string_view text) {
  tree_.write(fs::relative(folder_, tree_.root()) / name, text);
  return *this;
}

inline TreeFunction& TreeFunction::class_code(unsigned code) {
  char alias[80];
  std::snprintf(alias, sizeof alias, "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X\n", vendor_, device_, vendor_, 1U,
                code >> 16 & 0xff, code >> 8 & 0xff, code & 0xff);
  return file("modalias", alias).file("class", "0x" + SysfsTree::hex(code, 6) + "\n");
}

inline TreeFunction& TreeFunction::driver(std::string_view name) {
  tree_.driver(name);
  const auto below = fs::relative(folder_, tree_.root());
  tree_.link(below / "driver", fs::path{"sys/bus/pci/drivers"} / name);
  return *this;
}

inline TreeFunction& TreeFunction::iommu_group(unsigned group, std::string_view name) {
  const auto folder = fs::path{"sys/kernel/iommu_groups"} / std::to_string(group);
  fs::create_directories(tree_.root() / folder);
  if (!name.empty()) tree_.write(folder / "name", std::string{name} + "\n");
  tree_.link(fs::relative(folder_, tree_.root()) / "iommu_group", folder);
  return *this;
}

inline TreeFunction& TreeFunction::total_vfs(unsigned total) {
  return file("sriov_totalvfs", std::to_string(total) + "\n")
      .file("sriov_numvfs", "0\n")
      .file("sriov_drivers_autoprobe", "1\n")
      .file("sriov_offset", "1\n")
      .file("sriov_stride", "1\n")
      .file("sriov_vf_device", "101e\n");
}

inline TreeFunction& TreeFunction::netdev(const std::string& name, unsigned ifindex, unsigned hardware_type) {
  tree_.netdev(fs::relative(folder_, tree_.root()) / "net" / name, name, ifindex, hardware_type);
  return *this;
}

inline TreeFunction& TreeFunction::rdma(const std::string& name, unsigned ports, std::string_view link_layer,
                                        bool mad) {
  const auto below = fs::relative(folder_, tree_.root());
  tree_.rdma(below, below, name, ports, link_layer, mad);
  return *this;
}

inline TreeFunction& TreeFunction::vdpa(const std::string& name, const std::string& driver) {
  const auto folder = fs::relative(folder_, tree_.root()) / name;
  tree_.write(folder / "driver_override", "(null)\n");
  tree_.link("sys/bus/vdpa/devices/" + name, folder);
  if (driver.empty()) return *this;
  fs::create_directories(tree_.sys() / "bus/vdpa/drivers" / driver);
  tree_.link(folder / "driver", "sys/bus/vdpa/drivers/" + driver);
  return *this;
}

inline TreeFunction& TreeFunction::scalable_function(const std::string& auxiliary, unsigned number,
                                                     const std::string& rdma) {
  const auto folder = fs::relative(folder_, tree_.root()) / auxiliary;
  tree_.write(folder / "sfnum", std::to_string(number) + "\n");
  tree_.link("sys/bus/auxiliary/devices/" + auxiliary, folder);
  if (!rdma.empty()) tree_.rdma(folder, folder, rdma, 1, "Ethernet", false);
  return *this;
}

inline TreeFunction& TreeFunction::uio(const std::string& name) {
  const auto folder = fs::relative(folder_, tree_.root()) / "uio" / name;
  tree_.write(folder / "dev", "244:0\n");
  tree_.link("sys/class/uio/" + name, folder);
  tree_.write("dev/" + name, "");
  return *this;
}

inline void TreeFunction::remove() {
  fs::remove(tree_.device_link(address_));
  fs::remove_all(folder_);
  // Links of classes and of the PF dangle now; the kernel takes them away.
  std::vector<fs::path> dangling;
  for (const auto& entry : fs::recursive_directory_iterator{tree_.sys()})
    if (entry.is_symlink() && !fs::exists(entry.path())) dangling.push_back(entry.path());
  for (const auto& path : dangling) fs::remove(path);
}

}  // namespace nic::test
