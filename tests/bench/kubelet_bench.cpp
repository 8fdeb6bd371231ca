// rooms: kubelet kubelet_standin host core loop model
// Life with the kubelet: messages of a storm, memory of 64 resources, a restart until all are followed again, and
// Allocate while the machine is read over and over. The stand-in is a process of its own, so that its memory and
// threads are not counted.
#include "core/pools.hpp"
#include "host/nodes.hpp"
#include "host/observe.hpp"
#include "kubelet/allocate.hpp"
#include "kubelet/channel.hpp"
#include "kubelet/endpoint.hpp"
#include "kubelet_standin/standin.hpp"
#include "lib/policies.hpp"
#include "lib/sysfs_tree.hpp"
#include "lib/temporary_folder.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <optional>
#include <thread>

namespace {

using namespace nic;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A kubelet that is started and stopped on command. Forked before anybody has threads.
class KubeletProcess {
 public:
  KubeletProcess() {
    if (::pipe(commands_) != 0 || ::pipe(counts_) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) serve();
  }
  ~KubeletProcess() {
    ::close(commands_[1]);
    ::waitpid(child_, nullptr, 0);
  }
  KubeletProcess(const KubeletProcess&) = delete;
  KubeletProcess& operator=(const KubeletProcess&) = delete;
  [[nodiscard]] std::string root() const { return folder_.path().string(); }
  void start() { tell('s'); }
  void stop() { (void)ask('k'); }
  // ListAndWatch messages since the start.
  [[nodiscard]] unsigned messages() { return ask('m'); }

 private:
  void tell(char what) {
    if (::write(commands_[1], &what, 1) != 1) std::abort();
  }
  unsigned ask(char what) {
    unsigned answer = 0;
    tell(what);
    if (::read(counts_[0], &answer, sizeof answer) != sizeof answer) std::abort();
    return answer;
  }
  [[noreturn]] void serve() {
    ::close(commands_[1]);
    std::unique_ptr<test::KubeletStandin> kubelet;
    std::atomic<unsigned> messages{0};
    for (char command{}; ::read(commands_[0], &command, 1) == 1;) {
      if (command == 's') {
        messages = 0;
        kubelet = std::make_unique<test::KubeletStandin>(
            root(), false, [&](const auto& event) { messages += event["event"] == "devices" ? 1 : 0; });
        continue;
      }
      if (command == 'k') kubelet.reset();
      const unsigned answer = messages;
      if (::write(counts_[1], &answer, sizeof answer) != sizeof answer) break;
    }
    kubelet.reset();
    std::_Exit(0);
  }

  test::TemporaryFolder folder_;
  int commands_[2]{}, counts_[2]{};
  pid_t child_{};
};

KubeletProcess& the_kubelet() {
  static KubeletProcess process;
  return process;
}
[[maybe_unused]] const auto& kForkedFirst = the_kubelet();

// The endpoint on the caller's loop.
class Agent {
 public:
  explicit Agent(kubelet::Resolve resolve = [](const auto&) { return std::vector<model::DeviceNode>{}; }) {
    std::filesystem::create_directories(std::filesystem::path{the_kubelet().root()} / "plugins_registry");
    endpoint_ = std::make_unique<nic::kubelet::Endpoint>(
        event_.get(),
        nic::kubelet::Context{cell_, std::move(resolve), mailbox_.handle(),
                              [this](const auto& resource, const auto& status) { states_[resource] = status.state; },
                              [](bool) {}, [](const auto&) {}});
    endpoint_->configure({true, the_kubelet().root()});
  }
  void offer(unsigned resources, unsigned devices) {
    model::Snapshot snapshot;
    for (unsigned i = 0; i < resources; ++i) {
      model::Pool pool;
      pool.resource = test::shared(fmt::format("example.com/r{}", i), devices, {});
      pool.capacity = pool.healthy = devices;
      snapshot.pools.push_back(std::move(pool));
    }
    publish(std::move(snapshot));
  }
  void publish(model::Snapshot snapshot) {
    auto shared = std::make_shared<const model::Snapshot>(std::move(snapshot));
    cell_.store(shared);
    endpoint_->publish(shared);
  }
  bool run_until(const std::function<bool()>& condition, std::chrono::microseconds within) {
    const auto end = Clock::now() + within;
    while (!condition()) {
      const auto left = std::chrono::duration_cast<std::chrono::microseconds>(end - Clock::now());
      if (left.count() <= 0) return false;
      sd_event_run(event_.get(), static_cast<std::uint64_t>(left.count()));
    }
    return true;
  }
  void run_for(std::chrono::microseconds time) {
    (void)run_until([] { return false; }, time);
  }
  [[nodiscard]] bool all_are(unsigned resources, bool streaming) {
    return run_until(
        [&] {
          return static_cast<unsigned>(std::ranges::count_if(states_, [](const auto& entry) {
                   return entry.second == model::KubeletState::streaming;
                 })) == (streaming ? resources : 0);
        },
        30s);
  }
  [[nodiscard]] model::SnapshotCell& cell() { return cell_; }

