#include "core/preferred.hpp"

#include "lib/gpu_hosts.hpp"
#include "lib/policies.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using model::PreferredAllocation;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// PF 0000:0P:00.0 has VFs 0000:0P:10.0, 10.1, ...
struct Cards {
  model::Inventory inventory;
  model::Pool pool;

  Cards(PreferredAllocation policy, std::vector<unsigned> vfs) {
    pool.resource = test::exclusive("a.io/vfs", {});
    pool.resource.preferred_allocation = policy;
    for (unsigned card = 0; card < vfs.size(); ++card) {
      const auto pf = test::pci(fmt::format("0000:{:02x}:00.0", card + 1));
      inventory.functions[pf].address = pf;
      for (unsigned i = 0; i < vfs[card]; ++i) add(pf, test::pci(fmt::format("0000:{:02x}:10.{}", card + 1, i)));
    }
  }
  void add(const model::PciAddress& pf, const model::PciAddress& vf) {
    auto& function = inventory.functions[vf];
    function.address = vf;
    function.physfn = pf;
    pool.devices.push_back({vf.text(), true, {}, vf});
  }
  [[nodiscard]] std::vector<std::string> all() const {
    std::vector<std::string> ids;
    for (const auto& device : pool.devices) ids.push_back(device.id);
    return ids;
  }
  [[nodiscard]] std::vector<std::string> ask(const std::vector<std::string>& available,
                                             const std::vector<std::string>& must, std::size_t size) const {
    return preferred(inventory, pool, {available, must, size});
  }
};

// F15, from here on.
TEST(Preferred, HasNoOpinionWithoutAPolicy) {
  const Cards cards{PreferredAllocation::none, {2, 2}};
  EXPECT_THAT(cards.ask(cards.all(), {}, 1), IsEmpty());
}

TEST(Preferred, PacksOnTheCardThatHasJustEnough) {
  const Cards cards{PreferredAllocation::pack, {4, 2, 3}};
  EXPECT_THAT(cards.ask(cards.all(), {}, 2), ElementsAre("0000:02:10.0", "0000:02:10.1"));
  EXPECT_THAT(cards.ask(cards.all(), {}, 3), ElementsAre("0000:03:10.0", "0000:03:10.1", "0000:03:10.2"));
}

TEST(Preferred, PacksOnAsFewCardsAsWillDo) {
  const Cards cards{PreferredAllocation::pack, {4, 2, 3}};
  EXPECT_THAT(cards.ask(cards.all(), {}, 6), UnorderedElementsAre("0000:01:10.0", "0000:01:10.1", "0000:01:10.2",
                                                                  "0000:01:10.3", "0000:02:10.0", "0000:02:10.1"));
}

TEST(Preferred, PacksBesideWhatWasGivenAlready) {
  const Cards cards{PreferredAllocation::pack, {4, 2}};
  EXPECT_THAT(cards.ask(cards.all(), {"0000:01:10.3"}, 2), ElementsAre("0000:01:10.3", "0000:01:10.0"));
}

TEST(Preferred, SpreadsOverTheCards) {
  const Cards cards{PreferredAllocation::spread, {3, 3, 3}};
  EXPECT_THAT(cards.ask(cards.all(), {}, 4),
              ElementsAre("0000:01:10.0", "0000:02:10.0", "0000:03:10.0", "0000:01:10.1"));
}

TEST(Preferred, SpreadsByWhatOthersUse) {
  const Cards cards{PreferredAllocation::spread, {3, 3}};
  EXPECT_THAT(cards.ask({"0000:01:10.1", "0000:01:10.2", "0000:02:10.0", "0000:02:10.1", "0000:02:10.2"}, {}, 1),
              ElementsAre("0000:02:10.0"));
  EXPECT_THAT(cards.ask(cards.all(), {"0000:01:10.0"}, 2), ElementsAre("0000:01:10.0", "0000:02:10.0"));
}

// Two VFs on each NIC of a machine with GPUs on both sockets.
struct OnGpuHost : Cards {
  test::GpuHost machine;
  OnGpuHost() : Cards{PreferredAllocation::near_gpu, {}} {
    inventory = machine.host;
    for (const auto& nic : machine.nics)
      for (std::uint8_t i = 1; i < 3; ++i) add(nic, {nic.domain, nic.bus, nic.device, i});
  }
  [[nodiscard]] std::vector<std::string> vfs_of(std::initializer_list<std::size_t> which) const {
    std::vector<std::string> ids;
    for (const auto nic : which)
      for (const std::size_t i : {0U, 1U}) ids.push_back(pool.devices[nic * 2 + i].id);
    return ids;
  }
};

TEST(Preferred, TakesAllFromTheNicsNearestToOneGpu) {
  const OnGpuHost host;
  EXPECT_EQ(host.ask(host.all(), {}, 2), host.vfs_of({0}));
  // NIC 0 is used up: GPU 1 has NIC 1 as near.
  EXPECT_EQ(host.ask(host.vfs_of({7, 3, 1}), {}, 2), host.vfs_of({1}));
}

TEST(Preferred, StaysNearTheGpuOfWhatWasGivenAlready) {
  const OnGpuHost host;
  const auto there = host.vfs_of({5});
  EXPECT_EQ(host.ask(host.all(), {there[0]}, 2), there);
}

TEST(Preferred, DoesNotTakeTwoSocketsWhereOneWillDo) {
  const OnGpuHost host;
  // One VF is at PIX to a GPU of the first socket; both of the second socket's NIC 3 are near its GPU 3.
  const auto first = host.vfs_of({0})[0];
  const auto second = host.vfs_of({7});
  EXPECT_EQ(host.ask({first, second[0], second[1]}, {}, 2), second);
}

TEST(Preferred, WithoutAGpuPacks) {
  const Cards cards{PreferredAllocation::near_gpu, {4, 2}};
  EXPECT_THAT(cards.ask(cards.all(), {}, 2), ElementsAre("0000:02:10.0", "0000:02:10.1"));
}

TEST(Preferred, IsOfTheSizeThatWasAskedFor) {
  for (const auto policy : {PreferredAllocation::pack, PreferredAllocation::spread, PreferredAllocation::near_gpu}) {
    const Cards cards{policy, {2, 3}};
    const auto all = cards.all();
    for (std::size_t size = 0; size <= 5; ++size) {
      const auto chosen = cards.ask(all, {all[4]}, size);
      EXPECT_THAT(chosen, SizeIs(size));
      EXPECT_EQ(std::set(chosen.begin(), chosen.end()).size(), size);
      if (size > 0) {
        EXPECT_EQ(chosen[0], all[4]);
      }
    }
    EXPECT_THAT(cards.ask(all, {}, 9), SizeIs(5));
    EXPECT_THAT(cards.ask({"x", all[0], all[0]}, {"y", "y"}, 3), ElementsAre("y", all[0], "x"));
  }
}

}  // namespace
}  // namespace nic::core
