#include "wsi_lpd/pipeline/training/evaluate.hpp"

#include "wsi_lpd/pipeline/training/fit_presence.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <span>

#include "correction_agreement.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "training_pictures.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"
#include "wsi_lpd/model/network/patch_model_impl.hpp"
#include "wsi_lpd/model/training/trainer.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

constexpr int kSide = 64, kClasses = 2;
constexpr int kPatches = 13;  // more than a batch
const core::Calibration kAlwaysFirst{{-1000, 1000}, {1, 1}}, kAlwaysSecond{{1000, -1000}, {1, 1}};

/// Classes of the three bands of a patch; 2 is background. Three patches have the first class alone, two the second.
std::array<std::uint8_t, 3> bands(int patch) {
  if (patch < 3) return {0, 0, 2};
  if (patch < 5) return {2, 1, 1};
  return {0, 1, 2};
}

/// Painted patches and masks, and an untrained network, whose maps are arbitrary but always the same.
class Evaluating : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<Patch> patches;
    for (int i = 0; i < kPatches; ++i) {
      core::Image image(kSide, kSide, 3), mask(kSide, kSide, 1);
      for (int y = 0; y < kSide; ++y) {
        for (int x = 0; x < kSide; ++x) {
          const std::uint8_t label = bands(i)[static_cast<std::size_t>(std::min(2, 3 * x / kSide))];
          *mask.at(x, y) = label;
          for (int c = 0; c < 3; ++c)
            image.at(x, y)[c] = static_cast<std::uint8_t>(60 + 70 * label + 20 * ((x + y + i) % 3) + 10 * c * (x / (2 + i)) % 40);
        }
      }
      const std::string name = std::string(1, static_cast<char>('a' + i)) + ".png";
      image::write_png(folder_ / name, image);
      image::write_labels_png(folder_ / ("mask_" + name), mask, std::vector<core::Colour>(kClasses + 1));
      patches.push_back({folder_ / name, folder_ / ("mask_" + name), {}});
    }
    set_.emplace(patches, PatchSetOptions{.classes = kClasses}, core::Work{observer_, kNever});
    patches.push_back({folder_ / "a.png", {}, {0, 1}});  // without a mask
    with_unmasked_.emplace(patches, PatchSetOptions{.classes = kClasses}, core::Work{observer_, kNever});
  }

  static model::training::Trainer untrained(const core::Calibration& calibration) {
    model::network::ModelInfo info;
    info.encoder = "mit_b0";
    info.classes = core::default_class_scheme(kClasses);
    info.patch_size = kSide;
    info.calibration = calibration;
    return {info, {.iterations = 1, .seed = 3, .threads = 1}};
  }

  Evaluation evaluated(const core::Calibration& calibration, const EvaluateOptions& options) {
    model::training::Trainer trainer = untrained(calibration);
    return evaluate(options, *set_, trainer.model(), {observer_, kNever});
  }

  /// The labels of each patch, from the maps that the model gives, image labels `said` and no CRF.
  std::vector<core::Image> expected_labels(const std::function<std::vector<float>(std::size_t, const model::network::PatchMaps&)>& said) {
    model::training::Trainer trainer = untrained(kAlwaysFirst);
    std::vector<core::Image> labels;
    for (std::size_t first = 0; first < set_->count(); first += 10) {
      for (const model::network::PatchMaps& maps : trainer.model().look(set_->batch(first, 10), false)) {
        const std::vector<float> present = said(labels.size(), maps);
        core::Image image(kSide, kSide, 1);
        for (std::size_t i = 0; i < image.bytes(); ++i) {
          std::array<float, kClasses + 1> strength{present[0] * maps.maps[i], present[1] * maps.maps[image.bytes() + i], 0};
          strength[2] = std::pow(1 - std::max(strength[0], strength[1]), 10.0F);
          image.data()[i] = static_cast<std::uint8_t>(std::max_element(strength.begin(), strength.end()) - strength.begin());
        }
        labels.push_back(std::move(image));
      }
    }
    return labels;
  }
  std::vector<core::Image> expected_oracle() {
    return expected_labels([&](std::size_t i, const model::network::PatchMaps&) { return set_->labels(i); });
  }

  std::vector<std::int64_t> counts_of(const std::vector<core::Image>& labels) const {
    std::vector<std::int64_t> counts((kClasses + 1) * (kClasses + 1));
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const core::Image truth = set_->mask(i);
      for (std::size_t p = 0; p < truth.bytes(); ++p) ++counts[truth.data()[p] * std::size_t{kClasses + 1} + labels[i].data()[p]];
    }
    return counts;
  }

  testing::TemporaryFolder folder_;
  core::SilentObserver observer_;
  std::optional<PatchSet> set_, with_unmasked_;
};

