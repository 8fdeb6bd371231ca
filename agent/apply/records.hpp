// What stands on disk while the agent changes the machine: the records of ownership (owned_records.hpp,
// rdma_netns_record.hpp), what a reload of drivers has to put back (reload_record.hpp), and
// write-ahead notes of what is switched for a moment while VFs are made (sriov_drivers_autoprobe), one file per PF
// below <state>/in-progress. Thread: any; blocking (fsync). Made before the step, removed after it; what is left at the
// next start was interrupted.
#pragma once

#include "apply/owned_records.hpp"
#include "apply/rdma_netns_record.hpp"
#include "apply/reload_record.hpp"
#include "model/error.hpp"
#include "model/owned.hpp"
#include "model/pci_address.hpp"
#include "model/roots.hpp"

#include <expected>
#include <filesystem>
#include <vector>

namespace nic::apply {

struct Interrupted {
  model::PciAddress pf;
  bool autoprobe{true};  // as it was before

  bool operator==(const Interrupted&) const = default;
};

class Records {
 public:
  explicit Records(const model::Roots& roots);

  // Notes what to put back; a note that is there already holds the older truth and is kept.
  [[nodiscard]] std::expected<void, model::Error> begin(const Interrupted& before) const;
  [[nodiscard]] std::expected<void, model::Error> end(const model::PciAddress& pf) const;

  struct Found {
    std::vector<Interrupted> interrupted;
    std::vector<model::Error> set_aside;  // damaged notes, kept beside as *.corrupt
  };
  [[nodiscard]] Found interrupted() const;

  // What has to be on disk before a change that it is about.
  [[nodiscard]] std::expected<void, model::Error> note(const model::Record& record) const;

  OwnedRecords owned;
  RdmaNetnsRecord rdma_netns;
  ReloadRecordFile reload;
  TriedReloads tried_reloads;

 private:
  std::filesystem::path folder_;
};

}  // namespace nic::apply
