// rooms: import config model
// Documents from anybody: what is imported is a configuration that the agent reads as it was meant.
#include "config/import/import.hpp"
#include "config/parse_toml.hpp"
#include "config/write_toml.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

nic::model::Config without_places(nic::model::Config config) {
  config.sources.clear();
  for (auto& policy : config.policies) policy.place = {};
  for (auto& resource : config.resources) resource.place = {};
  return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nic::config;
  const auto imported = import_documents({{"fuzz.yaml", {reinterpret_cast<const char*>(data), size}}});
  if (!imported) {
    // A refusal without a reason helps nobody.
    if (imported.error().empty()) std::abort();
    return 0;
  }
  const auto read = parse_toml(write_toml(imported->config), "imported.toml");
  if (!read || without_places(*read) != without_places(imported->config)) std::abort();
  return 0;
}
