// Where the configuration comes from: reads it beside the loop, watches its folders, keeps the layers of D-Bus callers.
// Thread: the loop's; reading and writing files goes to a task.
#pragma once

#include "apply/task.hpp"
#include "config/layers.hpp"
#include "loop/loop.hpp"
#include "model/config.hpp"
#include "model/roots.hpp"

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nic::daemon {

class Configuration {
 public:
  using Result = std::expected<model::Config, std::vector<model::Error>>;
  // `loaded` is called after every reading.
  Configuration(sd_event* event, loop::Mailbox::Post post, model::Roots roots, std::function<void(Result)> loaded);
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;

  using Done = std::function<void(std::expected<void, model::Error>)>;
  // Reads everything again; `done` is called after `loaded`, with the first error if there was one.
  void reload(Done done);
  // A named layer of a D-Bus caller: taken only if the whole configuration with it is good, then kept on disk.
  void set_layer(const std::string& name, const std::string& text, Done done);
  void remove_layer(const std::string& name, Done done);
  // As it was at the last good reading.
  [[nodiscard]] std::expected<std::string, model::Error> layer(const std::string& name) const;

 private:
  struct Wanted {
    std::function<std::expected<void, model::Error>()> first;  // on the task's thread; may be empty
    Done done;
  };
  struct Outcome;
  void next();
  void watch();

  sd_event* event_;
  loop::Mailbox::Post post_;
  model::Roots roots_;
  std::function<void(Result)> loaded_;
  std::vector<Wanted> queue_;
  std::unique_ptr<apply::Task> reading_;
  bool busy_{false};
  std::vector<std::string> files_;               // that the configuration in force names
  std::vector<model::PluginFile> plugin_files_;  // as they are in force
  std::vector<config::Layer> layers_;
  loop::Debounce debounce_;
  std::vector<std::unique_ptr<loop::DirectoryWatch>> watches_;
};

}  // namespace nic::daemon
