#include "wsi_lpd/pipeline/segment/lpd_segmenter.hpp"

#include <gtest/gtest.h>
#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

#include "pipeline/segment/tiny_segmenter.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/runtime/device.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

class LpdSegmenter : public TinySegmenter {};

TEST_F(LpdSegmenter, GivesMapsOnTheStride8Grid) {
  train(true);
  const auto segmenter = load_lpd_segmenter(path_);
  EXPECT_EQ(segmenter->shape().classes, core::default_class_scheme(kClasses));
  EXPECT_EQ(segmenter->shape().prototypes_per_class, kPrototypes);
  EXPECT_EQ(segmenter->shape().feature_size, kFeature);
  EXPECT_EQ(segmenter->shape().patch_size, kTile);
  EXPECT_EQ(segmenter->shape().mpp, 0.5);
  const TileResults results = run(*segmenter, noise(3, 7));
  EXPECT_EQ(results.count, 3);
  EXPECT_EQ(results.maps.size(), 3U * kClasses * kGrid * kGrid);
  EXPECT_EQ(results.scores.size(), 3U * kClasses);
  EXPECT_EQ(results.prototypes.size(), 3U * kClasses * kPrototypes);
  EXPECT_EQ(results.features.size(), 3U * kFeature);
  EXPECT_TRUE(std::all_of(results.maps.begin(), results.maps.end(), [](float value) { return value >= 0 && value <= 1; }));
}

TEST_F(LpdSegmenter, ResultsDependOnNeitherThreadNorOtherBatches) {
  train(true);
  const auto segmenter = load_lpd_segmenter(path_);
  const TileResults alone = run(*segmenter, noise(3, 7));
  std::vector<std::unique_ptr<Segmenter::Pending>> pending;
  for (unsigned i = 0; i < 4; ++i) {
    const model::network::PatchBatch batch = noise(3, i < 2 ? 7 : i);
    auto tiles = segmenter->allocate(batch.count, kTile);
    std::copy(batch.rgb.begin(), batch.rgb.end(), tiles->data());
    pending.push_back(segmenter->submit(std::move(tiles), batch.count, kTile, std::vector<std::uint8_t>(3, 1)));
  }
  std::vector<TileResults> results(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) threads.emplace_back([&, i] { results[i] = segmenter->await(std::move(pending[i])); });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(results[i].maps, alone.maps);
    EXPECT_EQ(results[i].features, alone.features);
  }
  EXPECT_NE(results[2].maps, alone.maps);
}

TEST_F(LpdSegmenter, RoundsTheEncoderOnlyWhereLabelsStayTheSame) {
  train(true);
  const auto exact = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Float32});
  EXPECT_EQ(choose(*exact, noise(3, 7)).name, "fp32");
  const auto rounded = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Bfloat16});
  EXPECT_EQ(choose(*rounded, noise(3, 7)).name, "bf16");
  const TileResults in_full = run(*exact, noise(3, 7)), in_short = run(*rounded, noise(3, 7));
  EXPECT_NE(in_full.maps, in_short.maps);
  for (std::size_t i = 0; i < in_full.maps.size(); ++i) EXPECT_NEAR(in_full.maps[i], in_short.maps[i], 0.1);

  const auto automatic = load_lpd_segmenter(path_);
  const Precision precision = choose(*automatic, noise(3, 7));
  EXPECT_EQ(precision.agreement.has_value(), model::runtime::has_fast_bfloat16("cpu") || model::runtime::has_fast_int8("cpu"));
  const bool agrees = precision.agreement && *precision.agreement >= kEnoughAgreement;
  EXPECT_EQ(precision.name == "fp32", !agrees);
  const auto same = load_lpd_segmenter(path_, {.arithmetic = precision.name == "int8"   ? Arithmetic::Int8
                                                             : precision.name == "bf16" ? Arithmetic::Bfloat16
                                                                                        : Arithmetic::Float32});
  EXPECT_EQ(choose(*same, noise(3, 7)).name, precision.name);
  EXPECT_EQ(run(*automatic, noise(3, 7)).maps, run(*same, noise(3, 7)).maps);
}

