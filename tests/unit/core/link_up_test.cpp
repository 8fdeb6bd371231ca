// [kubelet] link_up: interfaces of shared resources' functions are brought up only where it is asked for.
#include "core/plan.hpp"
#include "core/predict.hpp"
#include "core/resolve.hpp"
#include "lib/hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using testing::IsEmpty, testing::SizeIs;

struct LinkUp : testing::Test {
  model::Inventory inventory;
  model::Config config;

  void SetUp() override {
    inventory = test::Host{}.pf("0000:01:00.0").pf("0000:02:00.0", "enp2s0").inventory();
    for (auto& net : inventory.net_devices) net.admin_up = false;
    model::Resource resource;
    resource.name = "rdma/a";
    resource.kind = model::ResourceKind::shared;
    resource.rdma_hca_max = 5;
    resource.selectors.emplace_back().if_names = {"enp1s0"};
    config.resources = {resource};
    config.sources = {"test"};
  }
  [[nodiscard]] model::Plan planned() const { return plan(resolve(config, inventory), inventory, {}); }
};

TEST_F(LinkUp, NothingIsBroughtUpUnlessItIsAskedFor) {  // F17
  EXPECT_TRUE(planned().empty());
}

TEST_F(LinkUp, BringsUpJustTheFunctionsOfSharedResourcesAndThatOnce) {  // F17
  config.plugins.link_up = true;
  const auto first = planned();
  ASSERT_THAT(first.pfs, SizeIs(1));
  ASSERT_THAT(first.pfs[0].steps, SizeIs(1));
  EXPECT_EQ(first.pfs[0].steps[0].action, model::Action{model::BringUp{test::pci("0000:01:00.0")}});
  predict(inventory, first.pfs[0].steps[0].action);
  EXPECT_TRUE(planned().empty());
}

TEST_F(LinkUp, ExclusiveResourcesBringNothingUp) {  // F17
  config.plugins.link_up = true;
  config.resources[0].kind = model::ResourceKind::exclusive;
  EXPECT_THAT(planned().pfs, IsEmpty());
}

TEST_F(LinkUp, APolicyThatBringsItUpIsNotDoneASecondTime) {  // F17
  config.plugins.link_up = true;
  model::SriovPolicy policy;
  policy.name = "workers";
  policy.selectors.pf_names = {{"enp1s0", {}}};
  policy.num_vfs = 1;
  config.policies = {policy};
  const auto plan = planned();
  ASSERT_THAT(plan.pfs, SizeIs(1));
  EXPECT_EQ(std::ranges::count_if(plan.pfs[0].steps,
                                  [](const auto& step) { return std::holds_alternative<model::BringUp>(step.action); }),
            1);
}

}  // namespace
}  // namespace nic::core
