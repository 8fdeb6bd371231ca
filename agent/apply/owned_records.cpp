#include "apply/owned_records.hpp"

#include "apply/notes.hpp"
#include "apply/owned_text.hpp"
#include "files/files.hpp"

#include <system_error>

namespace nic::apply {
namespace {

constexpr std::size_t kLongestOperatorRecord = 256UL * 1024;  // it holds all groups of VFs

std::expected<OwnedNote, model::Error> parse(const std::string& text, const std::filesystem::path& path) {
  auto note = parse_owned(text);
  // A copy under another name would speak of a PF that has a record already.
  if (!note || note->owned.pf.path_element() != path.stem()) return damaged(path);
  return std::move(*note);
}

}  // namespace

OwnedRecords::OwnedRecords(const model::Roots& roots)
    : folder_{roots.state / "owned"},
      operator_folder_{roots.etc / "sriov-operator/pci"},
      boot_id_{boot_id_file(roots)} {}

std::filesystem::path OwnedRecords::path_of(const model::PciAddress& pf) const {
  return folder_ / (pf.path_element() + ".json");
}

std::expected<void, model::Error> OwnedRecords::note(const model::Owned& owned) const {
  auto done = files::write_atomically(path_of(owned.pf), to_text(OwnedNote{owned, read_boot_id(boot_id_)}), 0600);
  if (!done) done.error() = done.error().during("note what was found on " + owned.pf.text());
  return done;
}

std::expected<void, model::Error> OwnedRecords::forget(const model::PciAddress& pf) const {
  auto done = files::remove(path_of(pf));
  if (!done) done.error() = done.error().during("forget what was found on " + pf.text());
  return done;
}

OwnedRecords::Read OwnedRecords::read() const {
  Read result;
  auto notes = read_notes<OwnedNote>(folder_, parse);
  result.set_aside = std::move(notes.set_aside);
  const auto now = read_boot_id(boot_id_);
  for (auto& note : notes.good) {
    const auto pf = note.owned.pf;
    if (note.boot == now)
      result.owned.emplace(pf, std::move(note.owned));
    else if (auto gone = forget(pf); !gone)
      result.set_aside.push_back(std::move(gone.error()));
  }
  return result;
}

OwnedRecords::OfOperator OwnedRecords::of_operator() const {
  OfOperator result;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry{operator_folder_, failure}, end; !failure && entry != end;
       entry.increment(failure)) {
    const auto& path = entry->path();
    const auto pf = model::PciAddress::parse(path.filename().string());
    if (!pf) continue;
    const auto text = files::read(path, kLongestOperatorRecord);
    const auto record = text ? parse_operator_record(*text) : std::nullopt;
    if (record && record->pf == *pf)
      result.records.emplace(*pf, *record);
    else
      result.damaged.push_back(text ? model::invalid("read the operator's record", path.string(), "it is damaged")
                                    : text.error());
  }
  return result;
}

}  // namespace nic::apply
