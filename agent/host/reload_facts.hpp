// Who uses the drivers of this machine, as far as the inventory does not tell it. Thread: a worker; blocking (looks
// through the descriptors of all processes). Sources: proc(5), /sys/class/block/*/slaves, /sys/bus/pci/drivers,
// rtnetlink.
#pragma once

#include "model/reload.hpp"
#include "model/roots.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace nic::host {

// What cannot be read stands in its `problems`. The agent's own process does not count.
[[nodiscard]] model::ReloadFacts read_reload_facts(const model::Roots& roots);

// Addresses of interfaces, 4 or 16 bytes each in the order of the wire.
using InterfaceAddresses = std::map<unsigned, std::set<std::string>>;
// Which interfaces established TCP connections to this machine's ssh port come in by: the texts of /proc/net/tcp and
// /proc/net/tcp6. Pure.
[[nodiscard]] std::map<unsigned, std::string> ssh_sessions(std::string_view tcp, std::string_view tcp6,
                                                           const InterfaceAddresses& addresses);

}  // namespace nic::host