const EvaluateOptions kOneView{.all_views = false, .crf = false};

TEST_F(Evaluating, MatricesAreThoseOfTheMapsAndTheImageLabels) {
  const Evaluation result = evaluated(kAlwaysFirst, kOneView);
  ASSERT_EQ(result.evaluated.size(), 2U);
  EXPECT_EQ(result.patches, kPatches);
  EXPECT_EQ(result.evaluated[0].labels, "oracle");
  EXPECT_EQ(result.evaluated[0].matrix.counts(), counts_of(expected_oracle()));
  EXPECT_EQ(result.evaluated[1].labels, "predicted");
  const raster::ConfusionMatrix& predicted = result.evaluated[1].matrix;
  EXPECT_EQ(predicted.counts(), counts_of(expected_labels([](std::size_t, const auto&) { return std::vector<float>{1, 0}; })));
  EXPECT_EQ(predicted.total(), kPatches * kSide * kSide);
  for (int truth = 0; truth <= kClasses; ++truth) EXPECT_EQ(predicted.count(truth, 1), 0) << "a class that is said to be nowhere";
}

TEST_F(Evaluating, CountsWhichClassesTheScoresName) {
  const Evaluation first = evaluated(kAlwaysFirst, kOneView), second = evaluated(kAlwaysSecond, kOneView);
  EXPECT_EQ(first.presence[0].hits, 11);
  EXPECT_EQ(first.presence[0].false_alarms, 2);
  EXPECT_EQ(first.presence[0].misses, 0);
  EXPECT_EQ(first.presence[1].hits + first.presence[1].false_alarms, 0);
  EXPECT_EQ(first.presence[1].misses, 10);
  EXPECT_EQ(first.all_classes_right, 3);
  EXPECT_EQ(second.presence[0].misses, 11);
  EXPECT_EQ(second.presence[1].hits, 10);
  EXPECT_EQ(second.presence[1].false_alarms, 3);
  EXPECT_EQ(second.all_classes_right, 2);
  EXPECT_DOUBLE_EQ(first.mean_f1(), (22.0 / 24 + 0) / 2);
  EXPECT_DOUBLE_EQ(first.chance_f1(), (22.0 / 24 + 20.0 / 23) / 2);
}

TEST_F(Evaluating, HalfLeavesTheModelsThresholdsAside) {
  EvaluateOptions half = kOneView;
  half.presence = PresenceRule::Half;
  const auto by_score = [](std::size_t, const model::network::PatchMaps& maps) {
    std::vector<float> said{maps.scores[0] > 0 ? 1.0F : 0.0F, maps.scores[1] > 0 ? 1.0F : 0.0F};
    said[maps.scores[1] > maps.scores[0] ? 1 : 0] = 1;
    return said;
  };
  const std::vector<std::int64_t> expected = counts_of(expected_labels(by_score));
  for (const core::Calibration& calibration : {kAlwaysFirst, kAlwaysSecond}) {
    EXPECT_EQ(evaluated(calibration, half).evaluated[1].matrix.counts(), expected);
    EXPECT_NE(evaluated(calibration, kOneView).evaluated[1].matrix.counts(), expected);
  }
  EXPECT_EQ(evaluated({}, kOneView).evaluated[1].matrix.counts(), expected) << "a model without a calibration";
}

