// sriov-network-device-plugin's file: what it offers is offered, and what is wrong in it is said.
#include "config/json.hpp"
#include "config/plugin_file.hpp"
#include "lib/plugin_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::config {
namespace {

using test::lines, test::texts;
using testing::ElementsAre, testing::HasSubstr, testing::IsEmpty, testing::SizeIs;

PluginDocument read(std::string_view text, bool strict = false) {
  return parse_plugin(text, PluginForm::sriov, kSriovPrefix, "c.json", strict);
}

// A file with just this entry; and with just these fields beside the name.
PluginDocument one(const std::string& entry, bool strict = false) {
  return read("{\"resourceList\": [" + entry + "]}", strict);
}
PluginDocument with(const std::string& fields) { return one(R"({"resourceName": "a", )" + fields + "}"); }
PluginDocument selecting(const std::string& selectors) { return with("\"selectors\": [{" + selectors + "}]"); }

TEST(SriovConfig, OffersWhatThePluginOffers) {  // A1
  const auto document = read(test::text_of_file(NIC_TEST_DATA "/plugins/sriov.json"));
  EXPECT_THAT(
      lines(document),
      ElementsAre("intel.com/kernel_ports exclusive net: vendors=8086 devices=154c+1889 drivers=iavf+ixgbevf",
                  "example.com/dpdk_ports exclusive net: vendors=8086 devices=154c drivers=vfio-pci "
                  "pf_names=ens5f0+ens5f1#0-2,6 need_vhost_net; * zone=rack-7; 0000:5e:02.0 uplink=blue; "
                  "0000:5e:02.0 zone=rack-8",
                  "mellanox.example.com/rdma_ports exclusive net: vendors=15b3 devices=101e drivers=mlx5_ib is_rdma | "
                  "root_devices=0000:3b:00.1#0+0000:af:00.0 link_types=infiniband pkeys=8001 is_rdma",
                  "intel.com/gtp_ports exclusive net: vendors=8086 ddp_profiles=GTPv1-C/U IPv4/IPv6 payload",
                  "intel.com/vdpa_ports exclusive net: vendors=15b3 acpi_indexes=203+204 vdpa_type=vhost; topology "
                  "excluded",
                  "intel.com/one-by-one exclusive net: pci_addresses=0000:5e:02.1+0000:5e:02.4",
                  "intel.com/scalable_functions exclusive auxiliary: vendors=15b3 devices=101d "
                  "pf_names=ens7f0np0#4-9 aux_types=sf",
                  "intel.com/baseband exclusive accelerator: vendors=8086 devices=0d5d",
                  "intel.com/everything_else exclusive net: all"));
  EXPECT_THAT(texts(document.findings.mistakes), IsEmpty());
  EXPECT_THAT(texts(document.findings.warnings), IsEmpty());
  EXPECT_THAT(texts(document.findings.notes),
              ElementsAre(HasSubstr("c.json:5:7: resourceList[0].selectors: the old form"),
                          HasSubstr("resourceList[2].selectors[0].drivers: no PCI function is ever bound to mlx5_ib")));
}

TEST(SriovConfig, KeysAreTakenInAnyCase) {  // A2
  EXPECT_THAT(lines(read(R"({"ResourceList": [{"resourcename": "a", "resourceprefix": "x.io", "DeviceType": "netDevice",
        "EXCLUDETOPOLOGY": true, "Selectors": [{"PfNames": ["p0"], "isrdma": true, "NeedVhostNet": true, "Vendors": ["15b3"],
        "pkeys": ["0x1"], "PciAddresses": ["0000:01:00.0"], "AcpiIndexes": ["1"], "DDPProfiles": ["x"]}]}]})")),
              ElementsAre("x.io/a exclusive net: vendors=15b3 pf_names=p0 pci_addresses=0000:01:00.0 acpi_indexes=1 "
                          "pkeys=0001 ddp_profiles=x is_rdma need_vhost_net; topology excluded"));
}

TEST(SriovConfig, AnUnknownKeyIsAWarningWithItsPathAndTheNearestKey) {  // A3
  const auto document = selecting(R"("pfName": ["ens1f0"], "vendors": ["8086"])");
  EXPECT_THAT(lines(document), SizeIs(1));
  EXPECT_THAT(texts(document.findings.warnings),
              ElementsAre("c.json:1:56: unknown field \"resourceList[0].selectors[0].pfName\"; did you mean "
                          "\"pfNames\"?"));
  EXPECT_THAT(lines(one(R"({"resourceName": "a", "sriovMode": true, "selectors": [{}]})", true)), IsEmpty());
}

