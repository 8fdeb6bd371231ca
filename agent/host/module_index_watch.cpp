#include "host/module_index_watch.hpp"

#include "files/files.hpp"

#include <sys/inotify.h>

#include <string_view>
#include <utility>

namespace nic::host {
namespace {

constexpr std::uint32_t kChanges = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
constexpr std::size_t kMostRelease = 256;
// depmod renames each index into its place; the last of them is another one in each version of it.
constexpr std::string_view kIndex{"modules."};

}  // namespace

ModuleIndexWatch::ModuleIndexWatch(sd_event* event, const model::Roots& roots, std::function<void()> changed)
    : changed_{std::move(changed)} {
  if (auto release = files::read(roots.proc / "sys/kernel/osrelease", kMostRelease)) {
    release->erase(release->find_last_not_of('\n') + 1);
    watches_.emplace_back(
        event, (roots.modules / *release).c_str(), kChanges, [this](const char* name, std::uint32_t mask) {
          if ((mask & IN_Q_OVERFLOW) != 0 || (name != nullptr && std::string_view{name}.starts_with(kIndex)))
            changed_();
        });
  }
  watches_.emplace_back(event, (roots.etc / "modprobe.d").c_str(), kChanges,
                        [this](const char*, std::uint32_t) { changed_(); });
}

}  // namespace nic::host
