#include "host/open_files.hpp"

#include "host/sysfs.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace nic::host {
namespace {

namespace fs = std::filesystem;

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void for_each_open_file(const model::Roots& roots,
                        const std::function<void(const std::string& pid, const std::string& target)>& each) {
  std::error_code failure;
  for (fs::directory_iterator process{roots.proc, failure}, end; !failure && process != end;
       process.increment(failure)) {
    const auto pid = process->path().filename().string();
    if (!is_number(pid)) continue;
    std::error_code ended;
    for (fs::directory_iterator fd{process->path() / "fd", ended}; !ended && fd != end; fd.increment(ended)) {
      std::error_code closed;
      const auto target = fs::read_symlink(fd->path(), closed);
      if (!closed) each(pid, target.string());
    }
  }
}

std::string process_name(const model::Roots& roots, const std::string& pid) {
  const auto proc = Sysfs::open(roots.proc / pid);
  const auto name = proc ? proc->text("comm") : Sysfs::Maybe<std::string>{};
  return name && *name ? plain_text(**name) : "a process";
}

}  // namespace nic::host
