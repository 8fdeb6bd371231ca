// rooms: host files model
// ELF notes and the other texts of sysfs and procfs that are taken apart.
#include "files/build_id.hpp"
#include "host/facts.hpp"
#include "host/kernel_events.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nic::host;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  for (const auto order : {std::endian::little, std::endian::big}) {
    const auto id = nic::files::read_build_id(text, order);
    if (id.size() > 128 || id.find_first_not_of("0123456789abcdef") != std::string::npos) std::abort();
  }
  if (const auto ids = parse_pci_modalias(text))
    if (ids->class_code > 0xffffff) std::abort();
  if (const auto address = function_above(text))
    if (address->device > 31 || address->function > 7) std::abort();
  std::ignore = parse_device_number(text);
  for (const auto& module : parse_proc_modules(text))
    if (module.name.find('/') != std::string::npos) std::abort();
  if (plain_text(text).size() > 4096) std::abort();
  std::ignore = dirty_of({"pci", text});
  std::ignore = dirty_of({"module", text});
  return 0;
}
