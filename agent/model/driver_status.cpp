#include "model/driver_status.hpp"

#include <utility>

namespace nic::model {

std::string_view word(PeerMemory way) {
  switch (way) {
    case PeerMemory::none: return "none";
    case PeerMemory::dmabuf: return "dmabuf";
    case PeerMemory::nvidia_peermem: return "nvidia_peermem";
    case PeerMemory::nv_peer_mem: return "nv_peer_mem";
  }
  std::unreachable();
}

std::string_view word(PeerMemoryWish wish) {
  switch (wish) {
    case PeerMemoryWish::not_said: return "";
    case PeerMemoryWish::none: return "none";
    case PeerMemoryWish::automatic: return "auto";
    case PeerMemoryWish::dmabuf: return "dmabuf";
    case PeerMemoryWish::peermem: return "peermem";
  }
  std::unreachable();
}

std::string_view word(Readiness readiness) {
  switch (readiness) {
    case Readiness::not_applicable: return "notApplicable";
    case Readiness::ready: return "ready";
    case Readiness::not_ready: return "notReady";
  }
  std::unreachable();
}

}  // namespace nic::model
