#include "nic-agent/kept_files.hpp"

#include "files/files.hpp"
#include "kubelet/device_info.hpp"
#include "kubelet/given_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <system_error>
#include <utility>

namespace nic::daemon {
namespace {

using kubelet::CdiDevice;
using kubelet::CdiSpec;
using kubelet::Given;
using kubelet::Held;
using model::Error;

constexpr std::size_t kMostBytes = 4U << 20U;
constexpr mode_t kDeviceInfoMode = 0444;  // as upstream's

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> all;
  std::error_code failure;
  for (std::filesystem::directory_iterator at{folder, failure}, end; !failure && at != end; at.increment(failure))
    all.push_back(at->path());
  std::ranges::sort(all);
  return all;
}

bool is_young(const std::filesystem::path& path) {
  std::error_code failure;
  const auto written = std::filesystem::last_write_time(path, failure);
  return !failure && std::filesystem::file_time_type::clock::now() - written < KeptFiles::kYoung;
}

bool is_held(const Held& held, const std::string& kind) {
  return std::ranges::any_of(held, [&](const auto& one) { return kubelet::cdi_kind(one.first) == kind; });
}

// Without waiting for a disk: an Allocate may wait for the lock.
std::expected<void, Error> take_away(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::remove(path, failure);
  if (failure) return std::unexpected(model::system_error(failure.value(), "remove", path.string()));
  return {};
}

void note(std::vector<Error>& failures, std::expected<void, Error> done) {
  if (!done) failures.push_back(std::move(done.error()));
}

}  // namespace

kubelet::ContainerFiles KeptFiles::functions() {
  auto self = shared_from_this();
  return {[self](const Given& given) { return self->keep(given); },
          [self](const std::string& resource, const std::string& device) { return self->kept(resource, device); },
          [self](const std::string& resource, const CdiDevice& device) { return self->keep_cdi(resource, device); }};
}

std::filesystem::path KeptFiles::record(const std::string& resource, const std::string& device) const {
  return roots_.state / "given" / kubelet::device_info_name(resource, device);
}

void KeptFiles::read_given() {
  if (std::exchange(given_read_, true)) return;
  for (const auto& path : files_in(roots_.state / "given")) {
    const auto text = files::read(path, kMostBytes);
    auto given = text ? kubelet::parse_given(*text) : std::nullopt;
    if (given && record(given->resource, given->device) == path)
      given_.emplace(path, std::move(*given));
    else
      static_cast<void>(take_away(path));  // the folder is ours: half a file after a power loss
  }
}

// The record first: a file that nobody knows of would stay for ever.
KeptFiles::Done KeptFiles::keep(const Given& given) {
  const std::lock_guard lock{mutex_};
  read_given();
  const auto path = record(given.resource, given.device);
  if (auto written = files::replace(path, kubelet::to_text(given), 0600); !written) return written;
  given_.insert_or_assign(path, given);
  if (given.device_info.empty()) return {};
  return files::replace(roots_.run / kubelet::kDeviceInfoFolder / path.filename(), given.device_info, kDeviceInfoMode);
}

std::optional<Given> KeptFiles::kept(const std::string& resource, const std::string& device) {
  const std::lock_guard lock{mutex_};
  read_given();
  const auto found = given_.find(record(resource, device));
  return found == given_.end() ? std::nullopt : std::optional{found->second};
}

KeptFiles::Spec& KeptFiles::spec_of(const std::string& resource) {
  const auto [place, fresh] = specs_.try_emplace(resource);
  if (!fresh) return place->second;
  const auto text = files::read(roots_.run / kubelet::kCdiFolder / kubelet::cdi_file_name(resource), kMostBytes);
  if (auto spec = text ? kubelet::parse_cdi(*text) : std::nullopt; spec && spec->kind == kubelet::cdi_kind(resource))
    place->second.spec = std::move(*spec);
  return place->second;
}

// With the lock held.
KeptFiles::Done KeptFiles::store(const std::string& resource, Spec& now, CdiSpec next) {
  const auto path = roots_.run / kubelet::kCdiFolder / kubelet::cdi_file_name(resource);
  std::error_code failure;
  const bool there = std::filesystem::exists(path, failure);
  if (now.spec == next && there != next.devices.empty()) return {};
  auto done = next.devices.empty() ? take_away(path) : files::replace(path, kubelet::to_text(next));
  if (!done) return std::unexpected(done.error().during("keep the CDI specification of " + resource));
  now.spec = std::move(next);
  ++now.changes;
  return {};
}

