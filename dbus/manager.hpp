// The two objects with methods that change something. They only unpack: Commands knows what to do.
// Thread: the loop's.
#pragma once

#include "dbus/commands.hpp"
#include "dbus/facets.hpp"
#include "model/names.hpp"

namespace nic::dbus {

class ManagerFacet final : public Facet<ManagerView, org::nicagent1::Manager_adaptor> {
 public:
  ManagerFacet(sdbus::IConnection& bus, const View& current, Commands& commands)
      : Facet{bus, names::kRootPath, current}, commands_{commands} {
    getObject().addObjectManager();
  }

 private:
  using Text = std::string;
  PlanAnswer Plan(const OptionMap& options) override {
    return answer([&] { return commands_.plan(options); });
  }
  void Apply(JobResult&& result, OptionMap options) override {
    answer([&] { commands_.apply(sender(), options, std::move(result)); });
  }
  void Release(JobResult&& result, Text device, OptionMap options) override {
    answer([&] { commands_.release(sender(), device, options, std::move(result)); });
  }
  void Reload(sdbus::Result<>&& result, OptionMap options) override {
    answer([&] { commands_.reload(sender(), options, std::move(result)); });
  }
  void Rescan(JobResult&& result, OptionMap options) override {
    answer([&] { commands_.rescan(sender(), options, std::move(result)); });
  }
  void Verify(JobResult&& result, OptionMap options) override {
    answer([&] { commands_.verify(sender(), options, std::move(result)); });
  }
  void SetConfiguration(GenerationResult&& result, Text layer, Text format, Text text, OptionMap options) override {
    answer([&] { commands_.set_configuration(sender(), layer, format, text, options, std::move(result)); });
  }
  void RemoveConfiguration(GenerationResult&& result, Text layer, OptionMap options) override {
    answer([&] { commands_.remove_configuration(sender(), layer, options, std::move(result)); });
  }
  Text GetConfiguration(const Text& layer, const OptionMap& options) override {
    return answer([&] { return commands_.get_configuration(layer, options); });
  }
  Text Explain(const Text& subject, const OptionMap& options) override {
    return answer([&] { return commands_.explain(subject, options); });
  }
  Text Describe() override {
    return answer([&] { return commands_.describe(); });
  }
  Text GetNodeState() override {
    return answer([&] { return commands_.node_state(); });
  }
  sdbus::ObjectPath GetDevice(const Text& name) override {
    return answer([&] { return commands_.get_device(name); });
  }
  std::vector<JobRow> ListJobs() override {
    return answer([&] { return commands_.list_jobs(); });
  }
  void LoadModules(JobResult&& result, std::vector<Text> modules, OptionMap options) override {
    answer([&] { commands_.load_modules(sender(), modules, options, std::move(result)); });
  }
  void PlanReload(ReloadPlanResult&& result, std::vector<Text> modules, OptionMap options) override {
    answer([&] { commands_.plan_reload(sender(), modules, options, std::move(result)); });
  }
  void ReloadDrivers(JobResult&& result, std::vector<Text> modules, OptionMap options) override {
    answer([&] { commands_.reload_drivers(sender(), modules, options, std::move(result)); });
  }

  std::string Version() override { return read(&ManagerView::version); }
  std::string State() override { return read(&ManagerView::state); }
  std::vector<Row<ComponentRow>> Components() override { return read(&ManagerView::components); }
  bool RebootRequired() override { return read(&ManagerView::reboot_required); }
  std::vector<std::string> RebootReasons() override { return read(&ManagerView::reboot_reasons); }
  std::uint64_t ConfigGeneration() override { return read(&ManagerView::config_generation); }
  std::uint64_t AppliedGeneration() override { return read(&ManagerView::applied_generation); }
  bool Settled() override { return read(&ManagerView::settled); }
  std::vector<std::string> ConfigSources() override { return read(&ManagerView::config_sources); }
  std::vector<Row<ErrorRow>> ConfigErrors() override { return read(&ManagerView::config_errors); }
  std::uint32_t Problems() override { return read(&ManagerView::problems); }
  std::vector<Row<ProblemRow>> ProblemDetails() override { return read(&ManagerView::problem_details); }
  std::string DriverVerdict() override { return read(&ManagerView::driver_verdict); }
  std::vector<Row<FindingRow>> DriverFindings() override { return read(&ManagerView::driver_findings); }
  Row<StackRow> RdmaStack() override { return read(&ManagerView::rdma_stack); }
  Row<PeerMemoryRow> PeerMemory() override { return read(&ManagerView::peer_memory); }
  std::vector<Row<GpuPathRow>> GpuPaths() override { return read(&ManagerView::gpu_paths); }

  Commands& commands_;
};

class JobFacet final : public Facet<JobView, org::nicagent1::Job_adaptor> {
 public:
  JobFacet(sdbus::IConnection& bus, const std::string& path, const View& current, Commands& commands)
      : Facet{bus, path, current}, commands_{commands} {}

 private:
  void Cancel(sdbus::Result<>&& result, OptionMap options) override {
    answer([&] { commands_.cancel(sender(), path(), options, std::move(result)); });
  }

  std::uint32_t Id() override { return read(&JobView::id); }
  std::string Kind() override { return read(&JobView::kind); }
  std::string State() override { return read(&JobView::state); }
  std::uint32_t Step() override { return read(&JobView::step); }
  std::uint32_t Steps() override { return read(&JobView::steps); }
  std::string Text() override { return read(&JobView::text); }
  std::uint64_t StartedAt() override { return read(&JobView::started_at); }
  std::uint32_t CallerUid() override { return read(&JobView::caller_uid); }
  std::vector<sdbus::ObjectPath> Devices() override { return read(&JobView::devices); }

  Commands& commands_;
};

}  // namespace nic::dbus
