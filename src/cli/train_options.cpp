#include "train_options.hpp"

#include <algorithm>
#include <cstdlib>

#include "mpp_range.hpp"
#include "presence_options.hpp"
#include "seed_range.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

/// An option of words, each of which stands for a value; the default is what `target` holds.
template <class Value>
void add_choice(CLI::App& command, const std::string& name, Value& target, const std::vector<std::pair<std::string, Value>>& choices,
                const std::string& help) {
  std::vector<std::string> words;
  words.reserve(choices.size());
  for (const auto& [word, value] : choices) words.push_back(word);
  const auto is_default = [&](const auto& choice) { return choice.second == target; };
  const auto set = [&target, choices](const std::string& word) {
    target = std::ranges::find(choices, word, &std::pair<std::string, Value>::first)->second;
  };
  command.add_option_function<std::string>(name, set, help)
      ->check(CLI::IsMember(words))
      ->default_str(std::ranges::find_if(choices, is_default)->first);
}

/// The weight of a loss.
void add_weight(CLI::App& command, const std::string& name, double& weight, const std::string& help) {
  command.add_option(name, weight, help)->check(CLI::Range(0.0, 100.0));
}

/// Where the images are and the run goes, and how the run is judged.
void add_run_options(CLI::App& command, TrainArguments& arguments) {
  command
      .add_option("PATCHES", arguments.patches,
                  "folder of patches: train/NAME[101].png or train/CLASS/NAME.png with valid/ and test/{img,mask}/, or labels.csv")
      ->required();
  command.add_option("-o,--output", arguments.job.run, "folder of this run instead of runs/<time>; e.g. -o runs/first")
      ->configurable(false);
  command
      .add_flag("--resume", arguments.job.resume,
                "goes on with an unfinished run: that of --output, else the last one in runs/; --threads, --device, --cache-mib and "
                "--save-minutes may be others than before")
      ->configurable(false);
  command.add_flag("--force", arguments.job.force, "with --resume: even if options or images have changed")->configurable(false);
  command.add_option("--save-minutes", arguments.job.save_minutes, "time between two saved states to resume from; e.g. --save-minutes 1")
      ->check(CLI::Range(0.0, 1e6));
  command
      .add_option("--hold-out", arguments.job.hold_out,
                  "share of the images to judge the training by, where there is no valid/ folder; e.g. --hold-out 0.2")
      ->check(CLI::Range(0.0, 0.9));
  add_groups(command, arguments.groups);
}

/// How training images are drawn and changed.
void add_image_changes(CLI::App& command, TrainArguments& arguments) {
  command
      .add_option("--scale-jitter", arguments.job.stream.scale_jitter,
                  "how much a training image is magnified or made smaller at random: J stands for factors from 1/(1+J) to 1+J, the image "
                  "mirrored past its edges; 0: not at all; e.g. --scale-jitter 0.2")
      ->check(CLI::Range(0.0, 1.0));
  command
      .add_option("--balance", arguments.job.stream.balance,
                  "share of the images that is drawn by how rare their classes are, so that rare classes are seen as often as others; "
                  "0: every image once an epoch; e.g. --balance 0.5")
      ->check(CLI::Range(0.0, 1.0));
  command
      .add_option("--stain-jitter", arguments.job.stream.stain_jitter,
                  "how much the stain of a training image is changed at random (haematoxylin, eosin, DAB), so that slides of other "
                  "laboratories are no surprise; 0: not at all; e.g. --stain-jitter 0.1")
      ->check(CLI::Range(0.0, 1.0));
  command
      .add_flag("--stain-views,!--no-stain-views", arguments.job.stream.stain_views,
                "shows every image twice, in different stains (--stain-jitter); the maps and scores of the two views shall agree "
                "(--agreement-weight); a step takes twice as long; e.g. --stain-views")
      ->default_str("false");
  command
      .add_option(
          "--mosaic", arguments.job.stream.mosaic,
          "share of the images that are put together from 2 to 4 images of one class each; the class of their pixels is then known "
          "and learnt, with --pixel-weight; 0: none; -1: 0.5 with --presence-encoder if half of the images at least show one class, and "
          "without --distil and --from, else none; e.g. --mosaic 0.3")
      ->check(CLI::Range(-1.0, 1.0));
}

