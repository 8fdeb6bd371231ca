// Who holds the devices of our resources, and whether the kubelet counts the same devices as we offer. Asked when
// something has happened (an Allocate, a kubelet came or went, somebody wants a fresh look) and every ten minutes as a
// safety net while a kubelet is there: the end of a pod is told to nobody. Thread: the loop's; an errand asks.
#pragma once

#include "kubelet/errands.hpp"
#include "kubelet/server.hpp"
#include "loop/loop.hpp"
#include "model/snapshot.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nic::kubelet {

class Holders {
 public:
  struct Question {
    std::string root;                         // of the kubelet; "" asks nobody
    std::map<std::string, DeviceList> lists;  // what was sent last, by resource that a kubelet follows
  };
  struct Answer {
    std::vector<model::Holder> holders;
    std::optional<model::Error> disagreement;
    bool send_again{false};  // the kubelet may have lost the last list
  };
  using Answers = std::map<std::string, Answer>;  // of every resource that was asked about, and of those with holders
  Holders(sd_event* event, Errands& errands, std::function<Question()> question,
          std::function<void(const Answers&)> told);

  void look();   // soon: what comes together is asked together
  void given();  // a device was: the kubelet names its pod in a moment

 private:
  struct Asked;
  void ask();
  void answered(const Asked& asked);

  Errands& errands_;
  std::function<Question()> question_;
  std::function<void(const Answers&)> told_;
  std::map<std::string, std::string> disagreed_;  // resource: what was offered when the kubelet counted otherwise
  bool asking_{false}, ask_again_{false};
  unsigned vain_{0};
  loop::Debounce soon_;
  loop::Timer later_, safety_net_;
};

}  // namespace nic::kubelet
