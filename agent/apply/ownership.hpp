// The PFs that the agent owns, and what it has changed about RDMA, as the loop knows them: read at the start, noted by
// workers, ended when they are as they were found, handed over or released. Thread: the loop's; files are written and
// removed in tasks.
#pragma once

#include "apply/owned_records.hpp"
#include "apply/records.hpp"
#include "apply/task.hpp"
#include "loop/loop.hpp"
#include "model/desired.hpp"
#include "model/inventory.hpp"
#include "model/owned.hpp"
#include "model/plan.hpp"

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace nic::apply {

class Ownership {
 public:
  // `changed` is called when a record that was being written or removed is there or gone.
  Ownership(const loop::Mailbox::Post& post, std::shared_ptr<const Records> records, std::function<void()> changed);

  // What stood on disk when the agent started.
  void begin(model::OwnedPfs owned, model::OwnedRdmaNetns rdma_netns, model::OperatorRecords of_operator);
  [[nodiscard]] const model::OwnedPfs& pfs() const { return owned_; }
  // A record is being written or removed: nothing may be done to this PF, to any PF.
  [[nodiscard]] bool at_work(const model::PciAddress& pf) const { return work_.contains(pf); }
  [[nodiscard]] bool at_work() const { return !work_.empty() || rdma_work_; }
  [[nodiscard]] const model::OwnedRdmaNetns& rdma_netns() const { return rdma_netns_; }
  [[nodiscard]] bool at_work_on_rdma() const { return rdma_work_ != nullptr; }
  // The record of a PF or a bridge, or one for it where there is none yet; nullopt for what is not there.
  [[nodiscard]] std::optional<model::Owned> record_of(const model::PciAddress& pf,
                                                      const model::Inventory& inventory) const;

  void noted(const model::Record& record);
  // Ends what is over, of the PFs that are `free`, and takes over what the operator has made and a policy asks for now.
  void settle(const model::Desired& desired, const model::Plan& plan, const model::Inventory& inventory,
              const std::function<bool(const model::PciAddress&)>& free);
  void settle_rdma(const model::Desired& desired, const model::Inventory& inventory);

  using Done = std::function<void(const std::expected<void, model::Error>&)>;
  void forget(const model::PciAddress& pf, const std::string& why, Done done);

 private:
  void take_over(const model::Owned& owned);
  void remember(const model::Owned& owned, const std::string& what);
  void work(const model::PciAddress& pf, std::function<std::expected<void, model::Error>(const OwnedRecords&)> what,
            Done done);

  loop::Mailbox::Post post_;
  std::shared_ptr<const Records> records_;
  std::function<void()> changed_;
  model::OwnedPfs owned_;
  model::OwnedRdmaNetns rdma_netns_;
  model::OperatorRecords of_operator_;  // those that no policy has asked for yet
  std::map<model::PciAddress, std::unique_ptr<Task>> work_;
  std::unique_ptr<Task> rdma_work_;
};

}  // namespace nic::apply
