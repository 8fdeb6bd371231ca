// Signals of the bus as values: what nicctl watches and waits for.
// Thread: the loop's. Errors: sdbus::Error where a message is not what its name says.
#pragma once

#include "ctl/render.hpp"
#include "dbus/compat.hpp"

#include <map>
#include <optional>
#include <string>

namespace nic::ctl {

struct Signal {
  enum class Kind { changed, added, removed, job_new, job_removed, finished, agent };
  Kind kind{Kind::changed};
  std::string path;
  std::string interface;
  Json values = Json::object();
};

// Nothing for signals that nicctl does not know.
[[nodiscard]] std::optional<Signal> read_signal(sdbus::Message& message);
// With the time of day.
[[nodiscard]] Change change_of(const Signal& signal);

// The values of a variant dictionary; those of a type that org.nicagent1(5) does not use become null.
[[nodiscard]] Json to_json(const std::map<std::string, sdbus::Variant>& dictionary);

}  // namespace nic::ctl
