// Specifications of the Container Device Interface: one for each resource, of a kind that is its own, in a file that is
// recognized by its name. Pure. Source: CDI specification 0.5.0 (SPEC.md) and its rules for names (pkg/parser), the
// kubelet's device-plugin protocol (cdi_devices, annotations "cdi.k8s.io/...").
#pragma once

#include "kubelet/container_files.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::kubelet {

// Below /run: where container runtimes look. Files of ours begin with the prefix; no other is touched.
inline constexpr std::string_view kCdiFolder = "cdi";
inline constexpr std::string_view kCdiPrefix = "nic-agent-";

struct CdiSpec {
  std::string kind;
  std::vector<CdiDevice> devices;  // those with nodes: a device without is not allowed

  bool operator==(const CdiSpec&) const = default;
};

// "example.com/vfs"; where the resource's name is no kind (class with a '.', a digit first), one that is made from it.
[[nodiscard]] std::string cdi_kind(std::string_view resource);
[[nodiscard]] std::string cdi_name(std::string_view resource,
                                   std::string_view device);         // "example.com/vfs=0000:3b:00.2"
[[nodiscard]] std::string cdi_file_name(std::string_view resource);  // "nic-agent-example.com_vfs.json"
// Another one for every resource: the kubelet keeps one value for a key.
[[nodiscard]] std::string cdi_annotation_key(std::string_view resource);

[[nodiscard]] CdiDevice cdi_device(std::string name, const std::vector<model::DeviceNode>& nodes,
                                   std::string_view permissions);
[[nodiscard]] std::string to_text(const CdiSpec& spec);  // JSON
// What to_text wrote; nullopt for anything else.
[[nodiscard]] std::optional<CdiSpec> parse_cdi(std::string_view text);

}  // namespace nic::kubelet
