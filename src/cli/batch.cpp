#include <malloc.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <iomanip>
#include <iostream>
#include <set>
#include <sstream>
#include <system_error>

#include "config.hpp"
#include "measure.hpp"
#include "model_file.hpp"
#include "plan_text.hpp"
#include "slide_lines.hpp"
#include "staging_options.hpp"
#include "worker_options.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/output/failures.hpp"
#include "wsi_lpd/output/journal.hpp"
#include "wsi_lpd/pipeline/archive/shard.hpp"

namespace wsi_lpd::cli {
namespace {

namespace archive = pipeline::archive;

struct BatchArguments {
  std::string source;
  SegmentArguments segment;
  WorkerArguments workers;
  StagingArguments staging;
  std::string shard;  ///< empty: all slides
  int failures_code = kSomeSlidesFailed;
  std::string notify;  ///< a command; empty: none
  bool dry_run = false, json = false, verify = false;
};

void add_schedule(CLI::App& command, BatchArguments& arguments) {
  command
      .add_option("--shard", arguments.shard,
                  "i/n: the i-th of n disjoint parts of the slides, of about the same size in bytes, for n processes; e.g. --shard 3/8")
      ->check([](const std::string& text) {
        try {
          pipeline::archive::parse_shard(text);
        } catch (const core::UsageError& error) {
          return std::string(error.what());
        }
        return std::string();
      })
      ->configurable(false);
  command
      .add_option("--report-failures-as", arguments.failures_code,
                  "exit code when some slides failed, but not for want of disk space; 0 for schedulers that repeat whatever ends with "
                  "another; e.g. --report-failures-as 0")
      ->check(CLI::Range(0, 125))
      ->configurable(false);
}

void keep_shard(pipeline::archive::FoundSlides& found, const std::string& source, const std::string& shard, const Context& context) {
  const pipeline::archive::ShardShare share = pipeline::archive::keep_shard(found.jobs, source, pipeline::archive::parse_shard(shard));
  std::ostringstream line;
  line << "shard " << shard << ": " << share.slides << " of " << share.slides_of_all << " slides, " << std::fixed << std::setprecision(1)
       << static_cast<double>(share.bytes) / 1e6 << " of " << static_cast<double>(share.bytes_of_all) / 1e6 << " MB";
  context.observer.info(line.str());
}

/// In a process that another batch has started.
int work_for_batch(const BatchArguments& arguments, const Context& context) {
  core::SilentObserver silent;  // the batch has told what is to be told of the model
  const bool all_done = archive::serve_worker(
      [&](const archive::WorkerShare& share) {
        return load_run(find_model(arguments.segment.model, silent), arguments.segment, context, share.device, share.threads);
      },
      context.cancel);
  return all_done ? kDone : kSomeSlidesFailed;
}

/// Who segments, here or in worker processes.
struct Runner {
  archive::WorkerRun here;  ///< empty where workers have it
  std::unique_ptr<archive::SlideRunner> runner;
};

Runner start_runner(const BatchArguments& arguments, const std::filesystem::path& model, const pipeline::segment::RunIdentity& identity,
                    std::size_t slides, const Context& context) {
  Runner made;
  made.runner = start_workers(arguments.workers, context, arguments.segment.output, identity, slides);
  if (made.runner) return made;
  made.here = load_run(model, arguments.segment, context, context.common.device, context.common.threads);
  made.runner = archive::runner_in_this_process(*made.here.segmenter, made.here.options, made.here.identity, {}, context.cancel);
  return made;
}

/// Gives the command the text on its standard input.
void notify(const std::string& command, const std::string& text, core::ProgressObserver& observer) {
  std::cout.flush();
  FILE* const pipe = popen(command.c_str(), "w");
  if (!pipe) return observer.warn("--notify " + command + ": can't be started");
  std::setvbuf(pipe, nullptr, _IONBF, 0);  // what a command doesn't read is no failure of it
  std::fwrite(text.data(), 1, text.size(), pipe);
  const int status = pclose(pipe);
  const std::string how =
      WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status)) : "signal " + std::to_string(WTERMSIG(status));
  if (status != 0) observer.warn("--notify " + command + ": ended with " + how);
}

/// Ends the journal, and tells of the run in run.json and to --notify. Returns what is known of the run.
void end_run(output::Journal& journal, const std::string& how, const BatchArguments& arguments,
             const std::map<std::string, std::string>& failures, core::ProgressObserver& observer) {
  journal.stop(how);
  const auto state = output::read_journal(journal.path());
  if (!state) return;
  const std::string text = output::run_text(arguments.segment.output, *state, failures, pipeline::segment::versions());
  std::exception_ptr failure;  // is told of after the command
  try {
    core::write_text_file(arguments.segment.output / "run.json", text);
  } catch (const core::Error&) {
    failure = std::current_exception();
  }
  if (!arguments.notify.empty()) notify(arguments.notify, text, observer);
  if (failure) std::rethrow_exception(failure);
}

