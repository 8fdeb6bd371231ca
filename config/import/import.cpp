#include "config/import/import.hpp"

#include "config/guid_file.hpp"
#include "config/import/document.hpp"
#include "config/import/guids.hpp"
#include "config/import/node_state.hpp"
#include "config/import/plugins.hpp"
#include "config/import/policy.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

namespace nic::config {
namespace {

constexpr std::string_view kGroup = "sriovnetwork.openshift.io/";
constexpr std::string_view kPolicy = "SriovNetworkNodePolicy";
constexpr std::string_view kNodeState = "SriovNetworkNodeState";
constexpr std::string_view kPoolConfig = "SriovNetworkPoolConfig";

bool is_list(std::string_view kind) {
  return std::ranges::any_of(std::array{kPolicy, kNodeState, kPoolConfig},
                             [&](std::string_view listed) { return kind == std::string{listed} + "List"; });
}

std::string text_of(const Node& document, std::string_view name) {
  const Node* node = document.member(name);
  return node == nullptr ? "" : node->text;
}

class Import {
 public:
  explicit Import(std::string_view resource_prefix)
      : resource_prefix_{resource_prefix.empty() ? kResourcePrefix : resource_prefix},
        plugin_prefix_{resource_prefix.empty() ? kSriovPrefix : resource_prefix} {}

  void read(const Source& source) {
    Findings findings{source.name};
    if (const auto form = plugin_form_of(source.text)) {
      take(parse_plugin(source.text, *form, plugin_prefix_, source.name));
    } else if (const auto documents = read_documents(source.text); !documents) {
      findings.mistake(documents.error().at, documents.error().why);
    } else {
      const unsigned before = useful_;
      for (const Node& document : *documents) read(document, findings);
      if (useful_ == before && findings.mistakes.empty())
        findings.mistake({}, fmt::format("there is neither a {} nor a {} nor a device plugin's configuration in it",
                                         kPolicy, kNodeState));
    }
    std::ranges::move(findings.mistakes, std::back_inserter(mistakes_));
    std::ranges::move(findings.warnings, std::back_inserter(result_.warnings));
    result_.config.sources.push_back(source.name);
  }

  std::expected<Imported, std::vector<model::Error>> finish() {
    for (const auto& pool : guid_pools_) give_guids(pool, shares_, mistakes_, result_.warnings);
    add_policies(shares_, wishes_);
    std::ranges::sort(wishes_.policies, {}, [](const model::SriovPolicy& policy) {
      return std::tie(policy.priority, policy.name, policy.place);
    });
    std::ranges::sort(wishes_.offers, {},
                      [](const Offer& offer) { return std::tie(offer.priority, offer.policy, offer.place); });
    refuse_twins();
    for (auto& offer : wishes_.offers) add(std::move(offer));
    for (auto& resource : plugin_resources_) add(std::move(resource));
    if (!mistakes_.empty()) return std::unexpected(std::move(mistakes_));
    result_.config.policies = std::move(wishes_.policies);
    result_.config.rdma_netns_mode = shares_.rdma_netns_mode;
    return std::move(result_);
  }

 private:
  void read(const Node& document, Findings& findings) {
    if (useful_ >= kMostWishes)
      return findings.mistake(document.at, fmt::format("there are more than {} documents", kMostWishes));
    if (document.kind == Node::Kind::list) {
      ++useful_;
      guid_pools_.push_back(guid_file_of(document, findings.file));
      return;
    }
    const auto kind = text_of(document, "kind");
    const bool ours = text_of(document, "apiVersion").starts_with(kGroup);
    if (kind == "List" || (ours && is_list(kind))) return read_list(document, findings);
    if (ours && kind == kPolicy) {
      ++useful_;
      read_policy(document, resource_prefix_, findings, wishes_);
    } else if (ours && kind == kNodeState) {
      ++useful_;
      read_node_state(document, resource_prefix_, findings, shares_);
    } else if (ours && kind == kPoolConfig) {
      ++useful_;
      read_pool(document, findings, shares_);
    } else if (is_record(document)) {
      ++useful_;
      read_record(document, resource_prefix_, findings, shares_);
    } else if (kind == "ConfigMap") {
      read_config_map(document, findings);
    } else if (kind.empty()) {
      findings.mistake(document.at, "it has no kind: this is no document of Kubernetes");
    } else {
      findings.warn(document.at, fmt::format("{}: not taken over: only {}, {} and {} of {}v1 are", kind.substr(0, 64),
                                             kPolicy, kNodeState, kPoolConfig, kGroup));
    }
  }

