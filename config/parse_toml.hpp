// TOML text to a Config. Pure. Every mistake is collected, each with file, line, column and key.
// Thread: any. Keys: schema.hpp, nic-agent.toml(5). Limits: 1 MiB of text.
#pragma once

#include "model/config.hpp"

#include <expected>
#include <string_view>
#include <vector>

namespace nic::config {

inline constexpr std::size_t kMostBytes = 1U << 20U;

// `file` is what messages call the text. `sources` of the result holds it. Settings that the text does not name are
// taken from `below`, the configuration that it is laid over.
[[nodiscard]] std::expected<model::Config, std::vector<model::Error>> parse_toml(std::string_view text,
                                                                                 std::string_view file,
                                                                                 const model::Config& below = {});

}  // namespace nic::config
