#include "model/gpu_path.hpp"

#include <utility>

namespace nic::model {

std::string_view word(PathLevel level) {
  switch (level) {
    case PathLevel::pix: return "PIX";
    case PathLevel::pxb: return "PXB";
    case PathLevel::phb: return "PHB";
    case PathLevel::node: return "NODE";
    case PathLevel::sys: return "SYS";
  }
  std::unreachable();
}

}  // namespace nic::model
