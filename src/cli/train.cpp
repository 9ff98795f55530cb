#include "wsi_lpd/pipeline/train.hpp"

#include <cmath>
#include <iomanip>
#include <iostream>
#include <memory>

#include "config.hpp"
#include "dataset_description.hpp"
#include "metrics_text.hpp"
#include "mpp_range.hpp"
#include "run_folder.hpp"
#include "wsi_lpd/model/device.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

struct TrainArguments {
  fs::path patches;
  fs::path output;
  DatasetOptions dataset;
  std::string method = "lpd";
  std::string encoder = "mit_b1";
  std::string frozen_encoder = "none";
  fs::path bank;
  std::string diversity = "corrected";
  std::string precision = "auto";
  int prototypes = 3;
  int patch_size = 0;
  std::string fit = "resize";
  int batch_size = 10;
  double epochs = 8;
  std::int64_t iterations = 0;
  std::int64_t warmup = -1;
  std::int64_t cache_mib = 4096;
  double hold_out = 0.1;
  pipeline::StreamOptions stream{.stain_jitter = 0.2};
  int patience = 0;
  double save_minutes = 5;
  bool resume = false, force = false, skip_unusable = false;
  model::TrainOptions options{.lr = 3e-4, .lr_warmup_iterations = 20, .ema = 0.98};  // configs/train.toml says why
};

void print_result(const pipeline::TrainResult& result, const ClassScheme& classes) {
  std::cout << result.model.string() << "\n" << std::fixed << std::setprecision(1) << "  " << result.iterations << " steps";
  if (result.images_per_second > 0)
    std::cout << ", " << result.images_per_second << " images/s, " << 100 * result.waited_share << " % of the time waiting for images";
  const model::Judgement& judged = result.best.judged;
  if (judged.iteration > 0) std::cout << ", the model is that of step " << judged.iteration;
  std::cout << "\n";
  if (judged.by == "valid_f1")
    std::cout << "  F1 of image labels held out " << percent(judged.score) << " %, chance " << percent(judged.chance) << " %\n";
  if (result.best.predicted && result.best.oracle)
    std::cout << "\n"
              << metrics_table({{"predicted", &*result.best.predicted}, {"oracle", &*result.best.oracle}}, classes.names)
              << "on valid/, one view, image labels predicted (by which the best is chosen) and given; chance is mIoU "
              << percent(judged.chance) << " %\n";
}

