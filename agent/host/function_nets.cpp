#include "host/function_nets.hpp"

#include "model/eswitch.hpp"

namespace nic::host {

bool is_representor(const FunctionFiles& function, const std::string& net) {
  const auto port = function.text("net/" + net + "/phys_port_name");  // EOPNOTSUPP where there is none
  return port && *port && model::is_representor(**port);
}

std::expected<std::vector<std::string>, model::Error> own_nets_of(const FunctionFiles& function) {
  const auto found = function.sys.list(function.path("net").c_str());
  if (!found) return std::unexpected(found.error());
  auto nets = found->value_or(std::vector<std::string>{});
  std::erase_if(nets, [&](const std::string& net) { return is_representor(function, net); });
  return nets;
}

std::expected<std::vector<std::string>, model::Error> nets_of(const FunctionFiles& function, const std::string& what) {
  auto nets = own_nets_of(function);
  if (!nets) return std::unexpected(nets.error().during(what));
  if (nets->empty())
    return std::unexpected(model::Error{model::Code::not_found, 0, what + " on", function.address.text(),
                                        "the function has no network interface: its driver is not bound, or the "
                                        "interface lives in another network namespace"});
  return nets;
}

}  // namespace nic::host
