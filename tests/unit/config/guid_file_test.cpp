// The operator's pool of GUIDs: both spellings, and every mistake with its place.
#include "config/guid_file.hpp"

#include "config/load.hpp"
#include "lib/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace nic::config {
namespace {

using testing::ElementsAre, testing::HasSubstr, testing::IsEmpty, testing::SizeIs;

std::vector<std::string> mistakes(std::string_view text) {
  std::vector<std::string> texts;
  for (const auto& mistake : mistakes_in(parse_guid_file(text, "guids"))) texts.push_back(mistake.text());
  return texts;
}

TEST(GuidFile, IsReadInBothSpellings) {
  for (const auto* text :
       {R"([{"pciAddress": "0000:3b:00.0", "guids": ["00:02:c9:03:00:00:00:10", "0002:c903:0000:0020"]},
                              {"pfGuid": "00:02:c9:03:00:f9:bf:a1",
                               "guidsRange": {"start": "00:02:c9:03:00:00:01:00", "end": "00:02:c9:03:00:00:01:0f"}}])",
        R"([{"pci_address": "0000:3b:00.0", "guids": ["00:02:c9:03:00:00:00:10", "0002:c903:0000:0020"]},
                              {"pf_guid": "00:02:c9:03:00:f9:bf:a1",
                               "guids_range": {"start": "00:02:c9:03:00:00:01:00", "end": "00:02:c9:03:00:00:01:0f"}}])"}) {
    const auto file = parse_guid_file(text, "guids");
    EXPECT_THAT(mistakes_in(file), IsEmpty());
    ASSERT_THAT(file.entries, SizeIs(2));
    EXPECT_EQ(file.entries[0].pf->text(), "0000:3b:00.0");
    EXPECT_THAT(file.entries[0].guids.ranges, SizeIs(2));
    EXPECT_EQ(file.entries[0].guids.ranges[1].first.text(), "0002:c903:0000:0020");
    EXPECT_EQ(file.entries[1].pf_guid->text(), "0002:c903:00f9:bfa1");
    EXPECT_EQ(file.entries[1].guids.ranges.at(0).second.text(), "0002:c903:0000:010f");
    EXPECT_EQ(file.entries[1].place.line, 2U);
  }
}

// The operator compares it with the address of the IPoIB interface, which has twenty bytes.
TEST(GuidFile, TakesTheAddressOfAnInterfaceForItsPortGuid) {
  const auto file = parse_guid_file(
      R"([{"pfGuid": "80:00:00:48:fe:80:00:00:00:00:00:00:00:02:c9:03:00:f9:bf:a1", "guids": ["00:02:c9:03:00:00:00:10"]}])",
      "guids");
  EXPECT_EQ(file.entries.at(0).pf_guid->text(), "0002:c903:00f9:bfa1");
}

TEST(GuidFile, SaysWhereItIsNoSuchFile) {
  EXPECT_THAT(mistakes("[\n  {\"guids\": [oops]}]"), ElementsAre(HasSubstr("guids:2:14: from here on it is no JSON")));
  EXPECT_THAT(mistakes(R"({"guids": []})"), ElementsAre(HasSubstr("guids:1:1: a pool of GUIDs is a list")));
  EXPECT_THAT(mistakes("null"), ElementsAre(HasSubstr("is a list")));
  EXPECT_THAT(mistakes(""), ElementsAre(HasSubstr("no JSON")));
  EXPECT_THAT(mistakes(std::string(100, '[')), ElementsAre(HasSubstr("nested deeper")));
  EXPECT_THAT(mistakes(R"([{"guids": [], "guids": []}])"),
              ElementsAre(HasSubstr("guids:1:16: the key \"guids\" stands")));
  EXPECT_THAT(mistakes(std::string(kMostGuidFileBytes + 1, ' ')), ElementsAre(HasSubstr("larger than")));
  EXPECT_THAT(mistakes("[]"), IsEmpty());
}

TEST(GuidFile, KeepsAMistakeToItsEntry) {
  const auto file = parse_guid_file(R"([
  {"pciAddress": "0000:3b:00.0", "guids": ["00:02:c9:03:00:00:00:10", "oops"]},
  {"pciAddress": "0000:3b:00.1", "guids": ["00:02:c9:03:00:00:00:20"]}
])",
                                    "guids");
  ASSERT_THAT(file.entries, SizeIs(2));
  EXPECT_EQ(file.entries[0].pf->text(), "0000:3b:00.0");
  EXPECT_THAT(file.entries[0].mistakes.at(0).text(), HasSubstr("guids:2:71: guids: \"oops\" is no GUID"));
  EXPECT_THAT(file.entries[1].mistakes, IsEmpty());
}