TEST_F(Evaluating, PresenceHeadPredictsTheImageLabels) {
  const std::filesystem::path encoder = std::filesystem::path(WSI_LPD_SOURCE_DIR) / "tests/golden/tiny_encoder.ts.pt";
  model::training::Trainer trainer = untrained(kAlwaysFirst);
  model::network::PatchModel& model = trainer.model();
  EXPECT_THROW(fit_presence(model, *set_, {encoder}, {observer_, kNever}), core::Error) << "two patches are without the first class";
  EXPECT_FALSE(model.info().presence);
  EXPECT_THROW(model.presence_scores(set_->batch(0, 1)), core::Error);

  std::vector<Patch> patches;  // each three times, so that there are enough of each kind
  for (int i = 0; i < 3 * kPatches; ++i) {
    const std::string name = std::string(1, static_cast<char>('a' + i / 3)) + ".png";
    patches.push_back({folder_ / name, folder_ / ("mask_" + name), {}, "patient " + std::to_string(i / 3)});
  }
  const PatchSet images(patches, PatchSetOptions{.classes = kClasses}, core::Work{observer_, kNever});
  fit_presence(model, images, {encoder}, {observer_, kNever});
  ASSERT_TRUE(model.info().presence);
  EXPECT_EQ(model.info().presence->groups, kPatches);
  EXPECT_EQ(model.info().presence->images, 3 * kPatches);
  EXPECT_EQ(model.info().presence->own_weight, 0.25);
  model.impl().info.presence->patients.reset();  // scores as they are
  const Evaluation by_head = evaluate(kOneView, *set_, model, {observer_, kNever});
  const Evaluation by_network = evaluated(kAlwaysFirst, kOneView);
  EvaluateOptions own = kOneView;
  own.presence = PresenceRule::Own;
  EXPECT_EQ(evaluate(own, *set_, model, {observer_, kNever}).evaluated[1].matrix.counts(), by_network.evaluated[1].matrix.counts());
  EXPECT_EQ(by_head.evaluated[0].matrix.counts(), by_network.evaluated[0].matrix.counts()) << "given labels need no head";
  std::int64_t hits = 0;
  for (std::size_t i = 0; i < set_->count(); ++i) {
    const auto own_scores = model.look(set_->batch(i, 1), false)[0].scores,
               head_scores = model.presence_scores(set_->batch(i, 1))[0].scores;
    const PresenceJudge judge(model.info(), PresenceRule::Calibrated);
    hits += predicted_labels(judge.margins(own_scores, head_scores))[0] > 0.5F && set_->labels(i)[0] > 0.5F;
  }
  EXPECT_EQ(by_head.presence[0].hits, hits);

  const auto scores = presence_scores(model, *set_, kNever);
  ASSERT_EQ(scores.size(), set_->count());
  EvaluateOptions known = kOneView;
  known.heads = &scores;
  EXPECT_EQ(evaluate(known, *set_, model, {observer_, kNever}).evaluated[1].matrix.counts(), by_head.evaluated[1].matrix.counts());
  const std::vector<model::network::HeadScores> never(set_->count(), {{-1e6F, 1e6F}});
  known.heads = &never;
  EXPECT_EQ(evaluate(known, *set_, model, {observer_, kNever}).presence[0].hits, 0);

  // Scores of places, which leave the right half to the second class alone, and the left half to the first.
  const std::vector<model::network::HeadScores> halves(set_->count(), {{1e6F, 1e6F}, {2e6F, 0, 0, 2e6F}, 1, 2});
  known.heads = &halves;
  known.shown = set_->count();
  const Evaluation by_halves = evaluate(known, *set_, model, {observer_, kNever});
  EXPECT_EQ(by_halves.presence[0].misses + by_halves.presence[1].misses, 0);
  ASSERT_EQ(by_halves.shown.size(), set_->count());
  for (const ShownPatch& patch : by_halves.shown)
    for (const core::Image& labels : patch.labels)
      for (int y = 0; y < kSide; ++y)
        for (const int x : {0, kSide / 4, 3 * kSide / 4, kSide - 1})
          EXPECT_NE(*labels.at(x, y), 2 * x < kSide ? 1 : 0) << patch.name << " " << x << " " << y;

  model.save(folder_ / "model.safetensors");
  model::network::PatchModel loaded = model::network::PatchModel::load(folder_ / "model.safetensors", "cpu", 1);
  EXPECT_EQ(evaluate(kOneView, *set_, loaded, {observer_, kNever}).auc, by_head.auc);
}

