// nicctl's side of org.nicagent1: calls that wait for their answer, and signals as they come.
// Thread: one. Errors: Failure, with the exit code that stands for it.
#pragma once

#include "ctl/render.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nic::ctl {

// What scripts can rely on; nicctl(1) says the same.
enum class Exit : int { ok = 0, failure = 1, usage = 2, not_ready = 3, unreachable = 4, not_authorized = 5 };

struct Failure {
  Exit exit{Exit::failure};
  std::string name;  // of the D-Bus error
  std::string text;
};

template <class T>
using Result = std::expected<T, Failure>;

// The exit code for the name of a D-Bus error.
[[nodiscard]] Exit exit_of(const std::string& error_name);

struct PlanText {
  std::string text;
  Json steps;
};

struct JobEnd {
  std::string result;  // "done", ...
  Json error;          // with the keys of LastError; Code is empty when nothing failed
};

struct ReloadPlanText {
  std::string text;
  Json plan;
};

// What Plan and Apply are limited to.
struct Scope {
  std::vector<std::string> devices;
  bool force{false};
};

class Client {
 public:
  // `address` empty: the system bus.
  [[nodiscard]] static Result<Client> connect(const std::string& address);
  Client(Client&&) noexcept;
  ~Client();

  [[nodiscard]] Result<Json> describe();
  [[nodiscard]] Result<Json> node_state();
  [[nodiscard]] Result<PlanText> plan(const Scope& scope);
  [[nodiscard]] Result<std::string> explain(const std::string& subject, const std::string& resource);
  [[nodiscard]] Result<std::string> device_path(const std::string& name);
  // The path of the job. The signals of jobs are listened to from before the call, for wait().
  [[nodiscard]] Result<std::string> apply(const Scope& scope);
  [[nodiscard]] Result<std::string> release(const std::string& device, bool restore);
  [[nodiscard]] Result<std::string> rescan();
  [[nodiscard]] Result<std::string> verify();
  [[nodiscard]] Result<void> reload();
  [[nodiscard]] Result<ReloadPlanText> plan_reload(const std::vector<std::string>& modules);
  [[nodiscard]] Result<std::string> reload_drivers(const std::vector<std::string>& modules, bool force);
  // Until the job ends or the agent does; `progress` is told each new step.
  [[nodiscard]] Result<JobEnd> wait(const std::string& job, const std::function<void(const std::string&)>& progress);
  // Until Manager.Settled is true, at most this long (Exit::failure then).
  [[nodiscard]] Result<void> wait_settled(std::chrono::seconds patience);
  // Every change until a signal (SIGINT, SIGTERM) comes or the bus goes.
  [[nodiscard]] Result<void> watch(const std::function<void(const Change&)>& seen);

 private:
  struct Parts;
  explicit Client(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace nic::ctl
