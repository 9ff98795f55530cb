// How the time of an archive falls with the number of GPUs: the program's own division into shards and its own batches (shards_of(),
// run_batch()), with slides that take a computed time on a simulated clock, beside the formulas of docs/scaling.md.
//     benchmark_scaling --folder EMPTY_FOLDER [--slides 1000000] [--gpus 1,10,100,1000] [--gpus-per-batch 1] [--no-shards] ...
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <numbers>
#include <random>
#include <thread>

#include "simulated_time.hpp"
#include "wsi_lpd/pipeline/archive/batch.hpp"
#include "wsi_lpd/pipeline/archive/shard.hpp"

namespace {

namespace fs = std::filesystem;
using namespace wsi_lpd;
using pipeline::archive::SizedSlide;

struct Options {
  fs::path folder;
  std::size_t slides = 1'000'000;
  std::vector<std::size_t> gpus{1, 10, 100, 1000};
  std::size_t gpus_per_batch = 1;
  bool no_shards = false;
  double median_gb = 0.7, spread = 0.8;
  double tiles_per_gb = 50'000, tile_spread = 0.4;
  double tiles_per_second = 1000, start = 3, attempt = 0.02;
  double crash = 0.001, restart = 30;
  double bandwidth = 0;
  unsigned seed = 1;
};

Options parse(int argc, char** argv) {
  Options options;
  CLI::App app("Simulates batches of one archive on many GPUs with the program's own scheduler");
  app.option_defaults()->always_capture_default();
  app.add_option("--folder", options.folder, "where the slides are made, as files of their size without content")->required();
  app.add_option("--slides", options.slides, "slides of the archive");
  app.add_option("--gpus", options.gpus, "numbers of GPUs, a line of the table each")->delimiter(',');
  app.add_option("--gpus-per-batch", options.gpus_per_batch, "workers of a batch, a GPU each");
  app.add_flag("--no-shards", options.no_shards, "all batches take the whole archive and share it by locks");
  app.add_option("--median-gb", options.median_gb, "median of the sizes, which are log-normal, GB");
  app.add_option("--spread", options.spread, "standard deviation of the sizes' logarithm");
  app.add_option("--tiles-per-gb", options.tiles_per_gb, "mean of the tiles in a GB of slide");
  app.add_option("--tile-spread", options.tile_spread, "standard deviation of their logarithm, slide to slide");
  app.add_option("--tiles-per-second", options.tiles_per_second, "of a GPU");
  app.add_option("--start", options.start, "seconds of a slide beside its tiles");
  app.add_option("--attempt", options.attempt, "seconds until a worker has a slide's lock, or knows that it gets none");
  app.add_option("--crash", options.crash, "probability that a try of a slide crashes, somewhere on its way");
  app.add_option("--restart", options.restart, "seconds until a new worker is ready");
  app.add_option("--bandwidth", options.bandwidth, "of the storage of the slides, GB/s; 0: as fast as need be");
  app.add_option("--seed", options.seed, "of sizes, tiles and crashes");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return options;
}

struct Archive {
  std::vector<SizedSlide> slides;
  std::vector<benchmarks::Fate> fates;
  double bytes = 0, squared_bytes = 0, largest = 0, seconds = 0;
};

Archive make_archive(const Options& options) {
  std::mt19937_64 random(options.seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  Archive archive;
  for (std::size_t i = 0; i < options.slides; ++i) {
    const fs::path folder = options.folder / "slides" / std::to_string(i / 1000);
    if (i % 1000 == 0) fs::create_directories(folder);
    const double bytes = std::round(1e9 * options.median_gb * std::exp(options.spread * normal(random)));
    SizedSlide slide{folder / (std::to_string(i) + ".svs"), static_cast<std::uint64_t>(bytes)};
    std::ofstream(slide.path).close();
    fs::resize_file(slide.path, slide.bytes);
    archive.slides.push_back(std::move(slide));

    const double s = options.tile_spread;
    const double tiles = bytes * 1e-9 * options.tiles_per_gb * std::exp(s * normal(random) - s * s / 2);
    const double once = options.start + tiles / options.tiles_per_second;
    benchmarks::Fate fate{once};
    if (uniform(random) < options.crash) {
      fate.fails = uniform(random) < options.crash;  // a slide is tried twice
      fate.seconds = once * uniform(random) + options.restart + once * (fate.fails ? uniform(random) : 1);
    }
    archive.fates.push_back(fate);
    archive.bytes += bytes;
    archive.squared_bytes += bytes * bytes;
    archive.largest = std::max(archive.largest, bytes);
    archive.seconds += fate.seconds;
  }
  return archive;
}

/// The formulas of docs/scaling.md, from what a list of the archive's files and the rates say. Seconds.
struct Prediction {
  double even, uneven, largest, storage;
  double all() const { return std::max({uneven, largest, storage}); }
};
Prediction predict(const Archive& archive, const Options& options, double gpus) {
  const double n = static_cast<double>(options.slides), mean = archive.bytes / n;
  const double of_byte = 1e-9 * options.tiles_per_gb / options.tiles_per_second;  // seconds
  const double of_slide = options.start + of_byte * mean;
  const double with_crashes = of_slide + options.crash * (of_slide / 2 + options.restart);
  const double width = static_cast<double>(options.gpus_per_batch), shards = options.no_shards ? 1 : std::ceil(gpus / width);
  // A shard's bytes are as those of all others, its tiles are not: the slowest of the shards, by the normal distribution.
  const double scatter =
      std::sqrt((std::exp(options.tile_spread * options.tile_spread) - 1) * archive.squared_bytes / n) * of_byte / of_slide;
  const double l = 2 * std::log(std::max(shards, 1.0));
  const double slowest = shards > 2 ? std::sqrt(l) - (std::log(l / 2) + std::log(4 * std::numbers::pi)) / (2 * std::sqrt(l)) : 0;
  Prediction time{};
  time.even = n * (with_crashes + options.attempt) / gpus;
  // Another batch has the slide in work when a batch comes to it, and has done it when the batch tries once more.
  if (options.no_shards) time.even += 2 * (n - n * width / gpus) * options.attempt / width;
  time.uneven = time.even * (1 + scatter * std::sqrt(shards / n) * slowest);
  time.largest = options.start + of_byte * archive.largest;
  time.storage = options.bandwidth > 0 ? archive.bytes / (1e9 * options.bandwidth) : 0;
  return time;
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void simulate(const Archive& archive, const Options& options, std::size_t gpus) {
  const double before = processor_seconds();
  const std::size_t batches = (gpus + options.gpus_per_batch - 1) / options.gpus_per_batch;
  std::vector<std::vector<std::size_t>> parts(batches);
  const std::vector<int> shards = pipeline::archive::shards_of(archive.slides, options.no_shards ? 1 : static_cast<int>(batches));
  for (std::size_t i = 0; i < shards.size(); ++i) parts[static_cast<std::size_t>(shards[i] - 1)].push_back(i);
  if (options.no_shards) std::ranges::fill(parts, std::vector(parts[0]));

  const benchmarks::Storage storage{1e9 * options.bandwidth, archive.bytes / archive.seconds};
  benchmarks::SimulatedTime time(batches, archive.fates, storage, options.attempt);
  const fs::path output = options.folder / ("results-" + std::to_string(gpus));
  const core::CancelFlag never = false;
  std::vector<std::jthread> threads;
  for (std::size_t b = 0; b < batches; ++b)
    threads.emplace_back([&, b] {
      std::vector<pipeline::segment::SlideJob> jobs;
      for (const std::size_t i : parts[b]) jobs.push_back({archive.slides[i].path, output / std::to_string(i), {}});
      benchmarks::SimulatedWorkers workers(time, b, std::move(parts[b]),
                                           std::min(options.gpus_per_batch, gpus - b * options.gpus_per_batch));
      core::SilentObserver silent;
      pipeline::archive::run_batch(jobs, output, workers, {}, {.force = true}, {silent, never});
      time.leave();
    });
  threads.clear();

  const Prediction predicted = predict(archive, options, static_cast<double>(gpus));
  const auto hours = [](double seconds) { return seconds / 3600; };
  std::cout << std::fixed << std::setprecision(2) << "| " << gpus << " | " << batches << " | " << hours(time.now()) << " | "
            << hours(predicted.all()) << " | " << std::setprecision(3) << predicted.all() / time.now() << " | " << std::setprecision(1)
            << archive.seconds / time.now() << " | " << std::setprecision(2) << hours(time.first_end()) << " | " << hours(predicted.largest)
            << " | " << hours(predicted.storage) << " | " << time.attempts_in_vain() << " | " << std::setprecision(0)
            << 1e6 * (processor_seconds() - before) / static_cast<double>(options.slides) << " |" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse(argc, argv);
    const Archive archive = make_archive(options);
    std::cout << options.slides << " slides, " << archive.bytes * 1e-12 << " TB, largest " << archive.largest * 1e-9 << " GB, "
              << archive.seconds / 3600 << " h on one GPU\n\n"
              << "| GPUs | batches | hours, simulated | predicted | ratio | speed-up | first batch ended | largest slide alone | storage "
                 "alone | attempts in "
                 "vain | processor time of the batches, µs per slide |\n|---|---|---|---|---|---|---|---|---|---|---|\n";
    for (const std::size_t gpus : options.gpus) simulate(archive, options, gpus);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "benchmark_scaling: " << error.what() << "\n";
    return 1;
  }
}
