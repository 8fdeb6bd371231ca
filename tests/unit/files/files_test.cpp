#include "files/files.hpp"

#include "lib/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace nic::files {
namespace {

TEST(Files, ReadsBackWhatItWroteAndMakesTheFolders) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a/b/state.json";
  ASSERT_TRUE(write_atomically(path, "first").has_value());
  ASSERT_TRUE(write_atomically(path, "second", 0600).has_value());
  EXPECT_EQ(read(path, 100).value(), "second");
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".new"));
}

TEST(Files, ReplacesAFileThatMayNotBeWrittenTo) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "dp/info.json";
  ASSERT_TRUE(replace(path, "first", 0444).has_value());
  ASSERT_TRUE(replace(path, "second", 0444).has_value());
  EXPECT_EQ(read(path, 100).value(), "second");
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(path).permissions()), 0444U);
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".new"));
  EXPECT_FALSE(replace("/proc/none/x", "text").has_value());
}

TEST(Files, KeepsTheOldFileWhenTheNewOneCannotBePutInItsPlace) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "taken";
  std::filesystem::create_directories(path / "full");
  EXPECT_FALSE(write_atomically(path, "text").has_value());
  EXPECT_TRUE(std::filesystem::is_directory(path));
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".new"));
}

TEST(Files, RefusesWhatIsNoRegularFileOrTooLarge) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(read(folder.path(), 10).error().code, model::Code::invalid);
  ASSERT_EQ(::mkfifo((folder.path() / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(read(folder.path() / "fifo", 10).error().code, model::Code::invalid);
  std::ofstream{folder.path() / "large"} << "12345678901";
  EXPECT_EQ(read(folder.path() / "large", 10).error().code, model::Code::invalid);
  EXPECT_EQ(read(folder.path() / "none", 10).error().errno_value, ENOENT);
}

TEST(Files, RemovesWithoutComplainingOfWhatIsGone) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x";
  std::ofstream{path} << "x";
  EXPECT_TRUE(files::remove(path).has_value());
  EXPECT_TRUE(files::remove(path).has_value());
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Files, SetsADamagedFileAside) {
  const test::TemporaryFolder folder;
  std::ofstream{folder.path() / "x.json"} << "{";
  ASSERT_TRUE(set_aside(folder.path() / "x.json").has_value());
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "x.json.corrupt"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "x.json"));
}

}  // namespace
}  // namespace nic::files
