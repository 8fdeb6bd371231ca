// The objects below /org/nicagent1: follows the snapshots, one PropertiesChanged for each interface of each object at
// each publish. Thread: the loop's, and never from within a method call of these objects (Commands takes care).
// Errors: a signal that the bus library refuses is logged; the tree is right nevertheless.
#pragma once

#include "dbus/changes.hpp"
#include "dbus/commands.hpp"
#include "dbus/manager.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace nic::dbus {

class Tree {
 public:
  // `shown` is written by the tree and read by the commands.
  Tree(sdbus::IConnection& bus, Shown& shown, Commands& commands, std::string version);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  void publish(std::shared_ptr<const model::Snapshot> snapshot);
  // Finished, InterfacesRemoved and JobRemoved, once for each job; before it JobNew, if nobody saw the job yet. Later
  // snapshots that still have the job do not bring it back.
  void job_finished(const model::Job& job);

 private:
  struct Device;
  void show(View next);
  void remove(const Interfaces& gone);
  void add(const Interfaces& come);
  void emit_changed(const ChangedProperties& change);
  template <class F>
  void object(const std::string& path, const char* interface, F&& use);

  sdbus::IConnection& bus_;
  Shown& shown_;
  Commands& commands_;
  std::string version_;
  std::set<std::uint32_t> finished_;  // jobs that ended and that the next snapshot may still have
  std::unique_ptr<ManagerFacet> manager_;
  std::map<std::string, Device> devices_;
  std::map<std::string, std::unique_ptr<ModuleFacet>> modules_;
  std::map<std::string, std::unique_ptr<ResourceFacet>> resources_;
  std::map<std::string, std::unique_ptr<JobFacet>> jobs_;
};

}  // namespace nic::dbus