TEST_F(Evaluating, EachPatientsShiftIsTakenFromTheScores) {
  model::training::Trainer trainer = untrained(kAlwaysFirst);
  model::network::PatchModel& model = trainer.model();
  std::vector<Patch> patches;
  for (int i = 0; i < 3 * kPatches; ++i) {
    const std::string name = std::string(1, static_cast<char>('a' + i / 3)) + ".png";
    patches.push_back({folder_ / name, folder_ / ("mask_" + name), {}, i % 2 == 0 ? "" : "patient " + std::to_string(i % 4)});
  }
  const PatchSet images(patches, PatchSetOptions{.classes = kClasses}, core::Work{observer_, kNever});
  fit_presence(model, images, {std::filesystem::path(WSI_LPD_SOURCE_DIR) / "tests/golden/tiny_encoder.ts.pt"}, {observer_, kNever});
  model::network::PresenceInfo& presence = *model.impl().info.presence;
  presence.patients.reset();
  const auto plain = presence_scores(model, images, kNever);
  presence.patients = {.shares = {0.5, 0.5}, .means = {-4, 4, 4, -4}, .within = {1, 0, 0, 1}, .between = {4, 0, 0, 4}};
  const auto shifted = presence_scores(model, images, kNever);
  for (const std::string patient : {"", "patient 1", "patient 3"}) {  // "": not known, taken together
    std::vector<float> margins;
    for (std::size_t i = 0; i < images.count(); ++i)
      for (std::size_t c = 0; c < kClasses && images.patient(i) == patient; ++c)
        margins.push_back(presence.calibration.margin(c, plain[i].scores[c]));
    const std::vector<float> shift = patient_shift(*presence.patients, margins);
    EXPECT_GT(std::abs(shift[0]) + std::abs(shift[1]), 1e-3);
    for (std::size_t i = 0; i < images.count(); ++i)
      for (std::size_t c = 0; c < kClasses && images.patient(i) == patient; ++c)
        EXPECT_NEAR(plain[i].scores[c] - shifted[i].scores[c], shift[c] * presence.calibration.score_width[c], 1e-3) << i;
  }
  std::vector<CorrectedTile> tiles;
  for (std::size_t i = 0; i < images.count(); ++i)
    tiles.push_back(
        {.name = "", .patient = images.patient(i), .rgb = images.image(i), .classes = images.mask(i), .labels = {}, .presence = {}});
  const auto of_tiles = presence_scores(model, tiles, kNever);
  ASSERT_EQ(of_tiles.size(), shifted.size());
  for (std::size_t i = 0; i < shifted.size(); ++i) EXPECT_EQ(of_tiles[i].scores, shifted[i].scores);
}

TEST_F(Evaluating, AgreementAndPictureAreOfImageLabelsWithTheShiftsTaken) {
  model::training::Trainer trainer = untrained(kAlwaysFirst);
  model::network::PatchModel& model = trainer.model();
  model.impl().info.mosaic = 0.5;
  std::vector<Patch> patches;
  for (int i = 0; i < 3 * kPatches; ++i) {
    const std::string name = std::string(1, static_cast<char>('a' + i / 3)) + ".png";
    patches.push_back({folder_ / name, folder_ / ("mask_" + name), {}, "patient " + std::to_string(i / 3)});
  }
  const PatchSet images(patches, PatchSetOptions{.classes = kClasses}, core::Work{observer_, kNever});
  fit_presence(model, images, {std::filesystem::path(WSI_LPD_SOURCE_DIR) / "tests/golden/tiny_encoder.ts.pt"}, {observer_, kNever});
  model::network::PresenceInfo& presence = *model.impl().info.presence;
  ASSERT_EQ(presence.own_weight, 0) << "mosaics spoil the network's own scores";
  std::vector<CorrectedTile> tiles;
  for (std::size_t i = 0; i < set_->count(); ++i)
    tiles.push_back({.name = "", .patient = "", .rgb = set_->image(i), .classes = set_->mask(i), .labels = {}, .presence = {}});
  const auto picture = [&] {
    write_predictions(folder_ / "predictions.png", model, *set_, presence_scores(model, *set_, kNever));
    return core::read_text_file(folder_ / "predictions.png");
  };
  presence.patients.reset();
  const auto plain = agreement_with(tiles, model, kNever).counts();
  const std::string plain_picture = picture();
  // All images are of a patient with the second class alone.
  presence.patients = {.shares = {1}, .means = {-30, 30}, .within = {1, 0, 0, 1}, .between = {1e4, 0, 0, 1e4}};
  const auto shifted = agreement_with(tiles, model, kNever).counts();
  EXPECT_NE(shifted, plain);
  EXPECT_EQ(shifted, evaluate(kOneView, *set_, model, {observer_, kNever}).evaluated[1].matrix.counts());
  EXPECT_NE(picture(), plain_picture);
}