/// The network, how many steps, and the optimiser.
void add_steps(CLI::App& command, TrainArguments& arguments) {
  command
      .add_option("--patience", arguments.job.patience,
                  "ends after so many epochs after the warm-up without a better validation score; 0: never; e.g. --patience 5")
      ->check(CLI::Range(0, 1000000));
  command.add_option("--encoder", arguments.job.info.encoder, "mit_b0 (small) to mit_b5 (large); e.g. --encoder mit_b2")
      ->check(CLI::IsMember({"mit_b0", "mit_b1", "mit_b2", "mit_b3", "mit_b4", "mit_b5"}));
  command
      .add_option("--prototypes-per-class", arguments.job.info.prototypes_per_class,
                  "learnable prototypes of each class; e.g. --prototypes-per-class 10")
      ->check(CLI::Range(1, 100));
  command.add_option("--epochs", arguments.job.epochs, "times that every image is seen; e.g. --epochs 12")->check(CLI::Range(0.01, 1e6));
  command.add_option("--iterations", arguments.job.options.iterations, "steps instead of epochs; 0: by --epochs; e.g. --iterations 5000")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{100000000}));
  command
      .add_option("--warmup-iterations", arguments.job.options.warmup_iterations,
                  "steps with the classification loss alone; -1: a fifth of all, none for pbip; e.g. 3000")
      ->check(CLI::Range(std::int64_t{-1}, std::int64_t{100000000}));
  command.add_option("--lr", arguments.job.options.lr, "highest learning rate of AdamW; e.g. --lr 5e-5")->check(CLI::Range(1e-8, 1.0));
  command
      .add_option("--lr-warmup-iterations", arguments.job.options.lr_warmup_iterations,
                  "first steps, in which the learning rate rises from 0; e.g. 100")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{100000000}));
  command.add_option("--weight-decay", arguments.job.options.weight_decay, "of AdamW, on every parameter; e.g. 1e-3")
      ->check(CLI::Range(0.0, 1.0));
}

/// The losses, what they start from, and their arithmetic.
void add_method(CLI::App& command, TrainArguments& arguments) {
  command
      .add_option("--method", arguments.job.info.method,
                  "lpd: learnt prototypes, all losses; and to compare with: pbip, fixed prototypes; cam, the classification loss alone; "
                  "e.g. --method cam")
      ->check(CLI::IsMember({"lpd", "pbip", "cam"}));
  command
      .add_option("--bank", arguments.job.options.bank,
                  "prototypes of --method pbip: safetensors with `prototypes` [classes x k, 512]; without it they are clustered from the "
                  "images with one label, as the frozen encoder sees them; e.g. --bank bank.safetensors")
      ->check(CLI::ExistingFile);
  command
      .add_option(
          "--weights", arguments.job.options.weights,
          "the encoder starts from these instead of random numbers: mit_b*.pth, Hugging Face SegFormer, an LPD checkpoint or a model "
          "of ours; e.g. --weights mit_b1.pth")
      ->check(CLI::ExistingFile);
  command
      .add_option_function<std::string>(
          "--frozen-encoder",
          [&options = arguments.job.options](const std::string& file) { options.frozen_encoder = file == "none" ? "" : file; },
          "teaches the prototypes (similarity loss): a .safetensors file of weights import (Swin-T, a vision transformer, ResNet50), or a "
          "TorchScript file from [N, 3, 224, 224] to [N, D] or [N, D, h, w]; none leaves that loss out; e.g. --frozen-encoder "
          "medclip.safetensors")
      ->check([](const std::string& file) {
        return file == "none" || fs::is_regular_file(file) ? std::string() : "--frozen-encoder " + file + ": no such file";
      })
      ->default_str("none");
  add_presence_encoder(command, arguments.job.presence);
  command
      .add_flag("--distil,!--no-distil", arguments.job.distil,
                "the presence head of --presence-encoder teaches the network's own scores and is not kept, so that a slide costs no more; "
                "e.g. --distil")
      ->default_str("false");
  command
      .add_option("--unlabelled", arguments.unlabelled,
                  "folder of images without labels, such as tiles of slides of other hospitals, of which --distil teaches, too; e.g. "
                  "--unlabelled tiles")
      ->check(CLI::ExistingDirectory);
  add_weight(command, "--teacher-weight", arguments.job.options.loss.teacher_weight,
             "weight of what --distil and --corrections teach of image labels; 0 leaves it out; e.g. --teacher-weight 0.5");
  add_weight(command, "--similarity-weight", arguments.job.options.loss.similarity_weight,
             "weight of the similarity loss; 0 leaves it out; e.g. 0.1");
  add_choice(command, "--diversity", arguments.job.options.loss.diversity,
             {{"corrected", model::training::Diversity::Corrected}, {"reference", model::training::Diversity::Reference}},
             "corrected, or reference: as the published code computes it; e.g. reference");
  add_weight(command, "--diversity-weight", arguments.job.options.loss.diversity_weight,
             "weight of the diversity loss; 0 leaves it out; e.g. 0.5");
  add_weight(command, "--agreement-weight", arguments.job.options.loss.agreement_weight,
             "weight of the loss of the views of --stain-views; 0 leaves it out; e.g. --agreement-weight 3");
  add_weight(command, "--pixel-weight", arguments.job.options.loss.pixel_weight,
             "weight of the loss of the pixels of --mosaic and --corrections; 0 leaves it out; e.g. --pixel-weight 0.5");
  add_choice(command, "--precision", arguments.bfloat16, {{"auto", std::nullopt}, {"bf16", true}, {"fp32", false}},
             "of the encoder's matrix products: fp32, bf16 (weights and losses stay fp32), auto: bf16 where it is faster; e.g. fp32");
  command
      .add_option("--ema", arguments.job.options.ema,
                  "decay of a moving average of the weights, which becomes the model; 0: none; e.g. 0.99")
      ->check(CLI::Range(0.0, 0.99999));
}

