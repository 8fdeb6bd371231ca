#include "dbus/commands.hpp"

#include "dbus/describe.hpp"
#include "dbus/node_state.hpp"
#include "dbus/text.hpp"
#include "loop/log.hpp"
#include "model/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace nic::dbus {
namespace {

constexpr std::size_t kLongestConfiguration = 1U << 20U;
constexpr std::size_t kLongestName = 256;  // of a device, a module, a resource
constexpr std::size_t kMostModules = 64;
// Jobs of one user other than root at once, of those that everybody may start.
constexpr std::ptrdiff_t kMostOpenJobs = 4;

template <class T>
T value(Answer<T> answer, About about = About::call) {
  if (!answer) throw bus_error(answer.error(), about);
  if constexpr (!std::is_void_v<T>) return *std::move(answer);
}

void must(bool holds, const char* what, std::string_view given, const char* advice) {
  if (!holds) throw bus_error(model::invalid(what, std::string{given.substr(0, kLongestName)}, advice));
}

void check_layer(const std::string& layer) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  must(!layer.empty() && layer.size() <= 64 && layer.front() != '.' && std::ranges::all_of(layer, good),
       "use the layer name", layer, "1 to 64 of A-Z a-z 0-9 _ . -, not beginning with a dot");
}

void check_name(const char* what, const std::string& name) {
  must(!name.empty() && name.size() <= kLongestName, what, name, "1 to 256 bytes");
}

void check_modules(const char* what, const std::vector<std::string>& modules) {
  must(!modules.empty() && modules.size() <= kMostModules, what, "", "give 1 to 64 names");
  for (const auto& module : modules) check_name(what, module);
}

std::string joined(const std::vector<model::PciAddress>& devices) {
  std::vector<std::string> texts;
  for (const auto& device : devices) texts.push_back(device.text());
  return fmt::format("{}", fmt::join(texts, ","));
}

// What the daemon gave, as what the method returns.
sdbus::ObjectPath out(JobId job) { return sdbus::ObjectPath{job_path(job)}; }
std::uint64_t out(std::uint64_t generation) { return generation; }
OptionMap dictionary_of(const PlanStep& step) {
  OptionMap dictionary;
  for (const auto& [key, held] : step)
    dictionary.emplace(key, std::visit([](const auto& item) { return sdbus::Variant{item}; }, held));
  return dictionary;
}
std::tuple<std::string, OptionMap> out(const model::ReloadPlan& plan) {
  return {reload_plan_text(plan), dictionary_of(reload_plan(plan))};
}

template <class F, class... In>
auto call(const F& function, In&&... in) -> decltype(function(std::forward<In>(in)...)) {
  if (!function)
    return std::unexpected{model::Error{model::Code::unsupported, 0, "do this", "", "this agent cannot do it yet"}};
  return function(std::forward<In>(in)...);
}

}  // namespace

Commands::Commands(const Shown& shown, Requests requests, Authorizer& authorizer, std::function<void()> refresh)
    : shown_{shown}, requests_{std::move(requests)}, authorizer_{authorizer}, refresh_{std::move(refresh)} {}

namespace {

// Sends the reply that a method has waited for; nobody may be left to hear it.
template <class T, class... Out>
void reply_to(sdbus::Result<Out...>& reply, const Answer<T>& done, About about) {
  try {
    if (!done)
      reply.returnError(bus_error(done.error(), about));
    else if constexpr (sizeof...(Out) == 0)
      reply.returnResults();
    else if constexpr (sizeof...(Out) > 1)
      std::apply([&](const auto&... part) { reply.returnResults(part...); }, out(*done));
    else
      reply.returnResults(out(*done));
  } catch (const std::exception& error) {
    loop::log(loop::Event::problem, {}, std::string{"answering a D-Bus call: "} + error.what());
  }
}

}  // namespace

// The callback that ends a method: asks `work(uid)` when the caller may, and replies with what came of it.
template <class... Out, class Work>
Authorizer::Done Commands::reply_with(sdbus::Result<Out...>&& result, About about, Work work) {
  auto reply = std::make_shared<sdbus::Result<Out...>>(std::move(result));  // std::function wants to be copyable
  return [this, reply, about, work = std::move(work)](const Answer<Uid>& uid) {
    const auto done = [&]() -> std::invoke_result_t<Work, Uid> {
      if (!uid) return std::unexpected{uid.error()};
      return work(*uid);
    }();
    refresh_();
    reply_to(*reply, done, about);
  };
}

template <class... Out, class Work>
void Commands::after_yes(Question question, sdbus::Result<Out...>&& result, About about, Work work) {
  authorizer_.ask(std::move(question), reply_with(std::move(result), about, std::move(work)));
}

