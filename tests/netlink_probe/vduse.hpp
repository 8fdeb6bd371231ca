// A vDPA device whose other side is user space, so that there is one without hardware. Nobody answers for it: nothing
// may use it. Thread: one. Source: kernel Documentation/userspace-api/vduse.rst, linux/vduse.h.
#pragma once

#include "model/error.hpp"

#include <expected>
#include <string>

namespace nic::test {

// Its management device is "vduse"; the vDPA device that is made on it has to have the same name.
[[nodiscard]] std::expected<void, model::Error> begin_vduse(const std::string& name);
[[nodiscard]] std::expected<void, model::Error> end_vduse(const std::string& name);

}  // namespace nic::test
