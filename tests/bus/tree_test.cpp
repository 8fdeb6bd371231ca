// What everybody can read: objects, properties, signals.
#include "bus/agent.hpp"
#include "bus/client.hpp"
#include "bus/private_bus.hpp"
#include "unit/dbus/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace nic::test {
namespace {

using testing::ElementsAre, testing::HasSubstr, testing::UnorderedElementsAre;

const std::string kPfPath = "/org/nicagent1/device/0000_3b_00_0";
constexpr const char* kDevice = "org.nicagent1.Device";

struct Bus : testing::Test {
  PrivateBus bus;
  Agent agent{bus.address(), machine()};
  Client client{bus.address()};

  void SetUp() override {
    ASSERT_TRUE(agent.named) << agent.named.error().text();
    ASSERT_TRUE(client.opened());
  }
  static auto changed(const std::string& path, const std::string& interface) {
    return [=](const Seen& seen) {
      return seen.member == "PropertiesChanged" && seen.path == path && seen.interface == interface;
    };
  }
};

TEST_F(Bus, HasAnObjectForEverythingInTheSnapshot) {
  const auto tree = client.tree();
  std::set<std::string> pf, vf;
  for (const auto& [name, properties] : tree.at(kPfPath)) pf.insert(name);
  for (const auto& [name, properties] : tree.at("/org/nicagent1/device/0000_3b_00_2")) vf.insert(name);
  EXPECT_THAT(pf, UnorderedElementsAre(kDevice, "org.nicagent1.PhysicalFunction", "org.nicagent1.Rdma"));
  EXPECT_THAT(vf, UnorderedElementsAre(kDevice, "org.nicagent1.VirtualFunction"));
  EXPECT_TRUE(tree.contains("/org/nicagent1/module/mlx5_5fcore"));
  EXPECT_TRUE(tree.contains("/org/nicagent1/resource/example_2ecom_2frdma_5fa"));
  EXPECT_EQ(tree.size(), 6U);
}

TEST_F(Bus, AnswersWithTheValuesOfTheSnapshot) {
  EXPECT_EQ(client.get(kPfPath, kDevice, "Driver").text(), "mlx5_core");
  EXPECT_EQ(client.get(kPfPath, "org.nicagent1.Rdma", "Firmware").text(), "28.39.1002");
  EXPECT_EQ(client.get("/org/nicagent1", "org.nicagent1.Manager", "State").text(), "ready");
  EXPECT_EQ(client.get("/org/nicagent1", "org.nicagent1.Manager", "ConfigGeneration").number(), 3U);
}

TEST_F(Bus, TellsWhenAPfBecomesTheAgents) {
  client.listen();
  agent.change([](model::Snapshot& snapshot) { snapshot.owned[kPf] = {kPf, {}, {}, {.num_vfs = 0, .mtu = 1500}}; });
  const auto seen = client.until(changed(kPfPath, "org.nicagent1.PhysicalFunction"));
  EXPECT_THAT(seen.back().names, ElementsAre("Found", "Owned"));
}

TEST_F(Bus, SaysAllChangesOfAnInterfaceInOneSignal) {
  client.listen();
  agent.change([](model::Snapshot& snapshot) {
    snapshot.inventory.net_devices[0].mtu = 9000;
    snapshot.inventory.net_devices[0].operstate = "down";
  });
  agent.change([](model::Snapshot& snapshot) { snapshot.state = model::ComponentState::not_ready; });
  const auto seen = client.until(changed("/org/nicagent1", "org.nicagent1.Manager"));
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].path, kPfPath);
  EXPECT_THAT(seen[0].names, ElementsAre("LinkState", "Mtu"));
  EXPECT_THAT(seen[1].names, ElementsAre("State"));
}

TEST_F(Bus, SaysNothingWhenNothingChanged) {
  client.listen();
  agent.change([](model::Snapshot&) {});
  agent.change([](model::Snapshot& snapshot) { snapshot.config_generation = 9; });
  EXPECT_EQ(client.until(changed("/org/nicagent1", "org.nicagent1.Manager")).size(), 1U);
}

TEST_F(Bus, FollowsACardThatIsPulledAndPutBack) {
  client.listen();
  agent.change([](model::Snapshot& snapshot) {
    snapshot.inventory.functions.clear();
    snapshot.inventory.net_devices.clear();
    snapshot.inventory.rdma_devices.clear();
  });
  auto seen = client.until([&](const Seen& s) { return s.path == "/org/nicagent1/device/0000_3b_00_3"; });
  ASSERT_GE(seen.size(), 3U);
  EXPECT_EQ(seen[0].member, "InterfacesRemoved");
  EXPECT_THAT(seen[0].names, UnorderedElementsAre(kDevice, "org.nicagent1.PhysicalFunction", "org.nicagent1.Rdma"));
  EXPECT_EQ(client.tree().size(), 3U);
  EXPECT_EQ(client.get(kPfPath, kDevice, "Driver").error, "org.freedesktop.DBus.Error.UnknownObject");

  agent.change([](model::Snapshot& snapshot) { snapshot.inventory = machine().inventory; });
  seen = client.until([&](const Seen& s) { return s.member == "InterfacesAdded" && s.path == kPfPath; });
  EXPECT_THAT(seen.back().names, testing::IsSupersetOf({kDevice, "org.nicagent1.Rdma"}));
  EXPECT_EQ(client.tree().size(), 6U);
}

