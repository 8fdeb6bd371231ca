// The device plugins' files as parts of the configuration: side by side with its own resources, and none of them able
// to take anything from the rest.
#include "config/load.hpp"
#include "lib/plugin_files.hpp"
#include "lib/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::config {
namespace {

using testing::Contains, testing::ElementsAre, testing::HasSubstr, testing::IsEmpty;

struct PluginFiles : testing::Test {
  test::TemporaryFolder folder;
  model::Roots roots = model::Roots::below(folder.path());
  std::string rdma = (folder.path() / "rdma/config.json").string();
  std::string sriov = (folder.path() / "pcidp/config.json").string();

  static void write(const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
  }
  void SetUp() override { configure(""); }
  // Both files are named, and this is said besides.
  void configure(const std::string& more) const {
    write(roots.etc / "nic-agent/nic-agent.toml",
          "[kubelet]\nrdma_shared_config = \"" + rdma + "\"\nsriov_config = \"" + sriov + "\"\n" + more);
  }
  [[nodiscard]] model::Config read(const model::Config& before = {}) const {
    auto config = load(roots, {}, before.plugin_files);
    if (!config) ADD_FAILURE() << config.error().front().text();
    return config.value_or(model::Config{});
  }
};

std::string shared(const std::string& name, int count = 5) {
  return R"({"resourceName": ")" + name + R"(", "rdmaHcaMax": )" + std::to_string(count) + R"(, "devices": ["ib0"]})";
}
std::string shared_list(const std::string& entries) { return "{\"configList\": [" + entries + "]}"; }
std::string exclusive_list(const std::string& entries) { return "{\"resourceList\": [" + entries + "]}"; }
std::string vfs(const std::string& name) { return R"({"resourceName": ")" + name + R"(", "selectors": [{}]})"; }

std::vector<std::string> names(const model::Config& config) {
  std::vector<std::string> all;
  for (const auto& resource : config.resources) all.push_back(resource.name);
  return all;
}

TEST_F(PluginFiles, StandBesideTheResourcesOfTheConfiguration) {  // A6
  configure("[[resource]]\nname = \"example.com/own\"\nkind = \"exclusive\"\nselectors = {}\n");
  write(rdma, shared_list(shared("a") + "," + shared("b")));
  write(sriov, exclusive_list(vfs("c")));
  const auto config = read();
  EXPECT_THAT(names(config), ElementsAre("example.com/own", "rdma/a", "rdma/b", "intel.com/c"));
  EXPECT_EQ(config.resources.back().place.file, sriov);
  EXPECT_THAT(config.problems, IsEmpty());
  EXPECT_THAT(config.sources, ElementsAre(HasSubstr("nic-agent.toml"), rdma, sriov));
}

TEST_F(PluginFiles, AreReadOnlyWhenTheyAreNamed) {
  write(rdma, shared_list(shared("a")));
  write(roots.etc / "nic-agent/nic-agent.toml", "");
  EXPECT_EQ(read().resources.size(), 0U);
  EXPECT_THAT(files_named(read()), IsEmpty());
}

TEST_F(PluginFiles, ADropInTakesOneBackAndSetsThePrefix) {
  write(rdma, shared_list(shared("a")));
  write(sriov, exclusive_list(vfs("c")));
  write(roots.etc / "nic-agent/conf.d/a.toml",
        "[kubelet]\nrdma_shared_config = \"\"\nsriov_resource_prefix = \"openshift.io\"\n");
  EXPECT_THAT(names(read()), ElementsAre("openshift.io/c"));
}

TEST_F(PluginFiles, ANameThatAnotherFileHasIsNotTakenTwice) {  // A6
  configure("[[resource]]\nname = \"rdma/a\"\nkind = \"exclusive\"\nselectors = {}\n");
  write(rdma, shared_list(shared("a") + "," + shared("b")));
  write(sriov, exclusive_list(R"({"resourceName": "b", "resourcePrefix": "rdma", "selectors": [{}]},)" + vfs("c")));
  const auto config = read();
  EXPECT_THAT(names(config), ElementsAre("rdma/a", "rdma/b", "intel.com/c"));
  EXPECT_EQ(config.resources[0].kind, model::ResourceKind::exclusive);
  EXPECT_THAT(test::texts(config.problems),
              ElementsAre(HasSubstr(rdma + ":1:17: resource \"rdma/a\" is already at"),
                          HasSubstr(sriov + ":1:19: resource \"rdma/b\" is already at " + rdma)));
}

TEST_F(PluginFiles, AFileThatIsNotThereIsAProblemAndStopsNobody) {  // A7
  write(sriov, exclusive_list(vfs("c")));
  const auto config = read();
  EXPECT_THAT(names(config), ElementsAre("intel.com/c"));
  EXPECT_THAT(test::texts(config.problems), ElementsAre(HasSubstr(rdma)));
}

TEST_F(PluginFiles, ABadFileLeavesWhatItHadInForceAndTheOthersGoOn) {
  write(rdma, shared_list(shared("a") + "," + shared("b")));
  write(sriov, exclusive_list(vfs("c")));
  const auto before = read();
  write(rdma, "{\"configList\": [\n" + shared("a") + ",\n]}");
  write(sriov, exclusive_list(vfs("c") + "," + vfs("d")));
  const auto config = read(before);
  EXPECT_THAT(names(config), ElementsAre("rdma/a", "rdma/b", "intel.com/c", "intel.com/d"));
  EXPECT_THAT(test::texts(config.problems), ElementsAre(HasSubstr(rdma + ":3:1: from here on it is no JSON")));
  EXPECT_THAT(names(read(config)), ElementsAre("rdma/a", "rdma/b", "intel.com/c", "intel.com/d"))
      << "also the next time";
  EXPECT_THAT(names(read()), ElementsAre("intel.com/c", "intel.com/d")) << "after a start nothing was in force";
}

TEST_F(PluginFiles, ABadResourceStaysAsItWasInItsPlace) {  // A7
  write(rdma, shared_list(shared("a", 7) + "," + shared("b")));
  const auto before = read();
  write(rdma, shared_list(R"({"resourceName": "a", "rdmaHcaMax": "9", "devices": ["ib0"]},)" + shared("b", 6)));
  const auto config = read(before);
  EXPECT_EQ(test::one_line(config.resources.at(0)), "rdma/a shared 7: if_names=ib0");
  EXPECT_EQ(test::one_line(config.resources.at(1)), "rdma/b shared 6: if_names=ib0");
  EXPECT_THAT(test::texts(config.problems), Contains(HasSubstr("configList[0].rdmaHcaMax")));
}

TEST_F(PluginFiles, AResourceThatIsTakenOutIsGone) {  // A8
  write(rdma, shared_list(shared("a") + "," + shared("b")));
  const auto before = read();
  write(rdma, shared_list(shared("b")));
  EXPECT_THAT(names(read(before)), ElementsAre("rdma/b"));
  write(rdma, shared_list(""));
  EXPECT_THAT(names(read(before)), IsEmpty());
}

TEST_F(PluginFiles, WarningsAreKeptForPeople) {  // A3
  write(rdma, "{\"periodicUpdateInterval\": 60,\n\"configList\": [" + shared("a") + "], \"x\": 1}");
  const auto config = read();
  EXPECT_THAT(config.warnings, ElementsAre(HasSubstr(rdma + ":2:77: unknown field \"x\"")));
  EXPECT_THAT(config.notes, Contains(HasSubstr(rdma + ":1:2: periodicUpdateInterval: not needed")));
  configure("strict = true\n");
  EXPECT_THAT(names(read()), IsEmpty());
  EXPECT_THAT(test::texts(read().problems), Contains(HasSubstr("unknown field \"x\"")));
}

TEST_F(PluginFiles, AreWatchedAlsoBeforeTheyAreThereAndWhereALinkLeads) {  // A8
  const auto there = folder.path() / "versions/2";
  write(there / "config.json", "{}");
  std::filesystem::create_directories(folder.path() / "pcidp");
  std::filesystem::create_symlink(there / "config.json", sriov);
  EXPECT_THAT(files_named(read()), ElementsAre(rdma, sriov));
  const auto folders = watch_directories(roots, files_named(read()));
  EXPECT_THAT(folders, Contains(folder.path() / "rdma"));
  EXPECT_THAT(folders, Contains(folder.path()));
  EXPECT_THAT(folders, Contains(folder.path() / "pcidp"));
  EXPECT_THAT(folders, Contains(std::filesystem::canonical(there)));
}

}  // namespace
}  // namespace nic::config
