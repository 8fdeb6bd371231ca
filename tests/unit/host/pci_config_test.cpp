// Configuration space: the parser, and the one register at a time that is written.
#include "host/pci_config.hpp"

#include "host/eswitch.hpp"
#include "host/perform.hpp"
#include "host/probe_windows.hpp"
#include "lib/config_space.hpp"
#include "lib/sysfs_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::host {
namespace {

using model::PcieLink;
using model::PcieType;
using test::ConfigSpace;
using test::SysfsTree;
using testing::HasSubstr;
using testing::IsEmpty;

ConfigWords words_of(const std::string& bytes) {
  return [&bytes](unsigned offset) -> std::optional<std::uint32_t> {
    if (offset + 4 > bytes.size()) return std::nullopt;
    std::uint32_t word = 0;
    for (unsigned i = 4; i-- > 0;) word = word << 8U | static_cast<unsigned char>(bytes[offset + i]);
    return word;
  };
}
model::PciConfig parsed(const std::string& bytes) { return parse_pci_config(words_of(bytes)); }

TEST(PciConfig, SaysWhatTheCapabilitiesHold) {
  const auto config = parsed(
      ConfigSpace{}.express(PcieType::downstream_port, 0x5930, {5, 16}, {4, 8}).acs(0x5f, 0x1d).ats(true).bytes());
  EXPECT_THAT(config.problem, IsEmpty());
  EXPECT_EQ(config.express,
            (model::PciExpress{PcieType::downstream_port, 4096, 256, true, PcieLink{5, 16}, PcieLink{4, 8}}));
  EXPECT_EQ(config.acs, (model::Acs{0x5f, 0x1d}));
  EXPECT_EQ(config.ats, model::Ats{true});
}

TEST(PciConfig, CountsBytesAsTheSpecificationDoes) {
  const auto size = [](std::uint16_t control) {
    return parsed(ConfigSpace{}.express(PcieType::endpoint, control).bytes()).express->max_read_request;
  };
  EXPECT_EQ(size(0x0000), 128u);
  EXPECT_EQ(size(0x2000), 512u);
  EXPECT_EQ(size(0x5fff), 4096u);
  EXPECT_EQ(size(0x6000), 0u);  // reserved
  EXPECT_EQ(read_request_bits(4096), 0x5000);
  EXPECT_EQ(read_request_bits(128), 0x0000);
  for (const unsigned bytes : {0U, 64U, 3000U, 8192U}) EXPECT_FALSE(read_request_bits(bytes).has_value()) << bytes;
}

TEST(PciConfig, IsNoPciExpressAndThatIsKnown) {
  const auto config = parsed(ConfigSpace{}.bytes(256));
  EXPECT_FALSE(config.express.has_value());
  EXPECT_FALSE(config.acs.has_value());
  EXPECT_THAT(config.problem, IsEmpty());
}

TEST(PciConfig, OfThatOnlyAPartCanBeReadIsNotWhole) {
  const auto whole = ConfigSpace{}.express(PcieType::root_port, 0x2000).acs(0x1f, 0);
  EXPECT_THAT(parsed(whole.bytes(64)).problem, HasSubstr("up to byte 64 only"));
  const auto no_extended = parsed(whole.bytes(256));
  EXPECT_EQ(no_extended.express->max_read_request, 512u);
  EXPECT_FALSE(no_extended.acs.has_value());
  EXPECT_THAT(no_extended.problem, HasSubstr("up to byte 256 only"));
  EXPECT_THAT(parsed("").problem, HasSubstr("cannot be read"));
}

TEST(PciConfig, OfAFunctionThatFellOffTheBusIsUnknown) {
  EXPECT_THAT(parsed(std::string(4096, '\xff')).problem, HasSubstr("does not answer"));
}

TEST(PciConfig, BelievesNoListThatLies) {
  const auto good = ConfigSpace{}.express(PcieType::endpoint, 0x2000).acs(0x1f, 0);
  auto circle = good;
  circle.put16(ConfigSpace::kExpress, 0x4010);
  EXPECT_THAT(parsed(circle.bytes()).problem, HasSubstr("list of capabilities makes no sense"));
  auto into_header = good;
  into_header.put16(ConfigSpace::kExpress, 0x0410);
  EXPECT_THAT(parsed(into_header.bytes()).problem, HasSubstr("list of capabilities makes no sense"));
  auto extended_circle = good;
  extended_circle.put32(ConfigSpace::kAcs, 0x1001000d);
  EXPECT_THAT(parsed(extended_circle.bytes()).problem, HasSubstr("extended capabilities makes no sense"));
  auto extended_into_header = good;
  extended_into_header.put32(ConfigSpace::kAcs, 0x0401000d);
  EXPECT_THAT(parsed(extended_into_header.bytes()).problem, HasSubstr("extended capabilities makes no sense"));
  auto at_the_end = good;
  at_the_end.put32(0x100, 0xffc1000f).put32(0xffc, 0x0001000d);
  EXPECT_FALSE(parsed(at_the_end.bytes()).acs.has_value());
  EXPECT_THAT(parsed(at_the_end.bytes()).problem, HasSubstr("does not fit"));
  ConfigSpace too_far;
  too_far.put16(0x40, 0xf801).put16(0xf8, 0x0010);
  EXPECT_FALSE(parsed(too_far.bytes()).express.has_value());
  EXPECT_THAT(parsed(too_far.bytes()).problem, HasSubstr("does not fit"));
}

// A function of a composed tree, and one step on it.
class SetRegister : public testing::Test {
 protected:
  void config(const ConfigSpace& held, std::size_t readable = 4096) {
    tree.write("sys/devices/pci0000:3a/0000:3a:00.0/config", held.bytes(readable));
  }
  std::expected<void, model::Error> perform(const model::Action& action) {
    return host::perform(model::Roots::below(tree.root()), action, windows);
  }
  // Bytes that differ from what was there.
  std::vector<std::size_t> changed(const ConfigSpace& before) {
    const auto now = tree.read("sys/devices/pci0000:3a/0000:3a:00.0/config");
    std::vector<std::size_t> all;
    for (std::size_t at = 0; at < 4096; ++at)
      if (now.at(at) != before.bytes()[at]) all.push_back(at);
    EXPECT_EQ(now.size(), 4096u);
    return all;
  }
  unsigned register_at(unsigned at) {
    const auto now = tree.read("sys/devices/pci0000:3a/0000:3a:00.0/config");
    return static_cast<unsigned char>(now.at(at)) | static_cast<unsigned>(static_cast<unsigned char>(now.at(at + 1)))
                                                        << 8U;
  }
  SysfsTree tree;
  model::PciAddress function = model::PciAddress::parse("0000:3a:00.0").value();
  test::TreeFunction card = tree.plain("0000:3a:00.0", 0x15b3, 0x1021);
  ConfigSpace space = ConfigSpace{}.express(PcieType::downstream_port, 0x2936).acs(0x5f, 0x5d);
  ProbeWindows windows;
};

// Behaviour 27: bits 14:12 and none else.
TEST_F(SetRegister, ChangesTheReadRequestAndNoOtherBit) {
  config(space);
  ASSERT_TRUE(perform(model::SetMaxReadRequest{function, 512, 4096}).has_value());
  EXPECT_EQ(register_at(ConfigSpace::kDeviceControl), 0x5936u);
  EXPECT_THAT(changed(space), testing::ElementsAre(ConfigSpace::kDeviceControl + 1));
}

// Behaviour 26: what is not named is preserved, also what changed since it was read.
TEST_F(SetRegister, ChangesTheNamedBitsOfAcsAndNoOther) {
  config(space);
  ASSERT_TRUE(perform(model::SetAcs{function, 0x2c, 0, 0x1d}).has_value());
  EXPECT_EQ(register_at(ConfigSpace::kAcsControl), 0x51u);
  EXPECT_THAT(changed(space), testing::ElementsAre(ConfigSpace::kAcsControl));
  ASSERT_TRUE(perform(model::SetAcs{function, 0x2c, 0x0c, 0x51}).has_value());
  EXPECT_EQ(register_at(ConfigSpace::kAcsControl), 0x5du);
}

TEST_F(SetRegister, RefusesASizeThatDoesNotExist) {
  config(space);
  const auto done = perform(model::SetMaxReadRequest{function, 512, 3000});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, model::Code::invalid);
  EXPECT_THAT(changed(space), IsEmpty());
}

TEST_F(SetRegister, SaysWhyWhereTheRegisterIsNotToBeFound) {
  config(ConfigSpace{}, 256);
  EXPECT_THAT(perform(model::SetAcs{function, 0x2c, 0, 0x1d}).error().text(), HasSubstr("has no such register"));
  config(space, 256);
  EXPECT_THAT(perform(model::SetAcs{function, 0x2c, 0, 0x1d}).error().text(), HasSubstr("up to byte 256 only"));
}

TEST_F(SetRegister, SaysThatTheFunctionIsGone) {
  card.remove();
  const auto done = perform(model::SetMaxReadRequest{function, 512, 4096});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().errno_value, ENODEV);
}

TEST(AdviceForConfig, NamesTheLockdown) {
  EXPECT_THAT(advice_for_config(EPERM), HasSubstr("locked down"));
  EXPECT_THAT(advice_for_config(EROFS), HasSubstr("read-only"));
}

}  // namespace
}  // namespace nic::host
