#include "apply/records.hpp"

#include "files/files.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <system_error>

namespace nic::apply {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kMostBytes = 4096;

std::expected<Interrupted, model::Error> parse(const std::string& text, const std::filesystem::path& path) {
  const auto damaged = [&] { return std::unexpected(model::invalid("read the note", path.string(), "it is damaged")); };
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("version") || json["version"] != kVersion) return damaged();
  const auto pf = json.find("pf");
  const auto autoprobe = json.find("drivers_autoprobe");
  if (pf == json.end() || !pf->is_string() || autoprobe == json.end() || !autoprobe->is_boolean()) return damaged();
  const auto address = model::PciAddress::parse(pf->get<std::string>());
  if (!address) return damaged();
  return Interrupted{*address, autoprobe->get<bool>()};
}

}  // namespace

Records::Records(const model::Roots& roots) : folder_{roots.state / "in-progress"} {}

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
  Found found;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator{folder_, failure}) {
    if (entry.path().extension() != ".json") continue;
    const auto text = files::read(entry.path(), kMostBytes);
    auto note = text ? parse(*text, entry.path()) : std::unexpected(text.error());
    if (note) {
      found.interrupted.push_back(*note);
      continue;
    }
    if (auto aside = files::set_aside(entry.path()); !aside) note.error().advice += "; " + aside.error().text();
    found.set_aside.push_back(std::move(note.error()));
  }
  return found;
}

}  // namespace nic::apply
