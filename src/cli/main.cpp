#include <malloc.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <new>

#include "config.hpp"
#include "help_format.hpp"
#include "output_check.hpp"
#include "terminal.hpp"
#include "usage_error.hpp"
#include "wsi_lpd/core/exception_text.hpp"
#include "wsi_lpd/core/suggestion.hpp"
#include "wsi_lpd/image/library.hpp"

namespace wsi_lpd::cli {
namespace {

core::CancelFlag g_cancel{false};
volatile std::sig_atomic_t g_signal = 0;

/// The first signal asks the work to stop and clean up; the second ends the process.
void on_signal(int number) {
  if (g_signal) _exit(128 + number);
  g_signal = number;
  g_cancel.store(true, std::memory_order_relaxed);
}

void add_common_options(CLI::App& command, const Uses& uses, CommonOptions& common) {
  if (uses.threads) {
    command.add_option("--threads", common.threads, "threads to compute with; 0: all cores; e.g. --threads 8")
        ->check(CLI::Range(0, 1024))
        ->group("Common");
  }
  if (uses.device) {
    command.add_option("--device", common.device, "auto, cpu, cuda or cuda:N; auto takes a GPU if there is one; e.g. --device cuda:1")
        ->check([](const std::string& text) {
          const bool known = text == "auto" || text == "cpu" || text == "cuda" ||
                             (text.starts_with("cuda:") && text.size() > 5 && text.find_first_not_of("0123456789", 5) == std::string::npos);
          return known ? std::string()
                       : "'" + text + "' is none of auto, cpu, cuda, cuda:N" + core::did_you_mean(text, {"auto", "cpu", "cuda"});
        })
        ->group("Common");
  }
  if (!uses.work) return;
  command
      .add_option(
          "--config", common.config,
          "TOML file with `name = value` for the options that change results or speed; the command line wins; e.g. --config night.toml")
      ->configurable(false)
      ->group("Common");
  command
      .add_flag("--quiet", common.quiet, "only warnings and errors on stderr, no progress, and no lines of slides that are done already")
      ->configurable(false)
      ->group("Common");
  command.add_flag("--verbose", common.verbose, "say everything, with the full text of errors")->configurable(false)->group("Common");
  command.add_option("--log-file", common.log_file, "also append what is said on stderr to this file; e.g. --log-file night.log")
      ->configurable(false)
      ->group("Common");
}

int run(int argc, char** argv) {
  CLI::App program("Weakly supervised segmentation of whole slide images: learns from image labels, segments slides and archives.",
                   "wsi-lpd");
  program.set_version_flag("--version", "wsi-lpd " WSI_LPD_VERSION);
  program.require_subcommand(1);
  program.option_defaults()->always_capture_default();
  program.set_help_flag("-h,--help", "show this help");
  program.formatter(std::make_shared<HelpFormat>());
  program.footer("\nStart with:  wsi-lpd train patches/   then   wsi-lpd segment slide.svs");
  CommonOptions common;
  const std::vector<Command> commands{add_train(program),   add_evaluate(program), add_calibrate(program), add_segment(program),
                                      add_batch(program),   add_status(program),   add_report(program),    add_tile(program),
                                      add_compare(program), add_measure(program),  add_correct(program),   add_study(program),
                                      add_info(program),    add_weights(program),  add_synth(program),     add_doctor(program)};
  for (const Command& command : commands) add_common_options(*command.options, command.uses, common);

  std::unique_ptr<Terminal> terminal;
  const auto report = [&](const std::string& line) {
    if (terminal) {
      terminal->error(line);
    } else {
      std::fprintf(stderr, "error: %s\n", line.c_str());
    }
  };
  const std::vector<std::string> given{argv + 1, argv + argc};
  Arguments arguments;
  try {
    refuse_empty_arguments(given);
    arguments = with_config_file(program, given);
    program.parse(std::vector<std::string>(arguments.all.rbegin(), arguments.all.rend()));  // CLI11 takes them from the back
    for (const Command& command : commands) {
      if (!command.options->parsed()) continue;
      refuse_not_a_number(*command.options, arguments);
      refuse_inputs_as_outputs(*command.options);
    }
    terminal = std::make_unique<Terminal>(common);
    image::initialise();
    for (const Command& command : commands) {
      if (command.options->parsed()) return command.run({common, *terminal, g_cancel, *command.options, given, arguments.all});
    }
  } catch (const CLI::Success& success) {  // --help, --version
    return program.exit(success);
  } catch (const CLI::ParseError& error) {
    report(usage_error_line(program, given, arguments, error));
    return kWrongUsage;
  } catch (const core::UsageError& error) {
    report(error.what());
    return kWrongUsage;
  } catch (const core::Cancelled& stopped) {
    report(std::string(stopped.what()) + "; what is finished is kept");
    return g_signal ? 128 + g_signal : kFailed;
  } catch (const core::Error& error) {
    report(error.what());
    return kFailed;
  } catch (const std::exception& error) {
    const std::string text = common.verbose ? error.what() : core::exception_text(error);
    report(core::is_out_of_memory(error) ? "out of memory: try a smaller --batch-size or --tile, or fewer --threads" : text);
    return kFailed;
  }
  return kFailed;
}

}  // namespace
}  // namespace wsi_lpd::cli

int main(int argc, char** argv) {
  std::signal(SIGINT, wsi_lpd::cli::on_signal);
  std::signal(SIGTERM, wsi_lpd::cli::on_signal);
  if (std::signal(SIGHUP, wsi_lpd::cli::on_signal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // of nohup
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit shall be an error of the write, not the end
  std::signal(SIGPIPE, SIG_IGN);
#ifdef __GLIBC__
  // A network takes and gives back the same blocks batch after batch; a seventh of the time would go into the system's clearing them anew.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_ARENA_MAX, 1);
#endif
  const int code = wsi_lpd::cli::run(argc, argv);
  if (code == wsi_lpd::cli::kDone || code == wsi_lpd::cli::kWrongUsage) return code;
  // A full disk may leave HDF5 with a file that it can neither write nor let go, and then its cleaning up at exit crashes.
  std::cout.flush();
  std::fflush(nullptr);
  _exit(code);
}
