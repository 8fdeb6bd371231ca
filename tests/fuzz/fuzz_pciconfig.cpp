// rooms: host model
// PCI configuration space from any card, cut off anywhere: the walk ends, stays within the space and tells only what
// can be.
#include "host/pci_config_parse.hpp"
#include "words.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nic::host;
  unsigned asked = 0;
  const auto words = [&](unsigned offset) -> std::optional<std::uint32_t> {
    require(offset % 4 == 0 && offset + 4 <= kExtendedConfigSize);
    require(++asked <= 2 * kExtendedConfigSize / 4);
    if (offset + 4 > size) return std::nullopt;
    return data[offset] | data[offset + 1] << 8U | data[offset + 2] << 16U |
           static_cast<std::uint32_t>(data[offset + 3]) << 24U;
  };
  const auto config = parse_pci_config(words);
  require(printable(config.problem));
  if (config.express) {
    const auto& express = *config.express;
    for (const auto bytes : {express.max_read_request, express.max_payload})
      require(bytes == 0 || read_request_bits(bytes).has_value());
    if (express.now) require(express.now->width <= 63 && express.now->speed <= 15);
  }
  if (config.acs || config.ats) require(config.express.has_value() || !config.problem.empty());
  asked = 0;
  const auto registers = find_registers(words);
  if (registers.acs_control) require(*registers.acs_control + 2 <= kExtendedConfigSize);
  if (registers.device_control) require(*registers.device_control + 2 <= kConfigSize);
  return 0;
}
