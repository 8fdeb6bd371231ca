// What the kubelet has handed out, to whom, and what it could hand out. Thread: a worker; blocks until the kubelet
// answers, at most a second for each call.
// Source: the kubelet's PodResourcesLister v1 on <root>/pod-resources/kubelet.sock.
#pragma once

#include "kubelet/container_files.hpp"
#include "kubelet/errands.hpp"
#include "model/error.hpp"
#include "model/pci_address.hpp"
#include "model/snapshot.hpp"

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nic::kubelet {

struct PodResources {
  std::map<std::string, std::vector<model::Holder>> holders;  // by resource; those of one by device
  // Sorted device ids by resource; nullopt where the kubelet does not tell (before Kubernetes 1.23).
  std::optional<std::map<std::string, std::vector<std::string>>> allocatable;
};

// Of all resources, other vendors' too. Code::not_found where there is no such socket or nobody listens.
[[nodiscard]] std::expected<PodResources, model::Error> pod_resources(const std::string& kubelet_root, Calls& calls);

// "the kubelet gave it to container app of pod default/worker-0", by VF. Device ids that are no PCI addresses (those of
// shared resources, other vendors' plugins) are passed over. Empty where there is no such socket.
[[nodiscard]] std::expected<std::map<model::PciAddress, std::string>, model::Error> handed_out(
    const std::string& kubelet_root);

// Which devices of which resources; nullopt where the kubelet does not answer: it is not there, it starts anew, it has
// no such socket.
[[nodiscard]] std::optional<Held> held(const std::string& kubelet_root);

}  // namespace nic::kubelet
