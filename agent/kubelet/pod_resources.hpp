// Which VFs the kubelet has handed out, to whom. Thread: a worker; blocks until the kubelet answers, at most a second.
// Source: the kubelet's PodResourcesLister v1 on <root>/pod-resources/kubelet.sock.
#pragma once

#include "model/error.hpp"
#include "model/pci_address.hpp"

#include <expected>
#include <map>
#include <string>

namespace nic::kubelet {

// "the kubelet gave it to container app of pod default/worker-0", by VF. Device ids that are no PCI addresses (those of
// shared resources, other vendors' plugins) are passed over. Empty where there is no such socket.
[[nodiscard]] std::expected<std::map<model::PciAddress, std::string>, model::Error> handed_out(
    const std::string& kubelet_root);

}  // namespace nic::kubelet
