// A client in the plainest way: sd-bus without our library, so that what is seen is what is on the wire.
// Thread: one at a time. Source: sd-bus(3).
#pragma once

#include <systemd/sd-bus.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nic::test {

struct Reply {
  std::string error;    // its D-Bus name, empty when the call succeeded
  std::string message;  // of the error
  std::shared_ptr<sd_bus_message> body;

  [[nodiscard]] std::string text() const;      // of a reply `s` or `o`, or one that begins so
  [[nodiscard]] std::uint64_t number() const;  // of a reply `t`
};

struct Seen {
  std::string member, path, interface;  // of the signal; `interface` is the first string of a PropertiesChanged
  std::set<std::string> names;          // changed properties, or interfaces that came or went
  std::vector<std::string> texts;       // every string and object path of the body at its first level
};

using Tree = std::map<std::string, std::map<std::string, std::set<std::string>>>;  // path, interface, properties

class Client {
 public:
  // As another user when `uid` is given; `opened()` says whether that was possible.
  explicit Client(const std::string& address, std::optional<unsigned> uid = {});
  [[nodiscard]] bool opened() const { return bus_ != nullptr; }
  [[nodiscard]] std::string unique_name() const;

  using Fill = std::function<void(sd_bus_message*)>;
  Reply call(const std::string& path, const std::string& interface, const std::string& member, const Fill& fill = {},
             std::chrono::milliseconds timeout = std::chrono::seconds{20});
  Reply manager(const std::string& member, const Fill& fill = {});
  // Sends a call and does not wait.
  void send(const std::string& member, const Fill& fill);
  Reply get(const std::string& path, const std::string& interface, const std::string& property);
  Tree tree();
  void listen();  // to every signal of org.nicagent1 from now on
  // Signals up to the first for which `last` says yes; fails the test after ten seconds.
  std::vector<Seen> until(const std::function<bool(const Seen&)>& last);
  int own(const char* name);
  void close() { bus_.reset(); }

 private:
  std::shared_ptr<sd_bus> bus_;
  std::vector<Seen> seen_;
};

// For methods with nothing but options.
inline void no_options(sd_bus_message* message) { sd_bus_message_append(message, "a{sv}", 0); }

}  // namespace nic::test
