#include "dbus/authorize.hpp"

#include "dbus/errors.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <tuple>
#include <utility>

namespace nic::dbus {
namespace {

constexpr const char* kAuthority = "org.freedesktop.PolicyKit1.Authority";
constexpr std::uint32_t kAllowUserInteraction = 1;
constexpr std::chrono::seconds kBusPatience{10};  // of the message bus itself
// More questions of one user than this are a flood, not an administrator.
constexpr unsigned kMostQuestions = 8;

// The bus says so when there is no polkit on the machine or it cannot be started.
constexpr std::array<std::string_view, 4> kAbsent{"org.freedesktop.DBus.Error.ServiceUnknown",
                                                  "org.freedesktop.DBus.Error.NameHasNoOwner",
                                                  "org.freedesktop.DBus.Error.Spawn.", "org.freedesktop.systemd1."};

model::Error denied(const Question& question, std::string why) {
  return {model::Code::denied, 0, "ask for", question.action, std::move(why)};
}

// What polkit's own failure means to the caller.
model::Error refusal(const Question& question, const sdbus::Error& error) {
  const std::string_view name{error.getName()};
  for (const auto& absent : kAbsent)
    if (name.starts_with(absent))
      return denied(question, "there is no polkit on this machine, so only root may do this");
  if (name == "org.freedesktop.DBus.Error.NoReply" || name == "org.freedesktop.DBus.Error.Timeout" ||
      name == "org.freedesktop.PolicyKit1.Error.Cancelled")
    return {model::Code::timed_out, 0, "ask for", question.action, "polkit did not answer in time"};
  return denied(question, "polkit: " + error.getMessage());
}

}  // namespace

Authorizer::Authorizer(sdbus::IConnection& bus, std::chrono::microseconds patience)
    : patience_{patience},
      bus_{compat::proxy(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus")},
      polkit_{compat::proxy(bus, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority")} {}

void Authorizer::identify(const std::string& sender, Done done) { user_of(sender, std::move(done)); }

void Authorizer::user_of(const std::string& sender, Done done) {
  auto call = compat::method_call(*bus_, "org.freedesktop.DBus", "GetConnectionUnixUser");
  call << sender;
  compat::call(*bus_, call, kBusPatience,
               [done = std::move(done)](sdbus::MethodReply& reply, const sdbus::Error* error) {
                 Answer<Uid> uid = std::unexpected{model::Error{model::Code::denied, 0, "find out who asks", "", ""}};
                 try {
                   Uid value{};
                   if (error == nullptr) {
                     reply >> value;
                     uid = value;
                   } else {
                     uid.error().advice = error->getMessage();
                   }
                 } catch (const std::exception& unreadable) {
                   uid.error().advice = unreadable.what();
                 }
                 done(std::move(uid));
               });
}

void Authorizer::ask(Question question, Done done) {
  auto pending = std::make_shared<Pending>(Pending{std::move(question), std::move(done), 0, {}});
  user_of(pending->question.sender, [this, pending](Answer<Uid> uid) {
    if (!uid || *uid == 0) return pending->done(std::move(uid));
    pending->uid = *uid;
    ask_polkit(pending);
  });
}

void Authorizer::ask_polkit(const std::shared_ptr<Pending>& pending) {
  const auto& question = pending->question;
  auto& waiting = waiting_[pending->uid];
  if (waiting >= kMostQuestions)
    return pending->done(std::unexpected{
        model::Error{model::Code::busy, 0, "ask for", question.action,
                     fmt::format("{} questions of this user wait for polkit already", kMostQuestions)}});
  ++waiting;
  pending->cancellation = fmt::format("nic-agent-{}", ++asked_);
  const std::map<std::string, sdbus::Variant> name{{"name", sdbus::Variant{question.sender}}};
  auto call = compat::method_call(*polkit_, kAuthority, "CheckAuthorization");
  call << sdbus::Struct<std::string, std::map<std::string, sdbus::Variant>>{"system-bus-name", name}
       << std::string{question.action} << question.details << (question.interactive ? kAllowUserInteraction : 0U)
       << pending->cancellation;
  compat::call(*polkit_, call, patience_, [this, pending](sdbus::MethodReply& reply, const sdbus::Error* error) {
    if (auto mine = waiting_.find(pending->uid); mine != waiting_.end() && --mine->second == 0) waiting_.erase(mine);
    answered(pending, reply, error);
  });
}

void Authorizer::answered(const std::shared_ptr<Pending>& pending, sdbus::MethodReply& reply,
                          const sdbus::Error* error) {
  const auto& question = pending->question;
  if (error != nullptr) {
    auto why = refusal(question, *error);
    if (why.code == model::Code::timed_out) cancel(pending->cancellation);
    return pending->done(std::unexpected{std::move(why)});
  }
  bool authorized{}, challenge{};
  try {
    sdbus::Struct<bool, bool, std::map<std::string, std::string>> result;
    reply >> result;
    authorized = std::get<0>(result);
    challenge = std::get<1>(result);
  } catch (const std::exception& unreadable) {
    return pending->done(std::unexpected{denied(question, unreadable.what())});
  }
  if (!authorized)
    return pending->done(std::unexpected{
        denied(question, challenge ? "it needs authentication, and nobody could be asked" : "polkit says no")});
  user_of(question.sender, [pending](Answer<Uid> uid) {
    if (uid && *uid != pending->uid) uid = std::unexpected{denied(pending->question, "the caller changed")};
    pending->done(std::move(uid));
  });
}

// Closes the dialog that nobody waits for any more. No answer is awaited.
void Authorizer::cancel(const std::string& cancellation) {
  auto call = compat::method_call(*polkit_, kAuthority, "CancelCheckAuthorization");
  call << cancellation;
  compat::call(*polkit_, call, kBusPatience, [](sdbus::MethodReply&, const sdbus::Error*) {});
}

}  // namespace nic::dbus
