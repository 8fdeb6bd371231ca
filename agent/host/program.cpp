#include "host/program.hpp"

#include "host/fd.hpp"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace nic::host {
namespace {

// What a program starts with: no input, no output, and the signals as a shell would have them.
class Spawning {
 public:
  Spawning() {
    ::posix_spawn_file_actions_init(&files_);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      ::posix_spawn_file_actions_addopen(&files_, fd, "/dev/null", O_RDWR, 0);
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;
  ~Spawning() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  // errno; 0 for success.
  [[nodiscard]] int start(std::vector<char*>& arguments, pid_t& pid) const {
    return ::posix_spawn(&pid, arguments.front(), &files_, &attributes_, arguments.data(), environ);
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

bool over_in_time(pid_t pid, std::chrono::milliseconds deadline) {
  const Fd ended{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (!ended) return true;  // Linux before 5.3: waitpid waits, without a deadline
  pollfd waiting{ended.get(), POLLIN, 0};
  int ready = 0;
  do ready = ::poll(&waiting, 1, static_cast<int>(deadline.count()));
  while (ready < 0 && errno == EINTR);
  return ready != 0;
}

}  // namespace

std::expected<void, model::Error> run_program(const std::vector<std::string>& command,
                                              std::chrono::milliseconds deadline) {
  auto words = command;
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto line = fmt::format("{}", fmt::join(command, " "));
  pid_t pid = 0;
  if (const int failure = Spawning{}.start(arguments, pid); failure != 0)
    return std::unexpected(model::system_error(failure, "run", line));
  const bool in_time = over_in_time(pid, deadline);
  if (!in_time) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return std::unexpected(model::system_error(errno, "wait for", line));
  if (!in_time)
    return std::unexpected(model::Error{model::Code::timed_out, 0, "run", line,
                                        fmt::format("it was not over after {} ms", deadline.count())});
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return std::unexpected(model::Error{model::Code::internal, 0, "run", line,
                                        WIFEXITED(status)
                                            ? fmt::format("it ended with status {}", WEXITSTATUS(status))
                                            : fmt::format("it was ended by signal {}", WTERMSIG(status))});
  return {};
}

}  // namespace nic::host
