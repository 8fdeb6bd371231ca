#include "apply/ownership.hpp"

#include "core/ownership.hpp"
#include "core/rdma_netns.hpp"
#include "loop/log.hpp"
#include "model/names.hpp"

#include <fmt/format.h>

#include <utility>

namespace nic::apply {

using loop::Event;
using model::PciAddress;

Ownership::Ownership(const loop::Mailbox::Post& post, std::shared_ptr<const Records> records,
                     std::function<void()> changed)
    : post_{post}, records_{std::move(records)}, changed_{std::move(changed)} {}

void Ownership::begin(model::OwnedPfs owned, model::OwnedRdmaNetns rdma_netns, model::OperatorRecords of_operator) {
  owned_ = std::move(owned);
  rdma_netns_ = rdma_netns;
  of_operator_ = std::move(of_operator);
}

void Ownership::noted(const model::Record& record) {
  if (const auto* pf = std::get_if<model::Owned>(&record)) owned_[pf->pf] = *pf;
  if (const auto* rdma = std::get_if<model::OwnedRdmaNetns>(&record)) rdma_netns_ = *rdma;
}

std::optional<model::Owned> Ownership::record_of(const PciAddress& pf, const model::Inventory& inventory) const {
  const auto found = owned_.find(pf);
  if (found == owned_.end() || core::identity(found->second, inventory) == core::Identity::other)
    return core::first_record(pf, inventory);
  auto record = found->second;
  // Which VFs were there before the agent is told when it first turns to them.
  if (record.of_pcie_only())
    if (const auto fresh = core::first_record(pf, inventory)) record.found.vfs = fresh->found.vfs;
  return record;
}

void Ownership::settle(const model::Desired& desired, const model::Plan& plan, const model::Inventory& inventory,
                       const std::function<bool(const PciAddress&)>& free) {
  for (const auto& [pf, why, rest] : core::over(owned_, desired, plan, inventory)) {
    if (!free(pf) || at_work(pf)) continue;
    if (rest.nothing()) {
      forget(pf, why, [this](const auto&) { changed_(); });
    } else {
      auto record = owned_.at(pf);
      record.found = rest;
      remember(record, fmt::format("a part of {} is no longer the agent's: {}", pf.text(), why));
    }
  }
  for (auto record = of_operator_.begin(); record != of_operator_.end();) {
    const auto wanted = desired.pfs.find(record->first);
    if (wanted == desired.pfs.end() || wanted->second.given_back || wanted->second.externally_managed) {
      ++record;
      continue;
    }
    if (!owned_.contains(record->first))
      if (const auto owned = core::taken_over(record->second, inventory)) take_over(*owned);
    record = of_operator_.erase(record);  // what it says is about this moment
  }
}

void Ownership::settle_rdma(const model::Desired& desired, const model::Inventory& inventory) {
  if (rdma_work_ || !core::over(rdma_netns_, desired, inventory)) return;
  const auto gone = std::make_shared<std::expected<void, model::Error>>();
  rdma_work_ = std::make_unique<Task>(
      post_, [records = records_, gone] { *gone = records->rdma_netns.forget(); },
      [this, gone] {
        // Also when the file stays: what is over must not begin again. The next boot takes no notice of it.
        rdma_netns_ = {};
        if (!*gone) loop::log(Event::problem, {}, gone->error());
        loop::log(Event::note, {}, "the RDMA network-namespace mode is as it was found");
        rdma_work_.reset();
        changed_();
      });
}

void Ownership::forget(const PciAddress& pf, const std::string& why, Done done) {
  work(
      pf, [pf](const OwnedRecords& records) { return records.forget(pf); },
      [this, pf, why, done = std::move(done)](const auto& gone) {
        // Also when the file stays: what is over must not begin again. The next boot takes no notice of it.
        owned_.erase(pf);
        const loop::Fields fields{{names::kFieldPci, pf.text()}};
        if (!gone) loop::log(Event::problem, fields, gone.error());
        loop::log(Event::note, fields, fmt::format("{} is no longer the agent's: {}", pf.text(), why));
        done(gone);
      });
}

void Ownership::take_over(const model::Owned& owned) {
  remember(owned, fmt::format("{} is taken over from the sriov-network-operator, which made its VFs", owned.pf.text()));
}

void Ownership::remember(const model::Owned& owned, const std::string& what) {
  work(
      owned.pf, [owned](const OwnedRecords& records) { return records.note(owned); },
      [this, owned, what](const auto& written) {
        const loop::Fields fields{{names::kFieldPci, owned.pf.text()}};
        if (written) {
          noted(owned);
          loop::log(Event::note, fields, what);
        } else {
          loop::log(Event::problem, fields, written.error());
        }
        changed_();
      });
}

void Ownership::work(const PciAddress& pf, std::function<std::expected<void, model::Error>(const OwnedRecords&)> what,
                     Done done) {
  const auto result = std::make_shared<std::expected<void, model::Error>>();
  work_[pf] = std::make_unique<Task>(
      post_, [records = records_, what = std::move(what), result] { *result = what(records->owned); },
      [this, pf, result, done = std::move(done)] {
        work_.erase(pf);
        done(*result);
      });
}

}  // namespace nic::apply
