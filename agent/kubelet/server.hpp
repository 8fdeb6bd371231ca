// The gRPC server of one resource on its own unix socket: DevicePlugin and the plugin watcher's Registration.
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

using DeviceList = std::shared_ptr<const v1beta1::ListAndWatchResponse>;

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

  // Binds the socket (a stale one is replaced) and serves. Error: what hindered it.
  [[nodiscard]] static std::expected<std::shared_ptr<ResourceServer>, model::Error> serve(
      const Context& context, const std::string& resource, const std::string& socket, DeviceList list, Events events);
  ResourceServer(const ResourceServer&) = delete;
  ResourceServer& operator=(const ResourceServer&) = delete;
  ~ResourceServer();

  // Every stream gets the newest list; one that is slow skips those between.
  void publish(DeviceList list);
  // Ends streams, closes and removes the socket. Blocks for at most about half a second: not on the loop's thread while
  // the agent works. The same path may be bound again only after it returned.
  void shut_down();

 private:
  struct Parts;
  explicit ResourceServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace nic::kubelet
