#include "kubelet/door.hpp"

#include "lib/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace nic::kubelet {
namespace {

class DoorTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name = "a.sock") const { return (folder.path() / name).string(); }
  // As an agent that was killed leaves it.
  void leave_stale(const std::string& name) const {
    auto door = Door::open(path("other.sock")).value();
    std::filesystem::rename(path("other.sock"), path(name));  // it no longer finds it
  }
  test::TemporaryFolder folder;
};

TEST_F(DoorTest, TakesItsFileWithIt) {
  auto door = Door::open(path()).value();
  EXPECT_TRUE(door->is_there());
  EXPECT_TRUE(connect_to(path()).has_value());
  door.reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(DoorTest, ReplacesASocketThatNobodyServes) {  // F9
  leave_stale("a.sock");
  ASSERT_TRUE(std::filesystem::exists(path()));
  EXPECT_EQ(connect_to(path()).error(), ECONNREFUSED);
  const auto door = Door::open(path());
  ASSERT_TRUE(door.has_value()) << door.error().text();
  EXPECT_TRUE(connect_to(path()).has_value());
}

TEST_F(DoorTest, LeavesASocketAloneThatSomebodyServes) {  // F10
  const auto other = Door::open(path()).value();
  const auto door = Door::open(path());
  ASSERT_FALSE(door.has_value());
  EXPECT_EQ(door.error().code, model::Code::busy);
  EXPECT_TRUE(connect_to(path()).has_value());
}

TEST_F(DoorTest, NeverUnlinksANewerSocketOfItsName) {  // F10
  auto old = Door::open(path()).value();
  std::filesystem::remove(path());
  const auto newer = Door::open(path()).value();
  EXPECT_FALSE(old->is_there());
  old.reset();
  EXPECT_TRUE(newer->is_there());
  EXPECT_TRUE(connect_to(path()).has_value());
}

TEST_F(DoorTest, SaysWhatIsInTheWay) {
  std::ofstream{path()} << "no socket";
  EXPECT_NE(Door::open(path()).error().text().find("no socket is in the way"), std::string::npos);
  EXPECT_EQ(Door::open(path("nowhere/a.sock")).error().errno_value, ENOENT);
  EXPECT_EQ(Door::open(path(std::string(108, 'a'))).error().errno_value, ENAMETOOLONG);
}

TEST_F(DoorTest, IsHiddenWithoutBeingRemoved) {
  auto door = Door::open(path()).value();
  door->hide();
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_TRUE(connect_to(path(".a.sock")).has_value());
  door.reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(DoorTest, OneAgentServesInAFolder) {
  auto mine = FolderLock::take(folder.path().string());
  ASSERT_TRUE(mine.has_value());
  EXPECT_TRUE(mine->is_of(folder.path().string()));
  const auto other = FolderLock::take(folder.path().string());
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, model::Code::busy);
  {
    const auto gone = std::move(*mine);
  }
  EXPECT_TRUE(FolderLock::take(folder.path().string()).has_value());
}

TEST_F(DoorTest, SweepsOnlyOurOwnDeadSockets) {
  leave_stale("nic-agent_gone.sock");
  leave_stale("driver.sock");
  const auto alive = Door::open(path("nic-agent_alive.sock")).value();
  sweep(folder.path().string());
  EXPECT_FALSE(std::filesystem::exists(path("nic-agent_gone.sock")));
  EXPECT_TRUE(std::filesystem::exists(path("driver.sock")));
  EXPECT_TRUE(alive->is_there());
}

TEST(SocketName, FitsIntoSunPathHoweverLongTheResourceIs) {
  const std::string folder = "/var/lib/kubelet/plugins_registry";
  EXPECT_EQ(socket_name("example.com/rdma", folder), "nic-agent_example.com_rdma.sock");
  const auto longest = socket_name(std::string(200, 'a') + ".io/" + std::string(63, 'b'), folder);
  EXPECT_LE(folder.size() + 1 + longest.size(), 107u);
  EXPECT_NE(longest, socket_name(std::string(200, 'a') + ".io/" + std::string(63, 'c'), folder));
}

}  // namespace
}  // namespace nic::kubelet
