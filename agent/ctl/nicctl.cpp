#include "ctl/nicctl.hpp"

#include "ctl/offline.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <functional>
#include <ostream>
#include <utility>

namespace nic::ctl {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 good, 1 failure, 2 wrong usage, 3 not ready (status, wait), 4 agent not reachable, 5 not "
    "authorised.\n"
    "See nicctl(1) and org.nicagent1(5).";

struct Arguments {
  std::string bus, device, subject, resource;
  std::string resource_prefix;
  std::vector<std::string> files, modules;
  Scope scope;
  bool json{false}, wait{false}, restore{false}, plan{false};
  unsigned timeout{120};  // seconds
};

class Command {
 public:
  Command(const Arguments& arguments, const Style& style, std::ostream& out, std::ostream& err)
      : arguments_{arguments}, style_{style}, out_{out}, err_{err} {}

  Exit status(Client& client) {
    const auto state = client.describe();
    if (!state) return fail(state.error());
    show(*state, ctl::status(*state, style_));
    return ready(*state) ? Exit::ok : Exit::not_ready;
  }

  Exit wait(Client& client) {
    if (const auto waited = client.wait_settled(std::chrono::seconds{arguments_.timeout}); !waited)
      return fail(waited.error());
    return status(client);
  }

  Exit devices(Client& client) { return section(client, "Devices", ctl::devices); }
  Exit modules(Client& client) { return section(client, "Modules", ctl::modules); }
  Exit resources(Client& client) { return section(client, "Resources", ctl::resources); }

  Exit gpus(Client& client) {
    const auto state = client.describe();
    if (!state) return fail(state.error());
    show(list(object(*state, "Manager"), "GpuPaths"), ctl::gpus(*state, style_));
    return Exit::ok;
  }

  Exit device(Client& client) {
    const auto path = client.device_path(arguments_.device);
    if (!path) return fail(path.error());
    const auto state = client.describe();
    if (!state) return fail(state.error());
    for (const auto& device : list(*state, "Devices")) {
      if (member(device, "Path") != *path) continue;
      show(device, ctl::device(device, style_));
      return Exit::ok;
    }
    return fail({Exit::failure, "", arguments_.device + " went away"});
  }

  Exit node_state(Client& client) {
    const auto state = client.node_state();
    if (!state) return fail(state.error());
    out_ << dump(*state) << "\n";
    return Exit::ok;
  }

  Exit plan(Client& client) {
    const auto plan = client.plan(arguments_.scope);
    if (!plan) return fail(plan.error());
    show({{"Text", plan->text}, {"Steps", plan->steps}}, printable_lines(plan->text));
    return Exit::ok;
  }

  Exit explain(Client& client) {
    const auto text = client.explain(arguments_.subject, arguments_.resource);
    if (!text) return fail(text.error());
    auto lines = printable_lines(*text);
    if (!lines.ends_with('\n')) lines += '\n';
    show({{"Text", *text}}, lines);
    return Exit::ok;
  }

  Exit reload(Client& client) {
    const auto done = client.reload();
    if (!done) return fail(done.error());
    show({{"Result", "done"}}, "configuration read again\n");
    return Exit::ok;
  }

  Exit reload_drivers(Client& client) {
    if (!arguments_.plan) return job(client, client.reload_drivers(arguments_.modules, arguments_.scope.force));
    const auto plan = client.plan_reload(arguments_.modules);
    if (!plan) return fail(plan.error());
    show(plan->plan, printable_lines(plan->text));
    return Exit::ok;
  }

