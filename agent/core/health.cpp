#include "core/health.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace nic::core {
namespace {

struct Advice {
  std::string_view reporter;
  std::string_view text;
};

// Source: kernel Documentation/networking/devlink/devlink-health.rst, mlx5.rst, ice.rst.
constexpr std::array kAdvice{
    Advice{"fw_fatal",
           "the firmware has stopped: its driver tries to bring it back; if it stays so, reset the card or "
           "switch the machine off and on, and look for newer firmware"},
    Advice{"fw", "the firmware reported an error and runs on"},
    Advice{"tx", "a queue of an interface stands still: its driver tries to bring it back"},
    Advice{"rx", "a queue of an interface stands still: its driver tries to bring it back"},
    Advice{"mdd", "the card caught a VF or a queue doing what it must not: see whose it is"},
};

std::string_view meaning(std::string_view reporter) {
  for (const auto& entry : kAdvice)
    if (entry.reporter == reporter) return entry.text;
  return "its driver found something broken and could not mend it";
}

}  // namespace

std::vector<model::Error> broken_reporters(const model::PciFunction& function) {
  std::vector<model::Error> all;
  for (const auto& reporter : function.reporters) {
    if (reporter.healthy) continue;
    const auto port = reporter.port ? fmt::format(" of port {}", *reporter.port) : std::string{};
    all.push_back({model::Code::internal, 0,
                   fmt::format("health reporter {}{} shows an error ({} errors, {} recoveries)", reporter.name, port,
                               reporter.errors, reporter.recoveries),
                   "",
                   fmt::format("{}; see the kernel log, and \"devlink health\" for its dump and to recover it by hand",
                               meaning(reporter.name))});
  }
  return all;
}

}  // namespace nic::core
