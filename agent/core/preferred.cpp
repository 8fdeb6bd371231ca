#include "core/preferred.hpp"

#include "core/gpu_path.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace nic::core {
namespace {

using model::PciAddress;
using Devices = std::map<std::string_view, const model::PoolDevice*>;

// A PF with its VFs and scalable functions, or a function that is its own.
PciAddress card_of(const model::Inventory& inventory, const model::PoolDevice& device) {
  const auto* function = inventory.function(device.function);
  return function != nullptr ? function->physfn.value_or(device.function) : device.function;
}

// The choice under way.
struct Choosing {
  const model::Inventory& inventory;
  Devices known;                       // of the pool, by id
  std::vector<std::string_view> free;  // in the order of the pool; what is taken is taken out
  std::vector<std::string> chosen;
  std::size_t size;

  [[nodiscard]] bool done() const { return chosen.size() >= size || free.empty(); }
  [[nodiscard]] std::size_t lacking() const { return size - std::min(size, chosen.size()); }
  [[nodiscard]] PciAddress card(std::string_view id) const { return card_of(inventory, *known.at(id)); }
  void take(std::string_view id) {
    std::erase(free, id);
    chosen.emplace_back(id);
  }
  [[nodiscard]] std::map<PciAddress, std::size_t> free_by_card() const {
    std::map<PciAddress, std::size_t> count;
    for (const auto id : free) ++count[card(id)];
    return count;
  }
  [[nodiscard]] std::set<PciAddress> cards_chosen() const {
    std::set<PciAddress> cards;
    for (const auto& id : chosen)
      if (known.contains(id)) cards.insert(card(id));
    return cards;
  }
  // One device of that card; there is one.
  void take_from(const PciAddress& from) {
    take(*std::ranges::find_if(free, [&](std::string_view id) { return card(id) == from; }));
  }
};

// Cards that have given something first; then the one with least to spare that can give all that is lacking, so that
// others stay whole; else the one that gives most.
void pack(Choosing& now) {
  while (!now.done()) {
    const auto count = now.free_by_card();
    const auto given = now.cards_chosen();
    const auto worth = [&](const auto& card) {
      const bool enough = card.second >= now.lacking();
      return std::tuple{!given.contains(card.first), !enough, enough ? card.second : ~card.second, card.first};
    };
    const auto best = std::ranges::min_element(count, {}, worth)->first;
    for (auto left = count.at(best); left > 0 && !now.done(); --left) now.take_from(best);
  }
}

// The card of which least is in use, whoever uses it.
void spread(Choosing& now) {
  std::map<PciAddress, std::size_t> in_use;
  for (const auto& [id, device] : now.known)
    if (std::ranges::find(now.free, id) == now.free.end()) ++in_use[card_of(now.inventory, *device)];
  while (!now.done()) {
    const auto count = now.free_by_card();
    const auto worth = [&](const auto& card) { return std::tuple{in_use[card.first], ~card.second, card.first}; };
    const auto best = std::ranges::min_element(count, {}, worth)->first;
    now.take_from(best);
    ++in_use[best];
  }
}

// Every device is to be near the same GPU: the one for which the worst of them is nearest, and then all together. What
// was given already counts too. Among equals it is the GPU whose near NICs have most to give.
void near_gpu(Choosing& now) {
  if (now.free.empty()) return;
  constexpr Distance kUnknown{model::PathLevel::sys, ~0U};
  using Nearness = std::tuple<std::vector<Distance>, std::size_t>;
  std::optional<std::pair<Nearness, std::vector<std::string_view>>> best;
  for (const auto& gpu : now.inventory.pcie.gpus) {
    std::map<PciAddress, Distance> to;
    const auto away = [&](std::string_view id) {
      const auto card = now.card(id);
      const auto known = to.find(card);
      if (known != to.end()) return known->second;
      return to.emplace(card, distance(now.inventory, gpu, card).value_or(kUnknown)).first->second;
    };
    std::vector<std::pair<Distance, std::size_t>> ranked;  // equals in the order in which they are
    for (std::size_t at = 0; at < now.free.size(); ++at) ranked.emplace_back(away(now.free[at]), at);
    std::ranges::sort(ranked);
    std::vector<std::string_view> order;
    for (const auto& [distance, at] : ranked) order.push_back(now.free[at]);
    const auto nearest = away(order.front());
    const auto plenty = static_cast<std::size_t>(
        std::ranges::count_if(order, [&](std::string_view id) { return away(id) == nearest; }));
    order.resize(std::min(order.size(), now.lacking()));
    std::vector<Distance> all;
    for (const auto& id : now.chosen)
      if (now.known.contains(id)) all.push_back(away(id));
    for (const auto id : order) all.push_back(away(id));
    std::ranges::sort(all, std::ranges::greater{});
    Nearness nearness{std::move(all), ~plenty};
    if (!best || nearness < best->first) best = {std::move(nearness), std::move(order)};
  }
  if (!best) return pack(now);
  for (const auto id : best->second) now.take(id);
}

}  // namespace

std::vector<std::string> preferred(const model::Inventory& inventory, const model::Pool& pool, const Choice& choice) {
  using model::PreferredAllocation;
  const auto policy = pool.resource.preferred_allocation;
  if (policy == PreferredAllocation::none || pool.resource.kind == model::ResourceKind::shared) return {};
  Choosing now{inventory, {}, {}, {}, choice.size};
  const std::set<std::string_view> available{choice.available.begin(), choice.available.end()};
  for (const auto& device : pool.devices) {
    now.known.emplace(device.id, &device);
    if (available.contains(device.id)) now.free.emplace_back(device.id);
  }
  std::set<std::string_view> taken;
  for (const auto& id : choice.must_include)
    if (now.chosen.size() < now.size && taken.insert(id).second) now.take(id);
  switch (policy) {
    case PreferredAllocation::none: break;
    case PreferredAllocation::pack: pack(now); break;
    case PreferredAllocation::spread: spread(now); break;
    case PreferredAllocation::near_gpu: near_gpu(now); break;
  }
  for (const auto id : available)
    if (now.chosen.size() < now.size && !now.known.contains(id) && !taken.contains(id)) now.chosen.emplace_back(id);
  return std::move(now.chosen);
}

}  // namespace nic::core
