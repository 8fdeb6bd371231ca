#include "apply/owned_records.hpp"

#include "apply/owned_text.hpp"
#include "lib/hosts.hpp"
#include "lib/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace nic::apply {
namespace {

using test::pci;
using testing::IsEmpty;

const model::PciAddress kPf = pci("0000:01:00.0");

// Every setting of a VF.
model::VfSettings settings() {
  model::VfSettings all;
  all.mac = model::MacAddress::parse("02:00:00:00:00:01");
  all.node_guid = model::Guid::parse("0002:c903:0000:0001");
  all.port_guid = model::Guid::parse("0002:c903:0000:0002");
  all.vlan = model::Vlan{100, 3, model::VlanProtocol::dot1ad};
  all.trust = false;
  all.spoof_check = true;
  all.link_state = model::VfLinkState::disable;
  all.min_tx_rate = 0;
  all.max_tx_rate = 100'000;
  return all;
}

model::Owned record() {
  return {kPf,
          {0x8086, 0x10c9, "MT2340J88735", "52:54:00:00:00:01"},
          {"enp1s0", "rail0"},
          {.num_vfs = 0,
           .mtu = 1500,
           .eswitch_mode = model::EswitchMode::switchdev,
           .no_udev_rules = true,
           .vfs = {{pci("0000:01:10.0"), {.life = ~std::uint64_t{0}, .index = 0}},
                   {pci("0000:01:10.2"), {.life = 2, .index = 1, .driver = "", .mtu = 9000, .settings = settings()}}},
           .max_read_request = 512,
           .acs_control = 0x1d}};
}

class OwnedRecordsTest : public testing::Test {
 protected:
  OwnedRecordsTest() { boots("11111111-2222-3333-4444-555555555555"); }
  void boots(const std::string& id) const { write(roots.proc / "sys/kernel/random/boot_id", id + "\n"); }
  static void write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
  }
  test::TemporaryFolder folder;
  model::Roots roots = model::Roots::below(folder.path());
  OwnedRecords records{roots};
};

TEST_F(OwnedRecordsTest, RememberOverARestart) {
  ASSERT_TRUE(records.note(record()).has_value());
  EXPECT_EQ(OwnedRecords{roots}.read().owned, (model::OwnedPfs{{kPf, record()}}));
  ASSERT_TRUE(records.forget(kPf).has_value());
  EXPECT_THAT(records.read().owned, IsEmpty());
  EXPECT_TRUE(records.forget(kPf).has_value());
}

TEST_F(OwnedRecordsTest, AreWorthNothingInTheNextBoot) {
  ASSERT_TRUE(records.note(record()).has_value());
  boots("99999999-2222-3333-4444-555555555555");
  EXPECT_THAT(records.read().owned, IsEmpty());
  EXPECT_THAT(records.read().set_aside, IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(roots.state / "owned"));
}

TEST_F(OwnedRecordsTest, SayWhyTheyCannotBeWritten) {
  write(roots.state / "owned", "a file where the folder should be");
  const auto done = records.note(record());
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().text(), testing::HasSubstr("/owned"));
}

TEST_F(OwnedRecordsTest, SetDamagedOnesAsideAndReadTheOthers) {
  ASSERT_TRUE(records.note(record()).has_value());
  const auto good = to_text({record(), "11111111-2222-3333-4444-555555555555"});
  const auto with = [&](const std::string& part, const std::string& other) {
    auto text = good;
    return text.replace(text.find(part), part.size(), other);
  };
  for (const auto& text :
       {std::string{}, std::string{"{"}, std::string{"[]"}, std::string{"\xff\xfe"}, good.substr(0, good.size() / 2),
        with("\"version\":1", "\"version\":2"), with("\"mtu\":1500", "\"mtu\":-1"),
        with("\"mtu\":1500", "\"mtu\":99999"), with("\"mtu\":1500", "\"mtu\":\"1500\""),
        with("0000:01:00.0", "../../../etc"), with("\"found\":{", "\"fund\":{"), with("[\"enp1s0\"", "[1"),
        with("\"life\":2", "\"life\":-2"), with("\"trust\":false", "\"trust\":0"), with("802.1ad", "802.1x"),
        with("\"vf\":\"0000:01:10.2\"", "\"vf\":\"eth0\""), with("\"driver\":\"\"", "\"driver\":[]"),
        good /* of another PF than its name says */}) {
    write(roots.state / "owned/0000_02_00_0.json", text);
    const auto read = records.read();
    EXPECT_EQ(read.owned.size(), 1u) << text;
    EXPECT_EQ(read.set_aside.size(), 1u) << text;
    EXPECT_TRUE(std::filesystem::exists(roots.state / "owned/0000_02_00_0.json.corrupt")) << text;
  }
}

TEST(OwnedText, KeepsEverythingAndLeavesOutWhatWasNotChanged) {
  OwnedNote note{record(), "boot"};
  EXPECT_EQ(parse_owned(to_text(note)), note);
  note.owned.found.mtu.reset();
  EXPECT_EQ(to_text(note).find("\"mtu\":1500"), std::string::npos);
  EXPECT_EQ(parse_owned(to_text(note)), note);
}

TEST(OwnedText, TakesAttributesOfALaterAgentForNothing) {
  auto text = to_text({record(), "boot"});
  text.replace(text.find("\"mtu\""), 5, "\"later\":\"switchdev\",\"mtu\"");
  EXPECT_EQ(parse_owned(text)->owned, record());
}

// Laid out as the operator writes its Interface type.
constexpr const char* kOfOperator = R"({"pciAddress":"0000:01:00.0","numVfs":8,"mtu":9000,"name":"ens1f0np0",)"
                                    R"("linkType":"eth","eSwitchMode":"legacy","vfGroups":[{"resourceName":"r",)"
                                    R"("deviceType":"netdevice","vfRange":"0-7","policyName":"p","mtu":9000}]})";

TEST_F(OwnedRecordsTest, OfTheOperatorAreReadAndStayWhereTheyAre) {
  write(roots.etc / "sriov-operator/pci/0000:01:00.0", kOfOperator);
  write(roots.etc / "sriov-operator/pci/0000:02:00.0", "{\"pciAddress\":\"0000:02:00.0\",\"externallyManaged\":true}");
  write(roots.etc / "sriov-operator/pci/0000:03:00.0", "half of a re");
  write(roots.etc / "sriov-operator/pci/0000:04:00.0", kOfOperator);  // of another PF
  write(roots.etc / "sriov-operator/pci/readme", "no PF's");
  const auto read = records.of_operator();
  EXPECT_EQ(read.records, (model::OperatorRecords{{kPf, {kPf, 8, 9000, false}},
                                                  {pci("0000:02:00.0"), {pci("0000:02:00.0"), 0, 0, true}}}));
  EXPECT_EQ(read.damaged.size(), 2u);
  EXPECT_TRUE(std::filesystem::exists(roots.etc / "sriov-operator/pci/0000:03:00.0"));
}

TEST(OperatorRecord, IsRefusedWhenItMakesNoSense) {
  for (const auto* text :
       {"", "[]", "{}", R"({"pciAddress":7})", R"({"pciAddress":"0000:01:00.0","numVfs":-1})",
        R"({"pciAddress":"0000:01:00.0","numVfs":1e9})", R"({"pciAddress":"0000:01:00.0","mtu":"x"})",
        R"({"pciAddress":"0000:01:00.0","externallyManaged":1})"})
    EXPECT_FALSE(parse_operator_record(text).has_value()) << text;
}

}  // namespace
}  // namespace nic::apply
