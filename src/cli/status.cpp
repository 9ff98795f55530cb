#include "status_text.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include "command.hpp"
#include "wsi_lpd/output/failures.hpp"

namespace wsi_lpd::cli {
namespace {

struct StatusArguments {
  std::filesystem::path results;
  bool json = false, watch = false, failed = false, verify = false;
};

/// A screen that is drawn anew until no batch is at work, or somebody presses Ctrl-C.
int watch(const StatusArguments& arguments, const Context& context) {
  constexpr std::chrono::milliseconds kInterval(2000), kStep(100);
  constexpr int kShare = 10;  // looking takes at most a tenth of the time
  constexpr std::size_t kLists = 4;
  for (;;) {
    const auto before = std::chrono::steady_clock::now();
    const FolderState state = read_state(arguments.results, arguments.verify);
    winsize window{};
    const std::size_t rows = ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row > 0 ? window.ws_row : 24;
    if (isatty(STDOUT_FILENO)) std::cout << "\x1b[H\x1b[2J";
    std::cout << text_of(state, std::max<std::size_t>(3, rows / kLists)) << std::flush;
    if (std::ranges::none_of(state.runs, &output::RunState::is_alive) && state.results.in_work.empty()) return kDone;
    const auto next = std::max(before + kInterval, before + kShare * (std::chrono::steady_clock::now() - before));
    while (std::chrono::steady_clock::now() < next) {
      if (context.cancel) return kDone;  // whoever looks has seen enough
      std::this_thread::sleep_for(kStep);
    }
  }
}

int run(const StatusArguments& arguments, const Context& context) {
  if (arguments.watch) return watch(arguments, context);
  if (arguments.failed) {
    std::cout << output::manifest_of_failures(arguments.results);
    return kDone;
  }
  const FolderState state = read_state(arguments.results, arguments.verify);
  std::cout << (arguments.json ? json_of(state) : text_of(state, std::string::npos));
  return kDone;
}

}  // namespace

Command add_status(CLI::App& program) {
  auto arguments = std::make_shared<StatusArguments>();
  CLI::App* command = program.add_subcommand("status", "What a batch does or did: running, complete, failed with reasons, unfinished");
  command->footer("\nExample:  wsi-lpd status results");
  command->add_option("OUT", arguments->results, "folder that segment or batch wrote to")->required();
  command->add_flag("--verify", arguments->verify, "also read the statistics of complete slides, and compare the sizes of their files");
  CLI::Option* json = command->add_flag("--json", arguments->json, "one JSON object on stdout");
  CLI::Option* failed = command
                            ->add_flag("--failed", arguments->failed,
                                       "only the failed slides, as a manifest that batch takes: wsi-lpd status OUT --failed >again.csv")
                            ->excludes(json);
  command->add_flag("--watch", arguments->watch, "a screen that is drawn anew every 2 seconds, until no batch is at work")
      ->excludes(json)
      ->excludes(failed);
  return {command,
          [arguments](const Context& context) {
            arguments->results = arguments->results.lexically_normal();
            return run(*arguments, context);
          },
          {.work = false}};
}

}  // namespace wsi_lpd::cli
