#include "dbus/tree.hpp"

#include "dbus/text.hpp"
#include "loop/log.hpp"

#include <string_view>
#include <utility>

namespace nic::dbus {
namespace {

// Signals are told to whoever listens; that one cannot be sent must not stop the agent.
template <class F>
void tell(std::string_view what, F&& emit) noexcept {
  try {
    std::forward<F>(emit)();
  } catch (const std::exception& error) {
    try {
      loop::log(loop::Event::problem, {}, std::string{"D-Bus signal "} + std::string{what} + ": " + error.what());
    } catch (const std::exception&) {  // out of memory: nothing more to say
      return;
    }
  }
}

bool is(const char* interface, const char* name) { return std::string_view{interface} == name; }

std::string result_of(const model::Job& job) {
  const bool ended = job.state != model::JobState::queued && job.state != model::JobState::running;
  return std::string{word(ended ? job.state : (job.error ? model::JobState::failed : model::JobState::done))};
}

}  // namespace

struct Tree::Device {
  std::unique_ptr<DeviceFacet> device;
  std::unique_ptr<PhysicalFunctionFacet> physical_function;
  std::unique_ptr<VirtualFunctionFacet> virtual_function;
  std::unique_ptr<RdmaFacet> rdma;
};

Tree::Tree(sdbus::IConnection& bus, Shown& shown, Commands& commands, std::string version)
    : bus_{bus}, shown_{shown}, commands_{commands}, version_{std::move(version)} {
  shown_.view.manager.version = version_;
  shown_.snapshot = std::make_shared<const model::Snapshot>();
  manager_ = std::make_unique<ManagerFacet>(bus_, shown_.view, commands_);
}

Tree::~Tree() = default;

void Tree::publish(std::shared_ptr<const model::Snapshot> snapshot) {
  if (snapshot == shown_.snapshot) return;
  View next = view(*snapshot, version_);
  std::erase_if(finished_, [&](std::uint32_t id) { return next.jobs.erase(job_path(id)) == 0; });
  shown_.snapshot = std::move(snapshot);
  show(std::move(next));
}

void Tree::show(View next) {
  const auto what = changes(shown_.view, next);
  for (const auto& gone : what.removed) remove(gone);
  shown_.view = std::move(next);
  for (const auto& come : what.added) add(come);
  for (const auto& change : what.changed) emit_changed(change);
}

void Tree::job_finished(const model::Job& job) {
  const std::string path = job_path(job.id);
  if (!jobs_.contains(path)) {
    View next = shown_.view;
    next.jobs[path] = view(job);
    show(std::move(next));
  }
  const std::string result = result_of(job);
  tell("Finished", [&] {
    auto error = job.error ? row(*job.error) : ErrorRow{};
    for (auto* text : {&error.operation, &error.object, &error.advice}) *text = utf8(*text);
    jobs_.at(path)->emitFinished(result, to_bus(error));
  });
  View next = shown_.view;
  next.jobs.erase(path);
  show(std::move(next));
  finished_.insert(job.id);
  tell("JobRemoved", [&] { manager_->emitJobRemoved(job.id, sdbus::ObjectPath{path}, result); });
}

// use(facet) with the facet of one interface of one object.
template <class F>
void Tree::object(const std::string& path, const char* interface, F&& use) {
  if (is(interface, Interface<ManagerView>::name)) return use(manager_);
  if (is(interface, Interface<ModuleView>::name)) return use(modules_[path]);
  if (is(interface, Interface<ResourceView>::name)) return use(resources_[path]);
  if (is(interface, Interface<JobView>::name)) return use(jobs_[path]);
  auto& device = devices_[path];
  if (is(interface, Interface<DeviceView>::name)) return use(device.device);
  if (is(interface, Interface<PhysicalFunctionView>::name)) return use(device.physical_function);
  if (is(interface, Interface<VirtualFunctionView>::name)) return use(device.virtual_function);
  use(device.rdma);
}

void Tree::remove(const Interfaces& gone) {
  object(gone.path, gone.names.front(), [&](auto& facet) {
    tell("InterfacesRemoved", [&] { facet->object().emitInterfacesRemovedSignal(compat::interfaces(gone.names)); });
  });
  for (const char* name : gone.names) object(gone.path, name, [](auto& facet) { facet.reset(); });
  std::erase_if(modules_, [](const auto& entry) { return !entry.second; });
  std::erase_if(resources_, [](const auto& entry) { return !entry.second; });
  std::erase_if(jobs_, [](const auto& entry) { return !entry.second; });
  if (const auto device = devices_.find(gone.path); device != devices_.end() && !device->second.device)
    devices_.erase(device);
}

void Tree::add(const Interfaces& come) {
  for (const char* name : come.names)
    object(come.path, name, [&]<class F>(std::unique_ptr<F>& facet) {
      if constexpr (std::is_same_v<F, JobFacet>)
        facet = std::make_unique<F>(bus_, come.path, shown_.view, commands_);
      else if constexpr (!std::is_same_v<F, ManagerFacet>)
        facet = std::make_unique<F>(bus_, come.path, shown_.view);
    });
  object(come.path, come.names.front(), [&]<class F>(std::unique_ptr<F>& facet) {
    tell("InterfacesAdded", [&] { facet->object().emitInterfacesAddedSignal(compat::interfaces(come.names)); });
    if constexpr (std::is_same_v<F, JobFacet>) {
      const auto& job = shown_.view.jobs.at(come.path);
      tell("JobNew", [&] { manager_->emitJobNew(job.id, sdbus::ObjectPath{come.path}, job.kind); });
    }
  });
}

void Tree::emit_changed(const ChangedProperties& change) {
  object(change.path, change.interface, [&](auto& facet) {
    tell("PropertiesChanged",
         [&] { facet->object().emitPropertiesChangedSignal(change.interface, compat::properties(change.names)); });
  });
}

}  // namespace nic::dbus
