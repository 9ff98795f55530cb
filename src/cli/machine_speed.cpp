#include "machine_speed.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "model_file.hpp"
#include "table_row.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/model/runtime/device.hpp"
#include "wsi_lpd/pipeline/segment/lpd_segmenter.hpp"
#include "wsi_lpd/pipeline/segment/machine_speed.hpp"
#include "wsi_lpd/pipeline/training/synth_dataset.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;
using pipeline::segment::MachineSpeed;

/// A folder of its own for what the measurement writes, removed with all that is in it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "wsi-lpd-bench-XXXXXX").string();
    if (!mkdtemp(name.data())) throw core::Error(name + ": the folder can't be made: " + std::strerror(errno));
    path_ = name;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

fs::path make_slide(const fs::path& folder, double mpp, const core::Work& work) {
  pipeline::training::make_synth_dataset({.folder = folder / "synthetic",
                                          .train = 0,
                                          .valid = 0,
                                          .test = 0,
                                          .slide_size = {3072, 3072},
                                          .mpp = mpp > 0 ? mpp : 0.5,
                                          .tissue_fraction = 1},
                                         work);
  return folder / "synthetic/slides/slide-1.tif";
}

void print(const MachineSpeed& speed, const std::string& what) {
  std::cout << "\nSpeed: " << what << "\n";
  print_row("whole run", core::fixed(speed.tiles_per_second(), 1) + " tiles/s" +
                             (speed.square_mm > 0 ? ", " + core::fixed(speed.seconds / speed.square_mm, 2) + " s per mm2 of tissue at " +
                                                        core::fixed(speed.mpp, 2) + " um/px"
                                                  : ""));
  double all = 0;
  for (const MachineSpeed::Stage& stage : speed.stages) all += stage.thread_seconds;
  for (const MachineSpeed::Stage& stage : speed.stages) {
    if (stage.thread_seconds <= 0) continue;
    print_row(stage.name, padded(core::fixed(100 * stage.thread_seconds / all, 1) + " % of the time", 24) +
                              core::fixed(static_cast<double>(speed.tiles) / stage.thread_seconds, 0) + " tiles/s a thread");
  }
  for (const MachineSpeed::Reading& reading : speed.reading)
    print_row("reading alone", padded(core::count_of(static_cast<std::size_t>(reading.threads), "thread", "threads"), 24) +
                                   core::fixed(reading.tiles_per_second, 0) + " tiles/s");
  const MachineSpeed::Reading& fastest = *std::ranges::max_element(speed.reading, {}, &MachineSpeed::Reading::tiles_per_second);
  print_row("bound by", fastest.tiles_per_second < speed.tiles_per_second()
                            ? "reading: storage and decoding give no more tiles than this, however many threads read"
                            : speed.largest().name + " (" +
                                  core::count_of(static_cast<std::size_t>(speed.readers()), "thread reads", "threads read") +
                                  " as many tiles as the run needs)");
}

}  // namespace

void add_speed_options(CLI::App& command, SpeedArguments& arguments) {
  CLI::Option* bench = command.add_flag("--bench", arguments.wanted,
                                        "segment a slide and print how many tiles each stage does in a second, and what bounds the speed");
  command
      .add_option(
          "--slide", arguments.slide,
          "slide to measure with, in the place where your slides are; else a synthetic one is made in the system's temporary folder; "
          "e.g. --slide /archive/slide.svs")
      ->needs(bench);
  command.add_option("--model", arguments.model, kModelHelp)->needs(bench);
}

void print_machine_speed(const SpeedArguments& arguments, const Context& context) {
  const fs::path model = find_model(arguments.model, context.observer);
  const std::string device = model::runtime::resolve_device("auto");
  const auto segmenter = pipeline::segment::load_lpd_segmenter(model, {.device = device});
  const ScratchFolder scratch;
  const fs::path slide = arguments.slide.empty() ? make_slide(scratch.path(), segmenter->shape().mpp, context.work()) : arguments.slide;
  const MachineSpeed speed =
      pipeline::segment::measure_machine(slide, scratch.path(), *segmenter, {.tile = segmenter->shape().patch_size}, context.work());
  print(speed, slide.filename().string() + (arguments.slide.empty() ? " (synthetic)" : "") + ", " + std::to_string(speed.tiles) +
                   " tiles of " + std::to_string(segmenter->shape().patch_size) + " px that overlap by half, " + model.filename().string() +
                   " on " + device + " in " + speed.precision + ", " +
                   core::count_of(static_cast<std::size_t>(speed.threads), "thread", "threads"));
}

}  // namespace wsi_lpd::cli
