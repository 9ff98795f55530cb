// What run_batch() itself costs: real batches in processes that share one folder of results, with real locks, statistics and summary.csv,
// and slides that take no time.
//     benchmark_shared_folder --folder EMPTY_FOLDER --statistics SLIDE.json [--slides 10000] [--processes 4] [--messages 20]
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sstream>

#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/pipeline/archive/batch.hpp"
#include "wsi_lpd/pipeline/archive/shard.hpp"

namespace {

namespace fs = std::filesystem;
using namespace wsi_lpd;
using pipeline::archive::SlideOutcome;

/// Of this process, since it began.
struct Cost {
  double seconds = 0;                        // of the processor
  double read = 0, written = 0, memory = 0;  // bytes asked of files; peak of the process, bytes

  static Cost now() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    Cost cost{static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
              1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)};
    std::ifstream io("/proc/self/io");
    std::string name;
    io >> name >> cost.read >> name >> cost.written;
    cost.memory = 1024. * static_cast<double>(usage.ru_maxrss);
    return cost;
  }
};

/// Takes the lock of a slide and writes its statistics, as a worker does after its work.
class NoWork : public pipeline::archive::SlideRunner {
 public:
  NoWork(output::SlideStatistics statistics, int messages) : statistics_(std::move(statistics)), messages_(messages) {}
  std::size_t free() const override { return ended_ ? 0 : 1; }
  void start(std::size_t slide, const pipeline::segment::SlideJob& job, bool, pipeline::archive::SlideObserver& observer) override {
    if (!first_) first_ = Cost::now();
    const auto attempt = core::WorkLock::try_to_take(output::lock_path(job.stem));
    if (!attempt.lock) {
      ended_ = {slide, {SlideOutcome::Kind::Elsewhere, job.slide, {}, attempt.holder->text()}};
      return;
    }
    observer.taken();
    observer.begin("segmenting", messages_, "tiles");
    for (int i = 1; i <= messages_; ++i) observer.advance(i);
    statistics_.slide = job.slide;
    statistics_.slide_fingerprint = core::FileIdentity(job.slide).fingerprint();
    output::StagedResult(job.stem).commit(statistics_, attempt.lock.get());
    observer.end();
    ended_ = {slide, {SlideOutcome::Kind::Done, job.slide, statistics_}};
  }
  std::optional<Ended> look() override { return std::exchange(ended_, std::nullopt); }
  const Cost& first() const { return *first_; }  ///< when the first slide began

 private:
  output::SlideStatistics statistics_;
  int messages_;
  std::optional<Ended> ended_{};
  std::optional<Cost> first_{};
};

}  // namespace

int main(int argc, char** argv) {
  fs::path folder, statistics;
  int slides = 10'000, processes = 1, messages = 20;
  CLI::App app("Measures what a batch costs beside the work on its slides");
  app.add_option("--folder", folder, "where slides and results are made")->required();
  app.add_option("--statistics", statistics, "slide.json of a real slide, which every slide gets")->required()->check(CLI::ExistingFile);
  app.add_option("--slides", slides, "of the archive")->capture_default_str();
  app.add_option("--processes", processes, "each with a shard of its own")->capture_default_str();
  app.add_option("--messages", messages, "that a worker sends of the tiles of a slide")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::vector<pipeline::segment::SlideJob> jobs;
  fs::create_directories(folder / "slides");
  for (int i = 0; i < slides; ++i) {
    const std::string name = std::to_string(i);
    std::ofstream(folder / "slides" / (name + ".svs")) << name;
    jobs.push_back({folder / "slides" / (name + ".svs"), folder / "results" / name, {}});
  }
  std::cout << "| slides | processes | process | before the slides | slides | the end | read per slide, KB | written | peak memory, MB |\n"
               "|---|---|---|---|---|---|---|---|---|\n"
            << std::flush;
  for (int p = 1; p <= processes; ++p) {
    if (fork() != 0) continue;
    const Cost start = Cost::now();
    pipeline::archive::keep_shard(jobs, folder / "slides", {p, processes});
    NoWork runner(*output::read_statistics(statistics), messages);
    core::SilentObserver silent;
    const core::CancelFlag never = false;
    std::optional<Cost> slides_done;
    std::size_t left = jobs.size();
    const auto on_outcome = [&](const SlideOutcome&) {
      if (--left == 0) slides_done = Cost::now();
    };
    pipeline::archive::run_batch(jobs, folder / "results", runner, {}, {.on_outcome = on_outcome}, {silent, never});
    const Cost end = Cost::now();
    const double own = static_cast<double>(jobs.size());
    const auto micros = [&](const Cost& from, const Cost& to) { return 1e6 * (to.seconds - from.seconds) / own; };
    std::ostringstream line;
    line << std::fixed << std::setprecision(0) << "| " << slides << " | " << processes << " | " << p << " | "
         << micros(start, runner.first()) << " µs | " << micros(runner.first(), *slides_done) << " µs | " << micros(*slides_done, end)
         << " µs | " << 1e-3 * (slides_done->read - runner.first().read) / own << " and " << 1e-3 * (end.read - slides_done->read) / own
         << " at the end | " << 1e-3 * (slides_done->written - runner.first().written) / own << " | " << 1e-6 * end.memory << " |\n";
    std::cout << line.str() << std::flush;
    _exit(0);
  }
  while (wait(nullptr) > 0) {
  }
}