template <class T, class... Out, class Work>
void Commands::after_yes_later(Question question, sdbus::Result<Out...>&& result, About about, Work work) {
  auto reply = std::make_shared<sdbus::Result<Out...>>(std::move(result));
  const auto finish = [this, reply, about](const Answer<T>& done) {
    refresh_();
    reply_to(*reply, done, about);
  };
  authorizer_.ask(std::move(question), [finish, work = std::move(work)](const Answer<Uid>& uid) {
    if (uid)
      work(finish);
    else
      finish(std::unexpected{uid.error()});
  });
}

void Commands::known(const std::vector<model::PciAddress>& devices) const {
  for (const auto& device : devices)
    if (!shown_.view.devices.contains(device_path(device)))
      throw bus_error({model::Code::not_found, 0, "find the function", device.text(), ""});
}

PlanAnswer Commands::plan(const OptionMap& map) {
  auto options = value(read(map, {"devices", "force"}));
  known(options.devices);
  const auto plan = value(call(requests_.plan, PlanOptions{std::move(options.devices), options.force}));
  std::vector<OptionMap> dictionaries;
  for (const auto& step : steps(plan)) dictionaries.push_back(dictionary_of(step));
  return {plan_text(plan), std::move(dictionaries)};
}

std::string Commands::explain(const std::string& subject, const OptionMap& map) {
  const auto options = value(read(map, {"resource"}));
  check_name("explain", subject);
  must(options.resource.size() <= kLongestName, "explain", options.resource, "256 bytes at most");
  return utf8(value(call(requests_.explain, subject, options.resource)));
}

std::string Commands::get_configuration(const std::string& layer, const OptionMap& map) {
  value(read(map, {}));
  check_layer(layer);
  return utf8(value(call(requests_.get_configuration, layer)));
}

std::string Commands::describe() { return dbus::describe(shown_.view, shown_.snapshot->plan); }

std::string Commands::node_state() { return dbus::node_state(*shown_.snapshot); }

sdbus::ObjectPath Commands::get_device(const std::string& name) {
  check_name("find the function", name);
  if (const auto address = model::PciAddress::parse(name);
      address && shown_.view.devices.contains(device_path(*address)))
    return sdbus::ObjectPath{device_path(*address)};
  const auto& inventory = shown_.snapshot->inventory;
  if (const auto* interface = inventory.net_device(name); interface != nullptr && interface->function)
    return sdbus::ObjectPath{device_path(*interface->function)};
  for (const auto& rdma : inventory.rdma_devices)
    if (rdma.name == name && rdma.function) return sdbus::ObjectPath{device_path(*rdma.function)};
  throw bus_error({model::Code::not_found, 0, "find the function", name,
                   "give a PCI address, the name of a network interface or of an RDMA device"});
}

std::vector<JobRow> Commands::list_jobs() {
  std::vector<JobRow> rows;
  for (const auto& [path, job] : shown_.view.jobs)
    rows.push_back(JobRow{job.id, sdbus::ObjectPath{path}, job.kind, job.state});
  return rows;
}

void Commands::apply(const std::string& sender, const OptionMap& map, JobResult&& result) {
  auto options = value(read(map, {"devices", "force", kNoInteraction}));
  known(options.devices);
  Question question{sender, options.force ? names::kActionForce : names::kActionApply, {}, options.interactive};
  if (!options.devices.empty()) question.details["pci"] = joined(options.devices);
  question.details["force"] = options.force ? "true" : "false";
  after_yes(std::move(question), std::move(result), About::call,
            [this, devices = std::move(options.devices), force = options.force](Uid uid) {
              return call(requests_.apply, ApplyRequest{devices, force, uid});
            });
}

void Commands::release(const std::string& sender, const std::string& device, const OptionMap& map, JobResult&& result) {
  const auto options = value(read(map, {"restore", kNoInteraction}));
  // A card that was pulled is no object any more, and may still have its record.
  const auto given = model::PciAddress::parse(device);
  const auto pf = given ? *given : address_of_path(get_device(device)).value();
  after_yes({sender,
             names::kActionApply,
             {{"pci", pf.text()}, {"restore", options.restore ? "true" : "false"}},
             options.interactive},
            std::move(result), About::call, [this, pf, restore = options.restore](Uid uid) {
              return call(requests_.release, ReleaseRequest{pf, restore, uid});
            });
}

void Commands::open_job(const std::string& sender, const OptionMap& map, JobResult&& result,
                        std::function<Answer<JobId>(Uid)> Requests::* request) {
  value(read(map, {}));
  authorizer_.identify(sender, reply_with(std::move(result), About::call, [this, request](Uid uid) -> Answer<JobId> {
                         const auto& jobs = shown_.view.jobs;
                         const auto mine = std::ranges::count_if(
                             jobs, [&](const auto& entry) { return entry.second.caller_uid == uid; });
                         if (uid != 0 && mine >= kMostOpenJobs)
                           return std::unexpected{model::Error{model::Code::busy, 0, "start another job", "",
                                                               "wait for those of this user to end"}};
                         return call(requests_.*request, uid);
                       }));
}

