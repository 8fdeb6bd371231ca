#include "apply/probing.hpp"

#include "lib/hosts.hpp"
#include "lib/sim_machine.hpp"
#include "lib/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace nic::apply {
namespace {

using test::pci;

class ProbingTest : public testing::Test {
 protected:
  ProbingTest() { roots.state = folder.path(); }
  [[nodiscard]] bool probes() const { return machine.state().functions.at(pf).sriov->drivers_autoprobe; }

  test::TemporaryFolder folder;
  model::Roots roots;
  const model::PciAddress pf{pci("0000:01:00.0")};
  test::SimMachine machine{test::Host{}.pf("0000:01:00.0")};
};

TEST_F(ProbingTest, IsOffUntilTheStepsOfThePfAreOver) {
  const Records records{roots};
  {
    Probing probing{machine, records};
    ASSERT_TRUE(probing.perform(model::SetNumVfs{pf, 0, 2}).has_value());
    EXPECT_FALSE(probes());
    ASSERT_TRUE(probing.perform(model::BindDriver{pci("0000:01:10.0"), 0, {}, {}}).has_value());
    EXPECT_FALSE(probes());
    EXPECT_EQ(records.interrupted().interrupted.size(), 1u);
  }
  EXPECT_TRUE(probes());
  EXPECT_TRUE(records.interrupted().interrupted.empty());
}

TEST_F(ProbingTest, IsPutBackAfterAFailureToo) {
  const Records records{roots};
  machine.fail_when([](const model::Action& action) -> std::optional<model::Error> {
    if (!std::holds_alternative<model::BindDriver>(action)) return std::nullopt;
    return model::system_error(EIO, "write", "drivers_probe");
  });
  {
    Probing probing{machine, records};
    ASSERT_TRUE(probing.perform(model::SetNumVfs{pf, 0, 2}).has_value());
    ASSERT_FALSE(probing.perform(model::BindDriver{pci("0000:01:10.0"), 0, {}, {}}).has_value());
  }
  EXPECT_TRUE(probes());
}

TEST_F(ProbingTest, StaysOffWhereTheAdministratorSwitchedItOff) {
  const Records records{roots};
  {
    ASSERT_TRUE((Probing{machine, records}.perform(model::SetNumVfs{pf, 0, 2, false}).has_value()));
  }
  EXPECT_FALSE(probes());
}

TEST_F(ProbingTest, WhatCannotBePutBackStaysNoted) {
  const Records records{roots};
  machine.fail_when([](const model::Action& action) -> std::optional<model::Error> {
    if (!std::holds_alternative<model::SetAutoprobe>(action)) return std::nullopt;
    return model::system_error(EIO, "write", "sriov_drivers_autoprobe");
  });
  {
    ASSERT_TRUE((Probing{machine, records}.perform(model::SetNumVfs{pf, 0, 2}).has_value()));
  }
  EXPECT_EQ(records.interrupted().interrupted.size(), 1u);
}

}  // namespace
}  // namespace nic::apply
