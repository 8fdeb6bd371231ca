#include "host/verbs.hpp"

#include <fmt/format.h>
#include <infiniband/verbs.h>

#include <cerrno>
#include <memory>
#include <span>
#include <string_view>

namespace nic::host {
namespace {

using model::Error;
using Done = std::expected<void, Error>;

struct ListDeleter {
  void operator()(ibv_device** list) const noexcept { ::ibv_free_device_list(list); }
};
struct ContextCloser {
  void operator()(ibv_context* context) const noexcept { ::ibv_close_device(context); }
};

Done query(ibv_context* context, const std::string& name) {
  ibv_device_attr attributes{};
  if (const int failed = ::ibv_query_device(context, &attributes); failed != 0)
    return std::unexpected(model::system_error(failed, "query the RDMA device", name,
                                               "Its firmware may not answer: look at the kernel log"));
  for (std::uint8_t port = 1; port <= attributes.phys_port_cnt; ++port) {
    ibv_port_attr state{};
    if (const int failed = ::ibv_query_port(context, port, &state); failed != 0)
      return std::unexpected(model::system_error(failed, fmt::format("query port {} of the RDMA device", port), name));
  }
  return {};
}

}  // namespace

Done ask_rdma_device(const std::string& name) {
  int count = 0;
  errno = 0;
  const std::unique_ptr<ibv_device*, ListDeleter> list{::ibv_get_device_list(&count)};
  if (!list)
    return std::unexpected(
        model::system_error(errno != 0 ? errno : ENOMEM, "list the RDMA devices", name, "ib_uverbs has to be loaded"));
  for (auto* device : std::span{list.get(), static_cast<std::size_t>(count)}) {
    if (::ibv_get_device_name(device) != name) continue;
    errno = 0;
    const std::unique_ptr<ibv_context, ContextCloser> context{::ibv_open_device(device)};
    if (!context)
      return std::unexpected(model::system_error(errno != 0 ? errno : EIO, "open the RDMA device", name,
                                                 "Look at the node's permissions, and at the kernel log"));
    return query(context.get(), name);
  }
  return std::unexpected(Error{model::Code::not_found, 0, "open the RDMA device", name,
                               "libibverbs does not know it: install the user space driver for it (ibverbs-providers, "
                               "or the vendor's rdma-core)"});
}

}  // namespace nic::host
