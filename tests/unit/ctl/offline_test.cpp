// The commands of nicctl that need no agent, as scripts call them: there is no bus here.
#include "config/parse_toml.hpp"
#include "ctl/nicctl.hpp"
#include "ctl/render.hpp"
#include "lib/temporary_folder.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace nic::ctl {
namespace {

using testing::HasSubstr, testing::IsEmpty;

constexpr auto kPolicy = R"(apiVersion: sriovnetwork.openshift.io/v1
kind: SriovNetworkNodePolicy
metadata: {name: workers}
spec:
  resourceName: vfs
  numVfs: 4
  nicSelector: {pfNames: [ens1f0]}
  linkType: eth
)";

struct Outcome {
  Exit exit{};
  std::string out, err;
};

struct Offline : testing::Test {
  test::TemporaryFolder folder;

  std::string file(const std::string& name, const std::string& text) {
    const auto path = folder.path() / name;
    std::ofstream{path} << text;
    return path.string();
  }
  static Outcome run(std::vector<std::string> arguments) {
    std::ostringstream out, err;
    arguments.insert(arguments.begin(), {"--bus", "unix:path=/nowhere"});
    const auto exit = ctl::run(std::move(arguments), {}, out, err);
    return {exit, out.str(), err.str()};
  }
};

TEST_F(Offline, ImportPrintsTomlAndWarnsBesides) {
  const auto path = file("policy.yaml", kPolicy);
  const auto imported = run({"import", path});
  EXPECT_EQ(imported.exit, Exit::ok) << imported.err;
  EXPECT_EQ(imported.err, "nicctl: " + path +
                              ":8:3: linkType: not taken over: the agent does not change the link type "
                              "of a port\n");
  EXPECT_THAT(imported.out, HasSubstr("# " + path + ":1:1\n[[sriov.policy]]\nname = \"workers\"\n"));
  const auto config = config::parse_toml(imported.out, "imported");
  ASSERT_TRUE(config.has_value()) << config.error().front().text();
  EXPECT_EQ(config->resources.at(0).name, "openshift.io/vfs");
}

TEST_F(Offline, ImportTakesThePrefixOfTheResources) {
  const auto path = file("policy.yaml", kPolicy);
  EXPECT_THAT(run({"import", "--resource-prefix", "example.com", path}).out, HasSubstr("\"example.com/vfs\""));
  const auto wrong = run({"import", "--resource-prefix", "kubernetes.io", path});
  EXPECT_EQ(wrong.exit, Exit::usage);
  EXPECT_THAT(wrong.err, HasSubstr("belongs to Kubernetes"));
  EXPECT_EQ(run({"import"}).exit, Exit::usage);
}

TEST_F(Offline, ImportReadsStandardInput) {
  const int before = ::dup(0);
  const int given = ::open(file("policy.yaml", kPolicy).c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(::dup2(given, 0), 0);
  const auto imported = run({"import", "-"});
  ::dup2(before, 0);
  ::close(given);
  ::close(before);
  EXPECT_EQ(imported.exit, Exit::ok) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("# standard input:1:1\n"));
}

TEST_F(Offline, ImportReadsAPipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ASSERT_GT(::write(ends[1], kPolicy, std::char_traits<char>::length(kPolicy)), 0);
  ::close(ends[1]);
  EXPECT_EQ(run({"import", "/proc/self/fd/" + std::to_string(ends[0])}).exit, Exit::ok);
  ::close(ends[0]);
}

TEST_F(Offline, ImportWithAMistakePrintsNoToml) {
  const auto good = file("good.yaml", kPolicy);
  const auto bad = file("bad.yaml", std::string{kPolicy} + "  mtuu: 9000\n");
  const auto imported = run({"import", good, bad});
  EXPECT_EQ(imported.exit, Exit::failure);
  EXPECT_THAT(imported.out, IsEmpty());
  EXPECT_THAT(imported.err, HasSubstr("nicctl: " + bad + ":9:3: unknown field \"mtuu\"; did you mean \"mtu\"?\n"));
  const auto absent = run({"import", (folder.path() / "absent").string()});
  EXPECT_EQ(absent.exit, Exit::failure);
  EXPECT_THAT(absent.err, HasSubstr("No such file"));
  EXPECT_THAT(run({"import", folder.path().string()}).err, HasSubstr("directory"));
  EXPECT_THAT(run({"import", file("empty", "")}).err, HasSubstr("there is neither"));
}

