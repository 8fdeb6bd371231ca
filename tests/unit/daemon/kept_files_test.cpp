#include "nic-agent/kept_files.hpp"

#include "kubelet/device_info.hpp"
#include "lib/offers.hpp"
#include "lib/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

namespace nic::daemon {
namespace {

using kubelet::Given;
using kubelet::Held;
using test::kOtherVf;
using test::kVf;
using test::Offer;
using testing::HasSubstr;
using testing::Not;

const Given kGiven{"a.io/vfs", "0000:3b:00.2", {test::uverbs(3, "mlx5_3")}, R"({"type":"pci"})"};
const Held kHeld{{"a.io/vfs", "0000:3b:00.2"}};

class KeptFilesTest : public testing::Test {
 protected:
  KeptFilesTest() { start(); }
  void start() {
    files = std::make_shared<KeptFiles>(
        roots, [this](const model::NodeRequest& request) { return nodes.at(request.function); });
  }
  [[nodiscard]] std::filesystem::path info() const {
    return roots.run / "k8s.cni.cncf.io/devinfo/dp/a.io-vfs-0000:3b:00.2-device.json";
  }
  [[nodiscard]] std::filesystem::path spec() const { return roots.run / "cdi/nic-agent-a.io_vfs.json"; }
  [[nodiscard]] static std::string text(const std::filesystem::path& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  static void write(const std::filesystem::path& path, const std::string& content) {
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::remove(path);
    std::ofstream{path} << content;
  }
  // What was given was given long ago.
  void age() const {
    for (const auto& entry : std::filesystem::directory_iterator{roots.state / "given"})
      std::filesystem::last_write_time(entry.path(),
                                       std::filesystem::file_time_type::clock::now() - std::chrono::hours{1});
  }
  void renew(const Offer& offer, const std::optional<Held>& held = Held{}) {
    for (const auto& failure : files->renew(offer.snapshot, held).failures) ADD_FAILURE() << failure.text();
  }
  static Offer two_vfs(model::CdiMode cdi = model::CdiMode::field) {
    return Offer{test::exclusive("a.io/vfs", {})}.vf(kVf, "vfio-pci").vf(kOtherVf, "vfio-pci").cdi(cdi);
  }
  void group(const model::PciAddress& vf, const std::string& path) {
    nodes[vf] = std::vector{test::node(model::NodeKind::vfio_group, path)};
  }

  test::TemporaryFolder folder;
  model::Roots roots{model::Roots::below(folder.path())};
  std::map<model::PciAddress, std::expected<std::vector<model::DeviceNode>, model::Error>> nodes{
      {kVf, std::vector{test::node(model::NodeKind::vfio_group, "/dev/vfio/12")}},
      {kOtherVf, std::vector{test::node(model::NodeKind::vfio_group, "/dev/vfio/13")}}};
  std::shared_ptr<KeptFiles> files;
};

// D9
TEST_F(KeptFilesTest, DeviceInformationIsThereForEverybodyToRead) {
  ASSERT_TRUE(files->functions().keep(kGiven).has_value());
  EXPECT_EQ(text(info()), R"({"type":"pci"})");
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(info()).permissions()), 0444U);
  auto again = kGiven;
  again.device_info = R"({"type":"vdpa"})";
  ASSERT_TRUE(files->functions().keep(again).has_value());
  EXPECT_EQ(text(info()), R"({"type":"vdpa"})");
}

// D10
TEST_F(KeptFilesTest, DeviceInformationOutlivesTheAgentAsLongAsThePodDoes) {
  ASSERT_TRUE(files->functions().keep(kGiven).has_value());
  age();
  start();
  renew(two_vfs(), std::nullopt);
  renew(two_vfs(), kHeld);
  renew(Offer{test::exclusive("a.io/vfs", {})}, kHeld);
  EXPECT_TRUE(std::filesystem::exists(info()));
  EXPECT_EQ(files->functions().kept("a.io/vfs", "0000:3b:00.2")->nodes[0].host_path, "/dev/infiniband/uverbs3");
  renew(two_vfs(), Held{});
  EXPECT_FALSE(std::filesystem::exists(info()));
  EXPECT_FALSE(files->functions().kept("a.io/vfs", "0000:3b:00.2").has_value());
  EXPECT_TRUE(std::filesystem::is_empty(roots.state / "given"));
}

TEST_F(KeptFilesTest, DeviceInformationThatWasJustWrittenStaysThoughNoPodIsListedYet) {
  ASSERT_TRUE(files->functions().keep(kGiven).has_value());
  EXPECT_TRUE(files->renew(two_vfs().snapshot, Held{}).look_again);
  EXPECT_TRUE(std::filesystem::exists(info()));
  EXPECT_FALSE(files->renew(two_vfs().snapshot, kHeld).look_again);
}

TEST_F(KeptFilesTest, DeviceInformationOfOthersStays) {
  const auto other = info().parent_path() / "b.io-vfs-0000:3b:00.3-device.json";
  write(other, "{}");
  ASSERT_TRUE(files->functions().keep(kGiven).has_value());
  write(info(), R"({"type":"pci","version":"other"})");  // the plugin that took over
  age();
  renew(two_vfs(), Held{});
  EXPECT_TRUE(std::filesystem::exists(other));
  EXPECT_TRUE(std::filesystem::exists(info()));
}

TEST_F(KeptFilesTest, HalfARecordIsNoRecord) {
  write(roots.state / "given/a.io-vfs-0000:3b:00.2-device.json", "");
  write(roots.state / "given/else.json", R"({"resource":"a","device":"b","device_info":"","nodes":[]})");
  EXPECT_FALSE(files->functions().kept("a.io/vfs", "0000:3b:00.2").has_value());
  EXPECT_TRUE(std::filesystem::is_empty(roots.state / "given"));
}

// E4
TEST_F(KeptFilesTest, ASpecificationFollowsThePool) {
  auto offer = two_vfs();
  renew(offer);
  EXPECT_THAT(text(spec()), HasSubstr("/dev/vfio/12"));
  EXPECT_THAT(text(spec()), HasSubstr("/dev/vfio/13"));
  group(kVf, "/dev/vfio/7");
  renew(offer);
  EXPECT_THAT(text(spec()), HasSubstr("/dev/vfio/7"));
  EXPECT_THAT(text(spec()), Not(HasSubstr("/dev/vfio/12")));
  offer.pool().devices.pop_back();
  renew(offer);
  EXPECT_THAT(text(spec()), Not(HasSubstr("/dev/vfio/13")));
  EXPECT_FALSE(std::filesystem::exists(spec().string() + ".new"));
}

TEST_F(KeptFilesTest, ASpecificationIsNotWrittenWithoutNeed) {
  renew(two_vfs());
  const auto written = std::filesystem::last_write_time(spec()) - std::chrono::hours{1};
  std::filesystem::last_write_time(spec(), written);
  renew(two_vfs());
  start();
  renew(two_vfs());
  EXPECT_EQ(std::filesystem::last_write_time(spec()), written);
  std::filesystem::remove(spec());
  renew(two_vfs());
  EXPECT_TRUE(std::filesystem::exists(spec()));
}

TEST_F(KeptFilesTest, AnAllocatedDeviceIsInTheSpecificationAtOnce) {
  renew(two_vfs());
  const auto keep = files->functions().keep_cdi;
  ASSERT_TRUE(keep("a.io/vfs", {"0000:3b:00.2", {{"/dev/vfio/7", "/dev/vfio/7", "rw"}}}).has_value());
  EXPECT_THAT(text(spec()), HasSubstr("/dev/vfio/7"));
  EXPECT_THAT(text(spec()), Not(HasSubstr("/dev/vfio/12")));
  EXPECT_THAT(text(spec()), HasSubstr("/dev/vfio/13"));
}

// E5
TEST_F(KeptFilesTest, SpecificationsOfOthersStay) {
  for (const auto* name :
       {"nvidia.com-gpu.yaml", "nvidia.com_net-rdma.yaml", "sriov-dp-a.io-net-pci-vfs.yaml", "nic-agent-notes.txt"})
    write(roots.run / "cdi" / name, "kind: other\n");
  renew(two_vfs());
  renew(Offer{test::exclusive("b.io/x", {})});
  EXPECT_FALSE(std::filesystem::exists(spec()));
  std::size_t left = 0;
  for (const auto& entry : std::filesystem::directory_iterator{roots.run / "cdi"})
    left += text(entry.path()) == "kind: other\n" ? 1 : 0;
  EXPECT_EQ(left, 4U);
}

// E6
TEST_F(KeptFilesTest, ASpecificationOutlivesTheAgentAndADeviceThatCannotBeLookedAt) {
  renew(two_vfs());
  start();
  nodes[kVf] = std::unexpected(model::Error{});
  renew(two_vfs());
  EXPECT_THAT(text(spec()), HasSubstr("/dev/vfio/12"));
  // Not even in the pool, but a pod has it.
  auto offer = two_vfs();
  std::erase_if(offer.pool().devices, [](const auto& device) { return device.function == kVf; });
  renew(offer, kHeld);
  EXPECT_THAT(text(spec()), HasSubstr("/dev/vfio/12"));
  renew(Offer{test::exclusive("b.io/x", {})}.cdi(model::CdiMode::field), kHeld);
  EXPECT_TRUE(std::filesystem::exists(spec()));
}

TEST_F(KeptFilesTest, ASpecificationIsCollectedWithItsResource) {
  renew(two_vfs());
  renew(Offer{test::exclusive("b.io/x", {})}.cdi(model::CdiMode::field), Held{});
  EXPECT_FALSE(std::filesystem::exists(spec()));
  renew(two_vfs());
  auto empty = two_vfs();
  empty.pool().devices.clear();
  renew(empty);
  EXPECT_FALSE(std::filesystem::exists(spec()));
}

TEST_F(KeptFilesTest, TurnedOffASpecificationStaysRightForThePodsThatHaveIt) {
  renew(two_vfs(model::CdiMode::off));
  EXPECT_FALSE(std::filesystem::exists(spec()));
  renew(two_vfs());
  group(kVf, "/dev/vfio/7");
  renew(two_vfs(model::CdiMode::off), kHeld);
  EXPECT_THAT(text(spec()), HasSubstr("/dev/vfio/7"));
  renew(two_vfs(model::CdiMode::off), Held{});
  EXPECT_FALSE(std::filesystem::exists(spec()));
}

}  // namespace
}  // namespace nic::daemon
