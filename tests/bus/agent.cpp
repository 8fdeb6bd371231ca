#include "bus/agent.hpp"

#include "dbus/compat.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <polkit_adaptor.hpp>
#include <stdexcept>

namespace nic::test {

Agent::Agent(const std::string& address, model::Snapshot first, std::chrono::microseconds patience) {
  cell_.store(std::make_shared<const model::Snapshot>(std::move(first)));
  std::promise<void> ready;
  thread_ = std::thread{[this, &ready, address, patience] {
    const auto event = loop::default_event();
    mailbox_ = std::make_unique<loop::Mailbox>(event.get());
    dbus::BusOptions options{
        .address = address, .patience = patience, .lost = [this](const auto&) { lost.set_value(); }};
    auto made = dbus::Service::connect(event.get(), cell_, requests(), std::move(options));
    if (made) {
      service_ = *std::move(made);
      named = service_->request_name();
    } else {
      named = std::unexpected{made.error()};
    }
    ready.set_value();
    sd_event_loop(event.get());
    service_.reset();
    mailbox_.reset();
  }};
  ready.get_future().wait();
}

Agent::~Agent() {
  mailbox_->post([] { sd_event_exit(loop::default_event().get(), 0); });
  thread_.join();
}

void Agent::store(const std::function<void(model::Snapshot&)>& edit) {
  auto next = *cell_.load();
  edit(next);
  ++next.generation;
  cell_.store(std::make_shared<const model::Snapshot>(std::move(next)));
}

void Agent::change(const std::function<void(model::Snapshot&)>& edit) {
  on_loop([&] {
    store(edit);
    service_->publish(cell_.load());
  });
}

void Agent::finish(std::uint32_t id, model::JobState state, std::optional<model::Error> error) {
  on_loop([&] { end(id, state, std::move(error)); });
}

void Agent::end(std::uint32_t id, model::JobState state, std::optional<model::Error> error) {
  model::Job job;
  for (const auto& known : cell_.load()->jobs)
    if (known.id == id) job = known;
  job.id = id;
  job.state = state;
  job.error = std::move(error);
  service_->job_finished(job);
}

std::uint32_t Agent::open(const std::string& kind, std::uint32_t uid) {
  const auto id = ++jobs_;
  store([&](model::Snapshot& snapshot) {
    model::Job job;
    job.id = id;
    job.kind = kind;
    job.caller_uid = uid;
    job.state = model::JobState::running;
    snapshot.jobs.push_back(job);
  });
  return id;
}

std::uint32_t Agent::open_and_end(const std::string& kind, std::uint32_t uid) {
  const auto id = open(kind, uid);
  if (end_jobs) mailbox_->post([this, id] { end(id, end_jobs->first, end_jobs->second); });
  return id;
}

dbus::Requests Agent::requests() {
  dbus::Requests requests;
  requests.apply = [this](const dbus::ApplyRequest& request) -> dbus::Answer<dbus::JobId> {
    if (refuse) return std::unexpected{*refuse};
    applied.push_back(request);
    return open_and_end("apply", request.caller_uid);
  };
  requests.release = [this](const dbus::ReleaseRequest& request) -> dbus::Answer<dbus::JobId> {
    if (refuse) return std::unexpected{*refuse};
    released.push_back(request);
    return open_and_end("release", request.caller_uid);
  };
  requests.rescan = [this](dbus::Uid uid) -> dbus::Answer<dbus::JobId> { return open("rescan", uid); };
  requests.load_modules = [this](const auto& modules, dbus::Uid uid) -> dbus::Answer<dbus::JobId> {
    loaded = modules;
    return open("load-modules", uid);
  };
  requests.plan_reload = [this](const auto& names, const auto& done) {
    if (refuse) return done(std::unexpected{*refuse});
    model::ReloadPlan plan;
    plan.unload = plan.load = names;
    plan.functions = {model::PciAddress{0, 1, 0, 0}};
    plan.interface_names = {"enp1s0"};
    plan.obstacles = {{"enp1s0 is a port of bond0", true}, {"/ is on NVMe", false}};
    done(plan);
  };
  requests.reload_drivers = [this](const dbus::ReloadRequest& request, const auto& done) {
    if (refuse) return done(std::unexpected{*refuse});
    reloaded.push_back(request);
    done(open_and_end("reload-drivers", request.caller_uid));
  };
  requests.reload = [](const auto& done) { done({}); };
  requests.set_configuration = [this](const auto& layer, const auto& format, const auto& text, const auto& done) {
    if (format != "toml") return done(std::unexpected{model::Error{model::Code::unsupported, 0, "read", format, ""}});
    if (text.find("num_vs") != std::string::npos)
      return done(
          std::unexpected{model::invalid("read the key \"num_vs\"", layer + ":1:1", "did you mean \"num_vfs\"?")});
    layers[layer] = text;
    done(4);
  };
  requests.remove_configuration = [this](const auto& layer, const auto& done) {
    if (layers.erase(layer) == 0)
      return done(std::unexpected{model::Error{model::Code::not_found, 0, "find the layer", layer, ""}});
    done(5);
  };
  requests.get_configuration = [this](const auto& layer) -> dbus::Answer<std::string> {
    const auto found = layers.find(layer);
    if (found == layers.end())
      return std::unexpected{model::Error{model::Code::not_found, 0, "find the layer", layer, ""}};
    return found->second;
  };
  requests.plan = [](const dbus::PlanOptions& options) -> dbus::Answer<model::Plan> {
    model::Plan plan;
    model::Step step;
    step.action = model::LoadModule{"mlx5_ib"};
    step.why = options.force ? "forced" : "required";
    plan.modules.push_back(step);
    return plan;
  };
  requests.explain = [this](const auto& subject, const auto& resource) -> dbus::Answer<std::string> {
    if (explode) throw std::runtime_error("a bug \xff");
    return subject + " and " + resource;
  };
  requests.cancel = [this](dbus::JobId id) -> dbus::Answer<void> {
    canceled.push_back(id);
    // What a quick daemon does: the job is over before the reply is sent.
    store([&](model::Snapshot& snapshot) {
      std::erase_if(snapshot.jobs, [&](const auto& job) { return job.id == id; });
    });
    model::Job job;
    job.id = id;
    job.state = model::JobState::canceled;
    service_->job_finished(job);
    return {};
  };
  return requests;
}

using Verdict = sdbus::Struct<bool, bool, std::map<std::string, std::string>>;

struct Polkit::Object final : sdbus::AdaptorInterfaces<org::freedesktop::PolicyKit1::Authority_adaptor> {
  Object(std::unique_ptr<sdbus::IConnection> connection, Answer how)
      : AdaptorInterfaces{*connection, sdbus::ObjectPath{"/org/freedesktop/PolicyKit1/Authority"}},
        bus{std::move(connection)},
        answer{how} {
    registerAdaptor();
    dbus::compat::request_name(*bus, "org.freedesktop.PolicyKit1");
    bus->enterEventLoopAsync();
  }
  ~Object() {
    bus->leaveEventLoop();
    unregisterAdaptor();
  }

