// The files beside what containers are given: device information for CNIs and specifications of the Container Device
// Interface below /run, and records of what was given below /var/lib/nic-agent. They stay when the agent ends.
// Thread: any; a lock is held for the writing of single small files, never while the machine is looked at.
#pragma once

#include "kubelet/allocate.hpp"
#include "kubelet/cdi.hpp"
#include "kubelet/container_files.hpp"
#include "model/roots.hpp"
#include "model/snapshot.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace nic::daemon {

class KeptFiles : public std::enable_shared_from_this<KeptFiles> {
 public:
  KeptFiles(model::Roots roots, kubelet::Resolve resolve) : roots_{std::move(roots)}, resolve_{std::move(resolve)} {}

  struct Renewed {
    std::vector<model::Error> failures;
    bool look_again{false};  // in kYoung: what was just given is not held by any pod, yet or any more
  };
  // The kubelet lists what it gave as soon as it has our answer; a busy one may take a moment.
  static constexpr auto kYoung = std::chrono::minutes{1};

  // For the endpoint; they hold this.
  [[nodiscard]] kubelet::ContainerFiles functions();

  // Makes specifications what the snapshot says, and collects what nobody needs any more. A device that cannot be
  // looked at now (in a pod's namespace, its driver gone for a moment) keeps what was written of it. For a worker.
  [[nodiscard]] Renewed renew(const model::Snapshot& snapshot, const std::optional<kubelet::Held>& held);

 private:
  using Done = std::expected<void, model::Error>;
  struct Spec {
    kubelet::CdiSpec spec;
    std::uint64_t changes{0};  // by how many times it was changed, a worker sees that somebody was faster
  };

  [[nodiscard]] Done keep(const kubelet::Given& given);
  [[nodiscard]] std::optional<kubelet::Given> kept(const std::string& resource, const std::string& device);
  [[nodiscard]] Done keep_cdi(const std::string& resource, const kubelet::CdiDevice& device);
  [[nodiscard]] Done renew_spec(const model::Snapshot& snapshot, const model::Pool& pool,
                                const std::optional<kubelet::Held>& held);
  [[nodiscard]] Done store(const std::string& resource, Spec& now, kubelet::CdiSpec next);
  void collect_specs(const model::Snapshot& snapshot, const std::optional<kubelet::Held>& held,
                     std::vector<model::Error>& failures);
  void collect_given(const model::Snapshot& snapshot, const std::optional<kubelet::Held>& held, Renewed& result);

  void read_given();                           // with the lock held; once
  Spec& spec_of(const std::string& resource);  // with the lock held; reads the file at the first time
  [[nodiscard]] std::filesystem::path record(const std::string& resource, const std::string& device) const;

  const model::Roots roots_;
  const kubelet::Resolve resolve_;
  std::mutex mutex_;
  std::map<std::string, Spec> specs_;  // by resource
  bool given_read_{false};
  std::map<std::filesystem::path, kubelet::Given> given_;  // by the path of the record
};

}  // namespace nic::daemon
