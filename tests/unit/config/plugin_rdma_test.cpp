// k8s-rdma-shared-dev-plugin's file: what it offers is offered, and what is wrong in it is said.
#include "config/plugin_file.hpp"
#include "lib/plugin_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::config {
namespace {

using test::lines, test::texts;
using testing::ElementsAre, testing::HasSubstr, testing::IsEmpty, testing::SizeIs;

PluginDocument read(std::string_view text, bool strict = false) {
  return parse_plugin(text, PluginForm::rdma_shared, kSriovPrefix, "c.json", strict);
}

// A file with just this entry.
PluginDocument one(const std::string& entry, bool strict = false) {
  return read("{\"configList\": [" + entry + "]}", strict);
}

// "a" with these fields besides, and selectors that are good.
std::string with(const std::string& fields) { return R"({"resourceName": "a", "rdmaHcaMax": 5, )" + fields + "}"; }
std::string selecting(const std::string& selectors) { return with("\"selectors\": {" + selectors + "}"); }
const std::string kGood = selecting(R"("vendors": ["15b3"])");

std::string sample(const std::string& name) { return test::text_of_file(NIC_TEST_DATA "/plugins/" + name); }

TEST(RdmaSharedConfig, OffersWhatThePluginOffers) {  // A1
  const auto document = read(sample("rdma-shared.json"));
  EXPECT_THAT(lines(document),
              ElementsAre("rdma/fabric_left shared 640: vendors=15b3 devices=101b+1021 if_names=ibs3+ibs4",
                          "rdma.example.com/fabric_right shared 63: vendors=15b3+8086 drivers=mlx5_core "
                          "link_types=ethernet+infiniband"));
  EXPECT_THAT(document.findings.mistakes, IsEmpty());
  EXPECT_THAT(document.findings.warnings, IsEmpty());
  EXPECT_THAT(texts(document.findings.notes), ElementsAre(HasSubstr("c.json:2:3: periodicUpdateInterval: not needed")));
  EXPECT_EQ(document.entries[1].resource->place, (model::Place{"c.json", 13, 5}));
}

TEST(RdmaSharedConfig, TakesTheOldListOfDevicesAndRefusesAPrefixThatTheKubeletRefuses) {  // A1, A5, A7
  const auto document = read(sample("rdma-shared-old.json"));
  EXPECT_THAT(lines(document), ElementsAre("rdma/hca_pool_one shared 200: if_names=ib2+ib3"));
  EXPECT_THAT(texts(document.findings.mistakes),
              ElementsAre(HasSubstr("c.json:10:7: configList[1].resourcePrefix: the kubelet does not take "
                                    "\"some_team/hca_pool_two\": the prefix must be a DNS name")));
}

TEST(RdmaSharedConfig, KeysAreTakenInAnyCase) {  // A2
  EXPECT_THAT(lines(read(R"({"CONFIGLIST": [{"resourcename": "a", "RdmaHCAMax": 7, "ResourcePrefix": "x.io",
                          "Selectors": {"VENDORS": ["15b3"], "deviceIds": ["1021"], "IfNames": ["ib0"]}}]})")),
              ElementsAre("x.io/a shared 7: vendors=15b3 devices=1021 if_names=ib0"));
}

TEST(RdmaSharedConfig, OfAKeyThatStandsTwiceTheLastOneHolds) {
  const auto document = one(R"({"resourceName": "a", "RESOURCENAME": "b", "rdmaHcaMax": 1, "rdmaHcaMax": 2,
    "rdmahcamax": null, "selectors": {"vendors": ["8086"], "Vendors": ["15b3"]}})");
  EXPECT_THAT(lines(document), ElementsAre("rdma/b shared 2: vendors=15b3"));
  EXPECT_THAT(texts(document.findings.warnings),
              testing::Contains(HasSubstr("configList[0].RESOURCENAME: it stands here twice")));
}

TEST(RdmaSharedConfig, NullIsNotSaid) {
  EXPECT_THAT(lines(one(R"({"resourceName": "a", "resourcePrefix": null, "rdmaHcaMax": 5, "devices": null,
                         "selectors": {"vendors": ["15b3"], "drivers": null}})")),
              ElementsAre("rdma/a shared 5: vendors=15b3"));
}

