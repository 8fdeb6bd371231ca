#include "core/reload_policy.hpp"

#include "core/drivers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using model::ModuleReport;
using model::ModuleState;
using model::Provider;
using testing::ElementsAre;
using testing::IsEmpty;

ModuleReport live(const char* name, const char* file, const char* running) {
  ModuleReport report;
  report.name = name;
  report.state = ModuleState::live;
  report.build_id_file = file;
  report.build_id_running = running;
  return report;
}

// Behaviours 1 and 2, as far as something is done about it.
TEST(ReloadPolicy, IsForModulesThatAreKnownToRunInAnotherBuild) {
  auto sources = live("mlx5_ib", "", "01");
  sources.srcversion_file = "AB";
  sources.srcversion_running = "CD";
  auto absent = live("ib_umad", "02", "01");
  absent.state = ModuleState::absent;
  auto builtin = live("ib_core", "02", "01");
  builtin.state = ModuleState::builtin;
  EXPECT_EQ(rebuilt({live("igb", "02", "01"), live("ice", "01", "01"), live("ixgbe", "02", ""), live("i40e", "", "01"),
                     live("ext4", "02", "01"), sources, absent, builtin}),
            (model::Builds{{"igb", "02"}, {"mlx5_ib", "srcversion AB"}}));
}

TEST(ReloadPolicy, TriesEachBuildOnce) {
  const model::Builds now{{"ice", "02"}, {"igb", "02"}, {"mlx5_ib", "03"}};
  EXPECT_THAT(untried(now, {{"igb", "02"}, {"mlx5_ib", "02"}}), ElementsAre("ice", "mlx5_ib"));
  EXPECT_THAT(untried(now, now), IsEmpty());
}

TEST(ReloadPolicy, KeepsApartWhatHasNothingInCommon) {
  model::Inventory host;
  const auto module = [&](const char* name, std::vector<std::string> holders) {
    model::LoadedModule one;
    one.name = name;
    one.state = "live";
    one.holders = std::move(holders);
    host.modules.push_back(std::move(one));
  };
  module("ib_core", {"mlx5_ib"});
  module("ice", {"irdma"});
  module("igb", {});
  module("irdma", {});
  module("mlx5_core", {"mlx5_ib"});
  module("mlx5_ib", {});
  EXPECT_THAT(together({"ib_core", "ice", "igb", "irdma", "mlx5_core"}, host),
              testing::UnorderedElementsAre(ElementsAre("igb"), ElementsAre("ice", "irdma"),
                                            ElementsAre("ib_core", "mlx5_core")));
}

TEST(ReloadPolicy, KnowsAMixedStackOnDisk) {
  auto core = live("ib_core", "02", "01"), mlx5 = live("mlx5_core", "02", "01"), igb = live("igb", "02", "01");
  core.provider_running = mlx5.provider_running = Provider::ofed;
  core.provider_file = Provider::inbox;
  igb.provider_file = Provider::inbox;
  mlx5.provider_file = Provider::ofed;
  EXPECT_TRUE(mixed_on_disk({core, mlx5}));
  EXPECT_FALSE(mixed_on_disk({igb, mlx5}));
  core.provider_file = Provider::ofed;
  EXPECT_FALSE(mixed_on_disk({core, mlx5}));
}

}  // namespace
}  // namespace nic::core
