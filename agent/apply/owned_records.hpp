// The records of ownership on disk, one file per PF below <state>/owned. Thread: any; blocking (fsync); one PF's record
// is written by one thread at a time. A record is worth what its boot is worth: those of an earlier one are removed
// when they are read, because the reboot has undone everything that stands in them.
#pragma once

#include "model/error.hpp"
#include "model/owned.hpp"
#include "model/pci_address.hpp"
#include "model/roots.hpp"

#include <expected>
#include <filesystem>
#include <vector>

namespace nic::apply {

class OwnedRecords {
 public:
  explicit OwnedRecords(const model::Roots& roots);

  // On disk when it returns, before the change that it is about.
  [[nodiscard]] std::expected<void, model::Error> note(const model::Owned& owned) const;
  [[nodiscard]] std::expected<void, model::Error> forget(const model::PciAddress& pf) const;

  struct Read {
    model::OwnedPfs owned;
    std::vector<model::Error> set_aside;  // damaged records, kept beside as *.corrupt
  };
  [[nodiscard]] Read read() const;

  // The sriov-network-operator's records. They are its own: a damaged one is reported and stays where it is.
  struct OfOperator {
    model::OperatorRecords records;
    std::vector<model::Error> damaged;
  };
  [[nodiscard]] OfOperator of_operator() const;

 private:
  [[nodiscard]] std::filesystem::path path_of(const model::PciAddress& pf) const;

  std::filesystem::path folder_, operator_folder_, boot_id_;
};

}  // namespace nic::apply
