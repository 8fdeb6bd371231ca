#include "nic-agent/requests.hpp"

#include "core/pools.hpp"

#include <fmt/format.h>

#include <utility>

namespace nic::daemon {
namespace {

using dbus::Answer;
using model::Code;
using model::Error;

std::set<model::PciAddress> set_of(const std::vector<model::PciAddress>& devices) {
  return {devices.begin(), devices.end()};
}

struct Subject {
  model::PciAddress function;
  std::string auxiliary;  // "" where the function itself is meant
};

// An address, an interface, an RDMA device or an auxiliary device.
std::expected<Subject, Error> subject_named(const model::Snapshot& snapshot, const std::string& name) {
  if (const auto address = model::PciAddress::parse(name)) return Subject{*address, ""};
  if (const auto place = snapshot.inventory.auxiliary(name)) return Subject{place->parent->address, name};
  if (const auto* net = snapshot.inventory.net_device(name); net != nullptr && net->function)
    return Subject{*net->function, net->auxiliary};
  for (const auto& rdma : snapshot.inventory.rdma_devices)
    if (rdma.name == name && rdma.function) return Subject{*rdma.function, rdma.auxiliary};
  return std::unexpected(Error{Code::not_found, 0, "find the function", name.substr(0, 64),
                               "it is no PCI address, interface, RDMA device or auxiliary device of this machine"});
}

Answer<std::string> explain(const model::Snapshot& snapshot, const std::string& subject, const std::string& resource) {
  const auto which = subject_named(snapshot, subject);
  if (!which) return std::unexpected(which.error());
  std::string text;
  for (const auto& pool : snapshot.pools)
    if (resource.empty() || pool.resource.name == resource)
      text += (text.empty() ? "" : "\n") + core::explain(snapshot, which->function, pool, which->auxiliary);
  if (!text.empty()) return text;
  if (resource.empty()) return std::string{"No resource is configured."};
  return std::unexpected(
      Error{Code::not_found, 0, "find the resource", resource.substr(0, 128), "it is not configured"});
}

// What was set is in force when the answer is sent: the generation is the one that it became.
dbus::Requests::Done<void> then_generation(const model::SnapshotCell& cell, dbus::Requests::Done<std::uint64_t> done) {
  return [&cell, done = std::move(done)](const std::expected<void, Error>& result) {
    if (result)
      done(cell.load()->config_generation);
    else
      done(std::unexpected(result.error()));
  };
}

}  // namespace

dbus::Requests make_requests(apply::Reconciler& reconciler, Configuration& configuration,
                             const model::SnapshotCell& cell) {
  dbus::Requests requests;
  requests.apply = [&](const dbus::ApplyRequest& request) -> Answer<dbus::JobId> {
    return reconciler.apply({set_of(request.devices), request.force, request.caller_uid});
  };
  requests.release = [&](const dbus::ReleaseRequest& request) -> Answer<dbus::JobId> {
    return reconciler.release({request.device, request.restore, request.caller_uid});
  };
  requests.rescan = [&](dbus::Uid uid) -> Answer<dbus::JobId> { return reconciler.rescan(uid); };
  requests.verify = [&](dbus::Uid uid) -> Answer<dbus::JobId> { return reconciler.verify(uid); };
  requests.load_modules = [&](const std::vector<std::string>& names, dbus::Uid uid) -> Answer<dbus::JobId> {
    return reconciler.load_modules(names, uid);
  };
  requests.plan_reload = [&](const std::vector<std::string>& names, dbus::Requests::Done<model::ReloadPlan> done) {
    reconciler.plan_reload(names, std::move(done));
  };
  requests.reload_drivers = [&](const dbus::ReloadRequest& request, dbus::Requests::Done<dbus::JobId> done) {
    reconciler.reload_drivers({request.names, request.force, request.caller_uid}, std::move(done));
  };
  requests.reload = [&](dbus::Requests::Done<void> done) { configuration.reload(std::move(done)); };
  requests.set_configuration = [&](const std::string& layer, const std::string& format, const std::string& text,
                                   dbus::Requests::Done<std::uint64_t> done) {
    if (format != "toml")
      return done(std::unexpected(
          Error{Code::unsupported, 0, "read the format", format.substr(0, 32), "the format is \"toml\""}));
    configuration.set_layer(layer, text, then_generation(cell, std::move(done)));
  };
  requests.remove_configuration = [&](const std::string& layer, dbus::Requests::Done<std::uint64_t> done) {
    configuration.remove_layer(layer, then_generation(cell, std::move(done)));
  };
  requests.get_configuration = [&](const std::string& layer) { return configuration.layer(layer); };
  requests.plan = [&](const dbus::PlanOptions& options) -> Answer<model::Plan> {
    return reconciler.plan({options.force, set_of(options.devices), true});
  };
  requests.explain = [&](const std::string& subject, const std::string& resource) {
    return explain(*cell.load(), subject, resource);
  };
  requests.cancel = [&](dbus::JobId job) { return reconciler.cancel(job); };
  return requests;
}

}  // namespace nic::daemon
