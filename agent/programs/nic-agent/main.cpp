// nic-agent: parse options, open the machine, build the parts, run the loop, say goodbye.
#include "loop/log.hpp"
#include "nic-agent/daemon.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  nic::daemon::Options options;
  std::string root;
  bool print_catalog = false;
  CLI::App app{"The NIC agent: SR-IOV, RDMA drivers and kubelet resources of this node. See nic-agent(8)."};
  app.set_version_flag("--version", NIC_AGENT_VERSION);
  app.add_option("--root", root, "Use the trees (sys, etc, var ...) below this folder, for tests");
  app.add_option("--bus", options.bus_address, "Address of the bus to serve, for tests; the system bus without it");
  app.add_flag("--print-catalog", print_catalog, "Print the journal's message catalogue and exit");
  CLI11_PARSE(app, argc, argv);
  if (print_catalog) {
    std::fputs(nic::loop::catalog().c_str(), stdout);
    return 0;
  }
  if (!root.empty()) options.roots = nic::model::Roots::below(root);
  return nic::daemon::run(options);
}
