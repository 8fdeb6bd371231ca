// The gRPC server of one resource: DevicePlugin and the plugin watcher's Registration. It has no socket of its own: the
// doorman gives it connections, so its streams go on while the resource is registered anew.
// Thread: made on the loop's thread; gRPC's threads answer, reading the newest list and the snapshot and nothing else.
// Events are posted to the loop. Source: gRPC C++ callback API; the kubelet's deadlines (GetInfo: 1 s).
#pragma once

#include "deviceplugin.grpc.pb.h"
#include "kubelet/context.hpp"

#include <expected>
#include <functional>
#include <memory>
#include <string>

namespace nic::kubelet {

// A ListAndWatchResponse as it is sent, once for all streams and for all resources that have the same.
using DeviceList = std::shared_ptr<const std::string>;

class ResourceServer {
 public:
  // Called on the loop's thread.
  struct Events {
    std::function<void(unsigned streams)> streams;                        // how many ListAndWatch streams there are now
    std::function<void()> asked;                                          // the plugin watcher asked who is there
    std::function<void(bool registered, const std::string& error)> told;  // and told how it went
    std::function<void()> handed_out;                                     // an Allocate succeeded
    std::function<void()> disagreed;  // the kubelet asked for a device that is not there or not healthy
  };

  [[nodiscard]] static std::expected<std::shared_ptr<ResourceServer>, model::Error> serve(const Context& context,
                                                                                          const std::string& resource,
                                                                                          DeviceList list,
                                                                                          Events events);
  ResourceServer(const ResourceServer&) = delete;
  ResourceServer& operator=(const ResourceServer&) = delete;
  ~ResourceServer();

  // Where connections go; not after shut_down.
  [[nodiscard]] grpc::Server& grpc();
  // Every stream gets the newest list; one that is slow skips those between.
  void publish(DeviceList list);
  // Ends streams and connections. Blocks for at most about half a second: not on the loop's thread while the agent
  // works.
  void shut_down();

 private:
  struct Parts;
  explicit ResourceServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace nic::kubelet
