#include "bus/private_bus.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <stdexcept>

extern char** environ;

namespace nic::test {
namespace {

// What /usr/share/dbus-1/system.conf says, as far as it matters here: nothing may be owned or called unless a policy
// allows it.
constexpr const char* kConfiguration =
    R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={0}/socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
    <allow own="org.freedesktop.PolicyKit1"/>
    <allow send_destination="org.freedesktop.PolicyKit1"/>
  </policy>
  <policy user="{1}">
    <allow own="org.nicagent1"/>
  </policy>
  <include>{2}</include>
</busconfig>
)";

}  // namespace

PrivateBus::PrivateBus() {
  std::string name = (std::filesystem::temp_directory_path() / "nic-bus-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = name;
  ::chmod(name.c_str(), 0755);  // another user connects too
  const auto file = folder_ / "bus.conf";
  std::ofstream{file} << fmt::format(kConfiguration, name, ::getuid(), BUS_POLICY);

  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) throw std::runtime_error("pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addclose(&actions, pipe[0]);
  const std::string config = "--config-file=" + file.string();
  const std::string print = fmt::format("--print-address={}", pipe[1]);
  std::array<char*, 5> arguments{const_cast<char*>(DBUS_DAEMON), const_cast<char*>(config.c_str()),
                                 const_cast<char*>("--nofork"), const_cast<char*>(print.c_str()), nullptr};
  const int failed = ::posix_spawn(&daemon_, DBUS_DAEMON, &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  if (failed != 0) throw std::runtime_error("cannot start dbus-daemon");
  for (char c{}; ::read(pipe[0], &c, 1) == 1 && c != '\n';) address_ += c;
  ::close(pipe[0]);
  if (address_.empty()) throw std::runtime_error("dbus-daemon did not say its address");
}

PrivateBus::~PrivateBus() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void PrivateBus::stop() {
  if (daemon_ <= 0) return;
  ::kill(daemon_, SIGTERM);
  ::waitpid(daemon_, nullptr, 0);
  daemon_ = -1;
}

}  // namespace nic::test