void Commands::rescan(const std::string& sender, const OptionMap& map, JobResult&& result) {
  open_job(sender, map, std::move(result), &Requests::rescan);
}

void Commands::verify(const std::string& sender, const OptionMap& map, JobResult&& result) {
  open_job(sender, map, std::move(result), &Requests::verify);
}

void Commands::load_modules(const std::string& sender, const std::vector<std::string>& modules, const OptionMap& map,
                            JobResult&& result) {
  const auto options = value(read(map, {kNoInteraction}));
  check_modules("load the module", modules);
  Question question{sender, names::kActionLoadDriver, {}, options.interactive};
  question.details["modules"] = fmt::format("{}", fmt::join(modules, ","));
  after_yes(std::move(question), std::move(result), About::call,
            [this, modules](Uid uid) { return call(requests_.load_modules, modules, uid); });
}

void Commands::plan_reload(const std::string& sender, const std::vector<std::string>& modules, const OptionMap& map,
                           ReloadPlanResult&& result) {
  value(read(map, {}));
  check_modules("plan to reload the module", modules);
  auto reply = std::make_shared<ReloadPlanResult>(std::move(result));
  const auto finish = [reply](const Answer<model::ReloadPlan>& done) { reply_to(*reply, done, About::call); };
  authorizer_.identify(sender, [this, modules, finish](const Answer<Uid>& uid) {
    if (uid)
      requests_.plan_reload(modules, finish);
    else
      finish(std::unexpected{uid.error()});
  });
}

void Commands::reload_drivers(const std::string& sender, const std::vector<std::string>& modules, const OptionMap& map,
                              JobResult&& result) {
  const auto options = value(read(map, {"force", kNoInteraction}));
  check_modules("reload the module", modules);
  Question question{sender, options.force ? names::kActionForce : names::kActionReloadDriver, {}, options.interactive};
  question.details["modules"] = fmt::format("{}", fmt::join(modules, ","));
  question.details["force"] = options.force ? "true" : "false";
  auto reply = std::make_shared<JobResult>(std::move(result));
  const auto finish = [this, reply](const Answer<JobId>& done) {
    refresh_();
    reply_to(*reply, done, About::call);
  };
  authorizer_.ask(std::move(question), [this, modules, force = options.force, finish](const Answer<Uid>& uid) {
    if (uid)
      requests_.reload_drivers(ReloadRequest{modules, force, *uid}, finish);
    else
      finish(std::unexpected{uid.error()});
  });
}

void Commands::reload(const std::string& sender, const OptionMap& map, sdbus::Result<>&& result) {
  const auto options = value(read(map, {kNoInteraction}));
  after_yes_later<void>({sender, names::kActionConfigure, {}, options.interactive}, std::move(result),
                        About::configuration, [this](auto done) { requests_.reload(std::move(done)); });
}

void Commands::set_configuration(const std::string& sender, const std::string& layer, const std::string& format,
                                 const std::string& text, const OptionMap& map, GenerationResult&& result) {
  const auto options = value(read(map, {kNoInteraction}));
  check_layer(layer);
  check_name("use the format", format);
  must(text.size() <= kLongestConfiguration, "set the layer", layer, "the text is longer than 1 MiB");
  after_yes_later<std::uint64_t>({sender, names::kActionConfigure, {{"layer", layer}}, options.interactive},
                                 std::move(result), About::configuration, [this, layer, format, text](auto done) {
                                   requests_.set_configuration(layer, format, text, std::move(done));
                                 });
}

void Commands::remove_configuration(const std::string& sender, const std::string& layer, const OptionMap& map,
                                    GenerationResult&& result) {
  const auto options = value(read(map, {kNoInteraction}));
  check_layer(layer);
  after_yes_later<std::uint64_t>({sender, names::kActionConfigure, {{"layer", layer}}, options.interactive},
                                 std::move(result), About::configuration,
                                 [this, layer](auto done) { requests_.remove_configuration(layer, std::move(done)); });
}

void Commands::cancel(const std::string& sender, const std::string& path, const OptionMap& map,
                      sdbus::Result<>&& result) {
  const auto options = value(read(map, {kNoInteraction}));
  const JobId id = shown_.view.jobs.at(path).id;
  after_yes({sender, names::kActionApply, {{"job", std::to_string(id)}}, options.interactive}, std::move(result),
            About::call, [this, id](Uid) { return call(requests_.cancel, id); });
}

}  // namespace nic::dbus
