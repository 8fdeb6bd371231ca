#include "config/plugin_file.hpp"

#include "config/json.hpp"
#include "config/parse_toml.hpp"
#include "config/plugin_object.hpp"

#include <algorithm>

namespace nic::config {
namespace {

constexpr std::string_view object_of(PluginForm form) {
  return form == PluginForm::rdma_shared ? "rdmaFile" : "sriovFile";
}

}  // namespace

std::optional<PluginForm> plugin_form(const Node& document) {
  if (document.kind != Node::Kind::map) return std::nullopt;
  Findings nobody_reads{""};
  if (as_go_reads(document, "rdmaFile", nobody_reads, "").member("configList") != nullptr)
    return PluginForm::rdma_shared;
  if (as_go_reads(document, "sriovFile", nobody_reads, "").member("resourceList") != nullptr) return PluginForm::sriov;
  return std::nullopt;
}

PluginDocument read_plugin(const Node& document, PluginForm form, std::string_view prefix, std::string_view file,
                           bool strict) {
  PluginDocument result;
  auto& findings = result.findings;
  findings.file = file;
  findings.of_plugin = true;
  const Node node = as_go_reads(document, object_of(form), findings, "");
  if (form == PluginForm::rdma_shared)
    read_rdma_shared(node, result, strict);
  else
    read_sriov(node, prefix, result, strict);
  return result;
}

PluginDocument parse_plugin(std::string_view text, PluginForm form, std::string_view prefix, std::string_view file,
                            bool strict) {
  const auto document = text.size() > kMostBytes
                            ? std::unexpected(Unreadable{{}, fmt::format("it is larger than {} bytes", kMostBytes)})
                            : read_json(text, Keys::all);
  if (document) return read_plugin(*document, form, prefix, file, strict);
  PluginDocument result;
  result.whole = false;
  result.findings.file = file;
  result.findings.mistake(document.error().at, document.error().why);
  return result;
}

}  // namespace nic::config
