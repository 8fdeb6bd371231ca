#include "bus/private_bus.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <stdexcept>

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
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  const std::string config = "--config-file=" + file.string();
  const std::string print = fmt::format("--print-address={}", STDOUT_FILENO);
  daemon_ = ::fork();
  if (daemon_ == 0) {
    // Ends with the test, also when that is aborted; as root it complains on stderr that it cannot raise its limits.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(pipe[1], STDOUT_FILENO);
    ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    ::execl(DBUS_DAEMON, DBUS_DAEMON, config.c_str(), "--nofork", print.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(pipe[1]);
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
