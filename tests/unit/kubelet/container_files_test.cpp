// D10, E6: what is kept and what is collected.
#include "kubelet/container_files.hpp"

#include "lib/offers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::kubelet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Kept kGiven{"a.io/vfs", "0000:3b:00.2", false};
const Kept kJustGiven{"a.io/vfs", "0000:3b:00.2", true};

std::vector<model::Pool> pools() {
  return test::Offer{test::exclusive("a.io/vfs", {})}.vf(test::kVf, "mlx5_core").snapshot.pools;
}

TEST(ToCollect, IsNothingThatAPodHolds) {
  EXPECT_THAT(to_collect({kGiven}, pools(), Held{{"a.io/vfs", "0000:3b:00.2"}}), IsEmpty());
  EXPECT_THAT(to_collect({kGiven}, {}, Held{{"a.io/vfs", "0000:3b:00.2"}}), IsEmpty());
}

TEST(ToCollect, IsWhatNobodyHolds) {
  EXPECT_THAT(to_collect({kGiven}, pools(), Held{}), ElementsAre(kGiven));
  EXPECT_THAT(to_collect({kGiven}, pools(), Held{{"a.io/other", "0000:3b:00.2"}}), ElementsAre(kGiven));
}

TEST(ToCollect, IsNotWhatTheKubeletMayNotListYet) {
  EXPECT_THAT(to_collect({kJustGiven}, pools(), Held{}), IsEmpty());
  EXPECT_THAT(to_collect({kJustGiven}, {}, Held{}), ElementsAre(kJustGiven));
}

TEST(ToCollect, WithoutAnAnswerIsWhatIsNoLongerThere) {
  EXPECT_THAT(to_collect({kGiven}, pools(), std::nullopt), IsEmpty());
  EXPECT_THAT(to_collect({kGiven}, {}, std::nullopt), ElementsAre(kGiven));
  const Kept share{"a.io/rdma", "7", false};
  const auto shared = test::Offer{test::shared("a.io/rdma", 63, {})}.hca(test::kCard).snapshot.pools;
  EXPECT_THAT(to_collect({share}, shared, std::nullopt), IsEmpty());
}

}  // namespace
}  // namespace nic::kubelet
