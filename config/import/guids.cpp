#include "config/import/guids.hpp"

#include "config/guid_file.hpp"
#include "core/addresses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace nic::config {
namespace {

std::vector<model::IndexRange> vfs_of(const PfShare& share) {
  if (!share.vfs.empty() || share.wish.num_vfs == 0) return share.vfs;
  return {{0, share.wish.num_vfs - 1}};
}

void add(model::AddressPool<model::Guid>& pool, model::Guid guid) {
  if (!pool.ranges.empty() && pool.ranges.back().second.value + 1 == guid.value)
    pool.ranges.back().second = guid;
  else
    pool.ranges.emplace_back(guid, guid);
}

void give(const model::GuidEntry& entry, PfShare& share, std::vector<model::Error>& mistakes) {
  auto vfs = vfs_of(share);
  std::ranges::sort(vfs);  // as a policy hands its addresses out
  model::AddressPool<model::Guid> guids;
  for (const auto& range : vfs)
    for (unsigned vf = range.first; vf <= range.last; ++vf) {
      const auto guid = core::nth(entry.guids, vf);
      if (!guid) {
        mistakes.push_back(
            model::invalid(entry.place.text(), "", fmt::format("it has no GUID for VF {} of {}", vf, share.pf.text())));
        return;
      }
      add(guids, *guid);
    }
  if (!guids.ranges.empty()) share.wish.options.guids = std::move(guids);
}

}  // namespace

void give_guids(const model::GuidFile& pool, PfShares& shares, std::vector<model::Error>& mistakes,
                std::vector<Warning>& warnings) {
  std::ranges::copy(mistakes_in(pool), std::back_inserter(mistakes));
  for (const auto& entry : pool.entries) {
    if (!entry.mistakes.empty()) continue;
    unsigned given = 0;
    for (auto& share : shares.all) {
      if (share.pf != entry.pf) continue;
      give(entry, share, mistakes);
      ++given;
    }
    if (given == 0)
      warnings.push_back(
          {entry.place,
           fmt::format("not taken over: {}; give the policy of this PF guids = \"pool\", which reads the file itself",
                       entry.pf ? "no node state and no record among the files speaks of its PF"
                                : "which PF has this GUID is not in the files")});
  }
}

}  // namespace nic::config
