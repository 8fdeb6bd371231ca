// What a reload of drivers has to put back, in one file below <state>: on disk before the first module is unloaded,
// gone when all of it has been put back. What is there at a start was interrupted. Thread: any; blocking (fsync). A
// reboot begins everything anew, so a record is worth nothing in the next boot.
#pragma once

#include "model/error.hpp"
#include "model/reload.hpp"
#include "model/roots.hpp"

#include <expected>
#include <filesystem>
#include <optional>

namespace nic::apply {

// Which builds of modules the agent has loaded anew by itself, or tried to: each once, also over restarts and reboots,
// so that a build with which that never succeeds cannot make a loop of it. Of each module the last one.
class TriedReloads {
 public:
  explicit TriedReloads(const model::Roots& roots);

  // On disk when it returns, before the try.
  [[nodiscard]] std::expected<void, model::Error> note(const model::Builds& tried) const;
  struct Read {
    model::Builds tried;
    std::optional<model::Error> set_aside;
  };
  [[nodiscard]] Read read() const;

 private:
  std::filesystem::path file_;
};

class ReloadRecordFile {
 public:
  explicit ReloadRecordFile(const model::Roots& roots);

  // On disk when it returns, before the change that it is about.
  [[nodiscard]] std::expected<void, model::Error> note(const model::ReloadRecord& record) const;
  [[nodiscard]] std::expected<void, model::Error> forget() const;

  struct Read {
    std::optional<model::ReloadRecord> interrupted;
    std::optional<model::Error> set_aside;  // a damaged record, kept beside as *.corrupt
  };
  [[nodiscard]] Read read() const;

 private:
  std::filesystem::path file_, boot_id_;
};

}  // namespace nic::apply
