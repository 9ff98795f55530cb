#include "worker_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::pipeline::archive {
namespace {

[[noreturn]] void fail(const std::filesystem::path& program, int reason) {
  throw core::Error("starting a worker process, " + program.string() + ": " + std::strerror(reason));
}

/// Above the numbers that the worker's own get.
int raised(int file) {
  constexpr int kFirst = 10;
  const int high = fcntl(file, F_DUPFD_CLOEXEC, kFirst);
  close(file);
  return high;
}

}  // namespace

WorkerProcess::WorkerProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  int ends[2], pipe_ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail(program, errno);
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
    const int reason = errno;
    for (const int end : ends) close(end);
    fail(program, reason);
  }
  connection_ = ends[0];
  output_ = pipe_ends[0];
  for (const int file : {connection_, output_}) fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK);
  const int its_connection = raised(ends[1]), its_output = raised(pipe_ends[1]);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, its_output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, its_output, STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&files, its_connection, kWorkerConnection);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // a terminal's Ctrl-C is the batch's
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const int failure = posix_spawn(&pid_, program.c_str(), &files, &attributes, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  close(its_connection);
  close(its_output);
  if (failure == 0) return;
  close(connection_);
  close(output_);
  fail(program, failure);
}

WorkerProcess::~WorkerProcess() {
  end({});
  close(connection_);
  close(output_);
}

void WorkerProcess::send(const Message& message) const {
  const std::string line = line_of(message);
  std::size_t sent = 0;
  while (sent < line.size()) {
    const ssize_t count = ::send(connection_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count > 0) sent += static_cast<std::size_t>(count);
    if (count < 0 && errno == EAGAIN) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (count < 0 && errno != EAGAIN && errno != EINTR) return;
  }
}

void WorkerProcess::finish() const { shutdown(connection_, SHUT_WR); }
void WorkerProcess::kill() const { ::kill(pid_, SIGKILL); }

bool WorkerProcess::read(std::vector<std::string>& said, std::vector<std::string>& printed) {
  printed_.read(output_, printed);
  const bool is_open = said_.read(connection_, said);
  if (!is_open) printed_.read(output_, printed);  // its last words
  return is_open;
}

std::string WorkerProcess::end(std::chrono::milliseconds limit) {
  if (pid_ < 0) return {};
  const auto deadline = std::chrono::steady_clock::now() + limit;
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      continue;
    }
    kill();
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    break;
  }
  pid_ = -1;
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ")";
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace wsi_lpd::pipeline::archive
