// Telling a PF about its VF, over rtnetlink. Thread: one worker. Internal to perform().
#pragma once

#include "host/attribute_writer.hpp"
#include "host/perform.hpp"

namespace nic::host {

// One message for each setting, so that a refusal names what was refused; those behind it are still told. Success means
// that the kernel shows all of them, as far as the driver tells.
[[nodiscard]] std::expected<void, model::Error> set_vf(const FunctionFiles& pf, const model::SetVf& step,
                                                       const Rtnetlink& rtnetlink);

}  // namespace nic::host
