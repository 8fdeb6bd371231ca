// Who asks, and may they? polkit decides, asked over D-Bus without waiting; uid 0 needs no answer. Without polkit only
// root may change anything.
// Thread: the loop's. `done` is always called later, from the loop, never from within ask() or identify(); after the
// destruction of the Authorizer it is never called. A caller who has left by the time that polkit says yes is refused:
// nobody waits for the answer any more. Source: org.freedesktop.PolicyKit1.Authority (polkit manual),
// org.freedesktop.DBus.GetConnectionUnixUser (D-Bus Specification).
#pragma once

#include "dbus/compat.hpp"
#include "dbus/requests.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace nic::dbus {

struct Question {
  std::string sender;                          // unique name of the caller
  const char* action;                          // names::kAction...
  std::map<std::string, std::string> details;  // shown to polkit rules and in its dialog
  bool interactive{true};
};

class Authorizer {
 public:
  using Done = std::function<void(Answer<Uid>)>;

  // `patience`: how long a person may take to type a password.
  Authorizer(sdbus::IConnection& bus, std::chrono::microseconds patience);
  void ask(Question question, Done done);
  // Only who it is; everybody may.
  void identify(const std::string& sender, Done done);

 private:
  struct Pending {
    Question question;
    Done done;
    Uid uid{0};
    std::string cancellation;
  };
  void user_of(const std::string& sender, Done done);
  void ask_polkit(const std::shared_ptr<Pending>& pending);
  void answered(const std::shared_ptr<Pending>& pending, sdbus::MethodReply& reply, const sdbus::Error* error);
  void cancel(const std::string& cancellation);

  std::chrono::microseconds patience_;
  std::unique_ptr<sdbus::IProxy> bus_, polkit_;
  std::map<Uid, unsigned> waiting_;  // questions before polkit, by user
  std::uint64_t asked_{0};
};

}  // namespace nic::dbus