int run_train(const TrainArguments& arguments, const Context& context) {
  pipeline::TrainJob job;
  job.patches =
      scan(arguments.patches, {.classes = wanted_classes(arguments.patches, arguments.dataset), .skip_unusable = arguments.skip_unusable},
           context.observer);
  const DatasetDescription dataset =
      describe_dataset(arguments.patches, job.patches.classes, job.patches.class_names, arguments.dataset, context.observer);
  job.run = !arguments.output.empty() ? arguments.output : arguments.resume ? unfinished_run() : new_run_folder();
  if (job.run.empty()) throw UsageError("--resume: no folder in runs/ has a state to go on with; name the run with --output");
  if (arguments.resume) {
    check_resumed(job.run, arguments.force, context);
  } else if (fs::exists(job.run / "state.safetensors")) {
    throw UsageError(job.run.string() + ": holds an unfinished training; go on with --resume, or choose another --output");
  } else if (fs::exists(job.run / "model.safetensors")) {
    throw UsageError(job.run.string() + ": already holds a trained model; choose another --output");
  }
  job.info.encoder = arguments.encoder;
  job.info.prototypes_per_class = arguments.prototypes;
  job.info.classes = dataset.classes;
  job.info.mpp = dataset.mpp;
  job.info.provenance = {{"software", "wsi-lpd " WSI_LPD_VERSION},
                         {"patches", fs::weakly_canonical(arguments.patches).filename().string()},
                         {"images", std::to_string(job.patches.train.size())},
                         {"configuration", resolved_config(context.options)}};
  job.info.method = arguments.method;
  job.options = arguments.options;
  job.options.loss.diversity = arguments.diversity == "reference" ? model::Diversity::Reference : model::Diversity::Corrected;
  if (arguments.frozen_encoder != "none") job.options.frozen_encoder = arguments.frozen_encoder;
  job.options.iterations = arguments.iterations;
  job.options.device = model::resolve_device(context.common.device);
  job.options.threads = context.common.threads;
  job.options.bfloat16 = arguments.precision == "bf16" || (arguments.precision == "auto" && model::has_fast_bfloat16(job.options.device));
  job.images.size = arguments.patch_size;
  job.images.fit = arguments.fit == "crop" ? pipeline::Fit::Crop : pipeline::Fit::Resize;
  job.images.classes = job.patches.classes;
  job.images.scheme = dataset.classes;
  job.images.skip_unusable = arguments.skip_unusable;
  job.images.cache_bytes = arguments.cache_mib << 20;
  job.batch_size = arguments.batch_size;
  job.epochs = arguments.epochs;
  job.hold_out = arguments.hold_out;
  job.stream = arguments.stream;
  job.patience = arguments.patience;
  job.save_minutes = arguments.save_minutes;
  job.resume = arguments.resume;
  job.force = arguments.force;
  const std::int64_t steps = arguments.iterations > 0
                                 ? arguments.iterations
                                 : std::llround(arguments.epochs * static_cast<double>(job.patches.train.size()) / arguments.batch_size);
  const bool cam = arguments.method == "cam", pbip = arguments.method == "pbip";
  const std::int64_t default_warmup = cam ? steps : pbip ? 0 : steps / 5;
  job.options.warmup_iterations = arguments.warmup >= 0 && !cam ? arguments.warmup : default_warmup;
  if (pbip) {
    job.options.bank = arguments.bank;
    job.options.loss.diversity_weight = 0;
    job.options.loss.batch_contrast = true;
    if (arguments.bank.empty() && arguments.frozen_encoder == "none")
      throw UsageError("--method pbip needs --frozen-encoder, whose view of the images is clustered, or --bank with its prototypes");
  } else if (!arguments.bank.empty()) {
    throw UsageError("--bank belongs to --method pbip: the other methods learn their prototypes");
  }
  if (!cam && arguments.frozen_encoder == "none") context.observer.warn("no --frozen-encoder: the similarity loss is left out");

  if (arguments.output.empty() && !arguments.resume) {  // another process may have begun in this very second
    fs::create_directories(job.run.parent_path());
    while (!fs::create_directory(job.run)) job.run = new_run_folder();
  }
  context.observer.info("training on " + std::to_string(job.patches.train.size()) + " images, " + std::to_string(job.patches.valid.size()) +
                        " for validation, on " + job.options.device + ", into " + job.run.string());
  if (!arguments.resume) write_resolved_config(context.options, job.run);
  try {
    const pipeline::TrainResult result = pipeline::train(job, context.observer, context.cancel);
    link_latest(job.run);
    print_result(result, dataset.classes);
  } catch (const UsageError&) {  // nothing was started
    throw;
  } catch (const Cancelled&) {
    say_how_to_go_on(job.run, arguments.patches, context.observer);
    throw;
  } catch (const Error&) {
    if (fs::exists(job.run / "state.safetensors")) say_how_to_go_on(job.run, arguments.patches, context.observer);
    throw;
  }
  return kDone;
}

}  // namespace

