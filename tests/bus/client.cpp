#include "bus/client.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

namespace nic::test {
namespace {

std::shared_ptr<sd_bus> open(const std::string& address) {
  sd_bus* bus{};
  if (sd_bus_new(&bus) < 0) return {};
  const std::shared_ptr<sd_bus> held{bus, sd_bus_flush_close_unref};
  const bool good =
      sd_bus_set_address(bus, address.c_str()) >= 0 && sd_bus_set_bus_client(bus, 1) >= 0 && sd_bus_start(bus) >= 0;
  const char* name{};
  return good && sd_bus_get_unique_name(bus, &name) >= 0 ? held : nullptr;
}

std::set<std::string> strings(sd_bus_message* message) {
  std::set<std::string> set;
  const char* text{};
  if (sd_bus_message_enter_container(message, 'a', "s") < 0) return set;
  while (sd_bus_message_read(message, "s", &text) > 0) set.insert(text);
  sd_bus_message_exit_container(message);
  return set;
}

std::set<std::string> keys(sd_bus_message* message) {
  std::set<std::string> set;
  const char* text{};
  if (sd_bus_message_enter_container(message, 'a', "{sv}") < 0) return set;
  while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
    sd_bus_message_read(message, "s", &text);
    set.insert(text);
    sd_bus_message_skip(message, "v");
    sd_bus_message_exit_container(message);
  }
  sd_bus_message_exit_container(message);
  return set;
}

std::map<std::string, std::set<std::string>> interfaces(sd_bus_message* message) {
  std::map<std::string, std::set<std::string>> map;
  const char* text{};
  if (sd_bus_message_enter_container(message, 'a', "{sa{sv}}") < 0) return map;
  while (sd_bus_message_enter_container(message, 'e', "sa{sv}") > 0) {
    sd_bus_message_read(message, "s", &text);
    const std::string name = text;
    map[name] = keys(message);
    sd_bus_message_exit_container(message);
  }
  sd_bus_message_exit_container(message);
  return map;
}

int record(sd_bus_message* message, void* data, sd_bus_error*) {
  auto& seen = *static_cast<std::vector<Seen>*>(data);
  Seen signal{.member = sd_bus_message_get_member(message),
              .path = sd_bus_message_get_path(message),
              .interface = {},
              .names = {},
              .texts = {}};
  const char* text{};
  if (signal.member == "PropertiesChanged") {
    sd_bus_message_read(message, "s", &text);
    signal.interface = text;
    signal.names = keys(message);
    for (const auto& name : strings(message)) signal.names.insert(name);
  } else if (signal.member == "InterfacesAdded" || signal.member == "InterfacesRemoved") {
    sd_bus_message_read(message, "o", &text);
    signal.path = text;
    if (signal.member == "InterfacesRemoved")
      signal.names = strings(message);
    else
      for (const auto& [name, properties] : interfaces(message)) signal.names.insert(name);
  } else {
    char type{};
    const char* contents{};
    while (sd_bus_message_peek_type(message, &type, &contents) > 0) {
      if (type == 's' || type == 'o') {
        sd_bus_message_read_basic(message, type, static_cast<void*>(&text));
        signal.texts.emplace_back(text);
      } else {
        const std::string whole = type == 'r' ? "(" + std::string{contents} + ")" : std::string{type};
        sd_bus_message_skip(message, whole.c_str());
      }
    }
  }
  seen.push_back(std::move(signal));
  return 0;
}

}  // namespace

// The value of Properties.Get stands in a variant.
std::string Reply::text() const {
  char type{};
  const char* contents{};
  const char* text{};
  if (!body || sd_bus_message_peek_type(body.get(), &type, &contents) <= 0) return {};
  if (type == 'v') {
    sd_bus_message_enter_container(body.get(), 'v', contents);
    sd_bus_message_peek_type(body.get(), &type, &contents);
  }
  return sd_bus_message_read_basic(body.get(), type, static_cast<void*>(&text)) > 0 ? text : "";
}

