#include "apply/ready_file.hpp"

#include "files/files.hpp"

#include <string_view>
#include <utility>

namespace nic::apply {

std::filesystem::path ReadyFile::place(const std::string& path) const {
  constexpr std::string_view kRun{"/run/"};
  return roots_.run / path.substr(kRun.size());
}

std::expected<void, model::Error> ReadyFile::put(const std::string& path, bool ready) const {
  auto done = ready ? files::write_atomically(place(path), "") : files::remove(place(path));
  if (!done && done.error().advice.empty())
    done.error().advice =
        "The service may write below /run/nic-agent, and below /run/mellanox where that is there when it starts; for "
        "another folder give it a drop-in with ReadWritePaths=";
  return done;
}

std::expected<void, model::Error> ReadyFile::keep(const std::string& path, bool ready) {
  if (told_ && path == path_ && ready == ready_) return {};
  const auto before = std::exchange(path_, path);
  told_ = true;
  ready_ = ready;
  if (!before.empty() && before != path)
    if (auto gone = put(before, false); !gone) return gone;
  if (path.empty()) return {};
  return put(path, ready);
}

}  // namespace nic::apply
