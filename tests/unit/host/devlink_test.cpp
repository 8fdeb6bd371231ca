#include "host/devlink_parse.hpp"
#include "host/netlink_ack.hpp"
#include "host/netlink_writer.hpp"
#include "lib/packet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>

#include <cerrno>

namespace nic::host {
namespace {

using model::EswitchMode;
using test::Packet;

Packet card() {
  return Packet{}
      .attribute(DEVLINK_ATTR_BUS_NAME, std::string_view{"pci\0", 4})
      .attribute(DEVLINK_ATTR_DEV_NAME, std::string_view{"0000:3b:00.0\0", 13});
}
const DevlinkDevice kCard{"pci", "0000:3b:00.0"};

TEST(Devlink, NamesItsDevicesAsDevlinkDoes) {
  EXPECT_EQ(DevlinkDevice::of({0, 0x3b, 0, 0}).text(), "pci/0000:3b:00.0");
  EXPECT_EQ(DevlinkDevice::parse("netdevsim/netdevsim1"), (DevlinkDevice{"netdevsim", "netdevsim1"}));
  EXPECT_FALSE(DevlinkDevice::parse("netdevsim").has_value());
  EXPECT_FALSE(DevlinkDevice::parse("/x").has_value());
  EXPECT_FALSE(DevlinkDevice::parse("pci/").has_value());
  EXPECT_EQ(parse_devlink_device(card().bytes()), kCard);
  EXPECT_FALSE(parse_devlink_device({}).has_value());
}

TEST(Devlink, FindsAFamilyByItsName) {
  const auto packet = Packet{}
                          .attribute(CTRL_ATTR_FAMILY_NAME, std::string_view{"devlink\0", 8})
                          .number<std::uint16_t>(CTRL_ATTR_FAMILY_ID, 22);
  EXPECT_EQ(parse_family(packet.bytes()), (GenlFamily{"devlink", 22}));
  EXPECT_FALSE(parse_family({}).has_value());
}

TEST(Devlink, FindsTheGroupsThatAFamilyTellsItsNewsTo) {
  auto packet = Packet{};
  packet.attribute(CTRL_ATTR_FAMILY_NAME, std::string_view{"devlink\0", 8})
      .number<std::uint16_t>(CTRL_ATTR_FAMILY_ID, 22)
      .nest(CTRL_ATTR_MCAST_GROUPS,
            Packet{}.nest(1, Packet{}
                                 .number<std::uint32_t>(CTRL_ATTR_MCAST_GRP_ID, 7)
                                 .attribute(CTRL_ATTR_MCAST_GRP_NAME, std::string_view{"config\0", 7})));
  EXPECT_EQ(parse_family(packet.bytes())->groups, (std::map<std::string, std::uint32_t>{{"config", 7}}));
}

TEST(Devlink, ReadsTheEswitchMode) {
  EXPECT_EQ(parse_eswitch_mode(card().number<std::uint16_t>(DEVLINK_ATTR_ESWITCH_MODE, 0).bytes()),
            EswitchMode::legacy);
  EXPECT_EQ(parse_eswitch_mode(card().number<std::uint16_t>(DEVLINK_ATTR_ESWITCH_MODE, 1).bytes()),
            EswitchMode::switchdev);
  EXPECT_FALSE(parse_eswitch_mode(card().number<std::uint16_t>(DEVLINK_ATTR_ESWITCH_MODE, 9).bytes()).has_value());
  EXPECT_FALSE(parse_eswitch_mode(card().bytes()).has_value());
}

TEST(Devlink, ReadsPortsWithWhatTheyLeadTo) {
  auto vf = card();
  vf.number<std::uint32_t>(DEVLINK_ATTR_PORT_INDEX, 128)
      .number<std::uint16_t>(DEVLINK_ATTR_PORT_FLAVOUR, DEVLINK_PORT_FLAVOUR_PCI_VF)
      .number<std::uint32_t>(DEVLINK_ATTR_PORT_CONTROLLER_NUMBER, 0)
      .number<std::uint16_t>(DEVLINK_ATTR_PORT_PCI_PF_NUMBER, 0)
      .number<std::uint16_t>(DEVLINK_ATTR_PORT_PCI_VF_NUMBER, 3)
      .number<std::uint32_t>(DEVLINK_ATTR_PORT_NETDEV_IFINDEX, 12);
  EXPECT_EQ(parse_devlink_port(vf.bytes()),
            (PortOf{kCard, {128, model::PortFlavour::pci_vf, 0, 0, 3, std::nullopt, false, 12}}));
  auto sf = card();
  sf.number<std::uint32_t>(DEVLINK_ATTR_PORT_INDEX, 32768)
      .number<std::uint16_t>(DEVLINK_ATTR_PORT_FLAVOUR, DEVLINK_PORT_FLAVOUR_PCI_SF)
      .number<std::uint32_t>(DEVLINK_ATTR_PORT_PCI_SF_NUMBER, 88)
      .number<std::uint8_t>(DEVLINK_ATTR_PORT_EXTERNAL, 1);
  EXPECT_EQ(parse_devlink_port(sf.bytes())->port.sf, 88u);
  EXPECT_TRUE(parse_devlink_port(sf.bytes())->port.external);
  EXPECT_FALSE(parse_devlink_port(card().bytes()).has_value());
}

TEST(Devlink, ReadsTheStateOfHealthReporters) {
  auto packet = card();
  packet.nest(DEVLINK_ATTR_HEALTH_REPORTER,
              Packet{}
                  .attribute(DEVLINK_ATTR_HEALTH_REPORTER_NAME, std::string_view{"fw_fatal\0", 9})
                  .number<std::uint8_t>(DEVLINK_ATTR_HEALTH_REPORTER_STATE, 1)
                  .number<std::uint64_t>(DEVLINK_ATTR_HEALTH_REPORTER_ERR_COUNT, 3)
                  .number<std::uint64_t>(DEVLINK_ATTR_HEALTH_REPORTER_RECOVER_COUNT, 2));
  EXPECT_EQ(parse_health_reporter(packet.bytes()), (ReporterOf{kCard, {std::nullopt, "fw_fatal", false, 3, 2}}));
  EXPECT_FALSE(parse_health_reporter(card().bytes()).has_value());
}

Packet parameter(const char* name, std::uint8_t type, const Packet& value) {
  auto packet = card();
  packet.nest(DEVLINK_ATTR_PARAM,
              Packet{}
                  .attribute(DEVLINK_ATTR_PARAM_NAME, name)
                  .number<std::uint8_t>(DEVLINK_ATTR_PARAM_TYPE, type)
                  .nest(DEVLINK_ATTR_PARAM_VALUES_LIST, Packet{}.nest(DEVLINK_ATTR_PARAM_VALUE, value)));
  return packet;
}

TEST(Devlink, ReadsParametersOfEveryType) {
  auto text = Packet{};
  text.number<std::uint8_t>(DEVLINK_ATTR_PARAM_VALUE_CMODE, 0)
      .attribute(DEVLINK_ATTR_PARAM_VALUE_DATA, std::string_view{"dmfs\0", 5});
  EXPECT_EQ(parse_devlink_parameter(parameter("flow_steering_mode", 5, text).bytes()),
            (DevlinkParameter{"flow_steering_mode", ParameterType::text, {{ParameterMode::runtime, "dmfs"}}}));
  auto number = Packet{};
  number.number<std::uint8_t>(DEVLINK_ATTR_PARAM_VALUE_CMODE, 1)
      .number<std::uint32_t>(DEVLINK_ATTR_PARAM_VALUE_DATA, 4096);
  EXPECT_EQ(parse_devlink_parameter(parameter("io_eq_size", 3, number).bytes())->values,
            (std::vector<ParameterValue>{{ParameterMode::driverinit, "4096"}}));
  auto off = Packet{};
  off.number<std::uint8_t>(DEVLINK_ATTR_PARAM_VALUE_CMODE, 1);
  EXPECT_EQ(parse_devlink_parameter(parameter("enable_roce", 6, off).bytes())->values.at(0).text, "false");
  EXPECT_EQ(
      parse_devlink_parameter(parameter("enable_roce", 6, off.attribute(DEVLINK_ATTR_PARAM_VALUE_DATA, "")).bytes())
          ->values.at(0)
          .text,
      "true");
  EXPECT_FALSE(parse_devlink_parameter(parameter("strange", 77, text).bytes()).has_value());
}

TEST(NetlinkWriter, WritesWhatTheReaderReads) {
  const auto attributes =
      Attributes{}
          .text(DEVLINK_ATTR_BUS_NAME, "pci")
          .text(DEVLINK_ATTR_DEV_NAME, "0000:3b:00.0")
          .number(DEVLINK_ATTR_ESWITCH_MODE, std::uint16_t{1})
          .nest(DEVLINK_ATTR_HEALTH_REPORTER, Attributes{}.text(DEVLINK_ATTR_HEALTH_REPORTER_NAME, "tx"));
  EXPECT_EQ(parse_devlink_device(attributes.bytes()), kCard);
  EXPECT_EQ(parse_eswitch_mode(attributes.bytes()), EswitchMode::switchdev);
  EXPECT_EQ(parse_health_reporter(attributes.bytes())->reporter.name, "tx");
}

Packet refusal(int errno_value, std::uint32_t request_size) {
  nlmsgerr error{};
  error.error = -errno_value;
  error.msg.nlmsg_len = request_size;
  return Packet{}.raw(error);
}

TEST(Acknowledgement, CarriesTheKernelsOwnWords) {
  auto capped = refusal(EOPNOTSUPP, 64);
  capped.attribute(NLMSGERR_ATTR_MSG, std::string_view{"only without VFs\0", 17});
  EXPECT_EQ(explanation(NLM_F_ACK_TLVS | NLM_F_CAPPED, capped.bytes()), "only without VFs");
  EXPECT_EQ(explanation(NLM_F_CAPPED, capped.bytes()), "");
  auto whole = refusal(EBUSY, NLMSG_HDRLEN + 8);
  whole.raw(std::uint64_t{0}).attribute(NLMSGERR_ATTR_MSG, "E-Switch is busy\1");
  EXPECT_EQ(explanation(NLM_F_ACK_TLVS, whole.bytes()), "E-Switch is busy?");
  EXPECT_EQ(explanation(NLM_F_ACK_TLVS, refusal(EBUSY, 0xffffffff).bytes()), "");
  EXPECT_EQ(explanation(NLM_F_ACK_TLVS, {}), "");
}

TEST(Acknowledgement, TheKernelsOwnErrnoIsTranslated) {
  EXPECT_EQ(errno_of_kernel(524), EOPNOTSUPP);
  EXPECT_EQ(errno_of_kernel(EBUSY), EBUSY);
}

}  // namespace
}  // namespace nic::host
