// rooms: kmod core model
// Whether the drivers are right, asked of a whole out-of-tree stack on a composed module tree: the first time, when
// every module file is read, and again, when none has changed. CPU time of the thread that asks.
#include "core/drivers.hpp"
#include "kmod/inspect.hpp"
#include "lib/hosts.hpp"
#include "model/module_catalogue.hpp"
#include "unit/kmod/module_tree.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace nic;

struct Part {
  const char* name;
  std::size_t size;  // of the unpacked file, as distributions ship it without debug information
};
constexpr std::array kStack{
    Part{"ib_cm", 190'000},      Part{"ib_core", 900'000}, Part{"ib_ipoib", 260'000},    Part{"ib_umad", 60'000},
    Part{"ib_uverbs", 280'000},  Part{"iw_cm", 80'000},    Part{"mlx5_core", 4'200'000}, Part{"mlx5_ib", 900'000},
    Part{"mlx_compat", 120'000}, Part{"mlxfw", 40'000},    Part{"rdma_cm", 240'000},     Part{"rdma_ucm", 50'000},
};
constexpr std::array<const char*, 3> kPackings{"", "xz -q --check=crc32", "zstd -q --rm -19"};

model::LoadedModule running(const char* name) {
  model::LoadedModule module;
  module.name = name;
  module.state = "live";
  module.build_id = "01ff";
  module.version = "24.10-1.1.4";
  module.taint = "OE";
  return module;
}

// A machine with two ConnectX functions whose stack runs as it stands on disk.
struct Machine {
  explicit Machine(std::size_t packing) {
    for (const auto& part : kStack) {
      const auto file = std::string{"updates/dkms/"} + part.name + ".ko";
      tree.add(file, kmod::fitting()
                         .info("version", "24.10-1.1.4")
                         .info("depends", std::string_view{part.name} == model::kCompat ? "" : "mlx_compat")
                         .code(part.size));
      if (*kPackings.at(packing) != '\0')
        tree.run(std::string{kPackings.at(packing)} + " " + tree.module_path(file).string());
      inventory.modules.push_back(running(part.name));
      wanted.emplace_back(part.name);
      if (part.name != model::kCompat) holders.emplace_back(part.name);
    }
    tree.depmod();
    std::ranges::find(inventory.modules, model::kCompat, &model::LoadedModule::name)->holders = holders;
    for (const std::string number : {"0", "1"}) add_function(number);
    inventory.rdma_cm = model::CharDevice{model::RdmaNode::rdma_cm, "/dev/infiniband/rdma_cm", 10, 120, {}};
  }

  void add_function(const std::string& number) {
    const auto pf =
        test::Host{}.pf("0000:3b:00." + number, "ens1f" + number + "np" + number, 16, "mlx5_core").inventory();
    inventory.functions.insert(pf.functions.begin(), pf.functions.end());
    inventory.net_devices.insert(inventory.net_devices.end(), pf.net_devices.begin(), pf.net_devices.end());
    model::RdmaDevice device;
    device.name = "mlx5_" + number;
    device.function = test::pci("0000:3b:00." + number);
    device.nodes.push_back({model::RdmaNode::uverbs, "/dev/infiniband/uverbs" + number, 231, 192, {}});
    inventory.rdma_devices.push_back(device);
    answers[device.name] = std::nullopt;
  }

  [[nodiscard]] model::DriverStatus verify(kmod::FileCache& files) const {
    auto facts = kmod::inspect(tree.roots(), wanted, inventory, files);
    const auto modules = core::judge_modules(config, facts.modules);
    return core::judge_drivers(config, inventory, modules, facts, answers);
  }

  kmod::ModuleTree tree;
  model::Config config;
  model::Inventory inventory;
  model::RdmaAnswers answers;
  std::vector<std::string> wanted, holders;
};

void check(benchmark::State& state, const model::DriverStatus& status) {
  if (status.verdict == model::Verdict::pass) return;
  state.SkipWithError(status.findings.empty() ? "the stack should pass" : status.findings.front().text.c_str());
}

void verify_first_time(benchmark::State& state) {
  const Machine machine{static_cast<std::size_t>(state.range(0))};
  for (auto _ : state) {
    kmod::FileCache files;
    const auto status = machine.verify(files);
    check(state, status);
  }
}

void verify_again(benchmark::State& state) {
  const Machine machine{static_cast<std::size_t>(state.range(0))};
  kmod::FileCache files;
  check(state, machine.verify(files));
  for (auto _ : state) benchmark::DoNotOptimize(machine.verify(files));
}

// Module files as they are, packed with xz, with zstd.
BENCHMARK(verify_first_time)->Arg(0)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond);
BENCHMARK(verify_again)->Arg(0)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond);

}  // namespace
