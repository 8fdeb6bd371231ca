// rooms: host model
// A full look at a machine against the limit: opening and reading the very files that the look opens, and nothing else.
// The trees are composed in memory; each PF has 15 VFs, every second function a network interface, each PF an RDMA
// device. The files are those that inotify saw opened during one look.
#include "host/observe.hpp"
#include "lib/sysfs_tree.hpp"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <map>
#include <memory>
#include <vector>

namespace {

using nic::test::SysfsTree;
namespace fs = std::filesystem;

std::unique_ptr<SysfsTree> machine(unsigned functions) {
  auto tree = std::make_unique<SysfsTree>();
  unsigned ifindex = 2;
  for (unsigned pf = 0; pf < functions / 16; ++pf) {
    const auto address = fmt::format("{:04x}:01:00.0", pf);
    tree->pf(address, 0x15b3, 0x1021)
        .total_vfs(16)
        .driver("mlx5_core")
        .iommu_group(pf * 16)
        .netdev(fmt::format("ens{}np0", pf), ifindex++)
        .rdma(fmt::format("mlx5_{}", pf));
    for (unsigned vf = 0; vf < 15; ++vf) {
      const auto index = vf + 1;
      auto function =
          tree->vf(address, vf, fmt::format("{:04x}:01:{:02x}.{}", pf, index / 8, index % 8), 0x15b3, 0x101e);
      function.iommu_group(pf * 16 + index);
      if (vf % 2 == 0)
        function.driver("mlx5_core").netdev(fmt::format("ens{}v{}", pf, vf), ifindex++);
      else
        function.driver("vfio-pci");
    }
  }
  tree->rdma_cm();
  for (const auto* module : {"mlx5_core", "mlx5_ib", "ib_core", "ib_uverbs", "rdma_cm", "rdma_ucm", "vfio_pci"})
    tree->module(module, "0123456789abcdef0123", "1");
  return tree;
}

nic::model::Inventory look(const SysfsTree& tree) {
  return nic::host::observe(nic::model::Roots::below(tree.root()), {}, nic::model::Dirty::all());
}

// The files that one look opens, in its order, each as often as it does.
std::vector<std::string> opened_files(const SysfsTree& tree) {
  const int inotify = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  std::map<int, fs::path> folders;
  const auto watch = [&](const fs::path& folder) {
    folders[::inotify_add_watch(inotify, folder.c_str(), IN_OPEN | IN_ONLYDIR)] = folder;
  };
  watch(tree.root());
  for (const auto& entry : fs::recursive_directory_iterator{tree.root()})
    if (entry.is_directory() && !entry.is_symlink()) watch(entry.path());
  std::vector<std::string> files;
  const auto drain = [&] {
    alignas(inotify_event) std::array<char, 65536> buffer{};
    for (;;) {
      const auto size = ::read(inotify, buffer.data(), buffer.size());
      if (size <= 0) return;
      for (ssize_t at = 0; at < size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
        if ((event->mask & IN_ISDIR) == 0 && event->len > 0)
          files.push_back((folders.at(event->wd) / event->name).string());
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
  };
  drain();
  files.clear();
  benchmark::DoNotOptimize(look(tree));
  drain();
  ::close(inotify);
  return files;
}

void full_scan(benchmark::State& state) {
  const auto tree = machine(static_cast<unsigned>(state.range(0)));
  for (auto _ : state) {
    const auto inventory = look(*tree);
    if (inventory.functions.size() != static_cast<std::size_t>(state.range(0)) || !inventory.problems.empty())
      state.SkipWithError("the machine was not seen whole");
  }
}

void bare_reads(benchmark::State& state) {
  const auto tree = machine(static_cast<unsigned>(state.range(0)));
  const auto files = opened_files(*tree);
  if (files.empty()) state.SkipWithError("no file was seen to be opened");
  std::array<char, 4096> buffer{};
  for (auto _ : state)
    for (const auto& file : files) {
      const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
      if (fd < 0 || ::read(fd, buffer.data(), buffer.size()) < 0) state.SkipWithError("a file cannot be read");
      ::close(fd);
    }
  state.counters["files"] = static_cast<double>(files.size());
}

BENCHMARK(full_scan)->Arg(16)->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond);
BENCHMARK(bare_reads)->Arg(16)->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond);

}  // namespace
