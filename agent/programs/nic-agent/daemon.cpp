#include "nic-agent/daemon.hpp"

#include "apply/ready_file.hpp"
#include "apply/reconciler.hpp"
#include "dbus/service.hpp"
#include "host/kernel_events.hpp"
#include "host/module_index_watch.hpp"
#include "host/netlink_facts.hpp"
#include "host/nodes.hpp"
#include "host/rules_watch.hpp"
#include "host/udev_queue.hpp"
#include "kubelet/endpoint.hpp"
#include "loop/log.hpp"
#include "loop/loop.hpp"
#include "nic-agent/announce.hpp"
#include "nic-agent/configuration.hpp"
#include "nic-agent/files_follower.hpp"
#include "nic-agent/kept_files.hpp"
#include "nic-agent/real_machine.hpp"
#include "nic-agent/requests.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>
#include <utility>

namespace nic::daemon {
namespace {

using loop::Event;
using model::Snapshot;
using SnapshotPtr = std::shared_ptr<const Snapshot>;

// A kernel call may be under way at the end; it is given this long, then the process leaves it behind.
constexpr auto kPatience = std::chrono::seconds{5};
// udev may name the devices of a starting machine for this long before we go to work all the same.
constexpr auto kUdevPatience = std::chrono::seconds{30};

void block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A reader that went away (a pipe, a socket) is an error value, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
}

std::uint64_t monotonic_usec() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000U + static_cast<std::uint64_t>(now.tv_nsec) / 1000U;
}

class Daemon {
 public:
  explicit Daemon(const Options& options)
      : options_{options},
        machine_{std::make_shared<RealMachine>(options.roots)},
        records_{std::make_shared<const apply::Records>(options.roots)},
        reconciler_{event_.get(),
                    mailbox_.handle(),
                    machine_,
                    records_,
                    cell_,
                    {[this](const SnapshotPtr& before, const SnapshotPtr& after) { published(before, after); },
                     [this](const model::Job& job) {
                       if (bus_) bus_->job_finished(job);
                     }},
                    {}},
        configuration_{event_.get(), mailbox_.handle(), options.roots,
                       [this](Configuration::Result result) { configured(std::move(result)); }},
        terminate_{event_.get(), SIGTERM, [this] { stop(); }},
        interrupt_{event_.get(), SIGINT, [this] { stop(); }},
        hangup_{event_.get(), SIGHUP, [this] { reload(); }},
        patience_{event_.get(), [this] { leave_behind(); }},
        udev_patience_{event_.get(), [this] { udev_settled(); }} {}

  int run() {
    sd_event_set_watchdog(event_.get(), 1);
    // Events first, so that nothing falls between the first reading and the first event.
    events_.emplace(event_.get(), options_.roots, [this](const model::Dirty& dirty) { reconciler_.changed(dirty); });
    for (const auto& failure : events_->failures()) {
      loop::log(Event::problem, {}, failure);
      reconciler_.events_lost(failure);
    }
    rules_watch_.emplace(event_.get(), options_.roots,
                         [this](const model::Dirty& dirty) { reconciler_.changed(dirty); });
    index_watch_.emplace(event_.get(), options_.roots, [this] { reconciler_.modules_indexed(); });
    wait_for_udev();
    connect_bus();
    offer();
    configuration_.reload([this](const auto&) { reconciler_.start(); });
    const int result = sd_event_loop(event_.get());
    loop::log(Event::stopping, {}, "nic-agent is stopping; what it configured stays");
    return result == 0 ? 0 : 1;
  }

 private:
  // Policies go by the names of interfaces, and those of a machine that is just starting still change.
  void wait_for_udev() {
    if (!host::is_real(options_.roots)) return;
    auto queue = host::UdevQueue::watch(event_.get(), [this] { udev_settled(); });
    if (!queue) return loop::log(Event::problem, {}, queue.error());
    if ((*queue)->empty()) return;
    udev_queue_ = std::move(*queue);
    reconciler_.hold(true);
    udev_patience_.arm(kUdevPatience);
  }

  void udev_settled() {
    udev_patience_.disarm();
    reconciler_.hold(false);
    mailbox_.handle()([this] { udev_queue_.reset(); });  // it may be on the stack
  }

  void connect_bus() {
    dbus::BusOptions options;
    options.address = options_.bus_address;
    // Without a bus the agent can be neither seen nor asked: a new one connects again.
    options.lost = [this](const model::Error& error) {
      loop::log(Event::problem, {}, error);
      sd_event_exit(event_.get(), 1);
    };
    auto requests = make_requests(reconciler_, configuration_, cell_);
    requests.rescan = [this](dbus::Uid uid) -> dbus::Answer<dbus::JobId> {
      if (endpoint_) endpoint_->look();
      return reconciler_.rescan(uid);
    };
    auto bus = dbus::Service::connect(event_.get(), cell_, std::move(requests), std::move(options));
    if (!bus) {
      // Everything else works without a bus.
      loop::log(Event::problem, {}, bus.error());
      return;
    }
    bus_ = std::move(*bus);
  }

