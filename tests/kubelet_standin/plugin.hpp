// A stand-in for the device plugins that the agent replaces: it registers once, by whichever way there is, serves a
// fixed list and never registers again. At its end it removes its socket; killed (`vanish`) it leaves it there.
// Thread: gRPC's.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace nic::test {

class PluginStandin {
 public:
  // `socket`: in plugins_registry or device-plugins of this root; in the latter it calls Register.
  PluginStandin(const std::filesystem::path& root, const std::filesystem::path& socket, const std::string& resource,
                unsigned devices);
  ~PluginStandin();
  PluginStandin(const PluginStandin&) = delete;
  PluginStandin& operator=(const PluginStandin&) = delete;

  void vanish();  // nobody listens any more, the socket's file stays

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace nic::test
