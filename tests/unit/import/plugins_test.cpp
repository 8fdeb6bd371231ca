// Files of the device plugins among what is imported: as they are, and in the ConfigMaps that hold them in a cluster.
#include "config/fields.hpp"
#include "config/import/import.hpp"
#include "config/parse_toml.hpp"
#include "config/write_toml.hpp"
#include "lib/plugin_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace nic::config {
namespace {

using test::texts;
using testing::Contains, testing::ElementsAre, testing::HasSubstr, testing::IsEmpty, testing::SizeIs;

constexpr auto kShared = R"({"configList": [{"resourceName": "a", "rdmaHcaMax": 5, "devices": ["ib0"]}]})";
constexpr auto kVfs = R"({"resourceList": [{"resourceName": "b", "selectors": [{"drivers": ["iavf"]}]}]})";

std::string sample(const std::string& name) { return test::text_of_file(NIC_TEST_DATA "/plugins/" + name); }

Imported good(const std::vector<Source>& sources, std::string_view prefix = {}) {
  auto imported = import_documents(sources, prefix);
  if (!imported) ADD_FAILURE() << imported.error().front().text();
  return imported.value_or(Imported{});
}
std::vector<std::string> mistakes(const std::string& text) {
  const auto imported = import_documents({{"d", text}});
  return imported ? std::vector<std::string>{} : texts(imported.error());
}
std::vector<std::string> lines(const model::Config& config) {
  std::vector<std::string> all;
  for (const auto& resource : config.resources) all.push_back(test::one_line(resource));
  return all;
}
// `text` as a block of YAML.
std::string indented(const std::string& text) {
  std::string all;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) all += "    " + line + "\n";
  return all;
}
std::string config_map(const std::string& data) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rdma-devices, namespace: kube-system}\ndata:\n" + data;
}

TEST(ImportPlugins, BothFilesMakeOneConfiguration) {
  const auto imported = good({{"rdma.json", kShared}, {"sriov.json", kVfs}});
  EXPECT_THAT(lines(imported.config),
              ElementsAre("rdma/a shared 5: if_names=ib0", "intel.com/b exclusive net: drivers=iavf"));
  EXPECT_EQ(imported.config.resources[1].place, (model::Place{"sriov.json", 1, 19}));
}

TEST(ImportPlugins, WhatIsPrintedMeansTheSame) {  // A1
  for (const auto* name : {"rdma-shared.json", "sriov.json"}) {
    const bool shared = std::string_view{name}.starts_with("rdma");
    const auto imported = good({{name, sample(name)}});
    const auto read = parse_toml(write_toml(imported.config), "imported.toml");
    ASSERT_TRUE(read.has_value()) << read.error().front().text();
    EXPECT_EQ(lines(*read), lines(imported.config));
    EXPECT_THAT(lines(*read), SizeIs(shared ? 2 : 9));
  }
}

TEST(ImportPlugins, AConfigMapIsUnwrapped) {
  const auto yaml = good({{"cm.yaml", config_map("  config.json: |\n" + indented(sample("rdma-shared.json")))}});
  EXPECT_THAT(lines(yaml.config), SizeIs(2));
  EXPECT_EQ(yaml.config.resources[0].place, (model::Place{"cm.yaml (config.json)", 4, 5}));
  const auto json = good({{"cm.json", R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data":
    {"config.json": "{\"resourceList\": [{\"resourceName\": \"b\", \"selectors\": [{}]}]}", "other": "text"}})"}});
  EXPECT_THAT(lines(json.config), ElementsAre("intel.com/b exclusive net: all"));
  const auto list = good({{"l.yaml",
                           "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  data:\n"
                           "    a: '" +
                               std::string{kShared} + "'\n    b: '" + kVfs + "'\n"}});
  EXPECT_THAT(lines(list.config), SizeIs(2));
}

TEST(ImportPlugins, AConfigMapOfSeveralNodesIsRefusedAndOneOfSomethingElseNamed) {
  EXPECT_THAT(mistakes(config_map("  node-1: '" + std::string{kVfs} + "'\n  node-2: '" + kVfs + "'\n")),
              ElementsAre(HasSubstr("the files of several nodes, node-1 and node-2")));
  EXPECT_THAT(mistakes(config_map("  x: y\n")), ElementsAre(HasSubstr("there is neither")));
}

TEST(ImportPlugins, AMistakeIsNamedWithItsPlace) {
  EXPECT_THAT(mistakes("{\"resourceList\": [\n{\"resourceName\": \"a\", \"selectors\": [{}]},\n]}"),
              ElementsAre(HasSubstr("d:3:1: from here on it is no JSON: a comma stands before the end")));
  EXPECT_THAT(mistakes(R"({"resourceList": [{"resourceName": "a"}]})"),
              ElementsAre(HasSubstr("resourceList[0].selectors: it is missing")));
  EXPECT_THAT(mistakes(config_map("  config.json: '{\"configList\": [{\"resourceName\": \"a$\", \"rdmaHcaMax\": 1, "
                                  "\"devices\": [\"ib0\"]}]}'\n")),
              ElementsAre(HasSubstr("d (config.json):1:18: configList[0].resourceName")));
}

TEST(ImportPlugins, WhatIsNotUnderstoodIsAWarning) {  // A3
  const auto imported = good({{"f", R"({"resourceList": [{"resourceName": "a", "selectors": [{"pfName": ["x"]}]}]})"}});
  EXPECT_THAT(texts(imported.warnings), ElementsAre(HasSubstr("did you mean \"pfNames\"?")));
}

TEST(ImportPlugins, ASharedResourceWithoutDevicesIsLeftOutWithAWarning) {
  const auto imported = good({{"f", R"({"configList": [{"resourceName": "a", "devices": ["ib0"]}]})"}});
  EXPECT_THAT(imported.config.resources, IsEmpty());
  EXPECT_THAT(texts(imported.warnings), Contains(HasSubstr("rdma/a: not taken over: it has no device")));
}

TEST(ImportPlugins, ANameThatIsThereTwiceIsRefused) {  // A6
  const auto imported = import_documents(
      {{"a", kShared},
       {"b", R"({"resourceList": [{"resourceName": "a", "resourcePrefix": "rdma", "selectors": [{}]}]})"}});
  ASSERT_FALSE(imported.has_value());
  EXPECT_THAT(texts(imported.error()), ElementsAre(HasSubstr("resource \"rdma/a\" is already at a:1:17")));
}

TEST(ImportPlugins, ThePrefixThatIsGivenHoldsForThem) {
  EXPECT_THAT(lines(good({{"f", kVfs}}, "openshift.io").config), ElementsAre(HasSubstr("openshift.io/b ")));
}

TEST(ImportPlugins, EveryKeyThatDoesNothingForADeviceTypeIsNamed) {
  for (const auto& field : kFields) {
    if (field.why != kNotOfThisType) continue;
    const auto aux = field.object == "auxNetDevice" ? R"("auxTypes": ["sf"], )" : "";
    const auto imported =
        good({{"f", R"({"resourceList": [{"resourceName": "a", "deviceType": ")" + std::string{field.object} +
                        R"(", "selectors": [{)" + aux + "\"" + std::string{field.name} + R"(": ["x"]}]}]})"}});
    EXPECT_THAT(texts(imported.warnings), ElementsAre(HasSubstr(std::string{field.name} + ": not taken over: ")))
        << field.object;
  }
}

}  // namespace
}  // namespace nic::config
