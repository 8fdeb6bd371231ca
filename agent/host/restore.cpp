#include "host/restore.hpp"

#include "host/netlink_socket.hpp"
#include "host/netlink_writer.hpp"
#include "host/rdma_netlink.hpp"
#include "host/reload_messages.hpp"
#include "model/hardware_address.hpp"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

namespace nic::host {
namespace {

using Done = std::expected<void, model::Error>;

model::Error gone(const std::string& what) {
  return {model::Code::not_found, 0, "put back", what, "it has not come back, or has gone again"};
}

// udev names an interface once; who is quicker is renamed again.
bool udev_is_yet_to_come(const model::Roots& roots, unsigned ifindex) {
  std::error_code failure;
  return std::filesystem::exists(roots.run / "udev/control", failure) &&
         !std::filesystem::exists(roots.run / fmt::format("udev/data/n{}", ifindex), failure);
}

class Interface {
 public:
  Interface(const model::Roots& roots, const model::SavedInterface& saved, const RestoreKernel& kernel)
      : roots_{roots}, saved_{saved}, kernel_{kernel} {}

  Done run(unsigned ifindex) {
    if (auto read = look(); !read) return read;
    if (ifindex == 0 && by_name(saved_.name) == nullptr)
      if (auto made = make(); !made) return made;
    const Link* link = ifindex == 0 ? by_name(saved_.name) : by_index(ifindex);
    if (link == nullptr) return std::unexpected(gone(saved_.name));
    if (auto linked = put_link(*link); !linked) return linked;
    put_addresses(link->ifindex);
    put_routes();
    if (failure_) return std::unexpected(std::move(*failure_));
    return {};
  }

 private:
  Done look() {
    auto links = kernel_.links();
    if (!links) return std::unexpected(links.error().during("put back " + saved_.name));
    links_ = std::move(*links);
    return {};
  }
  [[nodiscard]] const Link* by_name(const std::string& name) const {
    const auto found = std::ranges::find(links_, name, &Link::name);
    return found == links_.end() ? nullptr : &*found;
  }
  [[nodiscard]] const Link* by_index(unsigned ifindex) const {
    const auto found = std::ranges::find(links_, ifindex, &Link::ifindex);
    return found == links_.end() ? nullptr : &*found;
  }

  [[nodiscard]] std::optional<model::MacAddress> mac() const { return model::MacAddress::parse(saved_.address); }

  Done make() {
    const Link* lower = by_name(saved_.lower);
    if (lower == nullptr) return std::unexpected(gone(saved_.lower));
    auto message = Attributes::behind(ifinfomsg{});
    message.text(IFLA_IFNAME, saved_.name).number(IFLA_LINK, std::uint32_t{lower->ifindex});
    message.add(IFLA_LINKINFO | NLA_F_NESTED, bytes_of(saved_.messages.link_info));
    auto made = kernel_.route(RTM_NEWLINK, message.bytes(), NLM_F_CREATE | NLM_F_EXCL);
    if (!made && made.error().errno_value != EEXIST)
      return std::unexpected(made.error().during(fmt::format("make {} on {}", saved_.name, saved_.lower)));
    return look();
  }

  Done set(const Link& link, const std::string& what, const Attributes& attributes) {
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(link.ifindex);
    return send(what, RTM_SETLINK, Attributes::behind(header).add(attributes).bytes(), 0);
  }
  Done up(const Link& link, bool on) {
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(link.ifindex);
    header.ifi_change = IFF_UP;
    header.ifi_flags = on ? unsigned{IFF_UP} : 0U;
    return send(on ? "switch on" : "switch off", RTM_SETLINK, Attributes::behind(header).bytes(), 0);
  }
  Done send(const std::string& what, std::uint16_t type, Bytes payload, int flags) {
    auto done = kernel_.route(type, payload, flags);
    if (done || done.error().errno_value == EEXIST) return {};
    auto error = done.error().during(what);
    error.object = saved_.name;
    return std::unexpected(std::move(error));
  }

  // Name, address and master are taken only while it is down, by some drivers and kernels.
  Done put_link(const Link& link) {
    const Link* master = saved_.master.empty() ? nullptr : by_name(saved_.master);
    if (!saved_.master.empty() && master == nullptr) return std::unexpected(gone(saved_.master));
    const bool rename = link.name != saved_.name;
    const auto address = mac();
    const bool readdress = address && model::MacAddress::parse(link.address) != address;
    const bool enslave = master != nullptr && link.master_ifindex != master->ifindex;
    bool is_up = (link.flags & IFF_UP) != 0;
    if (rename) {
      if (udev_is_yet_to_come(roots_, link.ifindex))
        return std::unexpected(model::Error{model::Code::busy, 0, "name", saved_.name,
                                            fmt::format("udev has not come to {} yet", link.name)});
      if (by_name(saved_.name) != nullptr)
        return std::unexpected(
            model::Error{model::Code::busy, EEXIST, "name", saved_.name, "another interface has the name"});
    }
    if (is_up && (rename || readdress || enslave)) {
      if (auto down = up(link, false); !down) return down;
      is_up = false;
    }
    if (rename)
      if (auto done = set(link, "name", Attributes{}.text(IFLA_IFNAME, saved_.name)); !done) return done;
    if (readdress) {
      const auto bytes = address->bytes();
      keep(set(link, "set the address of", Attributes{}.add(IFLA_ADDRESS, std::as_bytes(std::span{bytes}))));
    }
    if (link.mtu != saved_.mtu && saved_.mtu != 0)
      keep(set(link, "set the MTU of", Attributes{}.number(IFLA_MTU, std::uint32_t{saved_.mtu})));
    if (enslave)
      keep(set(link, "make a port of " + saved_.master,
               Attributes{}.number(IFLA_MASTER, std::uint32_t{master->ifindex})));
    if (is_up != saved_.up) keep(up(link, saved_.up));
    return {};
  }

