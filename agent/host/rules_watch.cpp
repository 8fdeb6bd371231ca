#include "host/rules_watch.hpp"

#include "host/udev_rules.hpp"

#include <sys/inotify.h>

#include <utility>

namespace nic::host {
namespace {

constexpr std::uint32_t kChanges = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;

}  // namespace

std::optional<model::PciAddress> pf_of_rules(std::string_view name) {
  const auto wanted = udev_rules_file({}, "").filename().string();
  const auto dot = wanted.rfind('.');
  const auto prefix = std::string_view{wanted}.substr(0, dot), suffix = std::string_view{wanted}.substr(dot);
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  name.remove_suffix(suffix.size());
  const auto address = model::PciAddress::parse(name);
  return address ? std::optional{*address} : std::nullopt;
}

RulesWatch::RulesWatch(sd_event* event, const model::Roots& roots, std::function<void(const model::Dirty&)> changed)
    : event_{event}, folder_{udev_rules_file(roots, "").parent_path()}, changed_{std::move(changed)} {
  above_.emplace(event_, folder_.parent_path().c_str(), IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE,
                 [this](const char* name, std::uint32_t) {
                   if (name == nullptr || folder_.filename() != name) return;
                   watch_rules();
                   changed_(model::Dirty::all());
                 });
  watch_rules();
}

void RulesWatch::watch_rules() {
  rules_.emplace(event_, folder_.c_str(), kChanges, [this](const char* name, std::uint32_t mask) {
    if ((mask & IN_Q_OVERFLOW) != 0) return changed_(model::Dirty::all());
    tell(name == nullptr ? std::string_view{} : name);
  });
}

void RulesWatch::tell(std::string_view name) {
  model::Dirty dirty;
  if (const auto pf = pf_of_rules(name)) dirty.functions.insert(*pf);
  if (!dirty.empty()) changed_(dirty);
}

}  // namespace nic::host
