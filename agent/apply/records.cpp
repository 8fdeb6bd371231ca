#include "apply/records.hpp"

#include "apply/notes.hpp"
#include "files/files.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <system_error>

namespace nic::apply {
namespace {

constexpr int kVersion = 1;

std::expected<Interrupted, model::Error> parse(const std::string& text, const std::filesystem::path& path) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("version") || json["version"] != kVersion) return damaged(path);
  const auto pf = json.find("pf");
  const auto autoprobe = json.find("drivers_autoprobe");
  if (pf == json.end() || !pf->is_string() || autoprobe == json.end() || !autoprobe->is_boolean()) return damaged(path);
  const auto address = model::PciAddress::parse(pf->get<std::string>());
  if (!address) return damaged(path);
  return Interrupted{*address, autoprobe->get<bool>()};
}

}  // namespace

Records::Records(const model::Roots& roots)
    : owned{roots}, rdma_netns{roots}, reload{roots}, tried_reloads{roots}, folder_{roots.state / "in-progress"} {}

std::expected<void, model::Error> Records::note(const model::Record& record) const {
  if (const auto* pf = std::get_if<model::Owned>(&record)) return owned.note(*pf);
  if (const auto* rdma = std::get_if<model::OwnedRdmaNetns>(&record)) return rdma_netns.note(*rdma);
  return {};
}

std::expected<void, model::Error> Records::begin(const Interrupted& before) const {
  const auto path = folder_ / (before.pf.path_element() + ".json");
  std::error_code failure;
  if (std::filesystem::exists(path, failure)) return {};
  const nlohmann::json note{{"version", kVersion}, {"pf", before.pf.text()}, {"drivers_autoprobe", before.autoprobe}};
  return files::write_atomically(path, note.dump() + '\n', 0600);
}

std::expected<void, model::Error> Records::end(const model::PciAddress& pf) const {
  return files::remove(folder_ / (pf.path_element() + ".json"));
}

Records::Found Records::interrupted() const {
  auto notes = read_notes<Interrupted>(folder_, parse);
  return {std::move(notes.good), std::move(notes.set_aside)};
}

}  // namespace nic::apply
