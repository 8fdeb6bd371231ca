#include "host/function_nets.hpp"

namespace nic::host {

bool is_representor(std::string_view port_name) {
  return port_name.find("pf") != std::string_view::npos &&
         (port_name.find("vf") != std::string_view::npos || port_name.find("sf") != std::string_view::npos);
}

std::expected<std::vector<std::string>, model::Error> nets_of(const FunctionFiles& function, const std::string& what) {
  const auto found = function.sys.list(function.path("net").c_str());
  if (!found) return std::unexpected(found.error().during(what));
  std::vector<std::string> nets;
  for (const auto& net : found->value_or(std::vector<std::string>{})) {
    const auto port = function.text("net/" + net + "/phys_port_name");  // EOPNOTSUPP where there is none
    if (!port || !is_representor(port->value_or(""))) nets.push_back(net);
  }
  if (nets.empty())
    return std::unexpected(model::Error{model::Code::not_found, 0, what + " on", function.address.text(),
                                        "the function has no network interface: its driver is not bound, or the "
                                        "interface lives in another network namespace"});
  return nets;
}

}  // namespace nic::host
