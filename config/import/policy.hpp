// SriovNetworkNodePolicy to what it asks of this machine. Pure. Thread: any.
#pragma once

#include "config/import/wishes.hpp"

#include <string_view>

namespace nic::config {

// `document` is the whole, with its metadata. What is wrong or left out stands in the findings.
void read_policy(const Node& document, std::string_view resource_prefix, Findings& findings, Wishes& wishes);

}  // namespace nic::config