  void take(PluginDocument document) {
    ++useful_;
    for (auto& entry : document.entries)
      if (entry.resource) plugin_resources_.push_back(std::move(*entry.resource));
    auto& findings = document.findings;
    std::ranges::move(findings.mistakes, std::back_inserter(mistakes_));
    std::ranges::move(findings.warnings, std::back_inserter(result_.warnings));
    std::ranges::move(findings.notes, std::back_inserter(result_.warnings));
  }

  void read_config_map(const Node& document, Findings& findings) {
    auto files = plugins_in(document, plugin_prefix_, findings);
    for (auto& file : files) take(std::move(file));
    if (files.empty())
      findings.warn(document.at, "ConfigMap: not taken over: no device plugin's configuration is in its data");
  }

  void read_list(const Node& list, Findings& findings) {
    for (const Node& item : MapReader{list, "document", findings}.list("items")) {
      if (text_of(item, "kind").ends_with("List"))
        findings.mistake(item.at, "a list within a list");
      else
        read(item, findings);
    }
    ++useful_;  // an empty list is an answer too
  }

  void refuse(const model::Place& place, std::string what) {
    mistakes_.push_back({model::Code::invalid, 0, place.text(), "", std::move(what)});
  }

  void refuse_twins() {
    std::map<std::string_view, const model::SriovPolicy*> known;
    for (const auto& policy : wishes_.policies) {
      const auto [first, inserted] = known.emplace(policy.name, &policy);
      if (!inserted && !policy.name.empty())
        refuse(policy.place, fmt::format("policy \"{}\" is already at {}", policy.name, first->second->place.text()));
    }
  }

  // Offers of the same resource add up.
  void add(Offer offer) {
    auto& resources = result_.config.resources;
    const auto known = std::ranges::find(resources, offer.resource, &model::Resource::name);
    if (known == resources.end()) {
      model::Resource resource;
      resource.name = std::move(offer.resource);
      resource.selectors = {std::move(offer.selectors)};
      resource.exclude_topology = offer.exclude_topology;
      resource.place = std::move(offer.place);
      resources.push_back(std::move(resource));
      return;
    }
    if (known->exclude_topology != offer.exclude_topology)
      refuse(offer.place,
             fmt::format("excludeTopology of {} is not the same as at {}", known->name, known->place.text()));
    known->selectors.push_back(std::move(offer.selectors));
  }

  // Of a plugin, which offers no two of one name.
  void add(model::Resource resource) {
    auto& resources = result_.config.resources;
    const auto known = std::ranges::find(resources, resource.name, &model::Resource::name);
    if (known != resources.end())
      refuse(resource.place, fmt::format("resource \"{}\" is already at {}", resource.name, known->place.text()));
    else if (resource.kind == model::ResourceKind::shared && resource.rdma_hca_max == 0)
      result_.warnings.push_back({resource.place, fmt::format("{}: not taken over: it has no device", resource.name)});
    else
      resources.push_back(std::move(resource));
  }

  std::string_view resource_prefix_, plugin_prefix_;
  std::vector<model::Resource> plugin_resources_;
  Wishes wishes_;
  PfShares shares_;
  std::vector<model::GuidFile> guid_pools_;
  Imported result_;
  std::vector<model::Error> mistakes_;
  unsigned useful_{0};
};

}  // namespace

std::expected<Imported, std::vector<model::Error>> import_documents(const std::vector<Source>& sources,
                                                                    std::string_view resource_prefix) {
  Import import{resource_prefix};
  for (const auto& source : sources) import.read(source);
  return import.finish();
}

}  // namespace nic::config