/// Forgets failures of files that an earlier list named by a slip. Other batches, and other shards, may have lists of their own.
void forget_slips(const archive::JobList& jobs, const std::filesystem::path& output, core::ProgressObserver& observer) {
  std::set<std::string> slips = output::failed_without_file(output);
  if (slips.empty() || std::ranges::count_if(output::read_journals(output), &output::RunState::is_alive) > 1) return;
  for (const auto& job : jobs) slips.erase(std::filesystem::absolute(job.slide).lexically_normal().string());
  for (const std::string& slide : slips) output::forget_failure(output, slide);
  if (!slips.empty())
    observer.info(core::count_of(slips.size(), "failure", "failures") +
                  " of files that were never there, and that this batch does not name: forgotten (" +
                  core::joined_first(std::vector<std::string>{slips.begin(), slips.end()}) + ")");
}

/// Has a slide failed for want of room for its results? That is no fault of the slide, and another try may do it.
bool lacked_room(const archive::BatchReport& report) {
  return std::ranges::any_of(report.failures, [](const auto& failure) {
    return std::ranges::any_of(std::array{ENOSPC, EDQUOT},
                               [&](int error) { return failure.second.find(std::generic_category().message(error)) != std::string::npos; });
  });
}

int run(const BatchArguments& arguments, const Context& context) {
  const SegmentArguments& segment = arguments.segment;
  check_staging(arguments.staging, arguments.source, segment.output);
  archive::FoundSlides found = archive::find_slides(arguments.source, segment.output, context.cancel);
  if (!arguments.shard.empty()) keep_shard(found, arguments.source, arguments.shard, context);
  prepare_jobs(found, segment, context);
#ifdef __GLIBC__
  malloc_trim(0);  // the search has made much that is gone, and main() tells malloc to keep what is freed
#endif
  const std::filesystem::path model = find_model(segment.model, context.observer);
  const pipeline::segment::RunIdentity identity = identity_of(model, segment, context);
  if (arguments.dry_run) {
    const archive::BatchPlan plan =
        archive::plan_batch(found.jobs, segment.output, identity, segment.force, arguments.verify, context.work());
    const std::size_t workers = worker_count(arguments.workers, context.common, found.jobs.size());
    std::cout << (arguments.json ? json_of(plan, workers) : text_of(plan, workers));
    return kDone;
  }
  const auto staging = start_staging(arguments.staging, context.observer);  // ends after the workers, which read the copies
  const Runner made = start_runner(arguments, model, identity, found.jobs.size(), context);
  if (!found.jobs.empty()) made.runner->prepare();  // a shard may have none
  write_resolved_config(context.options, segment.output);
  output::Journal journal(segment.output,
                          {WSI_LPD_VERSION, context.given, identity.model_path, identity.model_sha256, identity.configuration_sha256});
  if (arguments.shard.empty()) forget_slips(found.jobs, segment.output, context.observer);
  SlideLines lines(segment.output, context.common.quiet);
  const auto on_outcome = [&](const archive::SlideOutcome& outcome) { lines.print(outcome); };
  archive::BatchReport report;
  try {
    report = run_batch(
        found.jobs, segment.output, *made.runner, identity,
        {.force = segment.force, .verify = arguments.verify, .on_outcome = on_outcome, .journal = &journal, .staging = staging.get()},
        context.work());
  } catch (const std::exception& error) {
    try {
      end_run(journal, error.what(), arguments, {}, context.observer);
    } catch (const core::Error& another) {  // of the same full disk, perhaps
      context.observer.warn(another.what());
    }
    throw;
  }
  const int code = lines.print(report, context.observer);
  end_run(journal, "finished", arguments, report.failures, context.observer);
  const int measured = measured_after(code, segment.output, segment.annotations, context);
  if (measured != code) return measured;
  return code == kSomeSlidesFailed && !lacked_room(report) ? arguments.failures_code : code;
}

}  // namespace

Command add_batch(CLI::App& program) {
  auto arguments = std::make_shared<BatchArguments>();
  CLI::App* command = program.add_subcommand(
      "batch", "Segment an archive: one slide's failure stops no other, finished slides are skipped, processes can share it");
  command->footer("\nExample:  wsi-lpd batch archive/ -o results");
  command
      ->add_option("SOURCE", arguments->source,
                   "folder (searched for scanners' formats, TIFFs in colour, VIPS; not PNG, JPEG, masks), pattern in quotes, .txt list or "
                   ".csv manifest with the columns slide,mpp,name")
      ->required();
  add_segment_options(*command, arguments->segment);
  add_worker_options(*command, arguments->workers);
  add_staging_options(*command, arguments->staging);
  add_schedule(*command, *arguments);
  command
      ->add_flag("--verify", arguments->verify,
                 "read all files of complete slides, and do those again whose bytes are not as they were written (SHA-256)")
      ->configurable(false);
  CLI::Option* dry_run = command
                             ->add_flag("--dry-run", arguments->dry_run,
                                        "only say which slides would be done, in which order, which are done or can't be opened, and how "
                                        "long it may take; writes nothing")
                             ->configurable(false);
  command->add_flag("--json", arguments->json, "with --dry-run: one JSON object on stdout")->needs(dry_run)->configurable(false);
  command
      ->add_option("--notify", arguments->notify,
                   "shell command that gets run.json on its standard input when a batch that has begun ends, however it does; e.g. "
                   "--notify 'mail -s batch me'")
      ->configurable(false);
  return {command,
          [arguments](const Context& context) {
            return arguments->workers.is_worker ? work_for_batch(*arguments, context) : run(*arguments, context);
          },
          {.threads = true, .device = true}};
}

}  // namespace wsi_lpd::cli