  void offer() {
    endpoint_ = std::make_unique<kubelet::Endpoint>(
        event_.get(), kubelet::Context{cell_,
                                       [roots = options_.roots](const model::NodeRequest& request) {
                                         return host::resolve_nodes(roots, request);
                                       },
                                       mailbox_.handle(),
                                       [this](const std::string& resource, const model::EndpointStatus& status) {
                                         reconciler_.endpoint_changed(resource, status);
                                       },
                                       [this](bool present) { reconciler_.kubelet_present(present); },
                                       // Whose they are now is known to the kubelet, which is asked in every look.
                                       [this](const std::vector<model::PciAddress>& functions) {
                                         model::Dirty dirty;
                                         dirty.functions = {functions.begin(), functions.end()};
                                         reconciler_.changed(dirty);
                                       },
                                       kept_files_->functions()});
  }

  void configured(Configuration::Result result) {
    if (!result) return reconciler_.reject(std::move(result.error()));
    endpoint_->configure(result->kubelet);
    machine_->kubelet_root(result->kubelet.enabled ? result->kubelet.root : "");
    reconciler_.configure(std::move(*result));
  }

  void published(const SnapshotPtr& before, const SnapshotPtr& after) {
    announce(*before, *after);
    if (bus_) bus_->publish(after);
    files_follower_.follow(after);
    if (endpoint_) endpoint_->publish(after);
    const bool right = after->drivers.verdict == model::Verdict::pass && !after->reloading;
    if (const auto kept = ready_file_.keep(after->config->drivers.ready_file, right); !kept)
      loop::log(Event::problem, {}, kept.error().during("keep the drivers' ready file"));
    const auto line = status_line(*after);
    if (line != status_) {
      status_ = line;
      ::sd_notify(0, ("STATUS=" + line).c_str());
    }
    // The first reading is in: what D-Bus answers from now on is true.
    if (!ready_ && !after->components.empty() && after->components.front().state != model::ComponentState::not_ready) {
      ready_ = true;
      if (bus_)
        if (const auto owned = bus_->request_name(); !owned) loop::log(Event::problem, {}, owned.error());
      ::sd_notify(0, "READY=1");
      loop::log(Event::started, {}, fmt::format("nic-agent {} has started: {}", NIC_AGENT_VERSION, line));
    }
  }

  void reload() {
    ::sd_notify(0, fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_usec()).c_str());
    configuration_.reload([](const auto&) { ::sd_notify(0, "READY=1"); });
  }

  void stop() {
    ::sd_notify(0, "STOPPING=1");
    patience_.arm(kPatience);
    endpoint_.reset();
    reconciler_.stop([this] { sd_event_exit(event_.get(), 0); });
  }

  [[noreturn]] void leave_behind() {
    loop::log(Event::step_abandoned, {}, "a kernel call is still under way: leaving it behind");
    std::_Exit(0);
  }

  Options options_;
  loop::EventPtr event_{loop::default_event()};
  loop::Mailbox mailbox_{event_.get()};
  model::SnapshotCell cell_;
  std::unique_ptr<dbus::Service> bus_;
  std::unique_ptr<kubelet::Endpoint> endpoint_;
  std::shared_ptr<KeptFiles> kept_files_{std::make_shared<KeptFiles>(
      options_.roots,
      [roots = options_.roots](const model::NodeRequest& request) { return host::resolve_nodes(roots, request); })};
  FilesFollower files_follower_{event_.get(), mailbox_.handle(), kept_files_};
  std::string status_;
  bool ready_{false};
  std::shared_ptr<RealMachine> machine_;
  std::shared_ptr<const apply::Records> records_;
  apply::ReadyFile ready_file_{options_.roots};
  apply::Reconciler reconciler_;
  std::optional<host::KernelEvents> events_;
  std::optional<host::RulesWatch> rules_watch_;
  std::optional<host::ModuleIndexWatch> index_watch_;
  Configuration configuration_;
  loop::Signal terminate_, interrupt_, hangup_;
  loop::Timer patience_, udev_patience_;
  std::unique_ptr<host::UdevQueue> udev_queue_;
};

}  // namespace

int run(const Options& options) {
  block_signals();
  return Daemon{options}.run();
}

}  // namespace nic::daemon
