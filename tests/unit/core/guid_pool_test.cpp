// Which GUIDs a PF's VFs get out of the pool, and what is said when they get none.
#include "core/addresses.hpp"
#include "core/resolve.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace nic::core {
namespace {

using model::Guid;
using test::Host;
using test::pci;
using test::policy;
using testing::HasSubstr;

model::GuidEntry entry(std::uint64_t first, std::uint64_t last) {
  model::GuidEntry entry;
  entry.guids.ranges = {{{first}, {last}}};
  entry.place = {"guids", 2, 1};
  return entry;
}

model::GuidEntry of(std::string_view pf, std::uint64_t first, std::uint64_t last) {
  auto made = entry(first, last);
  made.pf = pci(pf);
  return made;
}

model::RdmaPort port(std::string guid) {
  model::RdmaPort port;
  port.number = 1;
  port.guid = std::move(guid);
  return port;
}

// Two InfiniBand PFs, one policy for both, and this pool.
struct GuidsOfThePool : testing::Test {
  model::Inventory host = Host{}
                              .infiniband_pf("0000:01:00.0", "ibp1s0", "0002:c903:0000:0001")
                              .infiniband_pf("0000:02:00.0", "ibp2s0", "0002:c903:0000:0002");

  [[nodiscard]] model::Desired resolved(std::vector<model::GuidEntry> entries, unsigned num_vfs = 2) const {
    model::Config config;
    config.policies = {policy("p", {{"ibp1s0", {}}, {"ibp2s0", {}}}, num_vfs)};
    config.policies[0].options.guids = model::AddressPool<Guid>{.source = model::AddressSource::file, .ranges = {}};
    config.guid_file.path = "guids";
    config.guid_file.entries = std::move(entries);
    return resolve(config, host);
  }
  static Guid guid(const model::Desired& desired, std::string_view pf, unsigned vf) {
    return desired.pfs.at(pci(pf)).vfs.at(vf).settings.node_guid.value_or(Guid{});
  }
};

TEST_F(GuidsOfThePool, GivesEachPfItsOwn) {
  const auto desired = resolved({of("0000:01:00.0", 0x10, 0x11), of("0000:02:00.0", 0x20, 0x2f)});
  EXPECT_TRUE(desired.conflicts.empty());
  EXPECT_EQ(guid(desired, "0000:01:00.0", 1).value, 0x11U);
  EXPECT_EQ(guid(desired, "0000:02:00.0", 0).value, 0x20U);
  const auto& vf = desired.pfs.at(pci("0000:02:00.0")).vfs.at(0);
  EXPECT_EQ(vf.settings.port_guid, vf.settings.node_guid);
  EXPECT_FALSE(vf.address_if_none);
}

TEST_F(GuidsOfThePool, FindsAPfByTheGuidOfItsPort) {
  host.rdma_devices[0].ports = {port("0002:c903:0000:00a1")};
  for (auto& net : host.net_devices)
    if (net.name == "ibp2s0") net.address = "80:00:00:48:fe:80:00:00:00:00:00:00:00:02:c9:03:00:00:00:a2";
  auto first = entry(0x10, 0x11), second = entry(0x20, 0x21);
  first.pf_guid = Guid::parse("0002:c903:0000:00a1");
  second.pf_guid = Guid::parse("0002:c903:0000:00a2");
  const auto desired = resolved({first, second});
  EXPECT_EQ(guid(desired, "0000:01:00.0", 0).value, 0x10U);
  EXPECT_EQ(guid(desired, "0000:02:00.0", 1).value, 0x21U);
}

// Whichever VFs a policy or a group speaks of, VF 1 has the second.
TEST_F(GuidsOfThePool, CountsByTheIndexOfTheVf) {
  model::Config config;
  config.policies = {policy("p", {{"ibp1s0", {{1, 1}}}}, 2)};
  model::VfGroup group;
  group.vfs = {{1, 1}};
  group.options.guids = model::AddressPool<Guid>{.source = model::AddressSource::file, .ranges = {}};
  config.policies[0].groups = {group};
  config.guid_file.entries = {of("0000:01:00.0", 0x10, 0x11)};
  EXPECT_EQ(guid(resolve(config, host), "0000:01:00.0", 1).value, 0x11U);
}

TEST_F(GuidsOfThePool, ABadEntryFailsNoOtherPf) {
  auto bad = of("0000:01:00.0", 0x10, 0x11);
  bad.mistakes = {model::invalid("guids:2:8", "", "no GUID")};
  const auto desired = resolved({bad, of("0000:02:00.0", 0x20, 0x21)});
  ASSERT_EQ(desired.conflicts.size(), 1U);
  EXPECT_EQ(desired.conflicts[0].pf, pci("0000:01:00.0"));
  EXPECT_THAT(desired.conflicts[0].error.text(), HasSubstr("guids:2:8: no GUID"));
  EXPECT_TRUE(desired.pfs.contains(pci("0000:02:00.0")));
}

TEST_F(GuidsOfThePool, SaysWhatIsMissing) {
  const auto why = [&](std::vector<model::GuidEntry> entries) {
    entries.push_back(of("0000:02:00.0", 0x20, 0x21));
    const auto desired = resolved(std::move(entries));
    EXPECT_TRUE(desired.pfs.contains(pci("0000:02:00.0")));
    return desired.conflicts.empty() ? "none" : desired.conflicts.front().error.text();
  };
  EXPECT_THAT(why({}), HasSubstr("find the PF in guids: it has no entry with its PCI address or the GUID of its port"));
  EXPECT_THAT(why({of("0000:01:00.0", 0x10, 0x10)}), HasSubstr("the entry at guids:2:1 has none left for VF 1"));
  host.rdma_devices[0].ports = {port("0002:c903:0000:00a1")};
  auto same = entry(0x30, 0x31);
  same.pf_guid = Guid::parse("0002:c903:0000:00a1");
  EXPECT_THAT(why({of("0000:01:00.0", 0x10, 0x11), same}), HasSubstr("for the same PF as the entry at guids:2:1"));
  auto nameless = entry(0x30, 0x31);
  nameless.mistakes = {model::invalid("guids:9:1", "", "pciAddress is missing")};
  EXPECT_THAT(why({nameless}), HasSubstr("guids:9:1: pciAddress is missing"));
}

TEST_F(GuidsOfThePool, OneGuidForTwoVfsLeavesTheSecondPfAlone) {
  const auto desired = resolved({of("0000:01:00.0", 0x10, 0x11), of("0000:02:00.0", 0x11, 0x12)});
  ASSERT_EQ(desired.conflicts.size(), 1U);
  EXPECT_THAT(desired.conflicts[0].error.text(), HasSubstr("has it already"));
}

TEST_F(GuidsOfThePool, AFileThatCannotBeReadFailsThePfsThatNeedIt) {
  model::Config config;
  config.policies = {policy("p", {{"ibp1s0", {}}}, 1), policy("q", {{"ibp2s0", {}}}, 1)};
  config.policies[0].options.guids = model::AddressPool<Guid>{.source = model::AddressSource::file, .ranges = {}};
  config.guid_file.unreadable = model::system_error(ENOENT, "open", "/etc/guids");
  const auto desired = resolve(config, host);
  ASSERT_EQ(desired.conflicts.size(), 1U);
  EXPECT_THAT(desired.conflicts[0].error.text(), HasSubstr("take GUIDs from the pool: open /etc/guids: No such file"));
  EXPECT_TRUE(desired.pfs.contains(pci("0000:02:00.0")));
}

}  // namespace
}  // namespace nic::core
