#include <iostream>
#include <memory>

#include "command.hpp"
#include "config.hpp"
#include "mpp_range.hpp"
#include "seed_range.hpp"
#include "wsi_lpd/pipeline/training/synth_dataset.hpp"

namespace wsi_lpd::cli {

Command add_synth(CLI::App& program) {
  auto options = std::make_shared<pipeline::training::SynthOptions>();
  auto side = std::make_shared<std::vector<std::int64_t>>(std::vector<std::int64_t>{4096, 4096});
  CLI::App* command = program.add_subcommand("synth", "Make a synthetic H&E-like data set with known truth");
  command->footer("\nExample:  wsi-lpd synth demo/   then   wsi-lpd train demo/patches");
  command->add_option("DIR", options->folder, "folder for patches/ and slides/")->required();
  command->add_option("--train", options->train, "training patches; e.g. --train 600")->check(CLI::Range(0, 1000000));
  command->add_option("--valid", options->valid, "validation patches with masks; e.g. --valid 60")->check(CLI::Range(0, 1000000));
  command->add_option("--test", options->test, "test patches with masks; e.g. --test 60")->check(CLI::Range(0, 1000000));
  command->add_option("--patch-size", options->patch_size, "side of a patch, pixels; e.g. --patch-size 224")->check(CLI::Range(32, 4096));
  command->add_option("--slides", options->slides, "slides with truth; e.g. --slides 2")->check(CLI::Range(0, 10000));
  command->add_option("--slide-size", *side, "width and height of a slide, pixels; e.g. --slide-size 8192 4096")
      ->expected(2)
      ->check(CLI::Range(64, 200000));
  command->add_option("--mpp", options->mpp, "um per pixel; e.g. --mpp 0.25")->check(mpp_range());
  command->add_option("--tissue-fraction", options->tissue_fraction, "share of a slide that is tissue; e.g. 0.3")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--stain-variation", options->stain_variation, "0: one stain for all, 1: as between laboratories; e.g. 0.5")
      ->check(CLI::Range(0.0, 3.0));
  command->add_option("--seed", options->seed, "of everything; e.g. --seed 7")->check(seed_range());
  return {command, [options, side](const Context& context) {
            options->slide_size = {side->at(0), side->at(1)};
            pipeline::training::make_synth_dataset(*options, context.work());
            write_resolved_config(context.options, options->folder);
            std::cout << (options->folder / "patches").string() << "\n" << (options->folder / "slides").string() << "\n";
            return kDone;
          }};
}

}  // namespace wsi_lpd::cli
