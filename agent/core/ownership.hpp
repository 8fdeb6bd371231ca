// Whose a PF is, what has to be noted before it is changed, and what giving it back means. Pure.
#pragma once

#include "model/desired.hpp"
#include "model/inventory.hpp"
#include "model/owned.hpp"
#include "model/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace nic::core {

// A record for a PF that has none: which card it is, how it is called and which VFs it has; nothing is changed yet.
[[nodiscard]] model::Owned first_record(const model::PciFunction& pf, const model::Inventory& inventory);

// The same of a bridge too; nullopt for what is not there.
[[nodiscard]] std::optional<model::Owned> first_record(const model::PciAddress& address,
                                                       const model::Inventory& inventory);

// The VFs of a PF as they are now: their drivers, what the PF says of them, the MTU of their interfaces.
[[nodiscard]] model::FoundVfs vfs_as_they_are(const model::PciFunction& pf, const model::Inventory& inventory);

// A VF as it was, as something to be brought about; `driver` is the one that it had, "" for none.
[[nodiscard]] model::DesiredVf as_it_was(const model::FoundVf& was, const std::string& driver);

// The record as it has to stand on disk before `action` is carried out. What is noted already is the older truth. Of
// VFs just those that were there before the record are worth a note; `vfs` are all, as they are.
[[nodiscard]] model::Owned noted(model::Owned before, const model::Action& action, const model::FoundVfs& vfs);

enum class Identity : std::uint8_t { same, other, unknown };
// Is this function the card that the record is about? Unknown: what tells one card from another cannot be read now.
[[nodiscard]] Identity identity(const model::Owned& owned, const model::PciFunction& pf,
                                const model::Inventory& inventory);
[[nodiscard]] Identity identity(const model::Owned& owned, const model::Inventory& inventory);  // of a bridge too

// What was found on the PF, as something to be brought about. Attributes that were not changed stay as they are, and so
// do VFs that were made since.
[[nodiscard]] model::DesiredPf give_back(const model::Owned& owned, const model::PciFunction& pf,
                                         const model::Inventory& inventory);

// Records that have done their duty, or a part of it.
struct Over {
  model::PciAddress pf;
  std::string why;      // "it is as it was found"
  model::Found rest{};  // what is still to be remembered; the record goes where there is nothing

  bool operator==(const Over&) const = default;
};
[[nodiscard]] std::vector<Over> over(const model::OwnedPfs& owned, const model::Desired& desired,
                                     const model::Plan& plan, const model::Inventory& inventory);

// What the operator says that it made is no administrator's: where the machine still agrees with its record, what was
// found is what the operator itself would have gone back to. Nullopt: the record says nothing about this machine now.
[[nodiscard]] std::optional<model::Owned> taken_over(const model::OperatorRecord& record,
                                                     const model::Inventory& inventory);

}  // namespace nic::core
