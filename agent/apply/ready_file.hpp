// The file that tells others on the node that the drivers are right: [kernel_modules] ready_file.
// Thread: the loop's; writes one small file below /run, in memory.
#pragma once

#include "model/error.hpp"
#include "model/roots.hpp"

#include <expected>
#include <filesystem>
#include <string>
#include <utility>

namespace nic::apply {

class ReadyFile {
 public:
  explicit ReadyFile(model::Roots roots) : roots_{std::move(roots)} {}

  // `path` as configured ("/run/..."; "" for none): there when `ready`, gone when not, and an earlier one gone too.
  // Does nothing where nothing changed. An Error is told once, and tried again with the next change.
  [[nodiscard]] std::expected<void, model::Error> keep(const std::string& path, bool ready);

 private:
  [[nodiscard]] std::filesystem::path place(const std::string& path) const;
  [[nodiscard]] std::expected<void, model::Error> put(const std::string& path, bool ready) const;

  model::Roots roots_;
  std::string path_;
  bool told_{false}, ready_{false};
};

}  // namespace nic::apply
