// nic-kubelet-standin --root DIR [--legacy] [--forgets-by-name]: prints one JSON object a line for every event; takes
// commands on standard input: allocate RESOURCE ID..., release RESOURCE ID..., hang-up RESOURCE, refuse TIMES TEXT,
// quit. Ends with the end of the input.
#include "kubelet_standin/standin.hpp"

#include <cstdio>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  std::string root = "/var/lib/kubelet";
  bool legacy = false;
  nic::test::KubeletRules rules;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--legacy") == 0)
      legacy = true;
    else if (std::strcmp(argv[i], "--forgets-by-name") == 0)
      rules.forgets_by_name = true;
    else if (std::strcmp(argv[i], "--root") == 0 && i + 1 < argc)
      root = argv[++i];
    else
      return std::fprintf(stderr, "usage: nic-kubelet-standin [--root DIR] [--legacy] [--forgets-by-name]\n"), 2;
  }
  nic::test::KubeletStandin kubelet{root, legacy, [](const auto& event) { std::cout << event.dump() << std::endl; },
                                    rules};
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words{line};
    std::string command, resource;
    words >> command >> resource;
    std::vector<std::string> ids;
    for (std::string id; words >> id;) ids.push_back(id);
    if (command == "allocate") kubelet.allocate(resource, ids);
    if (command == "release")
      for (const auto& id : ids) kubelet.release(resource, id);
    if (command == "refuse" && !ids.empty()) kubelet.refuse(static_cast<unsigned>(std::stoul(resource)), ids.front());
    if (command == "hang-up") kubelet.hang_up(resource);
    if (command == "quit") break;
  }
}
