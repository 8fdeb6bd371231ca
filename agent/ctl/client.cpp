#include "ctl/client.hpp"

#include "ctl/signals.hpp"
#include "dbus/attachment.hpp"
#include "dbus/compat.hpp"
#include "dbus/generated/proxies.hpp"
#include "loop/loop.hpp"
#include "model/names.hpp"

#include <array>
#include <csignal>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace nic::ctl {
namespace {

namespace compat = dbus::compat;
using Options = std::map<std::string, sdbus::Variant>;

// A person may have to type a password before the agent answers; it gives up before this does.
constexpr std::chrono::seconds kPatience{150};

struct ManagerProxy final : sdbus::ProxyInterfaces<org::nicagent1::Manager_proxy> {
  explicit ManagerProxy(sdbus::IConnection& bus)
      : ProxyInterfaces{bus, compat::service(names::kBusName), sdbus::ObjectPath{names::kRootPath}} {}
  // Not registered: signals are taken by rules that hold for all objects.
  void onJobNew(const std::uint32_t&, const sdbus::ObjectPath&, const std::string&) override {}
  void onJobRemoved(const std::uint32_t&, const sdbus::ObjectPath&, const std::string&) override {}
};

struct Ending {
  std::string_view prefix;
  Exit exit;
};

constexpr std::array kEndings{
    Ending{"org.nicagent1.Error.NotAuthorized", Exit::not_authorized},
    Ending{"org.freedesktop.DBus.Error.AccessDenied", Exit::not_authorized},
    Ending{"org.freedesktop.DBus.Error.ServiceUnknown", Exit::unreachable},
    Ending{"org.freedesktop.DBus.Error.NameHasNoOwner", Exit::unreachable},
    Ending{"org.freedesktop.DBus.Error.Spawn.", Exit::unreachable},
    Ending{"org.freedesktop.systemd1.", Exit::unreachable},
    Ending{"org.freedesktop.DBus.Error.NoReply", Exit::unreachable},
    Ending{"org.freedesktop.DBus.Error.Timeout", Exit::unreachable},
    Ending{"org.freedesktop.DBus.Error.Disconnected", Exit::unreachable},
};

template <class F>
auto attempt(F&& call) -> Result<decltype(call())> {
  try {
    if constexpr (std::is_void_v<decltype(call())>) {
      std::forward<F>(call)();
      return {};
    } else {
      return std::forward<F>(call)();
    }
  } catch (const sdbus::Error& error) {
    std::string name{error.getName()};
    return std::unexpected{Failure{exit_of(name), std::move(name), error.getMessage()}};
  } catch (const std::exception& error) {
    return std::unexpected{Failure{Exit::failure, "", error.what()}};
  }
}

Options options(const Scope& scope) {
  Options options;
  if (!scope.devices.empty()) options.emplace("devices", sdbus::Variant{scope.devices});
  if (scope.force) options.emplace("force", sdbus::Variant{true});
  return options;
}

Result<Json> object_in(const Result<std::string>& text) {
  if (!text) return std::unexpected{text.error()};
  auto json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) return std::unexpected{Failure{Exit::failure, "", "the agent's answer is no JSON object"}};
  return json;
}

}  // namespace

Exit exit_of(const std::string& error_name) {
  for (const auto& ending : kEndings)
    if (error_name.starts_with(ending.prefix)) return ending.exit;
  return Exit::failure;
}

// The loop runs only in wait() and watch(); calls before that wait for themselves.
struct Client::Parts {
  explicit Parts(std::unique_ptr<sdbus::IConnection> connection)
      : event{loop::default_event()}, bus{std::move(connection)}, manager{*bus} {}

  void listen() {
    if (!signals) signals = compat::match(*bus, kRule, [this](sdbus::Message& message) { take(message); });
    if (!owner) owner = compat::match(*bus, kOwnerRule, [this](sdbus::Message& message) { take(message); });
  }
  void take(sdbus::Message& message) {
    try {
      if (auto signal = read_signal(message); signal && seen) seen(*signal);
    } catch (const std::exception& error) {  // a signal that is not what it should be: nothing to show
      failure = error.what();
    }
  }
  // Runs the loop until `seen` ends it.
  std::optional<Failure> run(std::function<void(const Signal&)> with) {
    seen = std::move(with);
    lost.reset();
    attachment.emplace(event.get(), *bus, [this](const model::Error& error) {
      lost = Failure{Exit::unreachable, "", error.text()};
      end();
    });
    const int result = sd_event_loop(event.get());
    attachment.reset();
    seen = {};
    if (result < 0) return Failure{Exit::failure, "", "the event loop failed"};
    return lost;
  }
  void end() const { sd_event_exit(event.get(), 0); }

  static constexpr const char* kRule = "type='signal',sender='org.nicagent1',path_namespace='/org/nicagent1'";
  static constexpr const char* kOwnerRule =
      "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.nicagent1'";

  loop::EventPtr event;
  std::unique_ptr<sdbus::IConnection> bus;
  ManagerProxy manager;
  sdbus::Slot signals, owner;
  std::function<void(const Signal&)> seen;
  std::optional<dbus::Attachment> attachment;
  std::optional<Failure> lost;
  std::string failure;
};

