// The files of a folder as values, for agents that are killed and go on from what stood on disk.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <system_error>
#include <utility>

namespace nic::test {

using Files = std::map<std::filesystem::path, std::string>;

// What stands below the folder at one moment: records may be written meanwhile.
inline Files files_below(const std::filesystem::path& folder) {
  const auto look = [&] {
    Files files;
    std::error_code gone;
    for (auto at = std::filesystem::recursive_directory_iterator{folder, gone}; !gone && at != end(at);
         at.increment(gone)) {
      if (at->is_directory(gone)) continue;
      std::ifstream file{at->path(), std::ios::binary};
      files[at->path().lexically_relative(folder)] = {std::istreambuf_iterator<char>{file}, {}};
    }
    return files;
  };
  for (auto before = look();;) {
    auto now = look();
    if (now == before) return now;
    before = std::move(now);
  }
}

inline void put_files(const Files& files, const std::filesystem::path& folder) {
  for (const auto& [name, content] : files) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream{folder / name, std::ios::binary} << content;
  }
}

}  // namespace nic::test
