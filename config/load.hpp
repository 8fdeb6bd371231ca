// The whole configuration of the machine: the main file, drop-ins as systemd.syntax(7) orders them, and the layers of
// D-Bus callers. Thread: any; blocking (reads files).
// A policy or resource of a later file replaces the one of the same name; required modules add up; settings: later
// wins. The resources of the device plugins' files, where the configuration names such files, stand behind its own.
#pragma once

#include "config/layers.hpp"
#include "model/config.hpp"
#include "model/roots.hpp"

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

namespace nic::config {

// Files in the order in which they are read. An absent main file is an empty configuration; a drop-in of the same name
// in /etc wins over /run over /usr/lib; an empty one, or a link to /dev/null, masks.
// A plugin's file, or a resource in it, that cannot be read is no mistake of the whole: it stands in `problems`, and
// what `before`, the plugin_files in force, has of it stays.
[[nodiscard]] std::expected<model::Config, std::vector<model::Error>> load(
    const model::Roots& roots, const std::vector<Layer>& layers, const std::vector<model::PluginFile>& before = {});

// Files that it was made from besides those below the roots.
[[nodiscard]] std::vector<std::string> files_named(const model::Config& config);

// Folders in which a change means reading again; some may not exist (yet). `files`: files_named.
[[nodiscard]] std::vector<std::filesystem::path> watch_directories(const model::Roots& roots,
                                                                   const std::vector<std::string>& files = {});

}  // namespace nic::config