  void put_addresses(unsigned ifindex) {
    for (const auto& kept : saved_.messages.addresses)
      if (const auto message = address_message(kept, ifindex))
        keep(send("give an address back to", RTM_NEWADDR, bytes_of(*message), NLM_F_CREATE | NLM_F_REPLACE));
  }

  // What leads to gateways comes before what leads over them. One that also leads over an interface that is yet to come
  // comes with that one.
  void put_routes() {
    if (auto read = look(); !read) return keep(std::move(read));
    const auto ifindex_of = [&](const std::string& name) {
      const Link* link = by_name(name);
      return link == nullptr ? 0U : link->ifindex;
    };
    for (const bool over_gateway : {false, true})
      for (const auto& kept : saved_.messages.routes)
        if (needs_gateway(kept) == over_gateway)
          if (const auto message = route_message(kept, ifindex_of))
            keep(send("give a route back to", RTM_NEWROUTE, bytes_of(*message), NLM_F_CREATE));
  }

  void keep(Done done) {
    if (!done && !failure_) failure_ = std::move(done.error());
  }

  const model::Roots& roots_;
  const model::SavedInterface& saved_;
  const RestoreKernel& kernel_;
  std::vector<Link> links_;
  std::optional<model::Error> failure_;
};

}  // namespace

RestoreKernel restore_kernel(const model::Roots& roots) {
  const auto source = netlink_of(roots);
  if (!is_real(roots)) {
    const auto refuse = [] {
      return std::unexpected(model::system_error(EOPNOTSUPP, "change an interface", "netlink"));
    };
    return {source.links, [refuse](std::uint16_t, Bytes, int) -> Done { return refuse(); }, source.rdma,
            [refuse](unsigned, Bytes) -> Done { return refuse(); }};
  }
  const auto change = [](int protocol, std::uint16_t type, Bytes payload, int flags) -> Done {
    auto socket = NetlinkSocket::open(protocol);
    if (!socket) return std::unexpected(std::move(socket.error()));
    return socket->change(type, payload, flags);
  };
  return {
      source.links,
      [change](std::uint16_t type, Bytes payload, int flags) { return change(NETLINK_ROUTE, type, payload, flags); },
      source.rdma,
      [change](unsigned command, Bytes payload) { return change(NETLINK_RDMA, rdma_type(command), payload, 0); }};
}

Done restore(const model::Roots& roots, const model::RestoreInterface& step, const RestoreKernel& kernel) {
  return Interface{roots, step.saved, kernel}.run(step.ifindex);
}

Done restore(const model::RestoreRdmaDevice& step, const RestoreKernel& kernel) {
  const auto what = "put back RDMA device " + step.saved.name;
  const auto facts = kernel.rdma();
  if (!facts) return std::unexpected(facts.error().during(what));
  const auto named = [&](const std::string& name) { return std::ranges::find(facts->devices, name, &RdmaLink::name); };
  if (named(step.saved.name) != facts->devices.end()) return {};
  Done done;
  if (step.now.empty()) {
    done = kernel.nldev(RDMA_NLDEV_CMD_NEWLINK, Attributes{}
                                                    .text(RDMA_NLDEV_ATTR_DEV_NAME, step.saved.name)
                                                    .text(RDMA_NLDEV_ATTR_LINK_TYPE, step.saved.kind)
                                                    .text(RDMA_NLDEV_ATTR_NDEV_NAME, step.saved.interface)
                                                    .bytes());
  } else {
    const auto now = named(step.now);
    if (now == facts->devices.end()) return std::unexpected(gone("RDMA device " + step.saved.name));
    done = kernel.nldev(RDMA_NLDEV_CMD_SET, Attributes{}
                                                .number(RDMA_NLDEV_ATTR_DEV_INDEX, std::uint32_t{now->index})
                                                .text(RDMA_NLDEV_ATTR_DEV_NAME, step.saved.name)
                                                .bytes());
  }
  if (!done && done.error().errno_value != EEXIST) return std::unexpected(done.error().during(what));
  return {};
}

}  // namespace nic::host
