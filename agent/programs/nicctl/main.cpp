// nicctl: shows and steers nic-agent over D-Bus.
#include "ctl/nicctl.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  sigset_t waited;
  sigemptyset(&waited);
  sigaddset(&waited, SIGINT);
  sigaddset(&waited, SIGTERM);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  // Only `watch` waits for these on its loop; everything else ends by them as programs do.
  if (std::find(arguments.begin(), arguments.end(), "watch") != arguments.end())
    ::sigprocmask(SIG_BLOCK, &waited, nullptr);
  const char* no_colour = std::getenv("NO_COLOR");  // https://no-color.org
  const bool colour = ::isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
  return static_cast<int>(nic::ctl::run(arguments, {colour}, std::cout, std::cerr));
}