TEST_F(Bus, LetsRdmaComeAndGo) {
  client.listen();
  agent.change([](model::Snapshot& snapshot) { snapshot.inventory.rdma_devices.clear(); });
  auto seen = client.until([&](const Seen& s) { return s.member == "InterfacesRemoved"; });
  EXPECT_THAT(seen.back().names, ElementsAre("org.nicagent1.Rdma"));
  EXPECT_FALSE(client.tree().at(kPfPath).contains("org.nicagent1.Rdma"));
  EXPECT_TRUE(client.tree().at(kPfPath).contains(kDevice));
  agent.change([](model::Snapshot& snapshot) { snapshot.inventory = machine().inventory; });
  seen = client.until([&](const Seen& s) { return s.member == "InterfacesAdded"; });
  EXPECT_THAT(seen.back().names, testing::Contains("org.nicagent1.Rdma"));
  EXPECT_EQ(client.get(kPfPath, "org.nicagent1.Rdma", "Name").text(), "mlx5_0");
}

TEST_F(Bus, TellsOfTheWaysBetweenGpusAndNics) {
  client.listen();
  agent.change([](model::Snapshot& snapshot) {
    snapshot.gpu_paths = {{pci("0000:3a:00.0"), kPf, model::PathLevel::pix, true, {}, {}, model::Verdict::pass}};
  });
  const auto seen = client.until(changed("/org/nicagent1", "org.nicagent1.Manager"));
  EXPECT_THAT(seen.back().names, ElementsAre("GpuPaths"));
  const auto json = nlohmann::json::parse(client.manager("Describe").text());
  EXPECT_EQ(json["Manager"]["GpuPaths"][0]["Level"], "PIX");
}

TEST_F(Bus, CarriesNamesThatAreNotUtf8) {
  agent.change([](model::Snapshot& snapshot) { snapshot.inventory.rdma_devices[0].node_description = "a\xff"; });
  EXPECT_EQ(client.get(kPfPath, "org.nicagent1.Rdma", "NodeDescription").text(), "a\xef\xbf\xbd");
}

TEST_F(Bus, DescribesEverythingAsJson) {
  const auto json = nlohmann::json::parse(client.manager("Describe").text());
  EXPECT_EQ(json["Devices"].size(), 3U);
  EXPECT_EQ(json["Manager"]["State"], "ready");
}

TEST_F(Bus, AnnotatesItsProperties) {
  const auto xml = client.call(kPfPath, "org.freedesktop.DBus.Introspectable", "Introspect").text();
  EXPECT_THAT(xml, HasSubstr("org.nicagent1.Rdma"));
  EXPECT_THAT(xml, HasSubstr("EmitsChangedSignal\" value=\"const"));
}

TEST_F(Bus, FindsAFunctionByEachOfItsNames) {
  const auto find = [&](const char* name) {
    return client.manager("GetDevice", [&](sd_bus_message* m) { sd_bus_message_append(m, "s", name); });
  };
  for (const char* name : {"0000:3b:00.0", "ens1f0np0", "enp59s0f0np0", "mlx5_0"})
    EXPECT_EQ(find(name).text(), kPfPath);
  EXPECT_EQ(find("eth9").error, "org.nicagent1.Error.NotFound");
  EXPECT_EQ(find("").error, "org.nicagent1.Error.InvalidArgument");
  EXPECT_EQ(find(std::string(1U << 20U, 'x').c_str()).error, "org.nicagent1.Error.InvalidArgument");
}

TEST_F(Bus, KeepsItsTreeWithAThousandFunctions) {
  agent.change([](model::Snapshot& snapshot) {
    for (unsigned bus_number = 0; bus_number < 4; ++bus_number)
      for (unsigned device = 0; device < 32; ++device)
        for (unsigned function = 0; function < 8; ++function) {
          model::PciFunction made;
          made.address = {1, static_cast<std::uint8_t>(bus_number), static_cast<std::uint8_t>(device),
                          static_cast<std::uint8_t>(function)};
          snapshot.inventory.functions[made.address] = made;
        }
  });
  EXPECT_EQ(client.tree().size(), 6U + 1024U);
}

TEST_F(Bus, OwnsItsNameOnce) {
  Agent second{bus.address(), machine()};
  ASSERT_FALSE(second.named);
  EXPECT_THAT(second.named.error().text(), HasSubstr("org.nicagent1"));
  EXPECT_EQ(client.get(kPfPath, kDevice, "Driver").text(), "mlx5_core");
}

TEST_F(Bus, SaysThatTheBusIsGone) {
  client.close();
  bus.stop();
  EXPECT_EQ(agent.lost.get_future().wait_for(std::chrono::seconds{10}), std::future_status::ready);
}

TEST(BusAbsent, IsAnErrorThatNamesTheAddress) {
  model::SnapshotCell cell;
  const auto event = loop::default_event();
  const auto made = dbus::Service::connect(event.get(), cell, {},
                                           {.address = "unix:path=/nowhere/socket", .patience = {}, .lost = {}});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().text(), HasSubstr("/nowhere/socket"));
}

}  // namespace
}  // namespace nic::test
