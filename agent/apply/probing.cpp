#include "apply/probing.hpp"

#include "loop/log.hpp"
#include "model/names.hpp"

namespace nic::apply {

std::expected<void, model::Error> Probing::perform(const model::Action& action) {
  if (const auto* vfs = std::get_if<model::SetNumVfs>(&action); vfs != nullptr && vfs->to > 0 && !noted_) {
    const Interrupted before{vfs->pf, vfs->drivers_autoprobe};
    if (auto done = records_.begin(before); !done) return done;
    noted_ = before;
  }
  return machine_.perform(action);
}

Probing::~Probing() {
  if (!noted_) return;
  auto done = machine_.perform(model::SetAutoprobe{noted_->pf, noted_->autoprobe});
  // A PF that is gone took the setting with it.
  if (done || done.error().code == model::Code::not_found) done = records_.end(noted_->pf);
  if (!done) loop::log(loop::Event::problem, {{names::kFieldPci, noted_->pf.text()}}, done.error());
}

}  // namespace nic::apply
