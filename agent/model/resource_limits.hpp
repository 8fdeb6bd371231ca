// What the kubelet takes: names of resources, the size of one list of devices, the length of a socket's path. Pure;
// thread: any. Checked when a configuration is read, whoever wrote it. Sources: Kubernetes' IsExtendedResourceName and
// IsQualifiedName; the 4 MiB that gRPC lets a client receive; sun_path of unix(7).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace nic::model {

// What one ListAndWatch message may hold, whatever its sender allows itself.
inline constexpr std::size_t kMostListBytes = 4UL * 1024 * 1024;
// Of a shared resource. Well inside a message: the kubelet keeps every one on disk and writes all of them at each
// change.
inline constexpr unsigned kMostSharers = 100'000;
// A resource with more devices than this is served, and worth a word: see kMostSharers.
inline constexpr unsigned kManySharers = 1'000;
inline constexpr std::size_t kSocketPath = 107;  // sun_path without its NUL
// What stands behind the root: "/plugins_registry/" and the shortest name that a socket of the agent's has.
inline constexpr std::size_t kMostKubeletRoot = 64;

// Why the kubelet would refuse the name; nullopt where it takes it.
[[nodiscard]] std::optional<std::string> wrong_resource_name(std::string_view name);
// Why sockets below this root directory could not be; nullopt where they can.
[[nodiscard]] std::optional<std::string> wrong_kubelet_root(std::string_view path);

// Bytes of a ListAndWatchResponse with the ids "0" to "count - 1", all healthy, each on so many NUMA nodes.
[[nodiscard]] std::size_t shared_list_bytes(unsigned count, unsigned numa_nodes = 0);
// Why so many cannot be offered; nullopt where they can. 0 is a resource that nobody can have.
[[nodiscard]] std::optional<std::string> too_many_sharers(unsigned long count);

}  // namespace nic::model