TEST(RdmaSharedConfig, AnUnknownKeyIsAWarningWithItsPathAndTheNearestKey) {  // A3
  const auto document = read(R"({"configlists": 1, "configList": [
{"resourceName": "a", "rdmaHcaMax": 5, "selectors": {"ifName": ["ib0"], "vendors": ["15b3"]}}]})");
  EXPECT_THAT(lines(document), SizeIs(1));
  EXPECT_THAT(texts(document.findings.warnings),
              ElementsAre("c.json:1:2: unknown field \"configlists\"; did you mean \"configList\"?",
                          "c.json:2:54: unknown field \"configList[0].selectors.ifName\"; did you mean \"ifNames\"?"));
}

TEST(RdmaSharedConfig, WhereItIsStrictAnUnknownKeyIsAMistake) {  // A3
  const auto document = read(R"({"configList": [)" + kGood + R"(, {"resourceName": "b", "rdmaHcaMax": 5, "device": [],
    "selectors": {"vendors": ["15b3"]}}]})",
                             true);
  EXPECT_THAT(lines(document), ElementsAre("rdma/a shared 5: vendors=15b3"));
  EXPECT_THAT(texts(document.findings.mistakes), ElementsAre(HasSubstr("configList[1].device")));
  EXPECT_FALSE(read(R"({"configList": [], "conf": 1})", true).whole);
}

TEST(RdmaSharedConfig, WithoutSelectorsItIsSaidWhatIsMissing) {  // A4
  for (const auto* entry :
       {R"({"resourceName": "a", "rdmaHcaMax": 5})", R"({"resourceName": "a", "rdmaHcaMax": 5, "selectors": null})",
        R"({"resourceName": "a", "rdmaHcaMax": 5, "selectors": {}})",
        R"({"resourceName": "a", "rdmaHcaMax": 5, "selectors": {"vendors": []}, "devices": []})"}) {
    const auto document = one(entry);
    EXPECT_THAT(lines(document), IsEmpty()) << entry;
    EXPECT_THAT(texts(document.findings.mistakes),
                ElementsAre(HasSubstr("configList[0].selectors: neither selectors nor devices")))
        << entry;
  }
  EXPECT_THAT(texts(one(with(R"("devices": ["ib0"], "selectors": {"vendors": ["15b3"]})")).findings.mistakes),
              ElementsAre(HasSubstr("configList[0].devices: it is the old word")));
}

TEST(RdmaSharedConfig, ABadResourceLeavesTheOthersAlone) {  // A7
  const auto second = R"({"resourceName": "b", "rdmaHcaMax": 5, "selectors": {"drivers": ["mlx5_core"]}})";
  for (const std::string bad :
       {R"(null)", R"([])", R"("x")", R"({})", R"({"resourceName": "a$$", "rdmaHcaMax": 5, "devices": ["ib0"]})",
        R"({"resourceName": "_a", "rdmaHcaMax": 5, "devices": ["ib0"]})",
        R"({"resourceName": "a", "rdmaHcaMax": -1, "devices": ["ib0"]})",
        R"({"resourceName": "a", "rdmaHcaMax": 1.5, "devices": ["ib0"]})",
        R"({"resourceName": "a", "rdmaHcaMax": "5", "devices": ["ib0"]})",
        R"({"resourceName": "a", "rdmaHcaMax": 1000000, "devices": ["ib0"]})",
        R"({"resourceName": 7, "rdmaHcaMax": 5, "devices": ["ib0"]})",
        R"({"resourceName": "a", "rdmaHcaMax": 5, "devices": "ib0"})",
        R"({"resourceName": "a", "rdmaHcaMax": 5, "devices": [1]})",
        R"({"resourceName": "a", "rdmaHcaMax": 5, "devices": {}})",
        R"({"resourceName": "a", "rdmaHcaMax": 5, "selectors": []})",
        R"({"resourceName": "a", "rdmaHcaMax": 5, "selectors": "", "devices": ["ib0"]})",
        R"({"resourceName": "a", "resourcePrefix": "kubernetes.io", "rdmaHcaMax": 5, "devices": ["ib0"]})"}) {
    const auto document = read("{\"configList\": [" + bad + ", " + second + "]}");
    EXPECT_THAT(lines(document), ElementsAre("rdma/b shared 5: drivers=mlx5_core")) << bad;
    ASSERT_THAT(document.findings.mistakes, testing::Not(IsEmpty())) << bad;
    EXPECT_THAT(document.findings.mistakes.front().text(), HasSubstr("c.json:1:")) << bad;
    EXPECT_THAT(document.findings.mistakes.front().text(), HasSubstr("configList[0]")) << bad;
  }
}

