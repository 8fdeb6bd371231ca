#include "dbus/changes.hpp"

#include "dbus/properties.hpp"
#include "model/names.hpp"

#include <optional>
#include <utility>

namespace nic::dbus {
namespace {

// One object, as far as it got: which of its interfaces came, went or changed.
class ObjectChanges {
 public:
  explicit ObjectChanges(std::string path) : path_{std::move(path)} {}

  template <class View>
  void interface(const View* before, const View* after) {
    if (before == after) return;
    const char* name = Interface<View>::name;
    const bool same = before != nullptr && after != nullptr && same_identity(*before, *after);
    if (before != nullptr && !same) removed_.push_back(name);
    if (after != nullptr && !same) added_.push_back(name);
    if (!same) return;
    if (auto names = changed_properties(*before, *after); !names.empty())
      changed_.push_back({path_, name, std::move(names)});
  }

  void to(Changes& changes) && {
    if (!removed_.empty()) changes.removed.push_back({path_, std::move(removed_)});
    if (!added_.empty()) changes.added.push_back({path_, std::move(added_)});
    for (auto& change : changed_) changes.changed.push_back(std::move(change));
  }

 private:
  std::string path_;
  std::vector<const char*> removed_, added_;
  std::vector<ChangedProperties> changed_;
};

template <class View>
const View* pointer(const std::optional<View>& maybe) {
  return maybe ? &*maybe : nullptr;
}

template <class View>
void compare(ObjectChanges& changes, const View* before, const View* after) {
  changes.interface(before, after);
}

void compare(ObjectChanges& changes, const DeviceObject* before, const DeviceObject* after) {
  static const DeviceObject none;
  const DeviceObject& old = before != nullptr ? *before : none;
  const DeviceObject& now = after != nullptr ? *after : none;
  changes.interface(before != nullptr ? &before->device : nullptr, after != nullptr ? &after->device : nullptr);
  changes.interface(pointer(old.physical_function), pointer(now.physical_function));
  changes.interface(pointer(old.virtual_function), pointer(now.virtual_function));
  changes.interface(pointer(old.rdma), pointer(now.rdma));
}

// Both maps in the order of their keys, once.
template <class Object>
void compare(const std::map<std::string, Object>& before, const std::map<std::string, Object>& after,
             Changes& changes) {
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    const bool gone = now == after.end() || (old != before.end() && old->first < now->first);
    const bool came = !gone && (old == before.end() || now->first < old->first);
    ObjectChanges object{came ? now->first : old->first};
    compare(object, came ? nullptr : &old->second, gone ? nullptr : &now->second);
    std::move(object).to(changes);
    if (!came) ++old;
    if (!gone) ++now;
  }
}

}  // namespace

Changes changes(const View& before, const View& after) {
  Changes changes;
  if (auto names = changed_properties(before.manager, after.manager); !names.empty())
    changes.changed.push_back({names::kRootPath, Interface<ManagerView>::name, std::move(names)});
  compare(before.devices, after.devices, changes);
  compare(before.modules, after.modules, changes);
  compare(before.resources, after.resources, changes);
  compare(before.jobs, after.jobs, changes);
  return changes;
}

}  // namespace nic::dbus