TEST_F(LpdSegmenter, ComputesInIntegersForTheRangesOfASample) {
  train(true);
  if (!model::runtime::has_fast_int8("cpu")) {
    EXPECT_THROW(load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Int8}), core::UsageError);
    GTEST_SKIP() << "this processor has no AVX512-VNNI";
  }
  const auto exact = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Float32});
  const auto integer = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Int8});
  const Precision precision = choose(*integer, noise(3, 7));
  EXPECT_EQ(precision.name, "int8");
  EXPECT_GT(precision.agreement.value_or(0), 0.9);
  const TileResults in_full = run(*exact, noise(3, 7)), in_integers = run(*integer, noise(3, 7));
  EXPECT_NE(in_full.maps, in_integers.maps);
  for (std::size_t i = 0; i < in_full.maps.size(); ++i) EXPECT_NEAR(in_full.maps[i], in_integers.maps[i], 0.1);

  model::network::PatchBatch dark = noise(3, 7);
  for (std::uint8_t& value : dark.rgb) value /= 4;
  choose(*integer, dark);
  EXPECT_NE(run(*integer, noise(3, 7)).maps, in_integers.maps) << "the ranges are those of the last sample";
  choose(*integer, noise(3, 7));
  EXPECT_EQ(run(*integer, noise(3, 7)).maps, in_integers.maps);
}

TEST_F(LpdSegmenter, WithoutCalibrationOnlyTileNormalisationWorks) {
  train(false);
  EXPECT_THROW(load_lpd_segmenter(path_), core::Error);
  const auto segmenter = load_lpd_segmenter(path_, {.normalisation = Normalisation::Tile});
  const TileResults results = run(*segmenter, noise(1, 7));
  EXPECT_LE(*std::max_element(results.maps.begin(), results.maps.end()), 1);
  EXPECT_GT(*std::max_element(results.maps.begin(), results.maps.end()), 0);
}

TEST_F(LpdSegmenter, MovesThresholdsByTheShiftOfASample) {
  train(true);
  model::network::PatchModel model = with_head();
  EXPECT_FALSE(load_lpd_segmenter(path_)->shape().adaptive_presence) << "each image was of a patient of its own";
  const model::network::PatientScatter scatter{
      .shares = {0.5, 0.5}, .means = {-4, 4, 4, -4}, .within = {1, 0, 0, 1}, .between = {4, 0, 0, 4}};
  model.impl().info.presence->patients = scatter;
  model.save(path_);
  EXPECT_FALSE(load_lpd_segmenter(path_, {.own_presence = true})->shape().adaptive_presence);

  const auto segmenter = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Float32});
  ASSERT_TRUE(segmenter->shape().adaptive_presence);
  const core::Calibration trained = segmenter->shape().presence;
  const model::network::PatchBatch tiles = noise(5, 7);
  std::vector<float> margins;
  for (const model::network::HeadScores& head : model.presence_scores(tiles))
    for (std::size_t c = 0; c < kClasses; ++c) margins.push_back(model.info().presence->calibration.margin(c, head.scores[c]));
  const std::vector<float> expected = patient_shift(scatter, margins), shift = adapt(*segmenter, tiles);
  ASSERT_EQ(shift.size(), kClasses);
  for (std::size_t c = 0; c < kClasses; ++c) {
    EXPECT_NEAR(shift[c], expected[c], 1e-3);
    EXPECT_NE(shift[c], 0);
    EXPECT_FLOAT_EQ(segmenter->shape().presence.score_threshold[c], trained.score_threshold[c] + shift[c]);
  }
  EXPECT_EQ(adapt(*segmenter, tiles), shift) << "the slide before does not count";
  EXPECT_TRUE(adapt(*segmenter, noise(0, 7)).empty());
  EXPECT_EQ(segmenter->shape().presence, trained);
}

