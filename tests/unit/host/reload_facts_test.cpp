#include "host/reload_facts.hpp"

#include "lib/sysfs_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace nic::host {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class ReloadFacts : public testing::Test {
 protected:
  ReloadFacts() {
    tree.write("proc/mounts", "");
    tree.write("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
  }
  void open(unsigned pid, const std::string& name, std::initializer_list<const char*> files) const {
    const auto process = tree.root() / "proc" / std::to_string(pid);
    fs::create_directories(process / "fd");
    std::ofstream{process / "comm"} << name << "\n";
    unsigned number = 3;
    for (const auto* file : files) fs::create_symlink(file, process / "fd" / std::to_string(number++));
  }
  // A block device, and what it is made of.
  void block(const std::string& name, std::initializer_list<const char*> slaves = {}) const {
    fs::create_directories(tree.sys() / "class/block" / name / "slaves");
    for (const auto* slave : slaves) fs::create_directories(tree.sys() / "class/block" / name / "slaves" / slave);
  }
  [[nodiscard]] model::ReloadFacts read() const { return read_reload_facts(roots); }

  test::SysfsTree tree;
  model::Roots roots{model::Roots::below(tree.root())};
};

TEST_F(ReloadFacts, OfAnIdleMachineAreNone) {
  const auto facts = read();
  EXPECT_THAT(facts.rdma_users, IsEmpty());
  EXPECT_THAT(facts.mounts, IsEmpty());
}

TEST_F(ReloadFacts, NameTheProcessesThatHaveRdmaDevicesOpen) {
  open(12, "ib_write_bw",
       {"/dev/null", "/dev/infiniband/uverbs1", "/dev/infiniband/uverbs0", "/dev/infiniband/uverbs0"});
  open(9, "opensm", {"/dev/infiniband/umad0"});
  open(7, "bash", {"/dev/pts/0"});
  EXPECT_THAT(read().rdma_users,
              ElementsAre(model::RdmaUser{9, "opensm", {"/dev/infiniband/umad0"}},
                          model::RdmaUser{12, "ib_write_bw", {"/dev/infiniband/uverbs0", "/dev/infiniband/uverbs1"}}));
}

TEST_F(ReloadFacts, FindNvmeBelowFilesystemsAndSwap) {
  block("nvme0n1p2");
  block("dm-0", {"nvme0n1p2"});
  block("md0", {"dm-0"});
  block("sda1");
  tree.write("dev/dm-0", "");
  fs::create_directories(tree.root() / "dev/mapper");
  fs::create_symlink("../dm-0", tree.root() / "dev/mapper/vg-root");
  tree.write("proc/mounts",
             "/dev/mapper/vg-root / ext4 rw 0 0\n/dev/md0 /srv xfs rw 0 0\n/dev/sda1 /boot ext4 rw 0 0\nproc /proc "
             "proc rw 0 0\n");
  tree.write("proc/swaps",
             "Filename Type Size Used Priority\n/dev/nvme0n1p2 partition\t100\t0\t-2\n/swapfile file 1 0 -3\n");
  EXPECT_THAT(read().mounts, ElementsAre(model::Mount{"/", "ext4", {"nvme0n1p2"}, false},
                                         model::Mount{"/srv", "xfs", {"nvme0n1p2"}, false},
                                         model::Mount{"swap on /dev/nvme0n1p2", "swap", {"nvme0n1p2"}, false}));
}

TEST_F(ReloadFacts, TellOfWhatIsMountedOverTheNetwork) {
  tree.write("proc/1/mounts", "host:/a /home nfs4 rw,proto=rdma,port=20049 0 0\nhost:/b / nfs rw,proto=tcp 0 0\n");
  EXPECT_THAT(read().mounts, ElementsAre(model::Mount{"/home", "nfs4", {}, true}, model::Mount{"/", "nfs", {}, false}));
}

TEST_F(ReloadFacts, SurviveALineOfNoKindAndACircleOfDevices) {
  block("dm-0", {"dm-1"});
  block("dm-1", {"dm-0"});
  tree.write("proc/mounts", "\n/dev/dm-0 / ext4\n/dev/dm-0 /x ext4 rw 0 0\n/dev/../../etc /y ext4 rw 0 0\n");
  EXPECT_THAT(read().mounts, IsEmpty());
}

TEST_F(ReloadFacts, TellWhichModuleADriverIs) {
  fs::create_directories(tree.sys() / "bus/pci/drivers/virtio-pci");
  fs::create_symlink("../../../../module/virtio_pci", tree.sys() / "bus/pci/drivers/virtio-pci/module");
  EXPECT_THAT(read().driver_modules, testing::Contains(Pair("virtio-pci", "virtio_pci")));
}

// The inventory does not tell of it: the kernel may keep who asks waiting.
TEST_F(ReloadFacts, TellForWhichDriverAVfIsReserved) {
  const std::filesystem::path devices = tree.sys() / "bus/pci/devices";
  tree.write("sys/bus/pci/devices/0000:01:00.0/driver_override", "igb\n");
  for (const auto& [name, driver] : {std::pair{"0000:01:10.0", "vfio-pci\n"}, {"0000:01:10.2", "(null)\n"}}) {
    tree.write("sys/bus/pci/devices/" + std::string{name} + "/driver_override", driver);
    fs::create_symlink("../0000:01:00.0", devices / name / "physfn");
  }
  EXPECT_THAT(read().overrides, ElementsAre(Pair(*model::PciAddress::parse("0000:01:10.0"), "vfio-pci")));
}

TEST(SshSessions, AreFoundByTheAddressThatTheyCameTo) {
  const InterfaceAddresses addresses{{2, {std::string{"\xc0\x00\x02\x01", 4}}},
                                     {3, {std::string{"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16}}}};
  constexpr auto kTcp =
      "  sl  local_address rem_address   st\n"
      "   0: 010200C0:0016 090200C0:D2F0 01 0 0\n"   // 192.0.2.1:22 from 192.0.2.9
      "   1: 010200C0:0016 00000000:0000 0A 0 0\n"   // listening
      "   2: 010200C0:01BB 080200C0:D2F0 01 0 0\n";  // https
  constexpr auto kTcp6 = "   0: B80D0120000000000000000001000000:0016 B80D0120000000000000000002000000:D2F0 01 0 0\n";
  EXPECT_THAT(ssh_sessions(kTcp, kTcp6, addresses),
              ElementsAre(Pair(2, "an ssh session from 192.0.2.9"), Pair(3, "an ssh session from 2001:db8::2")));
  // IPv4 over a socket of IPv6.
  constexpr auto kMapped = "   0: 0000000000000000FFFF0000010200C0:0016 0000000000000000FFFF0000090200C0:D2F0 01 0 0\n";
  EXPECT_THAT(ssh_sessions("", kMapped, addresses), ElementsAre(Pair(2, "an ssh session from 192.0.2.9")));
  EXPECT_THAT(ssh_sessions("x: 0:0016 1 01\n:0016 :0016 :0016 01\n", "\n\n", addresses), IsEmpty());
}

}  // namespace
}  // namespace nic::host
