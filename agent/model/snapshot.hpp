// Everything the faces (D-Bus, kubelet) show, as one immutable value, and the cell it is handed over in.
// Thread: a Snapshot never changes after it is stored; SnapshotCell::load and store may be called from any thread.
#pragma once

#include "model/config.hpp"
#include "model/desired.hpp"
#include "model/driver_status.hpp"
#include "model/gpu_path.hpp"
#include "model/inventory.hpp"
#include "model/module.hpp"
#include "model/owned.hpp"
#include "model/plan.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace nic::model {

enum class FunctionState : std::uint8_t { unmanaged, ok, pending, applying, drifted, failed, stuck, protected_ };

struct Difference {
  std::string what, have, want;
  bool operator==(const Difference&) const = default;
};

struct FunctionStatus {
  FunctionState state{FunctionState::unmanaged};
  std::vector<std::string> protection;  // why it is protected: "carries the IPv4 default route (eth0)"
  std::vector<Difference> differences;
  std::vector<Error> health{};      // what devlink's health reporters say is broken
  std::optional<Error> last_error;  // stays until a plan for the PF succeeds or is no longer wanted
  std::uint64_t failed_usec{0};     // CLOCK_REALTIME, when a step failed; 0 where none did
  std::uint64_t retry_usec{0};      // when it is tried again; 0: not by itself
  std::string text;                 // one line for people

  bool operator==(const FunctionStatus&) const = default;
};

// A device of a resource as the kubelet will see it.
struct PoolDevice {
  std::string id;  // shared: "0".."rdma_hca_max-1" is made from the count; exclusive: PCI address, or auxiliary device
  bool healthy{true};
  std::optional<int> numa_node;
  PciAddress function;      // of an auxiliary device, the one that it belongs to
  std::string auxiliary{};  // "mlx5_core.sf.4"; "" where the device is the function itself
  std::string unhealthy{};  // why it is not healthy
  unsigned selector{0};     // which of the resource's selectors took it, from 0: is_rdma and the like are of that one
  bool in_use{false};       // somebody is known to have it

  bool operator==(const PoolDevice&) const = default;
};

// One resource: which functions are in it now. Shared pools advertise `rdma_hca_max` ids as soon as `functions` has one
// function whose RDMA device has its user access node; exclusive pools advertise `devices`.
struct Pool {
  Resource resource;
  std::vector<PciAddress> functions;  // matched and ready; of auxiliary devices, what they stand on
  std::vector<PoolDevice> devices;    // by address, then by number; empty for shared pools
  std::vector<Difference> not_ready;  // what: function, have: why it is not in the pool yet, want: what it waits for
  unsigned capacity{0};
  unsigned healthy{0};
  std::vector<int> numa_nodes{};        // of a shared pool's functions, where its resource asks for them; ascending
  std::string unhealthy{};              // why a shared pool has nothing healthy
  std::vector<std::string> warnings{};  // what the administrator should look at, in sentences

  bool operator==(const Pool&) const = default;
};

enum class KubeletState : std::uint8_t { down, serving, registered, streaming };

// A container that has a device of a resource, as the kubelet's pod resources tell it.
struct Holder {
  std::string device;
  std::string pod;  // "namespace/name"
  std::string container;

  bool operator==(const Holder&) const = default;
};

// What the endpoint of one resource is doing; reported by kubelet/, shown by dbus/.
struct EndpointStatus {
  KubeletState state{KubeletState::down};
  std::string socket;
  std::optional<Error> last_error;
  std::string rival{};            // socket of another plugin that offers the same resource; "" where there is none
  bool standing_by{false};        // until the rival goes
  std::vector<Holder> holders{};  // by device
  std::optional<Error> disagreement{};  // the kubelet counts other devices than are offered

  bool operator==(const EndpointStatus&) const = default;
};

enum class ComponentState : std::uint8_t { ready, not_ready, ignore, error };

struct Component {
  std::string name;  // "machine", "configuration", "modules", "drivers", "rdma", "sriov", "resources", "kubelet"
  ComponentState state{ComponentState::ready};
  std::string text;

  bool operator==(const Component&) const = default;
};

enum class JobState : std::uint8_t { queued, running, done, failed, canceled, timed_out };

struct Job {
  std::uint32_t id{0};
  std::string kind;  // "apply", "rescan", "load-modules", "reload-drivers"
  JobState state{JobState::queued};
  unsigned step{0}, steps{0};
  std::string text;               // the step at work
  std::uint64_t started_usec{0};  // CLOCK_REALTIME
  std::uint32_t caller_uid{0};
  std::vector<PciAddress> devices;
  std::optional<Error> error;

  bool operator==(const Job&) const = default;
};

struct Snapshot {
  std::uint64_t generation{0};  // counts stored snapshots
  Inventory inventory;
  std::shared_ptr<const Config> config;  // in force; never null once the agent runs
  std::uint64_t config_generation{0};    // counts accepted configurations
  std::uint64_t applied_generation{0};   // the last one whose plan became empty
  // Everything that could be done by itself for the configuration in force has been done or has failed for good;
  // nothing more will change unless something happens.
  bool settled{false};
  bool reloading{false};             // drivers are being unloaded and loaded anew
  std::vector<Error> config_errors;  // of the last reading; what they are about stays as it was
  Desired desired;
  Plan plan;  // what would be done now
  OwnedPfs owned;
  std::vector<GpuPath> gpu_paths;  // by GPU, then by NIC
  std::map<PciAddress, FunctionStatus> functions;
  std::vector<ModuleReport> modules;
  DriverStatus drivers;
  std::vector<Pool> pools;
  std::map<std::string, EndpointStatus> endpoints;  // by resource name
  std::vector<Component> components;
  ComponentState state{ComponentState::not_ready};
  std::vector<Job> jobs;                    // queued and running
  std::optional<Error> rdma_problem;        // why the RDMA subsystem is not as configured
  std::vector<std::string> reboot_reasons;  // what was asked for and takes effect only when the machine starts anew

  bool operator==(const Snapshot&) const = default;
  [[nodiscard]] const Pool* pool(std::string_view resource) const;
};

// Hands the newest snapshot to any thread. The mutex is held for the copy of one pointer: ThreadSanitizer calls
// libstdc++ 12's atomic<shared_ptr> a race.
class SnapshotCell {
 public:
  [[nodiscard]] std::shared_ptr<const Snapshot> load() const {
    const std::lock_guard lock{mutex_};
    return current_;
  }
  void store(std::shared_ptr<const Snapshot> next) {
    const std::lock_guard lock{mutex_};
    current_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> current_{std::make_shared<const Snapshot>()};
};

[[nodiscard]] std::string_view word(FunctionState state);   // "unmanaged", "ok", ...
[[nodiscard]] std::string_view word(KubeletState state);    // "down", "serving", ...
[[nodiscard]] std::string_view word(ComponentState state);  // "ready", "notReady", "ignore", "error"
[[nodiscard]] std::string_view word(JobState state);        // "queued", "running", "done", ...

}  // namespace nic::model