  Exit apply(Client& client) { return job(client, client.apply(arguments_.scope)); }
  Exit rescan(Client& client) { return job(client, client.rescan()); }
  Exit verify(Client& client) {
    const auto path = client.verify();
    if (!path) return fail(path.error());
    const auto end = client.wait(*path, [](const std::string&) {});
    if (!end) return fail(end.error());
    const auto state = client.describe();
    if (!state) return fail(state.error());
    const bool right = end->result == "done";
    const auto& manager = object(*state, "Manager");
    auto text = ctl::verdict(*state, style_);
    if (!right)
      text += fmt::format("{} {}: {}\n", style_.state("failed"), member(end->error, "Object"),
                          member(end->error, "Advice"));
    show({{"Result", right ? "pass" : "fail"},
          {"Error", end->error},
          {"DriverVerdict", member(manager, "DriverVerdict")},
          {"DriverFindings", list(manager, "DriverFindings")},
          {"RdmaStack", object(manager, "RdmaStack")},
          {"PeerMemory", object(manager, "PeerMemory")},
          {"Modules", list(*state, "Modules")}},
         text);
    return right ? Exit::ok : Exit::not_ready;
  }

  // It is short, and what came of it is what one wants to know.
  Exit release(Client& client) { return job(client, client.release(arguments_.device, arguments_.restore), true); }

  Exit watch(Client& client) {
    if (const auto state = client.describe(); !state) return fail(state.error());
    const auto ended = client.watch([&](const Change& change) {
      if (arguments_.json)
        out_ << dump(json(change), -1) << "\n" << std::flush;
      else
        out_ << line(change) << std::flush;
    });
    return ended ? Exit::ok : fail(ended.error());
  }

  Exit fail(const Failure& failure) {
    if (arguments_.json) out_ << dump({{"Error", {{"Name", failure.name}, {"Text", failure.text}}}}) << "\n";
    err_ << "nicctl: " << printable(failure.text) << "\n";
    if (failure.exit == Exit::unreachable) err_ << "Is nic-agent.service running? (systemctl status nic-agent)\n";
    if (failure.exit == Exit::not_authorized) err_ << "Try it as root, or let polkit ask (pkttyagent on a terminal).\n";
    return failure.exit;
  }

 private:
  void show(const Json& json, const std::string& text) {
    if (arguments_.json)
      out_ << dump(json) << "\n";
    else
      out_ << text;
  }

  template <class Render>
  Exit section(Client& client, const char* key, Render render) {
    const auto state = client.describe();
    if (!state) return fail(state.error());
    show(list(*state, key), render(*state, style_));
    return Exit::ok;
  }

  Exit job(Client& client, const Result<std::string>& path, bool wait = false) {
    if (!path) return fail(path.error());
    const auto number = printable(path->substr(path->rfind('/') + 1));
    if (!arguments_.wait && !wait) {
      show({{"Job", *path}}, "job " + number + " started\n");
      return Exit::ok;
    }
    const auto end = client.wait(*path, [&](const std::string& step) {
      if (!arguments_.json && !step.empty()) out_ << "  " << step << "\n" << std::flush;
    });
    if (!end) return fail(end.error());
    show({{"Job", *path}, {"Result", end->result}, {"Error", end->error}},
         "job " + number + ": " + style_.state(end->result) + "\n");
    if (end->result == "done") return Exit::ok;
    if (!arguments_.json) {
      err_ << "nicctl: " << member(end->error, "Operation") << " " << member(end->error, "Object") << "\n";
      if (const auto advice = member(end->error, "Advice"); !advice.empty()) err_ << "  -> " << advice << "\n";
    }
    return Exit::failure;
  }

  const Arguments& arguments_;
  const Style& style_;
  std::ostream& out_;
  std::ostream& err_;
};

using Run = Exit (Command::*)(Client&);

}  // namespace