KeptFiles::Done KeptFiles::keep_cdi(const std::string& resource, const CdiDevice& device) {
  const std::lock_guard lock{mutex_};
  auto& now = spec_of(resource);
  auto next = now.spec;
  next.kind = kubelet::cdi_kind(resource);
  const auto known = std::ranges::find(next.devices, device.name, &CdiDevice::name);
  if (known == next.devices.end())
    next.devices.push_back(device);
  else
    *known = device;
  std::ranges::sort(next.devices, {}, &CdiDevice::name);
  return store(resource, now, std::move(next));
}

KeptFiles::Done KeptFiles::renew_spec(const model::Snapshot& snapshot, const model::Pool& pool,
                                      const std::optional<Held>& held) {
  const auto& resource = pool.resource.name;
  for (;;) {
    const auto before = [&] {
      const std::lock_guard lock{mutex_};
      return spec_of(resource).changes;
    }();
    auto state = kubelet::cdi_state(snapshot, pool, resolve_);
    const std::lock_guard lock{mutex_};
    auto& now = spec_of(resource);
    if (now.changes != before) continue;  // somebody wrote what is newer than what was seen
    for (const auto& device : now.spec.devices) {
      const bool known = std::ranges::find(state.devices, device.name, &CdiDevice::name) != state.devices.end();
      const bool blind = std::ranges::find(state.unresolved, device.name) != state.unresolved.end();
      const bool needed = held && held->contains({resource, device.name});
      if (!known && (blind || needed)) state.devices.push_back(device);
    }
    std::ranges::sort(state.devices, {}, &CdiDevice::name);
    return store(resource, now, {kubelet::cdi_kind(resource), std::move(state.devices)});
  }
}

KeptFiles::Renewed KeptFiles::renew(const model::Snapshot& snapshot, const std::optional<Held>& held) {
  Renewed result;
  const bool cdi = snapshot.config && snapshot.config->kubelet.cdi != model::CdiMode::off;
  for (const auto& pool : snapshot.pools) {
    const auto path = roots_.run / kubelet::kCdiFolder / kubelet::cdi_file_name(pool.resource.name);
    std::error_code failure;
    // Turned off, it stays right for the containers that were given it.
    if (cdi || std::filesystem::exists(path, failure)) note(result.failures, renew_spec(snapshot, pool, held));
  }
  collect_specs(snapshot, held, result.failures);
  collect_given(snapshot, held, result);
  return result;
}

void KeptFiles::collect_specs(const model::Snapshot& snapshot, const std::optional<Held>& held,
                              std::vector<Error>& failures) {
  const bool cdi = snapshot.config && snapshot.config->kubelet.cdi != model::CdiMode::off;
  std::set<std::string> configured;
  for (const auto& pool : snapshot.pools) configured.insert(kubelet::cdi_file_name(pool.resource.name));
  const std::lock_guard lock{mutex_};
  for (const auto& path : files_in(roots_.run / kubelet::kCdiFolder)) {
    const auto name = path.filename().string();
    if (!name.starts_with(kubelet::kCdiPrefix) || !name.ends_with(".json")) continue;
    const auto text = files::read(path, kMostBytes);
    const auto spec = text ? kubelet::parse_cdi(*text) : std::nullopt;
    const bool in_use = spec && held && is_held(*held, spec->kind);
    const bool wanted = configured.contains(name) && (cdi || !held);
    if (in_use || wanted) continue;
    note(failures, take_away(path));
    std::erase_if(specs_, [&](const auto& one) { return kubelet::cdi_file_name(one.first) == name; });
  }
}

void KeptFiles::collect_given(const model::Snapshot& snapshot, const std::optional<Held>& held, Renewed& result) {
  const std::lock_guard lock{mutex_};
  read_given();
  std::vector<kubelet::Kept> kept;
  for (const auto& [path, given] : given_) {
    kept.push_back({given.resource, given.device, is_young(path)});
    if (held && kept.back().young && !held->contains({given.resource, given.device})) result.look_again = true;
  }
  for (const auto& one : kubelet::to_collect(kept, snapshot.pools, held)) {
    const auto path = record(one.resource, one.device);
    const auto& given = given_.at(path);
    const auto info = roots_.run / kubelet::kDeviceInfoFolder / path.filename();
    // What stands there may be another plugin's by now.
    if (const auto text = files::read(info, kMostBytes);
        !given.device_info.empty() && text && *text == given.device_info)
      note(result.failures, take_away(info));
    note(result.failures, take_away(path));
    given_.erase(path);
  }
}

}  // namespace nic::daemon
