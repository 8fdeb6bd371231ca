// A Config as TOML text that people can read and parse_toml takes back: parse_toml(write_toml(c)) equals c apart from
// places, for every c that parse_toml can give. What is as without any configuration is left out. Pure. Thread: any.
// A comment above each policy and resource says where it was written, if its place has a file.
#pragma once

#include "model/config.hpp"

#include <string>

namespace nic::config {

[[nodiscard]] std::string write_toml(const model::Config& config);

}  // namespace nic::config
