// rooms: host model
// Netlink datagrams from anybody: what is read stays within the bytes and the limits of its kind.
#include "host/kernel_events.hpp"
#include "host/rtnetlink_parse.hpp"
#include "host/vf_message.hpp"
#include "words.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nic::host;
  const Bytes bytes = std::as_bytes(std::span{data, size});
  std::ignore = dirty_of_rtnetlink(bytes);
  if (const auto link = parse_link(bytes)) {
    require(link->ifindex != 0 && !link->name.empty() && printable(link->name));
    require(link->address.size() < 32 * 3 && link->lower_ifindex != link->ifindex);
    for (const auto& name : link->altnames) require(printable(name));
  }
  for (const auto& route : parse_default_routes(bytes)) require(route.ifindex != 0);
  if (const auto device = parse_rdma_device(bytes)) require(!device->name.empty() && printable(device->firmware));
  if (const auto port = parse_rdma_port(bytes)) require(port->number != 0);
  std::ignore = parse_rdma_netns_mode(bytes);
  // What is read of a VF comes out of a message again.
  for (const auto& [index, settings] : parse_vfs(bytes)) {
    auto told = settings;
    if (!told.min_tx_rate || !told.max_tx_rate) told.min_tx_rate = told.max_tx_rate = 0;
    require(parse_vfs(vf_message(1, index, told).bytes()).at(index) == told);
  }
  return 0;
}