TEST_F(Offline, ImportHasJson) {
  const auto json = Json::parse(run({"--json", "import", file("policy.yaml", kPolicy)}).out);
  EXPECT_THAT(json["Toml"].get<std::string>(), HasSubstr("[[sriov.policy]]"));
  EXPECT_THAT(json["Warnings"][0]["Text"].get<std::string>(), HasSubstr("linkType"));
  const auto bad = Json::parse(run({"--json", "import", file("bad.yaml", "a: [")}).out);
  EXPECT_THAT(bad["Error"]["Text"].get<std::string>(), HasSubstr("bad.yaml"));
  EXPECT_EQ(bad["Mistakes"].size(), 1U);
}

TEST_F(Offline, CheckConfigSaysWhatIsWrongInEveryFile) {
  const auto good = file("good.toml", "[agent]\nauto_apply = false\n");
  const auto one = file("one.toml", "[agent]\nauto = false\n");
  const auto two = file("two.toml", "[kubelet]\nroot = 1\n");
  EXPECT_EQ(run({"check-config", good}).exit, Exit::ok);
  EXPECT_EQ(run({"check-config", good}).out, "");
  const auto checked = run({"check-config", one, good, two});
  EXPECT_EQ(checked.exit, Exit::failure);
  EXPECT_THAT(checked.err, HasSubstr(one + ":2:1: unknown key \"auto\""));
  EXPECT_THAT(checked.err, HasSubstr(two + ":2:8: root in [kubelet] must be"));
  EXPECT_EQ(Json::parse(run({"check-config", "--json", good}).out)["Mistakes"].size(), 0U);
}

TEST_F(Offline, CheckConfigKnowsAPoolOfGuids) {
  const auto good = file("guids", R"([{"pciAddress": "0000:3b:00.0", "guids": ["00:02:c9:03:00:00:00:10"]}])");
  EXPECT_EQ(run({"check-config", good}).exit, Exit::ok);
  const auto bad = file("bad", "[\n{\"pciAddress\": \"0000:3b:00.0\", \"guid\": []}]");
  const auto checked = run({"check-config", good, bad});
  EXPECT_EQ(checked.exit, Exit::failure);
  EXPECT_THAT(checked.err, HasSubstr(bad + ":2:32: unknown field \"guid\"; did you mean \"guids\"?"));
}

TEST_F(Offline, ImportPrintsADevicePluginsFileAsToml) {
  const auto path =
      file("config.json", R"({"configList": [{"resourceName": "a", "rdmaHcaMax": 5, "devices": ["ib0"]}]})");
  const auto imported = run({"import", path});
  EXPECT_EQ(imported.exit, Exit::ok) << imported.err;
  EXPECT_EQ(imported.out, "# " + path +
                              ":1:17\n[[resource]]\nname = \"rdma/a\"\nkind = \"shared\"\nrdma_hca_max = 5\n"
                              "selectors = { if_names = [\"ib0\"] }\n");
  EXPECT_THAT(imported.err, HasSubstr("configList[0].devices: the old word"));
}

TEST_F(Offline, CheckConfigKnowsBothFilesOfTheDevicePlugins) {  // A9
  const auto shared = file("rdma.json", R"({"periodicUpdateInterval": 60,
"configList": [{"resourceName": "a", "rdmaHcaMax": 5, "selectors": {"ifNames": ["ib0"]}}]})");
  const auto vfs = file("sriov.json", R"({"resourceList": [{"resourceName": "b", "selectors": [{}]}]})");
  const auto good = run({"check-config", shared, vfs});
  EXPECT_EQ(good.exit, Exit::ok) << good.err;
  EXPECT_THAT(good.err, HasSubstr(shared + ":1:2: periodicUpdateInterval: not needed"));
  const auto unknown =
      file("unknown.json", R"({"resourceList": [{"resourceName": "b", "selectors": [{"pfName": []}]}]})");
  const auto checked = run({"check-config", vfs, unknown});
  EXPECT_EQ(checked.exit, Exit::failure);
  EXPECT_THAT(checked.err, HasSubstr(unknown + ":1:"));
  EXPECT_THAT(checked.err, HasSubstr("did you mean \"pfNames\"?"));
  for (const auto* bad : {R"({"resourceList": [{"resourceName": "b"}]})", R"({"resourceList": null})", "{}", "{",
                          R"({"resourceList": [],})", R"({"configList": [{"resourceName": "a$"}]})"})
    EXPECT_EQ(run({"check-config", file("bad.json", bad)}).exit, Exit::failure) << bad;
  EXPECT_THAT(run({"check-config", file("neither.json", "{\"resources\": []}")}).err,
              HasSubstr("neither a configList nor a resourceList"));
}

}  // namespace
}  // namespace nic::ctl