Client::Client(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
Client::Client(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::connect(const std::string& address) {
  auto made = attempt([&] {
    auto bus =
        address.empty() ? sdbus::createSystemBusConnection() : sdbus::createSessionBusConnectionWithAddress(address);
    bus->setMethodCallTimeout(static_cast<std::uint64_t>(std::chrono::microseconds{kPatience}.count()));
    return Client{std::make_unique<Parts>(std::move(bus))};
  });
  if (!made) made.error().exit = Exit::unreachable;
  return made;
}

Result<Json> Client::describe() {
  return object_in(attempt([&] { return parts_->manager.Describe(); }));
}

Result<Json> Client::node_state() {
  return object_in(attempt([&] { return parts_->manager.GetNodeState(); }));
}

Result<PlanText> Client::plan(const Scope& scope) {
  return attempt([&] {
    const auto [text, steps] = parts_->manager.Plan(options(scope));
    PlanText plan{text, Json::array()};
    for (const auto& step : steps) plan.steps.push_back(to_json(step));
    return plan;
  });
}

Result<std::string> Client::explain(const std::string& subject, const std::string& resource) {
  Options options;
  if (!resource.empty()) options.emplace("resource", sdbus::Variant{resource});
  return attempt([&] { return parts_->manager.Explain(subject, options); });
}

Result<std::string> Client::device_path(const std::string& name) {
  return attempt([&] { return std::string{parts_->manager.GetDevice(name)}; });
}

Result<std::string> Client::apply(const Scope& scope) {
  return attempt([&] {
    parts_->listen();
    return std::string{parts_->manager.Apply(options(scope))};
  });
}

Result<std::string> Client::release(const std::string& device, bool restore) {
  Options options;
  if (restore) options.emplace("restore", sdbus::Variant{true});
  return attempt([&] {
    parts_->listen();
    return std::string{parts_->manager.Release(device, options)};
  });
}

Result<std::string> Client::rescan() {
  return attempt([&] {
    parts_->listen();
    return std::string{parts_->manager.Rescan({})};
  });
}

Result<std::string> Client::verify() {
  return attempt([&] {
    parts_->listen();
    return std::string{parts_->manager.Verify({})};
  });
}

Result<void> Client::reload() {
  return attempt([&] { parts_->manager.Reload({}); });
}

Result<ReloadPlanText> Client::plan_reload(const std::vector<std::string>& modules) {
  return attempt([&] {
    const auto [text, plan] = parts_->manager.PlanReload(modules, {});
    return ReloadPlanText{text, to_json(plan)};
  });
}

Result<std::string> Client::reload_drivers(const std::vector<std::string>& modules, bool force) {
  Options options;
  if (force) options.emplace("force", sdbus::Variant{true});
  return attempt([&] {
    parts_->listen();
    return std::string{parts_->manager.ReloadDrivers(modules, options)};
  });
}

Result<JobEnd> Client::wait(const std::string& job, const std::function<void(const std::string&)>& progress) {
  JobEnd end;
  std::optional<Failure> gone;
  // Signals that came during the call stand in the queue and are seen now.
  auto failed = parts_->run([&](const Signal& signal) {
    if (signal.kind == Signal::Kind::agent && signal.values.value("Running", false) == false) {
      gone = Failure{Exit::unreachable, "", "the agent went away before the job ended"};
      parts_->end();
    } else if (signal.kind == Signal::Kind::changed && signal.path == job && signal.values.contains("Text")) {
      if (progress) progress(member(signal.values, "Text"));
    } else if (signal.kind == Signal::Kind::finished && signal.path == job) {
      end.error = object(signal.values, "Error");
    } else if (signal.kind == Signal::Kind::job_removed && signal.path == job) {
      end.result = member(signal.values, "Result");
      parts_->end();
    }
  });
  if (failed) return std::unexpected{*failed};
  if (gone) return std::unexpected{*gone};
  return end;
}

Result<void> Client::wait_settled(std::chrono::seconds patience) {
  // Listening first, so that nothing falls between the look and the first signal.
  if (const auto listening = attempt([&] { parts_->listen(); }); !listening) return std::unexpected{listening.error()};
  const auto state = describe();
  if (!state) return std::unexpected{state.error()};
  if (object(*state, "Manager").value("Settled", false)) return {};
  std::optional<Failure> gone;
  loop::Timer late{parts_->event.get(), [&] {
                     gone = Failure{Exit::failure, "", "the agent is still at work; see nicctl status"};
                     parts_->end();
                   }};
  late.arm(patience);
  const auto failed = parts_->run([&](const Signal& signal) {
    if (signal.kind == Signal::Kind::agent && signal.values.value("Running", false) == false) {
      gone = Failure{Exit::unreachable, "", "the agent went away"};
      parts_->end();
    } else if (signal.kind == Signal::Kind::changed && signal.values.value("Settled", false)) {
      parts_->end();
    }
  });
  if (failed) return std::unexpected{*failed};
  if (gone) return std::unexpected{*gone};
  return {};
}

Result<void> Client::watch(const std::function<void(const Change&)>& seen) {
  if (const auto listening = attempt([&] { parts_->listen(); }); !listening) return std::unexpected{listening.error()};
  const loop::Signal interrupt{parts_->event.get(), SIGINT, [&] { parts_->end(); }};
  const loop::Signal terminate{parts_->event.get(), SIGTERM, [&] { parts_->end(); }};
  if (auto failed = parts_->run([&](const Signal& signal) { seen(change_of(signal)); }))
    return std::unexpected{*failed};
  return {};
}

}  // namespace nic::ctl
