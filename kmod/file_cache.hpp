// What module files say, kept between inspections: unpacking one costs milliseconds, and a file that has neither
// another time nor another size says the same. Thread: any; calls may run side by side.
#pragma once

#include "kmod/elf.hpp"
#include "kmod/remembered.hpp"
#include "kmod/signature.hpp"

namespace nic::kmod {

class FileCache {
 public:
  // Reads the file unless it is known. Errors are not kept.
  [[nodiscard]] std::expected<std::shared_ptr<const ModuleFile>, model::Error> read(const std::filesystem::path& path);
  // Of a module that has a file; the same errors.
  [[nodiscard]] std::expected<std::shared_ptr<const ModuleSignature>, model::Error> signature(::kmod_module* module);

 private:
  Remembered<ModuleFile> known_;
  Remembered<ModuleSignature> signatures_;
};

}  // namespace nic::kmod