/// What a training begins with, and what a person has corrected.
void add_corrections(CLI::App& command, TrainArguments& arguments) {
  command
      .add_option("--from", arguments.job.options.from,
                  "model file that the training begins with: its network, classes and presence head; e.g. --from model.safetensors")
      ->check(CLI::ExistingFile);
  command
      .add_flag("--freeze-encoder,!--no-freeze-encoder", arguments.job.options.freeze_encoder,
                "with --from: only prototypes and their projections learn, in a third of the time; e.g. --freeze-encoder")
      ->default_str("false");
  command
      .add_option("--corrections", arguments.job.corrections.regions,
                  "folder of NAME.geojson with regions that a person has drawn or changed in QuPath (wsi-lpd correct), whose pixels are "
                  "learnt, too (--pixel-weight); the slides or images NAME.* lie in the same folder; e.g. --corrections corrected")
      ->check(CLI::ExistingDirectory);
  command
      .add_option("--correction-slides", arguments.job.corrections.slides,
                  "folder of the slides of --corrections, where it is another one; e.g. --correction-slides archive")
      ->check(CLI::ExistingDirectory);
  command
      .add_option("--correction-share", arguments.job.stream.correction_share,
                  "tiles of --corrections for each image with labels; at least one in a step; e.g. --correction-share 0.5")
      ->check(CLI::Range(0.01, 10.0));
  command
      .add_option("--guard", arguments.job.guard,
                  "with --from and --corrections: most points of the score on valid/ that the model may lose; the newest model within them "
                  "is kept, and if there is none, exit code 1 says that nothing was learnt; e.g. --guard 1")
      ->check(CLI::Range(0.0, 100.0));
}

