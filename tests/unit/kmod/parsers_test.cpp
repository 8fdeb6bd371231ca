#include "kmod/decompress.hpp"
#include "kmod/elf.hpp"
#include "kmod/modprobe_d.hpp"
#include "model/module_catalogue.hpp"
#include "unit/kmod/module_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::kmod {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Bytes bytes(const std::string& text) { return {reinterpret_cast<const unsigned char*>(text.data()), text.size()}; }

TEST(ReadModule, ReadsInfoBuildIdAndWhetherItIsSigned) {
  const auto image = FakeModule{}.info("version", "7").info("alias", "x").build_id("\xab\xcd\x01").is_signed().image();
  const auto file = read_module(bytes(image));
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ(file->value("version"), "7");
  EXPECT_EQ(file->value("missing"), "");
  EXPECT_EQ(file->build_id, "abcd01");
  EXPECT_TRUE(file->signed_);
  EXPECT_FALSE(read_module(bytes(FakeModule{}.image()))->signed_);
}

TEST(ReadModule, RefusesEveryFileThatIsCutOff) {
  const auto image = fitting().image();
  for (std::size_t size = 0; size < image.size(); ++size)
    EXPECT_FALSE(read_module(bytes(image.substr(0, size)))) << size;
}

TEST(ReadModinfo, LeavesOutWhatIsNoPairAndMakesValuesPrintable) {
  const auto info = read_modinfo(bytes("a=1\0\0nothing\0=x\0b=\x1b[0m=\xff\0cut=off"s));
  EXPECT_THAT(info, ElementsAre(Pair("a", "1"), Pair("b", "?[0m=?")));
}

TEST(ReadModprobeConf, FindsDirectivesWithTheirLines) {
  const auto directives = read_modprobe_conf(
      "# blacklist x\n  blacklist\tib-core  \noptions a b=c\ninstall mlx* \\\n /bin/true  now\nblacklist\n");
  EXPECT_THAT(directives,
              ElementsAre(Directive{2, "blacklist", "ib_core", ""}, Directive{4, "install", "mlx*", "/bin/true  now"}));
}

TEST(CommandLine, ListsTheNamesOfOneKeyOnly) {
  EXPECT_THAT(names_on_command_line("ro modprobe.blacklist=a-b,,c xmodprobe.blacklist=d modprobe.blacklist=e",
                                    "modprobe.blacklist"),
              ElementsAre("a_b", "c", "e"));
  EXPECT_THAT(names_on_command_line("ro", "module_blacklist"), IsEmpty());
}

TEST(CommandLine, IsNamedWhereItBlacklists) {
  const ModuleTree tree;
  tree.write("proc/cmdline", "ro modprobe.blacklist=irdma\n");
  EXPECT_EQ(who_blacklists(tree.roots(), "irdma"), "kernel command line (modprobe.blacklist=)");
  EXPECT_EQ(who_blacklists(tree.roots(), "ib_core"), std::nullopt);
}

TEST(ReadFile, RefusesWhatUnpacksToTooMuch) {
  for (const auto& [command, suffix] : {std::pair{"gzip -q", ".gz"}, {"xz -q", ".xz"}, {"zstd -q --rm", ".zst"}}) {
    const ModuleTree tree;
    tree.write("zeros", std::string(3 << 20, '\0'));
    tree.run(command + (" " + tree.path("zeros").string()));
    const auto path = tree.path("zeros"s + suffix);
    EXPECT_EQ(read_file(path)->size(), 3U << 20) << suffix;
    const auto limited = read_file(path, 2U << 20);
    ASSERT_FALSE(limited) << suffix;
    EXPECT_THAT(limited.error().text(), HasSubstr("unpacks to more")) << suffix;
  }
}

TEST(ReadFile, SaysThatCompressedDataIsCutOffOrDamaged) {
  for (const auto& [command, suffix] : {std::pair{"gzip -q", ".gz"}, {"xz -q", ".xz"}, {"zstd -q --rm", ".zst"}}) {
    const ModuleTree tree;
    tree.write("x", fitting().image());
    tree.run(command + (" " + tree.path("x").string()));
    const auto path = tree.path("x"s + suffix);
    const auto size = std::filesystem::file_size(path);
    for (const auto keep : {size - 1, size / 2, std::uintmax_t{7}}) {
      std::filesystem::resize_file(path, keep);
      EXPECT_FALSE(read_file(path)) << suffix << keep;
    }
  }
}

TEST(Catalogue, KnowsExactNamesOnly) {
  EXPECT_NE(model::known_module("mlx5_core"), nullptr);
  EXPECT_NE(model::known_module("nvidia_peermem"), nullptr);
  EXPECT_EQ(model::known_module("mlx5"), nullptr);
  EXPECT_EQ(model::known_module("mlx5_core_x"), nullptr);
}

}  // namespace
}  // namespace nic::kmod
