// What the bus may ask of the daemon: given by main, called on the loop's thread after authorisation. The bus part only
// translates. An empty function answers NotSupported. None of them may block.
#pragma once

#include "model/error.hpp"
#include "model/pci_address.hpp"
#include "model/plan.hpp"
#include "model/reload.hpp"

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

namespace nic::dbus {

template <class T>
using Answer = std::expected<T, model::Error>;

using JobId = std::uint32_t;
using Uid = std::uint32_t;

struct ApplyRequest {
  std::vector<model::PciAddress> devices;  // empty: all; each one was in the snapshot when it was asked for
  bool force{false};
  Uid caller_uid{0};
};

struct ReleaseRequest {
  model::PciAddress device;  // may be of a card that is gone
  bool restore{false};
  Uid caller_uid{0};
};

struct ReloadRequest {
  std::vector<std::string> names;  // of modules, and sets
  bool force{false};
  Uid caller_uid{0};
};

struct PlanOptions {
  std::vector<model::PciAddress> devices;  // empty: all
  bool force{false};
};

// A request that makes a job should store the snapshot that has the job before it returns: the object is then there
// when the caller reads the reply. `Service::job_finished` may be called from within.
struct Requests {
  std::function<Answer<JobId>(const ApplyRequest&)> apply;
  std::function<Answer<JobId>(const ReleaseRequest&)> release;
  std::function<Answer<JobId>(Uid)> rescan;
  std::function<Answer<JobId>(Uid)> verify;
  std::function<Answer<JobId>(const std::vector<std::string>& names, Uid)> load_modules;
  // Files are read and written beside the loop: these answer later, by calling `done` once on the loop's thread.
  template <class T>
  using Done = std::function<void(Answer<T>)>;
  std::function<void(Done<void> done)> reload;
  // /proc is looked through beside the loop.
  std::function<void(const std::vector<std::string>& names, Done<model::ReloadPlan> done)> plan_reload;
  std::function<void(const ReloadRequest&, Done<JobId> done)> reload_drivers;
  std::function<void(const std::string& layer, const std::string& format, const std::string& text,
                     Done<std::uint64_t> done)>
      set_configuration;
  std::function<void(const std::string& layer, Done<std::uint64_t> done)> remove_configuration;
  std::function<Answer<std::string>(const std::string& layer)> get_configuration;
  std::function<Answer<model::Plan>(const PlanOptions&)> plan;
  // `resource` is empty when every resource is meant.
  std::function<Answer<std::string>(const std::string& subject, const std::string& resource)> explain;
  std::function<Answer<void>(JobId)> cancel;
};

}  // namespace nic::dbus