/// Images and their classes.
void add_images(CLI::App& command, TrainArguments& arguments) {
  command.add_option("--batch-size", arguments.job.batch_size, "images of one step; e.g. --batch-size 20")->check(CLI::Range(1, 4096));
  command
      .add_option("--patch-size", arguments.job.images.size,
                  "pixels of the network's input, a multiple of 32; 0: as the images are; e.g. 224")
      ->check([](const std::string& text) {
        const int size = std::atoi(text.c_str());
        return size == 0 || (size >= 64 && size <= 2048 && size % 32 == 0) ? std::string()
                                                                           : text + " is neither 0 nor a multiple of 32 from 64 to 2048";
      });
  add_choice(command, "--fit", arguments.job.images.fit,
             {{"resize", pipeline::training::Fit::Resize}, {"crop", pipeline::training::Fit::Crop}},
             "images of another size are resized or cropped; e.g. --fit crop");
  command.add_flag("--skip-unusable", arguments.job.images.skip_unusable, kSkipUnusableHelp);
  command.add_option("--classes", arguments.dataset.classes, "class names in the order of the digits; e.g. --classes TUM,STR,LYM")
      ->delimiter(',');
  command.add_option("--background", arguments.dataset.background, "name of the background class; e.g. --background GLASS");
  command
      .add_option("--colours", arguments.dataset.colours,
                  "one #rrggbb a class, and one for the background; e.g. --colours '#ff0000,#00ff00'")
      ->delimiter(',');
  command.add_option("--mpp", arguments.dataset.mpp, "um per pixel of the images; e.g. --mpp 0.5")->check(mpp_range());
  command.add_option("--seed", arguments.job.options.seed, "of all random numbers; e.g. --seed 7")->check(seed_range());
  command
      .add_option_function<std::int64_t>(
          "--cache-mib", [&images = arguments.job.images](const std::int64_t& mib) { images.cache_bytes = mib << 20; },
          "memory for decoded images, MiB; e.g. --cache-mib 1000")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 24))
      ->default_str(std::to_string(arguments.job.images.cache_bytes >> 20));
}

/// Is `path` that folder, or somewhere in it? By links, too.
bool is_within(const fs::path& path, const fs::path& folder) {
  const fs::path inner = fs::weakly_canonical(path).lexically_relative(fs::weakly_canonical(folder));
  return !inner.empty() && *inner.begin() != "..";
}

}  // namespace

/// The default recipe: configs/train.toml says why it departs from the published one.
TrainArguments::TrainArguments() {
  job.options.lr = 3e-4;
  job.options.lr_warmup_iterations = 20;
  job.options.warmup_iterations = -1;
  job.options.ema = 0.98;
  job.stream.stain_jitter = 0.2;
}

void add_train_options(CLI::App& command, TrainArguments& arguments) {
  add_run_options(command, arguments);
  add_image_changes(command, arguments);
  add_steps(command, arguments);
  add_method(command, arguments);
  add_corrections(command, arguments);
  add_images(command, arguments);
}

bool is_given(const Context& context, const std::string& option) {
  return std::ranges::any_of(context.given, [&](const std::string& word) { return word.substr(0, word.find('=')) == option; });
}

void check_train_options(const TrainArguments& arguments, const Context& context) {
  const pipeline::training::TrainJob& job = arguments.job;
  const bool begins = !job.options.from.empty(), corrected = !job.corrections.regions.empty(), lpd = job.info.method == "lpd" || begins;
  struct Belonging {
    const char *option, *owner;
    bool has_owner;
    bool is_set = false;  ///< by a file of options, too, which can't mean it
  };
  const Belonging all[]{
      {"--freeze-encoder", "--from MODEL, whose encoder has learnt already", begins, job.options.freeze_encoder},
      {"--correction-slides", "--corrections FOLDER", corrected, !job.corrections.slides.empty()},
      {"--correction-share", "--corrections FOLDER", corrected},
      {"--guard", "--from MODEL with --corrections FOLDER", begins && corrected},
      {"--pixel-weight", "--mosaic or --corrections FOLDER", job.stream.mosaic > 0 || wants_mosaics(job) || corrected},
      {"--teacher-weight", "--distil or --corrections FOLDER", job.distil || corrected},
      {"--agreement-weight", "--stain-views", job.stream.stain_views},
      {"--similarity-weight", "--frozen-encoder FILE", !job.options.frozen_encoder.empty()},
      {"--diversity", "--method lpd", lpd},
      {"--diversity-weight", "--method lpd", lpd},
      {"--force", "--resume", job.resume},
      {"--epochs", "--iterations 0, without which steps are counted", job.options.iterations == 0},
  };
  for (const Belonging& each : all)
    if (!each.has_owner && (each.is_set || is_given(context, each.option)))
      throw core::UsageError(std::string(each.option) + ": belongs to " + each.owner + "; give that, too, or leave it out");
  if (corrected && is_within(job.run.empty() ? "runs" : job.run, job.corrections.regions))
    throw core::UsageError("the run's folder " + (job.run.empty() ? "runs" : job.run.string()) + " lies in that of --corrections, " +
                           job.corrections.regions.string() + ", whose images and regions are read: name another --output");
}

}  // namespace wsi_lpd::cli
