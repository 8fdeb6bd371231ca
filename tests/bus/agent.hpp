// The Service on a loop of its own, in front of requests that keep state, and a polkit that says what it is told.
#pragma once

#include "dbus/service.hpp"
#include "loop/loop.hpp"
#include "model/snapshot.hpp"

#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nic::test {

class Agent {
 public:
  explicit Agent(const std::string& address, model::Snapshot first,
                 std::chrono::microseconds patience = std::chrono::seconds{10});
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Runs on the loop's thread; waits for it.
  template <class F>
  auto on_loop(F work) -> decltype(work()) {
    std::packaged_task<decltype(work())()> task{std::move(work)};
    auto done = task.get_future();
    mailbox_->post([&task] { task(); });
    return done.get();
  }
  // Changes the snapshot and publishes it.
  void change(const std::function<void(model::Snapshot&)>& edit);
  void finish(std::uint32_t job, model::JobState state, std::optional<model::Error> error = {});

  // What was asked, seen from the loop's thread.
  std::vector<dbus::ApplyRequest> applied;
  std::vector<dbus::ReleaseRequest> released;
  std::map<std::string, std::string> layers;
  std::vector<std::string> loaded;
  std::vector<dbus::ReloadRequest> reloaded;
  std::vector<std::uint32_t> canceled;
  std::optional<model::Error> refuse;  // the next apply or release answers this
  // How jobs of apply and release end, in the next turn of the loop.
  std::optional<std::pair<model::JobState, std::optional<model::Error>>> end_jobs;
  bool explode{false};  // explain throws something that is not of the bus
  std::promise<void> lost;
  std::expected<void, model::Error> named;
  dbus::Service& service() { return *service_; }

 private:
  dbus::Requests requests();
  void end(std::uint32_t id, model::JobState state, std::optional<model::Error> error);
  std::uint32_t open(const std::string& kind, std::uint32_t uid);
  std::uint32_t open_and_end(const std::string& kind, std::uint32_t uid);
  void store(const std::function<void(model::Snapshot&)>& edit);

  model::SnapshotCell cell_;
  std::unique_ptr<loop::Mailbox> mailbox_;
  std::unique_ptr<dbus::Service> service_;
  std::uint32_t jobs_{0};
  std::thread thread_;
};

struct PolkitQuestion {
  std::string subject, action;
  std::map<std::string, std::string> details;
  std::uint32_t flags{0};
};

class Polkit {
 public:
  enum class Answer { yes, no, challenge, silence };
  Polkit(const std::string& address, Answer answer);
  ~Polkit();
  Polkit(const Polkit&) = delete;
  Polkit& operator=(const Polkit&) = delete;

  [[nodiscard]] std::vector<PolkitQuestion> questions();
  [[nodiscard]] std::size_t wait_for_questions(std::size_t count);
  [[nodiscard]] std::size_t wait_for_cancels(std::size_t count);
  void say_yes_to_all();  // to those that met silence

 private:
  struct Object;
  std::unique_ptr<Object> object_;
};

}  // namespace nic::test