  void CheckAuthorization(sdbus::Result<Verdict>&& result,
                          sdbus::Struct<std::string, std::map<std::string, sdbus::Variant>> subject, std::string action,
                          std::map<std::string, std::string> details, std::uint32_t flags, std::string) override {
    const std::lock_guard lock{mutex};
    asked.push_back({std::get<1>(subject).at("name").get<std::string>(), action, details, flags});
    if (answer == Answer::silence)
      open.push_back(std::make_shared<sdbus::Result<Verdict>>(std::move(result)));
    else
      result.returnResults(Verdict{answer == Answer::yes, answer == Answer::challenge, {}});
    changed.notify_all();
  }
  void CancelCheckAuthorization(const std::string&) override {
    const std::lock_guard lock{mutex};
    ++cancels;
    changed.notify_all();
  }

  std::unique_ptr<sdbus::IConnection> bus;
  Answer answer;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<PolkitQuestion> asked;
  std::vector<std::shared_ptr<sdbus::Result<Verdict>>> open;
  std::size_t cancels{0};
};

Polkit::Polkit(const std::string& address, Answer answer)
    : object_{std::make_unique<Object>(sdbus::createSessionBusConnectionWithAddress(address), answer)} {}
Polkit::~Polkit() = default;

std::vector<PolkitQuestion> Polkit::questions() {
  const std::lock_guard lock{object_->mutex};
  return object_->asked;
}

std::size_t Polkit::wait_for_questions(std::size_t count) {
  std::unique_lock lock{object_->mutex};
  object_->changed.wait_for(lock, std::chrono::seconds{10}, [&] { return object_->asked.size() >= count; });
  return object_->asked.size();
}

std::size_t Polkit::wait_for_cancels(std::size_t count) {
  std::unique_lock lock{object_->mutex};
  object_->changed.wait_for(lock, std::chrono::seconds{10}, [&] { return object_->cancels >= count; });
  return object_->cancels;
}

void Polkit::say_yes_to_all() {
  decltype(object_->open) open;
  {
    const std::lock_guard lock{object_->mutex};
    open.swap(object_->open);
  }
  // The bus has a lock of its own, under which it asks us.
  for (const auto& result : open) result->returnResults(Verdict{true, false, {}});
}

}  // namespace nic::test