TEST(RdmaSharedConfig, TwoResourcesOfOneFullNameAreToldApart) {  // A6
  const auto document = read("{\"configList\": [" + kGood + ",\n" + kGood + "]}");
  EXPECT_THAT(lines(document), SizeIs(1));
  EXPECT_THAT(texts(document.findings.mistakes),
              ElementsAre("c.json:2:1: configList[1]: resource \"rdma/a\" is already at c.json:1:17"));
  const auto other_prefix =
      read("{\"configList\": [" + kGood + "," + with(R"("resourcePrefix": "x.io", "devices": ["ib0"])") + "]}");
  EXPECT_THAT(lines(other_prefix), SizeIs(2)) << "as the plugin's documentation says";
}

TEST(RdmaSharedConfig, WithoutACountTheResourceHasNoDevice) {
  for (const auto* count : {"", R"("rdmaHcaMax": 0, )", R"("rdmaHcaMax": null, )"}) {
    const auto document =
        one(R"({"resourceName": "a", )" + std::string{count} + R"("selectors": {"vendors": ["15b3"]}})");
    EXPECT_THAT(lines(document), ElementsAre("rdma/a shared 0: vendors=15b3")) << count;
    EXPECT_THAT(texts(document.findings.warnings), ElementsAre(HasSubstr("rdmaHcaMax: without it"))) << count;
  }
}

TEST(RdmaSharedConfig, AnIntervalIsNotedAndAWrongOneWarnedOf) {
  const auto with_interval = [](const std::string& value) {
    return read("{\"periodicUpdateInterval\": " + value + ", \"configList\": [" + kGood + "]}");
  };
  EXPECT_THAT(with_interval("0").findings.notes, SizeIs(1));
  for (const auto* wrong : {"-1", "\"60\"", "1.5"}) {
    const auto document = with_interval(wrong);
    EXPECT_THAT(lines(document), SizeIs(1)) << wrong;
    EXPECT_THAT(texts(document.findings.warnings), ElementsAre(HasSubstr("periodicUpdateInterval"))) << wrong;
  }
}

TEST(RdmaSharedConfig, WhatCouldNeverMatchIsLeftOutAndNeverWidensAResource) {
  const auto some = one(selecting(R"("vendors": ["0x15b3", "15B3"], "linkTypes": ["ether", "eth"])"));
  EXPECT_THAT(lines(some), ElementsAre("rdma/a shared 5: vendors=15b3 link_types=ethernet"));
  EXPECT_THAT(texts(some.findings.warnings),
              ElementsAre(HasSubstr("vendors: never matches: \"0x15b3\""), HasSubstr("linkTypes: never matches")));
  const auto none = one(selecting(R"("vendors": ["15b3"], "deviceIDs": ["mt4129", ""])"));
  EXPECT_THAT(lines(none), IsEmpty());
  EXPECT_THAT(texts(none.findings.mistakes),
              ElementsAre(HasSubstr("selectors.deviceIDs: nothing in it could ever match")));
}

TEST(RdmaSharedConfig, AnRdmaDriverIsNoDriverOfAPciFunction) {  // B9
  const auto document = one(selecting(R"("drivers": ["mlx5_ib"])"));
  EXPECT_THAT(texts(document.findings.notes), ElementsAre(HasSubstr("mlx5_core is meant")));
}

TEST(RdmaSharedConfig, NoSuchFileSaysNothingOfAnyResource) {
  for (const auto& [text, place_and_why] : std::vector<std::pair<std::string, std::string>>{
           {"", "c.json:1:1: from here on it is no JSON: it ends in the middle"},
           {"{", "it ends in the middle"},
           {"{\"configList\": [\n" + kGood + ",\n]}", "c.json:3:1: from here on it is no JSON: a comma stands before"},
           {"{\n// all\n\"configList\": []}", "c.json:2:1: from here on it is no JSON: it has no comments"},
           {"{\"configList\": []} x", "c.json:1:20: from here on"},
           {"null", "must be a map"},
           {"[]", "must be a map"},
           {"{}", "configList is missing"},
           {"{\"configList\": null}", "configList is missing"},
           {"{\"configList\": {}}", "configList must be a list"},
           {"{\"configList\": \"\"}", "configList must be a list"},
           {"{\"configList\": " + std::string(100, '[') + "}", "nested deeper"},
           {std::string(2U << 20U, ' '), "larger than"}}) {
    const auto document = read(text);
    EXPECT_FALSE(document.whole) << text.substr(0, 64);
    EXPECT_THAT(document.entries, IsEmpty());
    EXPECT_THAT(texts(document.findings.mistakes), ElementsAre(HasSubstr(place_and_why))) << text.substr(0, 64);
  }
  EXPECT_TRUE(read("{\"configList\": []}").whole) << "no resources are an answer";
}

}  // namespace
}  // namespace nic::config
