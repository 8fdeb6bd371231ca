// What rtnetlink says of VFs, to values and back. Pure; thread: any. Malformed input gives what could be read before
// it. Source: linux/if_link.h (IFLA_VFINFO_LIST), net/core/rtnetlink.c rtnl_fill_vfinfo and do_setvfinfo.
#pragma once

#include "host/netlink_message.hpp"
#include "host/netlink_writer.hpp"
#include "model/vf_settings.hpp"

#include <map>

namespace nic::host {

// Payload of the RTM_NEWLINK of a PF that was asked for with RTEXT_FILTER_VF. Settings that the driver does not tell
// (all bits set, by the kernel's convention) are not there.
[[nodiscard]] std::map<unsigned, model::VfSettings> parse_vfs(Bytes payload);

// Payload of an RTM_SETLINK on the PF's interface that tells it these settings of one VF; the kernel stops at the first
// that it refuses. Both rates must be there, or none.
[[nodiscard]] Attributes vf_message(unsigned ifindex, unsigned vf_index, const model::VfSettings& settings);

}  // namespace nic::host
