// rooms: core model
// What one turn of the agent costs beside the kernel: resolve, plan, pools, judge.
#include "core/judge.hpp"
#include "core/plan.hpp"
#include "core/pools.hpp"
#include "core/resolve.hpp"
#include "lib/fleet.hpp"

#include <benchmark/benchmark.h>

namespace {

using nic::test::fleet;

void plan_nothing_to_do(benchmark::State& state) {
  const auto host = fleet(static_cast<unsigned>(state.range(0)), true);
  for (auto _ : state) {
    const auto desired = nic::core::resolve(host.config, host.inventory);
    auto plan = nic::core::plan(desired, host.inventory, {});
    if (!plan.empty()) state.SkipWithError("the plan should be empty");
    benchmark::DoNotOptimize(plan);
  }
}

void plan_everything(benchmark::State& state) {
  const auto host = fleet(static_cast<unsigned>(state.range(0)), false);
  const auto desired = nic::core::resolve(host.config, host.inventory);
  for (auto _ : state) benchmark::DoNotOptimize(nic::core::plan(desired, host.inventory, {}));
}

void pools_and_status(benchmark::State& state) {
  const auto host = fleet(static_cast<unsigned>(state.range(0)), true);
  const auto desired = nic::core::resolve(host.config, host.inventory);
  for (auto _ : state) {
    benchmark::DoNotOptimize(nic::core::pools(host.config, host.inventory, {}));
    benchmark::DoNotOptimize(nic::core::judge_functions(desired, host.inventory, {}, {}));
  }
}

BENCHMARK(plan_nothing_to_do)->Arg(16)->Arg(256)->Arg(1024)->Unit(benchmark::kMicrosecond);
BENCHMARK(plan_everything)->Arg(16)->Arg(256)->Arg(1024)->Unit(benchmark::kMicrosecond);
BENCHMARK(pools_and_status)->Arg(16)->Arg(256)->Arg(1024)->Unit(benchmark::kMicrosecond);

}  // namespace
