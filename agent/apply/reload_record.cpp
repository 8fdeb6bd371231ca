#include "apply/reload_record.hpp"

#include "apply/notes.hpp"
#include "apply/reload_text.hpp"

#include <cerrno>

namespace nic::apply {
namespace {

// A table of the whole internet's routes, and hundreds of VFs.
constexpr std::size_t kLongestRecord = 256UL * 1024 * 1024;

// A damaged file is kept aside; the Error tells of it.
model::Error aside(const std::filesystem::path& file, model::Error error) {
  if (auto done = files::set_aside(file); !done) error.advice += "; " + done.error().text();
  return error;
}

}  // namespace

TriedReloads::TriedReloads(const model::Roots& roots) : file_{roots.state / "reloads-tried.json"} {}

std::expected<void, model::Error> TriedReloads::note(const model::Builds& tried) const {
  auto done = files::write_atomically(file_, to_text(tried), 0600);
  if (!done) done.error() = done.error().during("note which modules are loaded anew");
  return done;
}

TriedReloads::Read TriedReloads::read() const {
  Read result;
  const auto text = files::read(file_, kLongestNote);
  if (!text && text.error().errno_value == ENOENT) return result;
  if (auto tried = text ? parse_tried_reloads(*text) : std::nullopt)
    result.tried = std::move(*tried);
  else
    result.set_aside = aside(file_, text ? damaged(file_).error() : text.error());
  return result;
}

ReloadRecordFile::ReloadRecordFile(const model::Roots& roots)
    : file_{roots.state / "reload.json"}, boot_id_{boot_id_file(roots)} {}

std::expected<void, model::Error> ReloadRecordFile::note(const model::ReloadRecord& record) const {
  auto done = files::write_atomically(file_, to_text(ReloadNote{record, read_boot_id(boot_id_)}), 0600);
  if (!done) done.error() = done.error().during("note what a reload has to put back");
  return done;
}

std::expected<void, model::Error> ReloadRecordFile::forget() const {
  auto done = files::remove(file_);
  if (!done) done.error() = done.error().during("forget what a reload had to put back");
  return done;
}

ReloadRecordFile::Read ReloadRecordFile::read() const {
  Read result;
  const auto text = files::read(file_, kLongestRecord);
  if (!text && text.error().errno_value == ENOENT) return result;
  auto note = text ? parse_reload(*text) : std::nullopt;
  if (!note) {
    result.set_aside = aside(file_, text ? damaged(file_).error() : text.error());
  } else if (note->boot == read_boot_id(boot_id_)) {
    result.interrupted = std::move(note->record);
  } else if (auto gone = forget(); !gone) {
    result.set_aside = std::move(gone.error());
  }
  return result;
}

}  // namespace nic::apply
