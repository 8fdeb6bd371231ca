#include "model/rdma_netns.hpp"

#include <fmt/format.h>

#include <utility>

namespace nic::model {

std::string_view word(RdmaNetnsMode mode) {
  switch (mode) {
    case RdmaNetnsMode::exclusive: return "exclusive";
    case RdmaNetnsMode::shared: return "shared";
  }
  std::unreachable();
}

std::string ib_core_option(RdmaNetnsMode mode) {
  return fmt::format(
      "# Written by nic-agent(8), which removes it when [rdma] netns_mode no longer asks for it.\n"
      "options ib_core netns_mode={}\n",
      std::to_underlying(mode));
}

}  // namespace nic::model
