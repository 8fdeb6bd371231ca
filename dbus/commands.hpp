// The methods of Manager and Job: arguments are checked and translated, polkit is asked, the request is handed to the
// daemon, and its answer goes back to the caller.
// Thread: the loop's. Errors: sdbus::Error with a name of kErrorNames, thrown by what answers at once, sent as the
// reply by what answers later. Everything that changes something is done in a later turn of the loop than the call came
// in.
#pragma once

#include "dbus/authorize.hpp"
#include "dbus/errors.hpp"
#include "dbus/options.hpp"
#include "dbus/requests.hpp"
#include "dbus/view.hpp"
#include "model/snapshot.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace nic::dbus {

using JobResult = sdbus::Result<sdbus::ObjectPath>;
using GenerationResult = sdbus::Result<std::uint64_t>;
using ReloadPlanResult = sdbus::Result<std::string, OptionMap>;
using JobRow = sdbus::Struct<std::uint32_t, sdbus::ObjectPath, std::string, std::string>;
using PlanAnswer = std::tuple<std::string, std::vector<OptionMap>>;

// What the commands read: the state that is on the bus now.
struct Shown {
  View view;
  std::shared_ptr<const model::Snapshot> snapshot;
};

class Commands {
 public:
  // `refresh` shows the newest snapshot on the bus; it is called after each request, before its reply is sent.
  Commands(const Shown& shown, Requests requests, Authorizer& authorizer, std::function<void()> refresh);

  PlanAnswer plan(const OptionMap& map);
  std::string explain(const std::string& subject, const OptionMap& map);
  std::string get_configuration(const std::string& layer, const OptionMap& map);
  std::string describe();
  std::string node_state();
  sdbus::ObjectPath get_device(const std::string& name);
  std::vector<JobRow> list_jobs();

  void apply(const std::string& sender, const OptionMap& map, JobResult&& result);
  void release(const std::string& sender, const std::string& device, const OptionMap& map, JobResult&& result);
  void rescan(const std::string& sender, const OptionMap& map, JobResult&& result);
  void verify(const std::string& sender, const OptionMap& map, JobResult&& result);
  void load_modules(const std::string& sender, const std::vector<std::string>& modules, const OptionMap& map,
                    JobResult&& result);
  void plan_reload(const std::string& sender, const std::vector<std::string>& modules, const OptionMap& map,
                   ReloadPlanResult&& result);
  void reload_drivers(const std::string& sender, const std::vector<std::string>& modules, const OptionMap& map,
                      JobResult&& result);
  void reload(const std::string& sender, const OptionMap& map, sdbus::Result<>&& result);
  void set_configuration(const std::string& sender, const std::string& layer, const std::string& format,
                         const std::string& text, const OptionMap& map, GenerationResult&& result);
  void remove_configuration(const std::string& sender, const std::string& layer, const OptionMap& map,
                            GenerationResult&& result);
  void cancel(const std::string& sender, const std::string& path, const OptionMap& map, sdbus::Result<>&& result);

 private:
  template <class... Out, class Work>
  void after_yes(Question question, sdbus::Result<Out...>&& result, About about, Work work);
  // The same for work that answers later: `work(done)`.
  template <class T, class... Out, class Work>
  void after_yes_later(Question question, sdbus::Result<Out...>&& result, About about, Work work);
  template <class... Out, class Work>
  Authorizer::Done reply_with(sdbus::Result<Out...>&& result, About about, Work work);
  void open_job(const std::string& sender, const OptionMap& map, JobResult&& result,
                std::function<Answer<JobId>(Uid)> Requests::* request);
  void known(const std::vector<model::PciAddress>& devices) const;

  const Shown& shown_;
  Requests requests_;
  Authorizer& authorizer_;
  std::function<void()> refresh_;
};

}  // namespace nic::dbus