Command add_train(CLI::App& program) {
  auto arguments = std::make_shared<TrainArguments>();
  CLI::App* command = program.add_subcommand("train", "Train a model from patches that carry image labels only");
  command->footer(
      "\nExample:  wsi-lpd train patches/ --epochs 12\nWrites runs/<time>/ and points runs/latest at it, where `segment` looks for its "
      "model. The best model is that with the highest mIoU on valid/ with image labels predicted, as on a slide.");
  command
      ->add_option("PATCHES", arguments->patches,
                   "folder of patches: train/NAME[101].png or train/CLASS/NAME.png with valid/ and test/{img,mask}/, or labels.csv")
      ->required();
  command->add_option("-o,--output", arguments->output, "folder of this run instead of runs/<time>; e.g. -o runs/first")
      ->configurable(false);
  command
      ->add_flag("--resume", arguments->resume,
                 "goes on with an unfinished run: that of --output, else the last one in runs/; --threads, --device, --cache-mib and "
                 "--save-minutes may be others than before")
      ->configurable(false);
  command->add_flag("--force", arguments->force, "with --resume: even if options or images have changed")->configurable(false);
  command->add_option("--save-minutes", arguments->save_minutes, "time between two saved states to resume from; e.g. --save-minutes 1")
      ->check(CLI::Range(0.0, 1e6));
  command
      ->add_option("--hold-out", arguments->hold_out,
                   "share of the images to judge the training by, where there is no valid/ folder; e.g. --hold-out 0.2")
      ->check(CLI::Range(0.0, 0.9));
  command
      ->add_option("--scale-jitter", arguments->stream.scale_jitter,
                   "how much a training image is magnified or made smaller at random: J stands for factors from 1/(1+J) to 1+J, the image "
                   "mirrored past its edges; 0: not at all; e.g. --scale-jitter 0.2")
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--balance", arguments->stream.balance,
                   "share of the images that is drawn by how rare their classes are, so that rare classes are seen as often as others; "
                   "0: every image once an epoch; e.g. --balance 0.5")
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--stain-jitter", arguments->stream.stain_jitter,
                   "how much the stain of a training image is changed at random (haematoxylin, eosin, DAB), so that slides of other "
                   "laboratories are no surprise; 0: not at all; e.g. --stain-jitter 0.1")
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--patience", arguments->patience,
                   "ends after so many epochs after the warm-up without a better validation score; 0: never; e.g. --patience 5")
      ->check(CLI::Range(0, 1000000));
  command->add_option("--encoder", arguments->encoder, "mit_b0 (small) to mit_b5 (large); e.g. --encoder mit_b2")
      ->check(CLI::IsMember({"mit_b0", "mit_b1", "mit_b2", "mit_b3", "mit_b4", "mit_b5"}));
  command->add_option("--prototypes-per-class", arguments->prototypes, "learnable prototypes of each class; e.g. --prototypes-per-class 10")
      ->check(CLI::Range(1, 100));
  command->add_option("--epochs", arguments->epochs, "times that every image is seen; e.g. --epochs 12")->check(CLI::Range(0.01, 1e6));
  command->add_option("--iterations", arguments->iterations, "steps instead of epochs; 0: by --epochs; e.g. --iterations 5000")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{100000000}));
  command
      ->add_option("--warmup-iterations", arguments->warmup,
                   "steps with the classification loss alone; -1: a fifth of all, none for pbip; e.g. 3000")
      ->check(CLI::Range(std::int64_t{-1}, std::int64_t{100000000}));
  command->add_option("--lr", arguments->options.lr, "highest learning rate of AdamW; e.g. --lr 5e-5")->check(CLI::Range(1e-8, 1.0));
  command
      ->add_option("--lr-warmup-iterations", arguments->options.lr_warmup_iterations,
                   "first steps, in which the learning rate rises from 0; e.g. 100")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{100000000}));
  command->add_option("--weight-decay", arguments->options.weight_decay, "of AdamW, on every parameter; e.g. 1e-3")
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--method", arguments->method,
                   "lpd: learnt prototypes, all losses; and to compare with: pbip, fixed prototypes; cam, the classification loss alone; "
                   "e.g. --method cam")
      ->check(CLI::IsMember({"lpd", "pbip", "cam"}));
  command
      ->add_option("--bank", arguments->bank,
                   "prototypes of --method pbip: safetensors with `prototypes` [classes x k, 512]; without it they are clustered from the "
                   "images with one label, as the frozen encoder sees them; e.g. --bank bank.safetensors")
      ->check(CLI::ExistingFile);
  command
      ->add_option(
          "--weights", arguments->options.weights,
          "the encoder starts from these instead of random numbers: mit_b*.pth, Hugging Face SegFormer, an LPD checkpoint or a model "
          "of ours; e.g. --weights mit_b1.pth")
      ->check(CLI::ExistingFile);
  command
      ->add_option("--frozen-encoder", arguments->frozen_encoder,
                   "teaches the prototypes (similarity loss): Swin-T as .safetensors, or a TorchScript file from [N, 3, 224, 224] to "
                   "[N, D]; none leaves that loss out; e.g. --frozen-encoder medclip.safetensors")
      ->check([](const std::string& file) {
        return file == "none" || fs::is_regular_file(file) ? std::string() : "--frozen-encoder " + file + ": no such file";
      });
  command
      ->add_option("--similarity-weight", arguments->options.loss.similarity_weight,
                   "weight of the similarity loss; 0 leaves it out; e.g. 0.1")
      ->check(CLI::Range(0.0, 100.0));
  command->add_option("--diversity", arguments->diversity, "corrected, or reference: as the published code computes it; e.g. reference")
      ->check(CLI::IsMember({"corrected", "reference"}));
  command
      ->add_option("--diversity-weight", arguments->options.loss.diversity_weight,
                   "weight of the diversity loss; 0 leaves it out; e.g. 0.5")
      ->check(CLI::Range(0.0, 100.0));
  command
      ->add_option("--precision", arguments->precision,
                   "of the encoder's matrix products: fp32, bf16 (weights and losses stay fp32), auto: bf16 where it is faster; e.g. fp32")
      ->check(CLI::IsMember({"auto", "bf16", "fp32"}));
  command
      ->add_option("--ema", arguments->options.ema, "decay of a moving average of the weights, which becomes the model; 0: none; e.g. 0.99")
      ->check(CLI::Range(0.0, 0.99999));
  command->add_option("--batch-size", arguments->batch_size, "images of one step; e.g. --batch-size 20")->check(CLI::Range(1, 4096));
  command
      ->add_option("--patch-size", arguments->patch_size, "pixels of the network's input, a multiple of 32; 0: as the images are; e.g. 224")
      ->check([](const std::string& text) {
        const int size = std::atoi(text.c_str());
        return size == 0 || (size >= 64 && size <= 2048 && size % 32 == 0)
                   ? std::string()
                   : "--patch-size " + text + " is neither 0 nor a multiple of 32 from 64 to 2048";
      });
  command->add_option("--fit", arguments->fit, "images of another size are resized or cropped; e.g. --fit crop")
      ->check(CLI::IsMember({"resize", "crop"}));
  command->add_flag("--skip-unusable", arguments->skip_unusable, kSkipUnusableHelp);
  command->add_option("--classes", arguments->dataset.classes, "class names in the order of the digits; e.g. --classes TUM,STR,LYM")
      ->delimiter(',');
  command->add_option("--background", arguments->dataset.background, "name of the background class; e.g. --background GLASS");
  command
      ->add_option("--colours", arguments->dataset.colours,
                   "one #rrggbb a class, and one for the background; e.g. --colours '#ff0000,#00ff00'")
      ->delimiter(',');
  command->add_option("--mpp", arguments->dataset.mpp, "um per pixel of the images; e.g. --mpp 0.5")->check(mpp_range());
  command->add_option("--seed", arguments->options.seed, "of all random numbers; e.g. --seed 7");
  command->add_option("--cache-mib", arguments->cache_mib, "memory for decoded images, MiB; e.g. --cache-mib 1000")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 24));
  return {command, [arguments](const Context& context) { return run_train(*arguments, context); }, {.threads = true, .device = true}};
}

}  // namespace wsi_lpd::cli
