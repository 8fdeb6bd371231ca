// nic-plugin-standin ROOT SOCKET RESOURCE DEVICES: another device plugin that offers a resource of the agent's. Ends,
// and removes its socket, with the end of its input.
#include "kubelet_standin/plugin.hpp"

#include <cstdio>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  constexpr int kArguments = 5;
  if (argc != kArguments) return std::fprintf(stderr, "usage: nic-plugin-standin ROOT SOCKET RESOURCE DEVICES\n"), 2;
  const nic::test::PluginStandin plugin{argv[1], argv[2], argv[3], static_cast<unsigned>(std::stoul(argv[4]))};
  for (std::string line; std::getline(std::cin, line);) continue;
}
