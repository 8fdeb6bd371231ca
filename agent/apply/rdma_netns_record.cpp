#include "apply/rdma_netns_record.hpp"

#include "apply/notes.hpp"
#include "apply/owned_text.hpp"
#include "model/names.hpp"

#include <cerrno>

namespace nic::apply {

RdmaNetnsRecord::RdmaNetnsRecord(const model::Roots& roots)
    : file_{roots.state / "rdma-netns.json"},
      option_{roots.etc / names::kIbCoreOption},
      boot_id_{boot_id_file(roots)} {}

std::expected<void, model::Error> RdmaNetnsRecord::note(const model::OwnedRdmaNetns& owned) const {
  // What stood there when the machine started was written in an earlier boot.
  const auto boot = owned.rebooted ? std::string{} : read_boot_id(boot_id_);
  auto done = files::write_atomically(file_, to_text(RdmaNetnsNote{owned, boot}), 0600);
  if (!done) done.error() = done.error().during("note the RDMA network-namespace mode");
  return done;
}

std::expected<void, model::Error> RdmaNetnsRecord::forget() const {
  auto done = files::remove(file_);
  if (!done) done.error() = done.error().during("forget the RDMA network-namespace mode");
  return done;
}

RdmaNetnsRecord::Read RdmaNetnsRecord::read() const {
  Read result;
  const auto text = files::read(file_, kLongestNote);
  if (!text && text.error().errno_value == ENOENT) return result;
  const auto note = text ? parse_rdma_netns(*text) : std::nullopt;
  if (!note) {
    auto error = text ? damaged(file_).error() : text.error();
    if (auto aside = files::set_aside(file_); !aside) error.advice += "; " + aside.error().text();
    result.set_aside = std::move(error);
    return result;
  }
  if (note->boot == read_boot_id(boot_id_)) {
    result.owned = note->owned;
    return result;
  }
  const auto option = files::read(option_, kLongestNote);
  if (note->owned.option && option && *option == model::ib_core_option(*note->owned.option)) {
    result.owned = note->owned;
    result.owned.rebooted = true;
  } else if (auto gone = forget(); !gone) {
    result.set_aside = std::move(gone.error());
  }
  return result;
}

}  // namespace nic::apply