TEST_F(LpdSegmenter, TakesPresenceFromTheHeadUnlessToldOtherwise) {
  train(true);
  const LpdSegmenterOptions exact{.arithmetic = Arithmetic::Float32};
  const auto before = load_lpd_segmenter(path_, exact);
  model::network::PatchModel model = with_head();
  const auto by_head = load_lpd_segmenter(path_, exact),
             own = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Float32, .own_presence = true});
  EXPECT_EQ(by_head->shape().presence, model::network::uncalibrated(kClasses));
  EXPECT_EQ(by_head->shape().only_tile, kTile);
  EXPECT_TRUE(by_head->shape().sparse_scores);
  EXPECT_EQ(own->shape().presence, before->shape().presence);
  EXPECT_EQ(own->shape().only_tile, 0);
  EXPECT_FALSE(own->shape().sparse_scores);
  const model::network::PatchBatch tiles = noise(3, 7);
  const TileResults expected = run(*before, tiles), from_head = run(*by_head, tiles), from_own = run(*own, tiles, {0, 1, 0});
  EXPECT_EQ(from_own.score_maps, expected.score_maps);
  EXPECT_EQ(from_head.maps, expected.maps);
  EXPECT_EQ(from_head.features, expected.features);
  EXPECT_EQ(from_head.score_maps.size(), expected.score_maps.size());
  const auto scores = model.presence_scores(tiles);
  const core::Calibration &head = model.info().presence->calibration, &network = model.info().calibration;
  ASSERT_GT(model.info().presence->own_weight, 0);
  for (std::size_t i = 0; i < 3U * kClasses; ++i) {
    const std::size_t c = i % kClasses;
    const double joint =
        head.margin(c, scores[i / kClasses].scores[c]) + model.info().presence->own_weight * network.margin(c, expected.scores[i]);
    EXPECT_NEAR(from_head.scores[i], joint, 1e-3 * std::max(1.0, std::abs(joint)));
  }
}

TEST_F(LpdSegmenter, HeadSeesTheTilesThatAreToBeScored) {
  train(true);
  with_head();
  const auto segmenter = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Float32});
  const model::network::PatchBatch tiles = noise(3, 7);
  const TileResults all = run(*segmenter, tiles), some = run(*segmenter, tiles, {1, 0, 1}), none = run(*segmenter, tiles, {0, 0, 0});
  EXPECT_EQ(some.maps, all.maps);
  EXPECT_EQ(none.maps, all.maps);
  const std::size_t map = all.score_maps.size() / 3;
  for (std::size_t i = 0; i < all.scores.size(); ++i) {
    EXPECT_TRUE(std::isnan(none.scores[i]));
    if (i / kClasses == 1) {
      EXPECT_TRUE(std::isnan(some.scores[i]));
    } else {
      EXPECT_NEAR(some.scores[i], all.scores[i], 1e-4);
    }
  }
  for (std::size_t i = 0; i < all.score_maps.size(); ++i) EXPECT_NEAR(some.score_maps[i], i / map == 1 ? 0 : all.score_maps[i], 1e-4);
}

TEST_F(LpdSegmenter, PatchesAreWeighedByTheScoresOfPlacesAsTilesAre) {
  train(true);
  torch::jit::Module module("encoder");
  module.define("def forward(self, images):\n  return torch.avg_pool2d(torch.cat([images, images * images], 1), 16)\n");
  module.save((folder_ / "map.ts").string());
  model::network::PatchModel model = with_head(20, folder_ / "map.ts");
  const auto segmenter = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Float32});
  ASSERT_EQ(segmenter->shape().local_presence, model::network::kLocalWeight);
  const model::network::PatchBatch tiles = noise(3, 7);
  const TileResults seen = run(*segmenter, tiles);
  const auto heads = model.presence_scores(tiles);
  const auto plain = model.look(tiles, /*all_views=*/false), weighed = model.look(tiles, false, heads);
  const auto maps_of = [](std::vector<float> values, int side) { return torch::tensor(values).view({3, kClasses, side, side}); };
  const auto resized = [](const torch::Tensor& maps, std::int64_t side) {
    namespace F = torch::nn::functional;
    return F::interpolate(maps, F::InterpolateFuncOptions().size(std::vector{side, side}).mode(torch::kBilinear).align_corners(false));
  };
  const torch::Tensor margins = maps_of(seen.score_maps, kTile / 16);
  ASSERT_GT((margins.select(1, 0) - margins.select(1, 1)).std().item<float>(), 0.1) << "the places differ";
  const auto factors = [&](std::int64_t side) {
    const torch::Tensor places = resized(margins, side);
    return (model::network::kLocalWeight * (places - std::get<0>(places.max(1, true)))).exp();
  };
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(heads[i].maps.size(), kClasses * 14U * 14U) << "of the image at the side that the encoder takes, 224";
    const auto map = [&](const model::network::PatchMaps& patch) { return torch::tensor(patch.maps).view({kClasses, kTile, kTile}); };
    EXPECT_TRUE(torch::allclose(map(weighed[i]), map(plain[i]) * factors(kTile)[static_cast<std::int64_t>(i)], 1e-3, 1e-4));
    EXPECT_FALSE(torch::allclose(map(weighed[i]), map(plain[i]), 1e-3, 1e-4));
  }

  const torch::Tensor presence = torch::tensor(seen.scores).view({3, kClasses, 1, 1}).sigmoid();
  torch::Tensor classes = resized(maps_of(seen.maps, kGrid) * factors(kGrid) * presence, kTile);
  classes = torch::cat({classes, (1 - std::get<0>(classes.max(1, true))).pow(10)}, 1).argmax(1);
  const std::vector<std::uint8_t> labels = model.segment_unlabelled(tiles);
  const torch::Tensor ours = torch::tensor(at::ArrayRef(labels), torch::kByte).view({3, kTile, kTile});
  EXPECT_GT((ours == classes).to(torch::kFloat).mean().item<float>(), 0.999);
}

