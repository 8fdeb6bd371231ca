#include "host/pci_config_parse.hpp"

#include <fmt/format.h>

#include <bit>
#include <bitset>
#include <string>

namespace nic::host {
namespace {

constexpr unsigned kStatus = 0x04;  // upper half; the lower one is Command
constexpr std::uint32_t kHasCapabilities = 0x10U << 16U;
constexpr unsigned kFirstPointer = 0x34;
constexpr unsigned kHeader = 0x40;
constexpr unsigned kExpressId = 0x10;
constexpr unsigned kAcsId = 0x000d;
constexpr unsigned kAtsId = 0x000f;
constexpr std::uint32_t kNobody = 0xffffffff;  // what a bus answers for a function that does not
// Offsets in the PCI Express capability.
constexpr unsigned kDeviceControl = 0x08, kLinkCapabilities = 0x0c, kLinkControl = 0x10;
constexpr std::uint16_t kRelaxedOrdering = 0x10;
constexpr unsigned kMostSizeCode = 5;  // 4096 bytes; 6 and 7 are reserved

std::uint16_t low(std::uint32_t word) { return static_cast<std::uint16_t>(word); }
std::uint16_t high(std::uint32_t word) { return static_cast<std::uint16_t>(word >> 16U); }

// Where the capabilities stand.
struct Places {
  std::optional<unsigned> express, acs, ats;
  std::string problem;
};

std::string unreadable(unsigned offset) {
  return fmt::format("configuration space can be read up to byte {} only", offset);
}

// The list of the first 256 bytes. False: the walk ended in `problem`.
bool walk(const ConfigWords& words, Places& places) {
  const auto fail = [&](std::string why) {
    places.problem = std::move(why);
    return false;
  };
  const auto first = words(0);
  const auto status = words(kStatus);
  const auto pointer = words(kFirstPointer);
  if (!first || !status || !pointer) return fail("configuration space cannot be read");
  if (*first == kNobody) return fail("the function does not answer");
  if ((*status & kHasCapabilities) == 0) return true;
  std::bitset<kConfigSize / 4> seen;
  for (unsigned at = *pointer & 0xfcU; at != 0;) {
    if (at < kHeader || seen[at / 4]) return fail("the list of capabilities makes no sense");
    seen.set(at / 4);
    const auto word = words(at);
    if (!word) return fail(unreadable(at));
    if ((*word & 0xffU) == kExpressId && !places.express) places.express = at;
    at = *word >> 8U & 0xfcU;
  }
  return true;
}

void walk_extended(const ConfigWords& words, Places& places) {
  std::bitset<kExtendedConfigSize / 4> seen;
  for (unsigned at = kConfigSize; at != 0;) {
    if (at < kConfigSize || seen[at / 4]) {
      places.problem = "the list of extended capabilities makes no sense";
      return;
    }
    seen.set(at / 4);
    const auto word = words(at);
    if (!word) {
      places.problem = unreadable(at);
      return;
    }
    if (at == kConfigSize && (*word == 0 || *word == kNobody)) return;  // there is no list
    if ((*word & 0xffffU) == kAcsId && !places.acs) places.acs = at;
    if ((*word & 0xffffU) == kAtsId && !places.ats) places.ats = at;
    at = *word >> 20U & 0xffcU;
  }
}

Places find(const ConfigWords& words) {
  Places places;
  if (!walk(words, places) || !places.express) return places;
  // No register of ours may reach into the extended space, which has its own lists.
  if (*places.express + kLinkControl + 4 > kConfigSize) {
    places.problem = "the PCI Express capability does not fit where it stands";
    places.express.reset();
    return places;
  }
  walk_extended(words, places);
  for (auto* place : {&places.acs, &places.ats})
    if (*place && **place + 8 > kExtendedConfigSize) {
      places.problem = "an extended capability does not fit where it stands";
      place->reset();
    }
  return places;
}

unsigned size_of(unsigned code) { return code > kMostSizeCode ? 0 : model::kLeastReadRequest << code; }

bool has_link(model::PcieType type) {
  return type != model::PcieType::root_complex_endpoint && type != model::PcieType::event_collector;
}

std::optional<model::PcieLink> link_of(unsigned bits) {
  const model::PcieLink link{bits & 0xfU, bits >> 4U & 0x3fU};
  return link.width == 0 ? std::nullopt : std::optional{link};
}

std::optional<model::PciExpress> express_at(const ConfigWords& words, unsigned at) {
  const auto header = words(at);
  const auto control = words(at + kDeviceControl);
  const auto able = words(at + kLinkCapabilities);
  const auto link = words(at + kLinkControl);
  if (!header || !control || !able || !link) return std::nullopt;
  model::PciExpress express;
  express.type = static_cast<model::PcieType>(high(*header) >> 4U & 0xfU);
  express.max_read_request = read_request_of(low(*control));
  express.max_payload = size_of(*control >> 5U & 7U);
  express.relaxed_ordering = (*control & kRelaxedOrdering) != 0;
  if (has_link(express.type)) {
    express.able = link_of(*able);
    express.now = link_of(high(*link));
  }
  return express;
}

}  // namespace

unsigned read_request_of(std::uint16_t device_control) {
  return size_of((device_control & kReadRequestMask) >> kReadRequestShift);
}

std::optional<std::uint16_t> read_request_bits(unsigned bytes) {
  if (!std::has_single_bit(bytes) || bytes < model::kLeastReadRequest || bytes > model::kMostReadRequest)
    return std::nullopt;
  return static_cast<std::uint16_t>(std::countr_zero(bytes / model::kLeastReadRequest) << kReadRequestShift);
}

model::PciConfig parse_pci_config(const ConfigWords& words) {
  auto places = find(words);
  model::PciConfig config;
  config.problem = std::move(places.problem);
  const auto lost = [&](unsigned at) {
    if (config.problem.empty()) config.problem = unreadable(at);
  };
  if (places.express) {
    config.express = express_at(words, *places.express);
    if (!config.express) lost(*places.express);
  }
  if (places.acs) {
    if (const auto word = words(*places.acs + 4))
      config.acs = model::Acs{low(*word), high(*word)};
    else
      lost(*places.acs);
  }
  if (places.ats) {
    if (const auto word = words(*places.ats + 4))
      config.ats = model::Ats{(*word & 0x80000000U) != 0};
    else
      lost(*places.ats);
  }
  return config;
}

ConfigRegisters find_registers(const ConfigWords& words) {
  auto places = find(words);
  ConfigRegisters registers;
  if (places.express) registers.device_control = *places.express + kDeviceControl;
  if (places.acs) registers.acs_control = *places.acs + 6;
  registers.problem = std::move(places.problem);
  return registers;
}

}  // namespace nic::host
