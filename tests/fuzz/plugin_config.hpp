// What fuzz targets demand of both device plugins' files.
#pragma once

#include "config/plugin_file.hpp"
#include "config/words.hpp"
#include "words.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

inline void read_plugin_config(std::string_view text, nic::config::PluginForm form) {
  using namespace nic;
  std::size_t taken = 0;
  for (const bool strict : {false, true}) {
    const auto document = config::parse_plugin(text, form, config::kSriovPrefix, "fuzz", strict);
    const auto& findings = document.findings;
    require(document.whole || (document.entries.empty() && !findings.mistakes.empty()));
    std::set<std::string> names;
    std::size_t good = 0;
    for (const auto& entry : document.entries) {
      // What is left out has a reason.
      require(entry.resource || !findings.mistakes.empty());
      if (!entry.resource) continue;
      ++good;
      const auto& resource = *entry.resource;
      require(config::resource_name(resource.name).has_value() && names.insert(resource.name).second);
      require(!resource.selectors.empty() && resource.place.line >= 1 && resource.place.line <= text.size() + 1);
      const bool shared = form == config::PluginForm::rdma_shared;
      require(shared == (resource.kind == model::ResourceKind::shared));
      // A shared resource never means every function of the machine.
      for (const auto& selectors : resource.selectors) {
        require(!shared || !selectors.empty());
        require(!selectors.is_rdma || !selectors.vdpa_type);
        require((resource.device_class == model::DeviceClass::auxiliary) == !selectors.aux_types.empty());
        for (const auto& pf : selectors.pf_names)
          for (std::size_t i = 0; i < pf.vfs.size(); ++i)
            require(pf.vfs[i].first <= pf.vfs[i].last && (i == 0 || pf.vfs[i - 1].last < pf.vfs[i].first));
      }
    }
    require(!strict || (findings.warnings.empty() && good <= taken));
    taken = good;
    for (const auto& mistake : findings.mistakes) require(!mistake.text().empty());
  }
}
