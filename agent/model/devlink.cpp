#include "model/devlink.hpp"

#include <utility>

namespace nic::model {

std::string_view word(PortFlavour flavour) {
  switch (flavour) {
    case PortFlavour::physical: return "physical";
    case PortFlavour::cpu: return "cpu";
    case PortFlavour::dsa: return "dsa";
    case PortFlavour::pci_pf: return "pcipf";
    case PortFlavour::pci_vf: return "pcivf";
    case PortFlavour::virtual_port: return "virtual";
    case PortFlavour::unused: return "unused";
    case PortFlavour::pci_sf: return "pcisf";
  }
  std::unreachable();
}

}  // namespace nic::model
