#include "kubelet/holders.hpp"

#include "kubelet/pod_resources.hpp"

#include <fmt/format.h>
#include <google/protobuf/arena.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <expected>
#include <utility>
#include <vector>

namespace nic::kubelet {
namespace {

using namespace std::chrono_literals;

constexpr auto kQuiet = 500ms;
constexpr auto kMost = 2s;
constexpr auto kLater = 3s;  // a pod is admitted, a list taken over, by then
constexpr auto kSafetyNet = 10min;
constexpr unsigned kMostVain = 3;

using Ids = std::vector<std::string>;  // sorted

Ids healthy_of(const std::string& bytes) {
  Ids ids;
  google::protobuf::Arena arena;
  auto* list = google::protobuf::Arena::CreateMessage<v1beta1::ListAndWatchResponse>(&arena);
  if (list->ParseFromString(bytes))
    for (const auto& device : list->devices())
      if (device.health() == "Healthy") ids.push_back(device.id());
  std::ranges::sort(ids);
  return ids;
}

model::Error disagreement(const std::string& resource, const Ids& ours, const Ids& its) {
  std::vector<std::string> missing;
  std::ranges::set_difference(ours, its, std::back_inserter(missing));
  return {model::Code::internal, 0, "offer", resource,
          fmt::format("the kubelet counts {} devices that can be allocated, {} are offered{}: restart the kubelet if "
                      "this lasts",
                      its.size(), ours.size(),
                      missing.empty() ? "" : fmt::format("; {} is the first that it lacks", missing.front()))};
}

}  // namespace

// One round: the question, and what came of it on the errand's thread.
struct Holders::Asked {
  Question question;
  std::expected<PodResources, model::Error> answer;
  std::map<std::string, model::Error> disagreements;
};

Holders::Holders(sd_event* event, Errands& errands, std::function<Question()> question,
                 std::function<void(const Answers&)> told)
    : errands_{errands},
      question_{std::move(question)},
      told_{std::move(told)},
      soon_{event, kQuiet, kMost, [this] { ask(); }},
      later_{event, [this] { ask(); }},
      safety_net_{event, [this] { ask(); }} {}

void Holders::look() { soon_.touch(); }

void Holders::given() {
  look();
  later_.arm(kLater);
}

void Holders::ask() {
  if (asking_) {
    ask_again_ = true;
    return;
  }
  auto asked = std::make_shared<Asked>();
  asked->question = question_();
  safety_net_.disarm();
  if (asked->question.root.empty()) return;
  if (!asked->question.lists.empty()) safety_net_.arm(kSafetyNet);
  asking_ = true;
  errands_.run(
      [asked](Calls& calls) {
        asked->answer = pod_resources(asked->question.root, calls);
        if (!asked->answer || !asked->answer->allocatable) return;
        for (const auto& [resource, list] : asked->question.lists) {
          const auto ours = healthy_of(*list);
          const auto& its = (*asked->answer->allocatable)[resource];
          if (ours != its) asked->disagreements.emplace(resource, disagreement(resource, ours, its));
        }
        // Megabytes that are needed once in ten minutes.
        asked->answer->allocatable.reset();
        ::malloc_trim(0);
      },
      [this, asked] { answered(*asked); });
}

void Holders::answered(const Asked& asked) {
  asking_ = false;
  if (std::exchange(ask_again_, false)) look();
  if (!asked.answer) {
    // The pods go on without their kubelet; one that has just started may not serve this yet.
    if (!asked.question.lists.empty() && vain_++ < kMostVain) later_.arm(kLater);
    return;
  }
  vain_ = 0;
  Answers answers;
  for (const auto& [resource, holders] : asked.answer->holders) answers[resource].holders = holders;
  auto before = std::exchange(disagreed_, {});
  for (const auto& [resource, list] : asked.question.lists) {
    auto& answer = answers[resource];
    const auto differs = asked.disagreements.find(resource);
    if (differs == asked.disagreements.end()) continue;
    disagreed_[resource] = *list;
    // It may not have got to the newest list yet: only what still differs at a second look is told.
    const auto known = before.find(resource);
    if (known != before.end() && known->second == *list)
      answer.disagreement = differs->second;
    else
      answer.send_again = true;
  }
  if (!disagreed_.empty() && disagreed_ != before) later_.arm(kLater);
  told_(answers);
}

}  // namespace nic::kubelet