TEST(SriovConfig, AKeyOfAnotherDeviceTypeIsAWarning) {  // A3
  const auto document = with(R"("deviceType": "accelerator", "selectors": [{"vendors": ["8086"], "pfNames": ["p0"]}])");
  EXPECT_THAT(lines(document), ElementsAre("intel.com/a exclusive accelerator: vendors=8086"));
  EXPECT_THAT(texts(document.findings.warnings), ElementsAre(HasSubstr("selectors[0].pfNames: not taken over")));
}

TEST(SriovConfig, WithoutSelectorsItIsSaidWhatIsMissing) {  // A4
  for (const auto& [selectors, why] :
       std::vector<std::pair<std::string, std::string>>{{"", "selectors: it is missing"},
                                                        {R"(, "selectors": null)", "selectors: it is missing"},
                                                        {R"(, "selectors": [])", "selectors: the list is empty"},
                                                        {R"(, "selectors": [null])", "selectors[0] must be a map"},
                                                        {R"(, "selectors": [{}, null])", "selectors[1] must be a map"},
                                                        {R"(, "selectors": [[]])", "selectors[0] must be a map"},
                                                        {R"(, "selectors": "x")", "selectors: it must be a list"},
                                                        {R"(, "selectors": "")", "selectors: it must be a list"}}) {
    const auto document = one(R"({"resourceName": "a")" + selectors + "}");
    EXPECT_THAT(lines(document), IsEmpty()) << selectors;
    EXPECT_THAT(texts(document.findings.mistakes), ElementsAre(HasSubstr("resourceList[0]." + why))) << selectors;
  }
  EXPECT_THAT(lines(with(R"("selectors": {})")), ElementsAre("intel.com/a exclusive net: all"));
}

TEST(SriovConfig, ABadResourceLeavesTheOthersAlone) {  // A7
  for (const std::string bad :
       {R"(null)",
        R"({})",
        R"({"resourceName": "a b", "selectors": [{}]})",
        R"({"resourceName": "x-", "selectors": [{}]})",
        R"({"resourceName": "a", "resourcePrefix": "Example.Com", "selectors": [{}]})",
        R"({"resourceName": "a", "deviceType": "netdevice", "selectors": [{}]})",
        R"({"resourceName": "a", "deviceType": 2, "selectors": [{}]})",
        R"({"resourceName": "a", "excludeTopology": "true", "selectors": [{}]})",
        R"({"resourceName": "a", "selectors": [{"vendors": "8086"}]})",
        R"({"resourceName": "a", "selectors": [{"vendors": [8086]}]})",
        R"({"resourceName": "a", "selectors": [{"isRdma": "yes"}]})",
        R"({"resourceName": "a", "selectors": [{"isRdma": ""}]})",
        R"({"resourceName": "a", "selectors": [{"vdpaType": "vhos"}]})",
        R"({"resourceName": "a", "selectors": [{"isRdma": true, "vdpaType": "vhost"}]})",
        R"({"resourceName": "a", "selectors": [{}, {"isRdma": true, "vdpaType": "virtio"}]})",
        R"({"resourceName": "a", "deviceType": "auxNetDevice", "selectors": [{}]})",
        R"({"resourceName": "a", "deviceType": "auxNetDevice", "selectors": [{"auxTypes": []}]})",
        R"({"resourceName": "a", "deviceType": "auxNetDevice", "selectors": [{"auxTypes": ["sf"]}, {"auxTypes": []}]})",
        R"({"resourceName": "a", "deviceType": "auxNetDevice", "selectors": [{"auxTypes": ["sf", "eth"]}]})",
        R"({"resourceName": "a", "selectors": [{}], "additionalInfo": []})",
        R"({"resourceName": "a", "selectors": [{}], "additionalInfo": {"*": "x"}})",
        R"({"resourceName": "a", "selectors": [{}], "additionalInfo": {"*": {"x": 1}}})"}) {
    const auto document =
        read("{\"resourceList\": [" + bad + R"(, {"resourceName": "b", "selectors": [{"drivers": ["iavf"]}]}]})");
    EXPECT_THAT(lines(document), ElementsAre("intel.com/b exclusive net: drivers=iavf")) << bad;
    ASSERT_THAT(document.findings.mistakes, testing::Not(IsEmpty())) << bad;
    EXPECT_THAT(document.findings.mistakes.front().text(), HasSubstr("resourceList[0]")) << bad;
  }
}

