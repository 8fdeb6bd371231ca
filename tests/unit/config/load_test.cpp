#include "config/load.hpp"

#include "config/parse_toml.hpp"
#include "config/schema.hpp"
#include "lib/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace nic::config {
namespace {

using testing::HasSubstr;

class Load : public testing::Test {
 protected:
  test::TemporaryFolder folder;
  model::Roots roots = model::Roots::below(folder.path());

  void write(const std::filesystem::path& path, std::string_view text) const {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
  }
  [[nodiscard]] static std::string policy(const std::string& name, int vfs) {
    return "[[sriov.policy]]\nname = \"" + name +
           "\"\nselectors = { pf_names = [\"x\"] }\nnum_vfs = " + std::to_string(vfs) + "\n";
  }
};

TEST_F(Load, NothingThereIsAnEmptyConfiguration) {
  const auto config = load(roots, {});
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(*config, model::Config{});
}

TEST_F(Load, DropInsComeByNameAndReplaceWhatTheyName) {
  write(roots.etc / "nic-agent/nic-agent.toml", policy("a", 1) + policy("b", 1) + "[agent]\nauto_apply = false\n");
  write(roots.etc / "nic-agent/conf.d/20-late.toml", policy("a", 3));
  write(roots.usr_lib / "nic-agent/conf.d/10-early.toml", policy("a", 2) + policy("c", 1));
  const auto config = load(roots, {});
  ASSERT_TRUE(config.has_value());
  ASSERT_EQ(config->policies.size(), 3u);
  EXPECT_EQ(config->policies[0].num_vfs, 3u);
  EXPECT_EQ(config->policies[2].name, "c");
  EXPECT_FALSE(config->auto_apply);
  EXPECT_EQ(config->sources.size(), 3u);
}

TEST_F(Load, OfTheRdmaNamespaceModeTheLaterOneHolds) {
  write(roots.etc / "nic-agent/nic-agent.toml", "[rdma]\nnetns_mode = \"exclusive\"\n");
  write(roots.etc / "nic-agent/conf.d/10-other.toml", policy("a", 1));
  EXPECT_EQ(load(roots, {})->rdma_netns_mode, model::RdmaNetnsMode::exclusive);
  write(roots.etc / "nic-agent/conf.d/20-late.toml", "[rdma]\nnetns_mode = \"shared\"\n");
  EXPECT_EQ(load(roots, {})->rdma_netns_mode, model::RdmaNetnsMode::shared);
}

TEST_F(Load, TheSameNameInEtcWinsAndANullLinkMasks) {
  write(roots.usr_lib / "nic-agent/conf.d/10-x.toml", policy("vendor", 1));
  write(roots.etc / "nic-agent/conf.d/10-x.toml", policy("admin", 1));
  EXPECT_EQ(load(roots, {})->policies.at(0).name, "admin");
  std::filesystem::remove(roots.etc / "nic-agent/conf.d/10-x.toml");
  std::filesystem::create_symlink("/dev/null", roots.etc / "nic-agent/conf.d/10-x.toml");
  EXPECT_TRUE(load(roots, {})->policies.empty());
}

TEST_F(Load, NamesTheFileOfEachMistake) {
  write(roots.etc / "nic-agent/nic-agent.toml", "x = 1");
  write(roots.etc / "nic-agent/conf.d/a.toml", "y = 1");
  std::filesystem::create_directories(roots.etc / "nic-agent/conf.d/dir.toml");
  const auto config = load(roots, {});
  ASSERT_EQ(config.error().size(), 3u);
  EXPECT_THAT(config.error()[0].text(), HasSubstr("nic-agent.toml:1:1"));
  EXPECT_THAT(config.error()[2].text(), HasSubstr("not a regular file"));
}

TEST_F(Load, LayersComeLastAndAreKept) {
  ASSERT_TRUE(store_layer(roots, {"cluster", policy("a", 7)}).has_value());
  write(roots.etc / "nic-agent/nic-agent.toml", policy("a", 1));
  EXPECT_EQ(load(roots, load_layers(roots).value())->policies.at(0).num_vfs, 7u);
  EXPECT_EQ(load_layers(roots).value(), (std::vector<Layer>{{"cluster", policy("a", 7)}}));
  ASSERT_TRUE(remove_layer(roots, "cluster").has_value());
  EXPECT_EQ(remove_layer(roots, "cluster").error().code, model::Code::not_found);
  EXPECT_EQ(load(roots, load_layers(roots).value())->policies.at(0).num_vfs, 1u);
}

TEST_F(Load, RefusesLayerNamesThatLeaveTheFolder) {
  for (const auto* name : {"", "../x", ".a", "a b", "a/b"})
    EXPECT_EQ(store_layer(roots, {name, ""}).error().code, model::Code::invalid) << name;
}

TEST_F(Load, WatchesEveryFolderThatItReads) {
  const auto folders = watch_directories(roots);
  EXPECT_THAT(folders, testing::Contains(roots.etc / "nic-agent"));
  EXPECT_THAT(folders, testing::Contains(roots.etc / "nic-agent/conf.d"));
  EXPECT_THAT(folders, testing::Contains(roots.run / "nic-agent/conf.d"));
}

std::string slurp(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

TEST(Shipped, TheDefaultFileAsksForNothingAndItsExamplesAreGood) {
  const std::filesystem::path folder = NIC_SOURCE "/config";
  const auto shipped = slurp(folder / "nic-agent.toml");
  EXPECT_TRUE(parse_toml(shipped, "default")->policies.empty());
  std::string uncommented;
  std::istringstream lines{shipped};
  for (std::string line; std::getline(lines, line);)
    if (line.size() > 1 && line[0] == '#' && line[1] != ' ') uncommented += line.substr(1) + '\n';
  const auto all = parse_toml(uncommented, "uncommented");
  ASSERT_TRUE(all.has_value()) << all.error().front().text();
  EXPECT_EQ(all->resources.size(), 2u);
}

TEST(Shipped, TheExamplesAreGood) {
  unsigned count = 0;
  for (const auto& entry : std::filesystem::directory_iterator{NIC_SOURCE "/config/examples"}) {
    const auto config = parse_toml(slurp(entry.path()), entry.path().string());
    EXPECT_TRUE(config.has_value()) << config.error().front().text();
    ++count;
  }
  EXPECT_GE(count, 3u);
}

TEST(Shipped, TheManualPageNamesEveryKey) {
  const auto page = slurp(NIC_SOURCE "/config/nic-agent.toml.5");
  for (const auto& key : kKeys) EXPECT_THAT(page, HasSubstr(std::string{".B "} + std::string{key.name})) << key.table;
}

}  // namespace
}  // namespace nic::config
