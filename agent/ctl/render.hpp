// From the JSON of Manager.Describe (org.nicagent1(5)) to what a person reads. Pure: no bus, no clock, no terminal.
// A key that is missing, or of another type than expected, shows as nothing: the agent may be older or newer.
// Thread: any.
#pragma once

#include "ctl/terminal.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace nic::ctl {

using Json = nlohmann::ordered_json;

[[nodiscard]] std::string status(const Json& state, const Style& style);
[[nodiscard]] std::string devices(const Json& state, const Style& style);
// One of state["Devices"].
[[nodiscard]] std::string device(const Json& device, const Style& style);
[[nodiscard]] std::string modules(const Json& state, const Style& style);
// What is known of the drivers: every finding of the required modules and of the whole.
[[nodiscard]] std::string verdict(const Json& state, const Style& style);
[[nodiscard]] std::string resources(const Json& state, const Style& style);
// The ways between GPUs and NICs.
[[nodiscard]] std::string gpus(const Json& state, const Style& style);

// A change on the bus. `values`: property to value, of a PropertiesChanged; arguments of another signal.
struct Change {
  std::string time;  // "12:00:01"
  std::string what;  // changed, added, removed, job, agent
  std::string path;
  std::string interface;  // of what changed; several, separated by blanks, of what came or went
  Json values;
};
// One line, with its line feed.
[[nodiscard]] std::string line(const Change& change);
[[nodiscard]] Json json(const Change& change);

// Whether the machine is as it should be: Manager.State is ready or ignore.
[[nodiscard]] bool ready(const Json& state);

// The member as printable text, whatever it is; "" where there is none.
[[nodiscard]] std::string member(const Json& object, const char* key);
// The member if it is an array (or an object), an empty one otherwise.
[[nodiscard]] const Json& list(const Json& object, const char* key);
[[nodiscard]] const Json& object(const Json& object, const char* key);

// ASCII only, so that a terminal is safe from what stands in it. `indent` -1: one line.
[[nodiscard]] std::string dump(const Json& json, int indent = 2);

}  // namespace nic::ctl
