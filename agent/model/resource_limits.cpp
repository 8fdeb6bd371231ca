#include "model/resource_limits.hpp"

#include <algorithm>

namespace nic::model {
namespace {

constexpr std::size_t kMostPrefix = 253 - 9;  // IsQualifiedName is asked of "requests." + name
constexpr std::size_t kMostNamePart = 63;
constexpr std::size_t kMostLabel = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z'); }

bool is_dns_label(std::string_view label) {
  return !label.empty() && label.size() <= kMostLabel && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  for (;;) {
    const auto dot = text.find('.');
    if (!is_dns_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

std::optional<std::string> wrong_resource_name(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return "it needs a prefix, as in \"example.com/rdma\"";
  const auto prefix = text.substr(0, slash);
  const auto name = text.substr(slash + 1);
  if (prefix.size() > kMostPrefix || !is_dns_subdomain(prefix))
    return "the prefix must be a DNS name in lower case (RFC 1123)";
  if (prefix == "kubernetes.io" || prefix.ends_with(".kubernetes.io")) return "kubernetes.io belongs to Kubernetes";
  if (text.starts_with("requests.")) return "names do not begin with \"requests.\"";
  const bool good =
      !name.empty() && name.size() <= kMostNamePart && is_alphanumeric(name.front()) && is_alphanumeric(name.back()) &&
      std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
  if (!good)
    return "after the '/' come at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or "
           "digit";
  return std::nullopt;
}

std::optional<std::string> wrong_kubelet_root(std::string_view path) {
  if (path.size() <= kMostKubeletRoot) return std::nullopt;
  return "the path is longer than " + std::to_string(kMostKubeletRoot) +
         " bytes: the sockets below it would not fit into the " + std::to_string(kSocketPath) + " of their path";
}

// Device{ID = 1, health = 2 "Healthy", topology = 3 { nodes = 1 { ID = 1 } }}, each in a field of the list. Lengths
// below 128 and node numbers below 128 take one byte.
std::size_t shared_list_bytes(unsigned count, unsigned numa_nodes) {
  constexpr std::size_t kField = 2, kHealth = kField + 7, kNode = kField + kField;
  const std::size_t topology = numa_nodes == 0 ? 0 : kField + (numa_nodes * kNode);
  const std::size_t each = kField + kField + kHealth + topology;
  std::size_t total = 0;
  // By the number of digits of their ids.
  for (unsigned long first = 0, digits = 1, end = 10; first < count; first = end, end *= 10, ++digits)
    total += (std::min<unsigned long>(count, end) - first) * (each + digits);
  return total;
}

std::optional<std::string> too_many_sharers(unsigned long count) {
  if (count <= kMostSharers) return std::nullopt;
  return "more than " + std::to_string(kMostSharers) + " are not offered: the list of " + std::to_string(count) +
         (count >= 230'000 ? " devices would not fit into a message of 4 MiB"
                           : " devices comes near to the 4 MiB of a message") +
         ", and the kubelet writes all of them to disk at every change; 63 to 200 is usual";
}

}  // namespace nic::model
