#include "dbus/service.hpp"

#include "dbus/attachment.hpp"
#include "dbus/tree.hpp"
#include "model/names.hpp"

#include <utility>

namespace nic::dbus {

// In the order of dependence; torn down the other way round.
struct Service::Parts {
  Parts(sd_event* event, std::unique_ptr<sdbus::IConnection> connection, const model::SnapshotCell& snapshots,
        Requests requests, BusOptions options)
      : bus{std::move(connection)},
        cell{snapshots},
        authorizer{*bus, options.patience},
        commands{shown, std::move(requests), authorizer, [this] { tree.publish(cell.load()); }},
        tree{*bus, shown, commands, NIC_AGENT_VERSION},
        attachment{event, *bus, std::move(options.lost)} {
    tree.publish(cell.load());
  }

  std::unique_ptr<sdbus::IConnection> bus;
  const model::SnapshotCell& cell;
  Shown shown;
  Authorizer authorizer;
  Commands commands;
  Tree tree;
  Attachment attachment;
};

Service::Service(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
Service::~Service() = default;

std::expected<std::unique_ptr<Service>, model::Error> Service::connect(sd_event* event, const model::SnapshotCell& cell,
                                                                       Requests requests, BusOptions options) {
  const std::string where = options.address.empty() ? "the system bus" : options.address;
  try {
    auto bus = options.address.empty() ? sdbus::createSystemBusConnection()
                                       : sdbus::createSessionBusConnectionWithAddress(options.address);
    return std::unique_ptr<Service>{
        new Service{std::make_unique<Parts>(event, std::move(bus), cell, std::move(requests), std::move(options))}};
  } catch (const std::exception& error) {
    return std::unexpected{model::Error{model::Code::internal, 0, "connect to", where, error.what()}};
  }
}

std::expected<void, model::Error> Service::request_name() {
  try {
    compat::request_name(*parts_->bus, names::kBusName);
    return {};
  } catch (const std::exception& error) {
    return std::unexpected{model::Error{model::Code::internal, 0, "own the bus name", names::kBusName, error.what()}};
  }
}

void Service::publish(std::shared_ptr<const model::Snapshot> snapshot) {
  if (snapshot) parts_->tree.publish(std::move(snapshot));
}

void Service::job_finished(const model::Job& job) { parts_->tree.job_finished(job); }

}  // namespace nic::dbus
