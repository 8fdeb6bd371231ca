// Builders of configurations for tests.
#pragma once

#include "model/config.hpp"

#include <string>
#include <vector>

namespace nic::test {

inline model::SriovPolicy policy(std::string name, std::vector<model::PfName> pf_names, unsigned num_vfs) {
  model::SriovPolicy policy;
  policy.name = std::move(name);
  policy.selectors.pf_names = std::move(pf_names);
  policy.num_vfs = num_vfs;
  policy.place = {"test.toml", 1, 1};
  return policy;
}

inline model::VfGroup vfio(std::vector<model::IndexRange> vfs) {
  model::VfGroup group;
  group.vfs = std::move(vfs);
  group.device_type = model::DeviceType::vfio_pci;
  return group;
}

inline model::Resource shared(std::string name, unsigned most, model::Selectors selectors) {
  model::Resource resource;
  resource.name = std::move(name);
  resource.kind = model::ResourceKind::shared;
  resource.rdma_hca_max = most;
  resource.selectors = {std::move(selectors)};
  return resource;
}

inline model::Resource exclusive(std::string name, model::Selectors selectors) {
  model::Resource resource;
  resource.name = std::move(name);
  resource.selectors = {std::move(selectors)};
  return resource;
}

}  // namespace nic::test