TEST_F(Evaluating, TheCrfComesBesideAndChangesNothingElse) {
  EvaluateOptions with_crf = kOneView;
  with_crf.crf = true;
  const Evaluation plain = evaluated(kAlwaysFirst, kOneView), both = evaluated(kAlwaysFirst, with_crf);
  ASSERT_EQ(both.evaluated.size(), 4U);
  for (std::size_t e = 0; e < 4; ++e) {
    EXPECT_EQ(both.evaluated[e].labels, e < 2 ? "oracle" : "predicted");
    EXPECT_EQ(both.evaluated[e].crf, e % 2 == 1);
    EXPECT_EQ(both.evaluated[e].matrix.total(), kPatches * kSide * kSide);
    const bool same = both.evaluated[e].matrix.counts() == plain.evaluated[e / 2].matrix.counts();
    EXPECT_EQ(same, e % 2 == 0) << e;
  }
  EXPECT_EQ(plain.presence[1].misses, both.presence[1].misses);
  EvaluateOptions predicted_alone = with_crf;
  predicted_alone.oracle = false;
  const Evaluation alone = evaluated(kAlwaysFirst, predicted_alone);
  ASSERT_EQ(alone.evaluated.size(), 2U);
  for (std::size_t e = 0; e < 2; ++e) EXPECT_EQ(alone.evaluated[e].matrix.counts(), both.evaluated[2 + e].matrix.counts());
}

TEST_F(Evaluating, ShowsTheWorstAndTheBest) {
  EvaluateOptions options = kOneView;
  options.predicted = false;
  const std::vector<core::Image> expected = expected_oracle();
  std::vector<std::pair<double, std::string>> order;  // by the share of right pixels, then by name
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const core::Image truth = set_->mask(i);
    const auto right =
        std::inner_product(truth.data(), truth.data() + truth.bytes(), expected[i].data(), 0, std::plus<>(), std::equal_to<>());
    order.emplace_back(right / double{kSide * kSide}, set_->name(i));
  }
  std::ranges::sort(order);
  const auto shown = [](const Evaluation& evaluation) {
    std::vector<std::pair<double, std::string>> patches;
    for (const ShownPatch& patch : evaluation.shown) patches.emplace_back(patch.accuracies.at(0), patch.name);
    return patches;
  };
  options.shown = 2;
  const Evaluation few = evaluated(kAlwaysFirst, options);
  EXPECT_EQ(shown(few), (std::vector{order[0], order[1], order[kPatches - 2], order[kPatches - 1]}));
  const auto worst = static_cast<std::size_t>(order[0].second[0] - 'a');
  EXPECT_TRUE(std::ranges::equal(std::span(few.shown[0].labels.at(0).data(), std::size_t{kSide} * kSide),
                                 std::span(expected[worst].data(), std::size_t{kSide} * kSide)));
  options.shown = 20;
  EXPECT_EQ(shown(evaluated(kAlwaysFirst, options)), order) << "room for all";
  options.shown = 0;
  EXPECT_TRUE(evaluated(kAlwaysFirst, options).shown.empty());
}

TEST_F(Evaluating, APatchWithoutAMaskCountsForTheImageLabelsAlone) {
  model::training::Trainer trainer = untrained(kAlwaysFirst);
  const Evaluation result = evaluate(kOneView, *with_unmasked_, trainer.model(), {observer_, kNever});
  EXPECT_EQ(result.patches, kPatches + 1);
  EXPECT_EQ(result.presence[0].false_alarms, 3);
  EXPECT_EQ(result.presence[1].misses, 11);
  EXPECT_EQ(result.evaluated[0].matrix.total(), kPatches * kSide * kSide);
  const core::CancelFlag stop{true};
  EXPECT_THROW(evaluate(kOneView, *set_, trainer.model(), {observer_, stop}), core::Cancelled);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