TEST_F(LpdSegmenter, TellsHowFarTilesLieFromTheTrainingImages) {
  train(true);
  with_head();
  EXPECT_TRUE(run(*load_lpd_segmenter(path_), noise(3, 7)).distances.empty()) << "20 images are too few to know";
  const model::network::PatchModel model = with_head(40);
  EXPECT_TRUE(run(*load_lpd_segmenter(path_, {.own_presence = true}), noise(3, 7)).distances.empty()) << "its encoder is not used";
  const auto segmenter = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Float32, .encoder_features = true});
  model::network::PatchBatch tiles = noise(3, 7);
  std::fill(tiles.rgb.end() - kTile * kTile * 3, tiles.rgb.end(), std::uint8_t{10});  // the last is black
  const TileResults seen = run(*segmenter, tiles);
  ASSERT_EQ(seen.distances.size(), 3U);
  model::network::PatchModel loaded = model::network::PatchModel::load(path_, "cpu", 1);
  auto features = torch::tensor(seen.features).view({3, -1});
  const auto expected = loaded.impl().presence->fit.value().distances(features);
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(seen.distances[static_cast<std::size_t>(i)], expected[i].item<float>(), 1e-4);
  EXPECT_GT(seen.distances[2], 2 * seen.distances[0]);
  const TileResults some = run(*load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Float32}), tiles, {1, 0, 1});
  EXPECT_NEAR(some.distances[0], seen.distances[0], 1e-3);
  EXPECT_TRUE(std::isnan(some.distances[1]));
  const TileResults none = run(*load_lpd_segmenter(path_), tiles, {0, 0, 0});
  EXPECT_TRUE(std::ranges::all_of(none.distances, [](float distance) { return std::isnan(distance); }));
}

TEST_F(LpdSegmenter, GivesTheFeaturesOfTheEncoderWhenAsked) {
  train(true);
  EXPECT_THROW(load_lpd_segmenter(path_, {.encoder_features = true}), core::UsageError);
  with_head();
  EXPECT_THROW(load_lpd_segmenter(path_, {.own_presence = true, .encoder_features = true}), core::UsageError);
  const auto segmenter = load_lpd_segmenter(path_, {.encoder_features = true});
  EXPECT_EQ(segmenter->shape().features_of, "tiny_encoder.ts.pt");
  EXPECT_FALSE(segmenter->shape().sparse_scores);
  const TileResults results = run(*segmenter, noise(3, 7));
  EXPECT_EQ(results.features.size(), 3U * static_cast<std::size_t>(segmenter->shape().feature_size));
  EXPECT_NE(segmenter->shape().feature_size, kFeature);
}

TEST_F(LpdSegmenter, RefusesValuesThatAreNotFinite) {
  train(true);
  model::network::PatchModel model = with_head();
  model.impl().presence->head.bias = torch::full({kClasses}, NAN);
  model.save(path_);
  for (const Arithmetic arithmetic : {Arithmetic::Float32, Arithmetic::Bfloat16}) {
    const auto segmenter = load_lpd_segmenter(path_, {.arithmetic = arithmetic});
    EXPECT_THROW(run(*segmenter, noise(3, 7)), core::Error);
    EXPECT_NO_THROW(run(*segmenter, noise(3, 7), {0, 0, 0}));
  }
}

TEST_F(LpdSegmenter, MissingModelAndMissingDeviceAreErrors) {
  EXPECT_THROW(load_lpd_segmenter(path_), core::Error);
  train(true);
  EXPECT_THROW(load_lpd_segmenter(path_, {.device = "cuda:99"}), core::Error);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
