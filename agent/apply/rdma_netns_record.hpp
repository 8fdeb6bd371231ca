// What the agent has changed about the RDMA subsystem's network-namespace mode, in one file below <state>. Thread: any;
// blocking (fsync). A live change is worth what its boot is worth; where the option of ib_core was written, the record
// lives as long as the option.
#pragma once

#include "model/error.hpp"
#include "model/rdma_netns.hpp"
#include "model/roots.hpp"

#include <expected>
#include <filesystem>
#include <optional>

namespace nic::apply {

class RdmaNetnsRecord {
 public:
  explicit RdmaNetnsRecord(const model::Roots& roots);

  // On disk when it returns, before the change that it is about.
  [[nodiscard]] std::expected<void, model::Error> note(const model::OwnedRdmaNetns& owned) const;
  [[nodiscard]] std::expected<void, model::Error> forget() const;

  struct Read {
    model::OwnedRdmaNetns owned;
    std::optional<model::Error> set_aside;  // a damaged record, kept beside as *.corrupt
  };
  [[nodiscard]] Read read() const;

 private:
  std::filesystem::path file_, option_, boot_id_;
};

}  // namespace nic::apply