Exit run(std::vector<std::string> arguments, const Style& style, std::ostream& out, std::ostream& err) {
  Arguments given;
  Run chosen{};
  std::function<Exit(const Offline&)> without_agent;
  CLI::App app{"Shows and steers the network cards of this machine, through nic-agent.", "nicctl"};
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_flag("--json", given.json, "JSON, with the names of org.nicagent1(5) as keys");
  app.add_option("--bus", given.bus, "Address of the bus, for tests")->group("");
  const auto command = [&](const char* name, const char* help, Run run) {
    auto* made = app.add_subcommand(name, help);
    made->callback([&chosen, run] { chosen = run; });
    return made;
  };
  const auto scoped = [&](CLI::App* made) {
    made->add_flag("--force", given.scope.force, "Also what protection refuses: functions in use, the default route");
    made->add_option("--device", given.scope.devices, "Only these PCI addresses")->type_name("ADDR");
    return made;
  };
  command("status", "What is ready, what is not and why", &Command::status);
  command("devices", "All network functions", &Command::devices);
  command("device", "One function in detail", &Command::device)
      ->add_option("ADDR", given.device, "PCI address, interface or RDMA device name")
      ->required();
  scoped(command("plan", "What apply would do, and why; nothing is done", &Command::plan));
  scoped(command("apply", "Bring the functions to the configured state", &Command::apply))
      ->add_flag("--wait", given.wait, "Until it is done, with the steps");
  auto* release = command("release", "A function that no policy asks for is the agent's no longer", &Command::release);
  release->add_option("ADDR", given.device, "PCI address, interface or RDMA device name")->required();
  release->add_flag("--restore", given.restore, "Give back what was found on it; without this it stays as it is");
  command("reload", "Read the configuration files again", &Command::reload);
  auto* drivers = command("reload-drivers", "Unload kernel modules and load them anew", &Command::reload_drivers);
  drivers->add_option("MODULE", given.modules, "Modules, and sets of them: @mlx5")->required();
  drivers->add_flag("--plan", given.plan, "What it would do, and what stands in the way; nothing is done");
  drivers->add_flag("--force", given.scope.force, "Also where something stands in the way that force helps against");
  drivers->add_flag("--wait", given.wait, "Until it is done, with the steps");
  command("rescan", "Read the whole machine again", &Command::rescan)
      ->add_flag("--wait", given.wait, "Until it is done");
  command("wait", "Until the agent has done what it can, then as status", &Command::wait)
      ->add_option("--timeout", given.timeout, "Seconds to wait at most (120)")
      ->check(CLI::Range(1U, 86'400U))
      ->type_name("SECONDS");
  command("verify", "Read everything again, and say whether all is right", &Command::verify);
  command("modules", "Kernel modules: wanted, loaded, verified", &Command::modules);
  command("resources", "What the kubelet is given", &Command::resources);
  command("gpus", "The ways between GPUs and NICs, and what slows them down", &Command::gpus);
  command("node-state", "The status of a SriovNetworkNodeState, as JSON", &Command::node_state);
  command("watch", "Changes as they come, until interrupted", &Command::watch);
  auto* explain = command("explain", "Why a function is, or is not, in a resource", &Command::explain);
  explain->add_option("ADDR", given.subject, "PCI address, interface, RDMA device or auxiliary device")->required();
  explain->add_option("RESOURCE", given.resource, "Only about this resource");
  const auto alone = [&](const char* name, const char* help, Exit (*work)(const Offline&)) {
    auto* made = app.add_subcommand(name, help);
    made->callback([&without_agent, work] { without_agent = work; });
    made->add_option("FILE", given.files, "Files to read; - is standard input")->required();
    return made;
  };
  alone("import", "TOML from what the sriov-network-operator and the device plugins have; needs no agent",
        import_documents)
      ->add_option("--resource-prefix", given.resource_prefix,
                   "What stands before resourceName (openshift.io; intel.com for sriov-network-device-plugin)")
      ->check(wrong_prefix, "")
      ->type_name("PREFIX");
  alone("check-config", "Whether configuration files are right; needs no agent", check_config);

  std::ranges::reverse(arguments);  // as CLI11 wants them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? Exit::ok : Exit::usage;
  }
  if (without_agent) return without_agent({given.files, given.resource_prefix, given.json, out, err});
  Command work{given, style, out, err};
  auto client = Client::connect(given.bus);
  return client ? (work.*chosen)(*client) : work.fail(client.error());
}

}  // namespace nic::ctl