 private:
  loop::EventPtr event_{loop::new_event()};
  loop::Mailbox mailbox_{event_.get()};
  model::SnapshotCell cell_;
  std::map<std::string, model::KubeletState> states_;
  std::unique_ptr<nic::kubelet::Endpoint> endpoint_;
};

double anonymous_mib() {
  std::ifstream file{"/proc/self/smaps_rollup"};
  for (std::string word; file >> word;)
    if (word == "Anonymous:") {
      double kib = 0;
      file >> kib;
      return kib / 1024;
    }
  return 0;
}

// At most 5 messages for a storm of 256 VF events.
void storm_of_256(benchmark::State& state) {
  double messages = 0;
  for (auto _ : state) {
    Agent agent;
    the_kubelet().start();
    agent.offer(1, 1);
    if (!agent.all_are(1, true)) state.SkipWithError("not followed");
    agent.run_for(100ms);
    const auto before = the_kubelet().messages();
    for (unsigned vf = 2; vf <= 257; ++vf) {
      agent.offer(1, vf);
      agent.run_for(std::chrono::milliseconds{state.range(0)});
    }
    agent.run_for(1s);
    messages = the_kubelet().messages() - before;
    the_kubelet().stop();
  }
  state.counters["messages"] = messages;
}

// Less than 8 MiB more for 64 resources of 1,000 devices than for one.
void memory_of_64_resources(benchmark::State& state) {
  double more = 0;
  for (auto _ : state) {
    Agent agent;
    the_kubelet().start();
    agent.offer(1, 1000);
    if (!agent.all_are(1, true)) state.SkipWithError("not followed");
    agent.run_for(1s);
    const double one = anonymous_mib();
    agent.offer(64, 1000);
    if (!agent.all_are(64, true)) state.SkipWithError("not followed");
    agent.run_for(1s);
    more = anonymous_mib() - one;
    the_kubelet().stop();
  }
  state.counters["MiB_more"] = more;
}

// Less than a second from the kubelet's start to 64 resources that are followed again.
void restart_with_64_resources(benchmark::State& state) {
  Agent agent;
  the_kubelet().start();
  agent.offer(64, 1000);
  if (!agent.all_are(64, true)) state.SkipWithError("not followed");
  for (auto _ : state) {
    the_kubelet().stop();
    if (!agent.all_are(64, false)) state.SkipWithError("still followed");
    const auto begin = Clock::now();
    the_kubelet().start();
    if (!agent.all_are(64, true)) state.SkipWithError("not followed again");
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  the_kubelet().stop();
}

// Allocate over its socket while another thread reads the whole machine over and over; p99 is to be below 1 ms.
void allocate_while_rescanning(benchmark::State& state) {
  test::SysfsTree tree;
  tree.pf("0000:01:00.0", 0x15b3, 0x1021).driver("mlx5_core").netdev("ens1np0", 2).rdma("mlx5_0");
  tree.rdma_cm();
  const auto roots = model::Roots::below(tree.root());
  Agent agent{[&](const auto& request) { return host::resolve_nodes(roots, request); }};
  model::Config config;
  config.resources = {test::shared("example.com/rdma", 1000, {})};
  model::Snapshot snapshot;
  snapshot.inventory = host::observe(roots, {}, model::Dirty::all());
  snapshot.pools = core::pools(config, snapshot.inventory, {});
  agent.publish(snapshot);
  agent.run_for(100ms);
  std::atomic<bool> over{false};
  std::thread rescan{[&] {
    while (!over) {
      auto next = snapshot;
      next.inventory = host::observe(roots, {}, model::Dirty::all());
      agent.cell().store(std::make_shared<const model::Snapshot>(std::move(next)));
    }
  }};
  const auto folder = the_kubelet().root() + "/plugins_registry";
  const auto stub = v1beta1::DevicePlugin::NewStub(
      nic::kubelet::channel_to(folder + "/" + nic::kubelet::socket_name("example.com/rdma", folder)));
  v1beta1::AllocateRequest request;
  request.add_container_requests()->add_devices_ids("7");
  std::vector<double> times;
  for (auto _ : state) {
    grpc::ClientContext context;
    v1beta1::AllocateResponse response;
    const auto begin = Clock::now();
    if (!stub->Allocate(&context, request, &response).ok()) state.SkipWithError("not allocated");
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  over = true;
  rescan.join();
  std::ranges::sort(times);
  if (!times.empty()) state.counters["p99_us"] = times.at(times.size() * 99 / 100);
}

BENCHMARK(storm_of_256)->Arg(1)->Arg(5)->Arg(20)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();
BENCHMARK(memory_of_64_resources)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();
BENCHMARK(restart_with_64_resources)->Unit(benchmark::kMillisecond)->Iterations(5)->UseManualTime();
BENCHMARK(allocate_while_rescanning)->Unit(benchmark::kMicrosecond)->MinTime(1)->UseRealTime();

}  // namespace
