// A dbus-daemon of the test's own, with the rules of a system bus and the policy file that we ship.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace nic::test {

class PrivateBus {
 public:
  PrivateBus();
  ~PrivateBus();
  PrivateBus(const PrivateBus&) = delete;
  PrivateBus& operator=(const PrivateBus&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }
  void stop();

 private:
  std::filesystem::path folder_;
  std::string address_;
  pid_t daemon_{-1};
};

}  // namespace nic::test
