#include "loop/log.hpp"

#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace nic::loop {
namespace {

struct Entry {
  Event event;
  const char* message_id;  // 128 bit, made once with `systemd-id128 new`; never reused
  int priority;            // syslog(3)
  const char* subject;
  const char* text;
};

// In the order of the enumeration.
constexpr std::array kEvents{
    Entry{Event::started, "20b206b40c164349b00fe1f30249798d", 6, "The NIC agent has started",
          "It has read its configuration and the machine, and answers on D-Bus."},
    Entry{Event::stopping, "c1a25a80f847404eac58091fe88669c1", 6, "The NIC agent is stopping",
          "Everything that it configured stays as it is."},
    Entry{Event::configuration_loaded, "793d5fb7bdb0415c90049d0db7f2fddf", 6, "A configuration is in force",
          "See what it asks of this machine with: nicctl plan"},
    Entry{
        Event::configuration_rejected, "174c0578f972472aa6b06a8b51bb6ee4", 3, "A configuration was rejected",
        "The last good configuration stays in force. The message names file, line, column and key. After mending it:\n"
        "systemctl reload nic-agent"},
    Entry{Event::function_added, "5b62388408ec48d2929a3e7a7806b0ad", 6, "A NIC function appeared", "@NIC_PCI@"},
    Entry{Event::function_removed, "6b44c8a9db97404595c73f1e656a86cb", 6, "A NIC function went away", "@NIC_PCI@"},
    Entry{Event::step_done, "48ddaafb079643f6ac9fd1c4df0d046a", 6, "A step was carried out", "@NIC_STEP@"},
    Entry{Event::step_failed, "d22481f2a0454784a19993302907a411", 3, "A step failed",
          "Other functions are not affected. See: nicctl device @NIC_PCI@"},
    Entry{Event::step_abandoned, "92f1a3fb25fb4361a84723364ea03ba1", 2, "A step did not come back from the kernel",
          "The function takes no further steps until the kernel call returns. The kernel log may say why."},
    Entry{Event::plan_refused, "af5c4c801bcc4e0e8186f7211510f18b", 4, "A change was refused",
          "The function is protected or in use. See: nicctl device @NIC_PCI@"},
    Entry{Event::module_loaded, "995287eef655418c91f77820da822a83", 6, "A kernel module was loaded", "@NIC_MODULE@"},
    Entry{Event::module_failed, "16036366a1b0461b972b2bc5f3931079", 3, "A required kernel module is not right",
          "See: nicctl modules"},
    Entry{Event::resource_changed, "8069ef04a0ff4c5f8622a73080b1a9f0", 6, "A resource changed", "@NIC_RESOURCE@"},
    Entry{Event::kubelet_registered, "b2672ac3b3c54927af4e1d432af74936", 6, "The kubelet follows a resource",
          "@NIC_RESOURCE@"},
    Entry{Event::kubelet_lost, "d72f8be5ccfe422387cecccbd6ab577d", 5, "The kubelet stopped following a resource",
          "The agent offers it again as soon as the kubelet is back."},
    Entry{Event::rival_found, "6fcedc8847854937a6d43cfd4df40fa8", 4,
          "Another device plugin offers a resource of the agent's",
          "The message names its socket. End that plugin (its DaemonSet), or see on_rival in nic-agent.toml(5)."},
    Entry{Event::rival_gone, "677d586cdb954adcb0d2016505d4bb27", 6, "A resource is the agent's alone again",
          "@NIC_RESOURCE@"},
    Entry{Event::state_set_aside, "6450e5ebd4f8409199b875e7ac2445dc", 4, "A damaged state file was set aside",
          "It was rebuilt. The damaged file is kept beside it for inspection."},
    Entry{Event::note, "3aadd12fc17f417798dec8369b7e475d", 6, "A note of the NIC agent", ""},
    Entry{Event::problem, "c469a6d742e24a3fa30dbab906b6f169", 4, "A problem of the NIC agent", ""},
};

const Entry& entry(Event event) { return kEvents.at(static_cast<std::size_t>(event)); }

// systemd sets JOURNAL_STREAM to "device:inode" of the stderr it made; anything else on stderr is not the journal.
bool stderr_is_journal() {
  static const bool answer = [] {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat status{};
    if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
    std::array<char, 64> own{};
    std::snprintf(own.data(), own.size(), "%lu:%lu", static_cast<unsigned long>(status.st_dev),
                  static_cast<unsigned long>(status.st_ino));
    return std::strcmp(stream, own.data()) == 0;
  }();
  return answer;
}

}  // namespace

void log(Event event, const Fields& fields, std::string_view text) {
  const Entry& about = entry(event);
  if (!stderr_is_journal()) {
    std::fprintf(stderr, "<%d>%.*s\n", about.priority, static_cast<int>(text.size()), text.data());
    return;
  }
  std::vector<std::string> lines{"MESSAGE=" + std::string{text}, std::string{"MESSAGE_ID="} + about.message_id,
                                 "PRIORITY=" + std::to_string(about.priority), "SYSLOG_IDENTIFIER=nic-agent"};
  for (const auto& [name, value] : fields) lines.push_back(std::string{name} + '=' + value);
  std::vector<iovec> vectors;
  vectors.reserve(lines.size());
  for (auto& line : lines) vectors.push_back({line.data(), line.size()});
  sd_journal_sendv(vectors.data(), static_cast<int>(vectors.size()));
}

void log(Event event, Fields fields, const model::Error& error) {
  if (error.errno_value != 0) fields.emplace_back("ERRNO", std::to_string(error.errno_value));
  log(event, fields, error.text());
}

std::string catalog() {
  std::string text;
  for (const auto& about : kEvents) {
    text += std::string{"-- "} + about.message_id + "\nSubject: " + about.subject +
            "\nDefined-By: nic-agent\nSupport: man:nic-agent(8)\n\n" + about.text + "\n\n";
  }
  return text;
}

}  // namespace nic::loop