TEST(GuidFile, EveryFieldIsHeldToWhatItMeans) {
  const auto entry = [](const std::string& fields) { return mistakes("[{" + fields + "}]"); };
  const std::string pf = R"("pciAddress": "0000:3b:00.0")";
  const std::string guids = R"("guids": ["00:02:c9:03:00:00:00:10"])";
  EXPECT_THAT(entry(pf + "," + guids), IsEmpty());
  EXPECT_THAT(entry(guids), ElementsAre(HasSubstr("pciAddress is missing")));
  EXPECT_THAT(entry(pf), ElementsAre(HasSubstr("guids is missing")));
  EXPECT_THAT(entry(pf + R"(, "guids": [])"), ElementsAre(HasSubstr("guids is missing")));
  EXPECT_THAT(entry(pf + R"(, "pfGuid": "00:02:c9:03:00:f9:bf:a1", )" + guids),
              ElementsAre(HasSubstr("named by pciAddress already")));
  EXPECT_THAT(entry(pf + R"(, "pci_address": "0000:3b:00.1", )" + guids),
              ElementsAre(HasSubstr("stands here as pciAddress already")));
  EXPECT_THAT(
      entry(pf + R"(, "guidsRange": {"start": "00:02:c9:03:00:00:00:10", "end": "00:02:c9:03:00:00:00:20"}, )" + guids),
      ElementsAre(HasSubstr("there is a list (guids) already")));
  EXPECT_THAT(entry(pf + R"(, "guidsRange": {"start": "00:02:c9:03:00:00:00:20", "end": "00:02:c9:03:00:00:00:10"})"),
              ElementsAre(HasSubstr("end: it is before 0002:c903:0000:0020")));
  EXPECT_THAT(entry(pf + R"(, "guidsRange": {"start": "00:02:c9:03:00:00:00:20"})"),
              ElementsAre(HasSubstr("end is missing")));
  EXPECT_THAT(entry(pf + R"(, "guids": ["00:00:00:00:00:00:00:00"])"), ElementsAre(HasSubstr("no port can have")));
  EXPECT_THAT(entry(pf + R"(, "guids": [7])"), ElementsAre(HasSubstr("guids must be a text")));
  EXPECT_THAT(entry(R"("pciAddress": "3b", )" + guids), ElementsAre(HasSubstr("\"3b\" is not a PCI address")));
  EXPECT_THAT(entry(pf + R"(, "guid": 1, )" + guids),
              ElementsAre(HasSubstr("unknown field \"guid\"; did you mean \"guids\"?")));
  EXPECT_THAT(mistakes("[7]"), ElementsAre(HasSubstr("guids:1:2: this must be a map of fields")));
}

TEST(GuidFile, OfTwoEntriesForOnePfTheSecondIsRefused) {
  EXPECT_THAT(mistakes(R"([{"pciAddress": "0000:3b:00.0", "guids": ["00:02:c9:03:00:00:00:10"]},
{"pci_address": "0000:3b:00.0", "guids": ["00:02:c9:03:00:00:00:20"]}])"),
              ElementsAre(HasSubstr("guids:2:1: there is an entry for this PF already at guids:1:2")));
}

TEST(GuidFile, IsNotTakenForToml) {
  for (const auto* json : {"[{}]", " [\n\t{", "[]", "{\"a\": 1}", "["}) EXPECT_TRUE(looks_like_json(json)) << json;
  for (const auto* toml : {"", "[agent]\n", "[[sriov.policy]]", "[\"x\"]", "# [{"})
    EXPECT_FALSE(looks_like_json(toml)) << toml;
}

class GuidPool : public testing::Test {
 protected:
  test::TemporaryFolder folder;
  model::Roots roots = model::Roots::below(folder.path());

  static void write(const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
  }
  void configure(const std::string& more) const {
    write(roots.etc / "nic-agent/nic-agent.toml",
          more + "[[sriov.policy]]\nname = \"a\"\nnum_vfs = 1\nselectors = { pf_names = [\"x\"] }\n");
  }
};

TEST_F(GuidPool, IsReadOnlyWhenAPolicyAsksForIt) {
  write(roots.etc / "sriov-operator/infiniband/guids", "[{}]");
  configure("");
  EXPECT_EQ(load(roots, {})->guid_file, model::GuidFile{});
  write(roots.etc / "nic-agent/conf.d/a.toml", R"([[sriov.policy]]
name = "b"
num_vfs = 1
selectors = { pf_names = ["y"] }
[[sriov.policy.group]]
vfs = "0"
guids = "pool"
)");
  const auto config = load(roots, {});
  ASSERT_TRUE(config.has_value()) << config.error().front().text();
  EXPECT_EQ(config->guid_file.path, roots.etc / "sriov-operator/infiniband/guids");
  EXPECT_THAT(config->guid_file.entries, SizeIs(1));
}

TEST_F(GuidPool, StandsWhereTheConfigurationSays) {
  const auto path = folder.path() / "pool.json";
  configure("[infiniband]\nguid_pool = \"" + path.string() + "\"\n");
  write(roots.etc / "nic-agent/conf.d/a.toml",
        "[[sriov.policy]]\nname = \"b\"\nnum_vfs = 1\nselectors = { pf_names = [\"y\"] }\nguids = \"pool\"\n");
  const auto without = load(roots, {});
  ASSERT_TRUE(without.has_value()) << "a missing file concerns only the PFs that need it";
  EXPECT_THAT(without->guid_file.unreadable->text(), HasSubstr("pool.json"));
  write(path, "[]");
  EXPECT_FALSE(load(roots, {})->guid_file.unreadable);
}

TEST_F(GuidPool, IsWatchedAlsoBeforeItsFolderIsThere) {
  std::filesystem::create_directories(roots.etc);
  const auto file = roots.etc / "sriov-operator/infiniband/guids";
  const auto folders = watch_directories(roots, {file.string()});
  EXPECT_THAT(folders, testing::Contains(file.parent_path()));
  EXPECT_THAT(folders, testing::Contains(roots.etc));
}

}  // namespace
}  // namespace nic::config
