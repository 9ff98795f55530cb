#include "worker_options.hpp"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>
#include <utility>

#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/model/runtime/device.hpp"

namespace wsi_lpd::cli {
namespace {

namespace archive = pipeline::archive;
namespace fs = std::filesystem;

constexpr int kMostWorkers = 256;

std::string check_workers(const std::string& text) {
  const bool is_number = !text.empty() && text.size() < 4 && text.find_first_not_of("0123456789") == std::string::npos;
  if (text == "auto" || (is_number && std::stoi(text) <= kMostWorkers)) return {};
  return "'" + text + "' is neither auto nor a number from 0 to " + std::to_string(kMostWorkers);
}

int threads_of(const CommonOptions& common) {
  return common.threads > 0 ? common.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// The devices that the workers get in turn.
std::vector<std::string> devices_of(const std::string& wanted) {
  const std::string device = model::runtime::resolve_device(wanted);
  return device == "cuda" ? model::runtime::cuda_devices() : std::vector{device};
}

/// Memory of the machine, or of the control group where that has less; bytes.
std::int64_t machine_memory() {
  std::int64_t bytes = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  std::ifstream group("/sys/fs/cgroup/memory.max");
  if (std::int64_t limit = 0; group >> limit) bytes = std::min(bytes, limit);
  return bytes;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsInstrumented = true;
#else
constexpr bool kIsInstrumented = false;
#endif

std::vector<archive::WorkerShare> shares_of(const WorkerArguments& arguments, const CommonOptions& common, std::size_t slides) {
  constexpr int kThreadsOfWorker = 8;
  const std::vector<std::string> devices = devices_of(common.device);
  const int threads = threads_of(common);
  const bool on_gpu = devices.front() != "cpu";
  const std::size_t automatic = on_gpu ? devices.size() : static_cast<std::size_t>(std::max(1, threads / kThreadsOfWorker));
  const std::size_t wanted = arguments.workers == "auto" ? automatic : static_cast<std::size_t>(std::stoi(arguments.workers));
  const std::size_t count = std::clamp<std::size_t>(slides, 1, wanted);
  std::vector<archive::WorkerShare> shares;
  for (std::size_t i = 0; i < count; ++i) {
    archive::WorkerShare share{std::max(1, threads / static_cast<int>(count)), devices[i % devices.size()]};
    if (arguments.memory > 0) {
      share.memory = arguments.memory << 20;
    } else if (!on_gpu && !kIsInstrumented) {  // what a GPU's driver or a sanitizer maps counts as data, too
      share.memory = machine_memory() / 10 * 9 / static_cast<std::int64_t>(count);
    }
    shares.push_back(std::move(share));
  }
  return shares;
}

/// The words that this process was started with, before its arguments: its name, behind the loader's words where it was started by that.
std::vector<std::string> words_before(std::size_t arguments) {
  std::ifstream file("/proc/self/cmdline");
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  words.resize(words.size() - std::min(words.size(), arguments));
  return words;
}

/// This command's arguments for a worker: what --config says is among them already.
std::vector<std::string> arguments_of_worker(const Context& context) {
  std::vector<std::string> words = words_before(context.given.size());
  for (std::size_t i = 0; i < context.arguments.size(); ++i) {
    const std::string& argument = context.arguments[i];
    if (argument == "--config" || argument == "--log-file") ++i;
    if (argument.starts_with("--config") || argument.starts_with("--log-file")) continue;
    words.push_back(argument);
    if (i == 0) words.emplace_back("--worker");
  }
  return words;
}

/// One log a worker that says anything, rotated by size. Where they can't be written, one warning says so, and the work goes on.
class WorkerLogs {
 public:
  WorkerLogs(fs::path folder, std::size_t count, core::ProgressObserver& observer)
      : folder_(std::move(folder)), logs_(count), observer_(observer) {}

  void add(std::size_t number, const std::string& line) {
    std::shared_ptr<spdlog::logger>& log = logs_[number - 1];
    try {
      if (!log) log = open(number);
    } catch (const std::exception& error) {
      fail(error.what());
      log = std::make_shared<spdlog::logger>("none");
    }
    log->info("{}", line);
  }

 private:
  std::shared_ptr<spdlog::logger> open(std::size_t number) {
    constexpr std::size_t kMostBytes = 10 << 20, kOlder = 2;
    fs::create_directories(folder_);
    const fs::path file = folder_ / (core::host_name() + "-" + std::to_string(getpid()) + ".worker-" + std::to_string(number) + ".log");
    auto log = std::make_shared<spdlog::logger>("worker",
                                                std::make_shared<spdlog::sinks::rotating_file_sink_st>(file.string(), kMostBytes, kOlder));
    log->set_pattern("%Y-%m-%d %H:%M:%S.%e %v");
    log->flush_on(spdlog::level::info);
    log->set_error_handler([this](const std::string& reason) { fail(reason); });
    return log;
  }

  void fail(const std::string& reason) {
    if (!std::exchange(has_failed_, true)) observer_.warn("the workers' logs can't be written: " + reason);
  }

  fs::path folder_;
  std::vector<std::shared_ptr<spdlog::logger>> logs_;
  core::ProgressObserver& observer_;
  bool has_failed_ = false;
};

}  // namespace

void add_worker_options(CLI::App& command, WorkerArguments& arguments) {
  command
      .add_option("--workers", arguments.workers,
                  "processes that segment one slide each, so that a crash costs one slide; auto: one for each GPU, else for 8 threads; 0: "
                  "none, all in this process; e.g. --workers 4")
      ->check(check_workers);
  command
      .add_option("--slide-timeout", arguments.timeout,
                  "seconds that a slide may take, then it is tried once more, then it has failed; 0: 10 minutes and 5 s for each tile; "
                  "e.g. --slide-timeout 7200")
      ->check(CLI::Range(0.0, 1e9));
  command
      .add_option(
          "--slide-memory", arguments.memory,
          "MiB of data that a worker may have; 0: nine tenths of the machine's memory, shared evenly, and with a GPU no limit; e.g. "
          "--slide-memory 8000")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 30));
  command.add_flag("--worker", arguments.is_worker)->configurable(false)->group("");
}

std::size_t worker_count(const WorkerArguments& arguments, const CommonOptions& common, std::size_t slides) {
  return arguments.workers == "0" ? 1 : shares_of(arguments, common, slides).size();
}

std::unique_ptr<archive::SlideRunner> start_workers(const WorkerArguments& arguments, const Context& context, const fs::path& output,
                                                    const pipeline::segment::RunIdentity& identity, std::size_t slides) {
  if (arguments.workers == "0") {
    if (arguments.timeout > 0 || arguments.memory > 0)
      context.observer.warn(
          "--slide-timeout and --slide-memory limit worker processes, and there are none with --workers 0: no slide is limited");
    return nullptr;
  }
  archive::WorkerOptions options{.program = "/proc/self/exe",
                                 .arguments = arguments_of_worker(context),
                                 .shares = shares_of(arguments, context.common, slides),
                                 .slide_timeout = std::chrono::seconds(static_cast<std::int64_t>(arguments.timeout))};
  options.on_log = [logs = std::make_shared<WorkerLogs>(output / "journal", options.shares.size(), context.observer)](
                       std::size_t number, const std::string& line) { logs->add(number, line); };
  return archive::runner_in_workers(std::move(options), identity, context.observer, context.cancel);
}

}  // namespace wsi_lpd::cli
