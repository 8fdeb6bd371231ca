// The one header that knows which sdbus-c++ this is: 1.2 (Debian 12) or 2.x (Debian 13). Everything else in dbus/ and
// in nicctl is written against what stands here and against what both have in common. Thread: the one that runs the
// loop of the connection. Errors: sdbus::Error, as the library throws them. Source: the headers of both versions; 2.x
// made strong types of names (ServiceName, InterfaceName, PropertyName, Error::Name) and hands messages and errors over
// by value.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nic::dbus::compat {

// What a loop has to wait for on behalf of a connection.
struct Poll {
  int fd{-1};
  short events{0};
  std::optional<std::uint64_t> deadline_usec;  // CLOCK_MONOTONIC
};

#if __has_include(<sdbus-c++/VTableItems.h>)  // came with 2.0

using Interfaces = std::vector<sdbus::InterfaceName>;
using Properties = std::vector<sdbus::PropertyName>;

inline sdbus::Error error(const std::string& name, const std::string& text) {
  return sdbus::Error{sdbus::Error::Name{name}, text};
}
inline void request_name(sdbus::IConnection& bus, const std::string& name) {
  bus.requestName(sdbus::ServiceName{name});
}
inline std::unique_ptr<sdbus::IProxy> proxy(sdbus::IConnection& bus, const std::string& name, const std::string& path) {
  return sdbus::createProxy(bus, sdbus::ServiceName{name}, sdbus::ObjectPath{path});
}
inline sdbus::ServiceName service(const std::string& name) { return sdbus::ServiceName{name}; }
inline std::string sender(const sdbus::IObject& object) {
  const char* name = object.getCurrentlyProcessedMessage().getSender();
  return name != nullptr ? name : "";
}
// Names of a message: getSender() and its like.
inline std::string text(const char* maybe) { return maybe != nullptr ? maybe : ""; }
inline sdbus::Slot match(sdbus::IConnection& bus, const std::string& rule, std::function<void(sdbus::Message&)> seen) {
  return bus.addMatch(rule, [seen = std::move(seen)](sdbus::Message message) { seen(message); }, sdbus::return_slot);
}
inline sdbus::MethodCall method_call(sdbus::IProxy& proxy, const char* interface, const char* method) {
  return proxy.createMethodCall(sdbus::InterfaceName{interface}, sdbus::MethodName{method});
}
// Calls without waiting. `done` gets the reply, or the error.
inline void call(sdbus::IProxy& proxy, const sdbus::MethodCall& call, std::chrono::microseconds timeout,
                 std::function<void(sdbus::MethodReply&, const sdbus::Error*)> done) {
  proxy.callMethodAsync(
      call,
      [done = std::move(done)](sdbus::MethodReply reply, std::optional<sdbus::Error> error) {
        done(reply, error ? &*error : nullptr);
      },
      static_cast<std::uint64_t>(timeout.count()));
}
inline bool process(sdbus::IConnection& bus) { return bus.processPendingEvent(); }
inline Poll poll(const sdbus::IConnection& bus) {
  const auto data = bus.getEventLoopPollData();
  Poll poll{data.fd, data.events, std::nullopt};
  if (data.timeout != std::chrono::microseconds::max())
    poll.deadline_usec = static_cast<std::uint64_t>(std::max<std::int64_t>(data.timeout.count(), 0));
  return poll;
}

#else  // 1.2

using Interfaces = std::vector<std::string>;
using Properties = std::vector<std::string>;

inline sdbus::Error error(const std::string& name, const std::string& text) { return sdbus::Error{name, text}; }
inline void request_name(sdbus::IConnection& bus, const std::string& name) { bus.requestName(name); }
inline std::unique_ptr<sdbus::IProxy> proxy(sdbus::IConnection& bus, const std::string& name, const std::string& path) {
  return sdbus::createProxy(bus, name, path);
}
inline std::string service(const std::string& name) { return name; }
inline std::string sender(const sdbus::IObject& object) {
  const auto* message = object.getCurrentlyProcessedMessage();
  return message != nullptr ? message->getSender() : std::string{};
}
inline std::string text(std::string certain) { return certain; }
inline sdbus::Slot match(sdbus::IConnection& bus, const std::string& rule, std::function<void(sdbus::Message&)> seen) {
  return bus.addMatch(rule, std::move(seen));
}
inline sdbus::MethodCall method_call(sdbus::IProxy& proxy, const char* interface, const char* method) {
  return proxy.createMethodCall(interface, method);
}
inline void call(sdbus::IProxy& proxy, const sdbus::MethodCall& call, std::chrono::microseconds timeout,
                 std::function<void(sdbus::MethodReply&, const sdbus::Error*)> done) {
  proxy.callMethod(
      call, [done = std::move(done)](sdbus::MethodReply& reply, const sdbus::Error* error) { done(reply, error); },
      static_cast<std::uint64_t>(timeout.count()));
}
inline bool process(sdbus::IConnection& bus) { return bus.processPendingRequest(); }
inline Poll poll(const sdbus::IConnection& bus) {
  const auto data = bus.getEventLoopPollData();
  Poll poll{data.fd, data.events, std::nullopt};
  if (data.timeout_usec != UINT64_MAX) poll.deadline_usec = data.timeout_usec;
  return poll;
}

#endif

inline Interfaces interfaces(const std::vector<const char*>& names) { return {names.begin(), names.end()}; }
inline Properties properties(const std::vector<const char*>& names) { return {names.begin(), names.end()}; }

}  // namespace nic::dbus::compat