std::uint64_t Reply::number() const {
  std::uint64_t value{};
  if (!body) return value;
  if (sd_bus_message_enter_container(body.get(), 'v', "t") <= 0) sd_bus_message_rewind(body.get(), 1);
  sd_bus_message_read(body.get(), "t", &value);
  return value;
}

Client::Client(const std::string& address, std::optional<unsigned> uid) {
  // Credentials belong to a thread as far as the kernel is concerned, and the bus looks at those of connect(2).
  std::thread{[&] {
    if (uid && ::syscall(SYS_setresuid, *uid, *uid, *uid) != 0) return;
    bus_ = open(address);
  }}.join();
}

std::string Client::unique_name() const {
  const char* name{};
  sd_bus_get_unique_name(bus_.get(), &name);
  return name;
}

Reply Client::call(const std::string& path, const std::string& interface, const std::string& member, const Fill& fill,
                   std::chrono::milliseconds timeout) {
  sd_bus_message* call{};
  sd_bus_message* body{};
  sd_bus_message_new_method_call(bus_.get(), &call, "org.nicagent1", path.c_str(), interface.c_str(), member.c_str());
  if (fill) fill(call);
  sd_bus_error error{};
  const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(timeout).count();
  Reply reply;
  if (sd_bus_call(bus_.get(), call, static_cast<std::uint64_t>(usec), &error, &body) < 0) {
    reply.error = error.name != nullptr ? error.name : "?";
    reply.message = error.message != nullptr ? error.message : "";
  }
  sd_bus_error_free(&error);
  sd_bus_message_unref(call);
  reply.body = {body, sd_bus_message_unref};
  return reply;
}

Reply Client::manager(const std::string& member, const Fill& fill) {
  return call("/org/nicagent1", "org.nicagent1.Manager", member, fill);
}

void Client::send(const std::string& member, const Fill& fill) {
  sd_bus_message* call{};
  sd_bus_message_new_method_call(bus_.get(), &call, "org.nicagent1", "/org/nicagent1", "org.nicagent1.Manager",
                                 member.c_str());
  if (fill) fill(call);
  sd_bus_call_async(bus_.get(), nullptr, call, [](sd_bus_message*, void*, sd_bus_error*) { return 0; }, nullptr, 0);
  sd_bus_flush(bus_.get());
  sd_bus_message_unref(call);
}

Reply Client::get(const std::string& path, const std::string& interface, const std::string& property) {
  return call(path, "org.freedesktop.DBus.Properties", "Get", [&](sd_bus_message* message) {
    sd_bus_message_append(message, "ss", interface.c_str(), property.c_str());
  });
}

Tree Client::tree() {
  Tree tree;
  const auto reply = call("/org/nicagent1", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
  EXPECT_EQ(reply.error, "") << reply.message;
  if (!reply.body) return tree;
  const char* path{};
  sd_bus_message_enter_container(reply.body.get(), 'a', "{oa{sa{sv}}}");
  while (sd_bus_message_enter_container(reply.body.get(), 'e', "oa{sa{sv}}") > 0) {
    sd_bus_message_read(reply.body.get(), "o", &path);
    const std::string at = path;
    for (auto& [name, properties] : interfaces(reply.body.get()))
      if (name.starts_with("org.nicagent1.")) tree[at][name] = properties;
    sd_bus_message_exit_container(reply.body.get());
  }
  return tree;
}

void Client::listen() {
  ASSERT_GE(sd_bus_add_match(bus_.get(), nullptr, "type='signal',sender='org.nicagent1'", record, &seen_), 0);
}

std::vector<Seen> Client::until(const std::function<bool(const Seen&)>& last) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  std::vector<Seen> taken;
  while (std::chrono::steady_clock::now() < deadline) {
    while (!seen_.empty()) {
      taken.push_back(seen_.front());
      seen_.erase(seen_.begin());
      if (last(taken.back())) return taken;
    }
    if (sd_bus_process(bus_.get(), nullptr) == 0) sd_bus_wait(bus_.get(), 100000);
  }
  ADD_FAILURE() << "the awaited signal did not come";
  return taken;
}

int Client::own(const char* name) { return sd_bus_request_name(bus_.get(), name, 0); }

}  // namespace nic::test