TEST(SriovConfig, RdmaAndVdpaMayStandInTwoSelectorsOfOneResource) {
  EXPECT_THAT(lines(with(R"("selectors": [{"isRdma": true}, {"vdpaType": "vhost"}, {"vdpaType": ""}])")),
              ElementsAre("intel.com/a exclusive net: is_rdma | vdpa_type=vhost | all"));
}

TEST(SriovConfig, RangesAreReadAsFarAsThePluginReadsThem) {
  for (const auto& [pf, as] : std::vector<std::pair<std::string, std::string>>{{"p0", "p0"},
                                                                               {"p0#3", "p0#3"},
                                                                               {"p0#0-2,5,7", "p0#0-2,5,7"},
                                                                               {"p0#5,0-2,1", "p0#0-2,5"},
                                                                               {"p0#0-3,2-6", "p0#0-6"},
                                                                               {"p0#1,a,4", "p0#1"},
                                                                               {"p0#1, 4", "p0#1"},
                                                                               {"p0#1,2-3-4", "p0#1"},
                                                                               {"p0#1#2", ""},
                                                                               {"p0#", ""},
                                                                               {"p0#a", ""},
                                                                               {"p0#4-2", ""},
                                                                               {"#1", ""},
                                                                               {"", ""}}) {
    const auto document = selecting("\"pfNames\": [\"" + pf + "\"]");
    if (as.empty())
      EXPECT_THAT(texts(document.findings.mistakes), ElementsAre(HasSubstr("nothing in it could ever match"))) << pf;
    else
      EXPECT_THAT(lines(document), ElementsAre("intel.com/a exclusive net: pf_names=" + as)) << pf;
  }
  EXPECT_THAT(lines(selecting(R"("rootDevices": ["0000:3B:00.0#0-1", "3b:00.1"])")),
              ElementsAre("intel.com/a exclusive net: root_devices=0000:3b:00.0#0-1"));
}

TEST(SriovConfig, SeveralEntriesForOnePfAddUpAndThatIsNoted) {  // B2
  const auto document = selecting(R"("pfNames": ["p0#0-1", "p0#5"])");
  EXPECT_THAT(lines(document), ElementsAre("intel.com/a exclusive net: pf_names=p0#0-1+p0#5"));
  EXPECT_THAT(texts(document.findings.notes), ElementsAre(HasSubstr("pfNames: of several entries for one PF")));
}

TEST(SriovConfig, OfTwoWordsForOneDeviceTheLastOneHolds) {
  const auto document = with(R"("selectors": [{}], "additionalInfo": {"*": {"a": "1", "A": "2", "a": null},
    "0000:01:00.0": null, "anything": {"a": "3"}, "*": {"b": "4"}})");
  EXPECT_THAT(lines(document), ElementsAre("intel.com/a exclusive net: all; * b=4"));
  EXPECT_THAT(texts(document.findings.warnings), ElementsAre(HasSubstr("additionalInfo: never used: \"anything\"")));
}

TEST(SriovConfig, ThePrefixIsThatOfThePluginsFlag) {
  EXPECT_THAT(lines(parse_plugin(R"({"resourceList": [{"resourceName": "a", "selectors": [{}]},
      {"resourceName": "a", "resourcePrefix": "intel.com", "selectors": [{}]}]})",
                                 PluginForm::sriov, "openshift.io", "c.json")),
              ElementsAre("openshift.io/a exclusive net: all", "intel.com/a exclusive net: all"));
}

TEST(PluginForm, IsKnownByTheListThatIsThere) {
  const auto form = [](std::string_view text) { return plugin_form(*read_json(text, Keys::all)); };
  EXPECT_EQ(form(R"({"configlist": null})"), PluginForm::rdma_shared);
  EXPECT_EQ(form(R"({"x": 1, "resourceList": []})"), PluginForm::sriov);
  for (const auto* other : {"{}", "[]", "null", R"([{"resourceList": []}])"}) EXPECT_EQ(form(other), std::nullopt);
}

}  // namespace
}  // namespace nic::config
