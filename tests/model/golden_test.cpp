// Against numbers that the public PyTorch code computes.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "../../model/adamw.hpp"
#include "../../model/patch_model_impl.hpp"
#include "golden_weights.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/metrics.hpp"
#include "wsi_lpd/model/dense_crf.hpp"
#include "wsi_lpd/model/frozen_encoder.hpp"
#include "wsi_lpd/model/losses.hpp"
#include "wsi_lpd/model/network.hpp"
#include "wsi_lpd/model/safetensors.hpp"
#include "wsi_lpd/model/similarity.hpp"
#include "wsi_lpd/model/swin_transformer.hpp"
#include "wsi_lpd/model/trainer.hpp"
#include "wsi_lpd/model/training_loss.hpp"

namespace wsi_lpd::model {
namespace {

using torch::Tensor;

constexpr double kMapTolerance = 5e-5;       // absolute
constexpr double kLossTolerance = 1e-5;      // relative
constexpr double kGradientTolerance = 2e-5;  // of the largest element

std::map<std::string, Tensor> golden(const std::filesystem::path& folder, const std::string& name) {
  return read_safetensors(folder / (name + ".safetensors")).tensors;
}

void expect_close(const Tensor& actual, const Tensor& expected, const std::string& name) {
  ASSERT_EQ(actual.sizes(), expected.sizes()) << name;
  EXPECT_LE((actual - expected).abs().max().item<double>(), kMapTolerance) << name;
}

void expect_gradient(const Tensor& input, const Tensor& expected, const std::string& name) {
  ASSERT_TRUE(input.grad().defined()) << name;
  EXPECT_LE((input.grad() - expected).abs().max().item<double>(), kGradientTolerance * expected.abs().max().item<double>() + 1e-12) << name;
}

TEST(Golden, NormalisedInputIsBitEqual) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto patches = golden(folder, "patches");
  EXPECT_TRUE(torch::equal(InputNormaliser(ModelInfo{}, torch::kCPU)(patches.at("rgb_u8")).flip(1), patches.at("input")));
}

TEST(Golden, EncoderB1) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  MixTransformer encoder(mix_transformer_shape("mit_b1"), 0.1);
  testing::fill_golden(*encoder);
  encoder->eval();
  const c10::InferenceMode inference;
  const auto features = encoder->forward(golden(folder, "patches").at("input"));
  const auto expected = golden(folder, "encoder_b1");
  for (std::size_t s = 0; s < 4; ++s) {
    const std::string name = "stage" + std::to_string(s + 1);
    expect_close(features[s], expected.at(name), name);
  }
}

TEST(Golden, EncodersB0AndB2) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto expected = golden(folder, "encoder_b0_b2");
  const c10::InferenceMode inference;
  for (const std::string name : {"mit_b0", "mit_b2"}) {
    MixTransformer encoder(mix_transformer_shape(name), 0.1);
    testing::fill_golden(*encoder);
    encoder->eval();
    expect_close(encoder->forward(golden(folder, "patches").at("input"))[3], expected.at(name + ".stage4"), name);
  }
}

class GoldenNetwork : public ::testing::TestWithParam<std::pair<int, int>> {};

TEST_P(GoldenNetwork, EveryOutput) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto [classes, k] = GetParam();
  LpdNetwork network(mix_transformer_shape("mit_b1"), classes, k);
  testing::fill_golden(*network);
  network->eval();
  const c10::InferenceMode inference;
  const NetworkOutput output = network->forward(golden(folder, "patches").at("input"));
  const auto expected = golden(folder, "network_c" + std::to_string(classes) + "k" + std::to_string(k));
  for (std::size_t s = 0; s < 4; ++s) {
    const std::string n = std::to_string(s + 1);
    expect_close(output.projected[s], expected.at("projected" + n), "projected" + n);
    expect_close(output.maps[s], expected.at("cam" + n), "cam" + n);
    expect_close(output.scores[s], expected.at("cls" + n), "cls" + n);
    expect_close(merge_mean(output.maps[s], k), expected.at("cam" + n + "_mean"), "cam mean " + n);
    expect_close(merge_softmax(output.maps[s], k), expected.at("cam" + n + "_max"), "cam softmax " + n);
    expect_close(merge_mean(output.scores[s], k), expected.at("cls" + n + "_mean"), "cls mean " + n);
    expect_close(merge_softmax(output.scores[s], k), expected.at("cls" + n + "_max"), "cls softmax " + n);
  }
  expect_close(output.feature, expected.at("feature4"), "feature4");
}

INSTANTIATE_TEST_SUITE_P(ClassesAndPrototypes, GoldenNetwork, ::testing::Values(std::pair(4, 3), std::pair(3, 10)));

TEST(Golden, EveryParameterNameAndShape) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  std::ifstream stream(folder / "names_mit_official.json");
  const auto names = nlohmann::json::parse(stream);
  for (const std::string variant : {"mit_b0", "mit_b1", "mit_b2", "mit_b3", "mit_b4", "mit_b5"}) {
    auto expected = names.at(variant).at("shapes").get<std::map<std::string, std::vector<std::int64_t>>>();
    expected.erase("head.weight");
    expected.erase("head.bias");
    std::map<std::string, std::vector<std::int64_t>> actual;
    for (const auto& item : MixTransformer(mix_transformer_shape(variant), 0)->named_parameters())
      actual[item.key()] = item.value().sizes().vec();
    EXPECT_EQ(actual, expected) << variant;
  }
}

TEST(Golden, ClassificationLoss) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto expected = golden(folder, "losses");
  std::array<Tensor, 4> logits;
  for (std::size_t s = 0; s < 4; ++s) logits[s] = expected.at("bce.logits" + std::to_string(s + 1)).clone().requires_grad_();
  const ClassificationLoss loss = classification_loss(logits, expected.at("bce.labels"), {0, 0.1, 1, 1});
  const auto value = expected.at("bce.loss").item<double>();
  EXPECT_NEAR(loss.total.item<double>(), value, kLossTolerance * value);
  EXPECT_NEAR(loss.levels[0].item<double>(), 1.259170651435852, kLossTolerance);
  loss.total.backward();
  for (std::size_t s = 0; s < 4; ++s) {
    const std::string name = "bce.grad.logits" + std::to_string(s + 1);
    expect_gradient(logits[s], expected.at(name), name);
  }
}

struct DiversityCase {
  std::string inputs;
  std::string variant;
  int k;
  DiversityOptions options;
};

TEST(Golden, DiversityLoss) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto expected = golden(folder, "losses");
  const std::vector<DiversityCase> cases{{"div", "div.reference", 3, {.index_shift = 0, .softmaxes = 2}},
                                         {"div", "div.paper", 3, {.index_shift = 1, .softmaxes = 2}},
                                         {"div", "div.single_softmax", 3, {.index_shift = 1, .softmaxes = 1}},
                                         {"div2", "div2.reference", 2, {.index_shift = 0, .softmaxes = 2}}};
  for (const DiversityCase& c : cases) {
    const Tensor feature = expected.at(c.inputs + ".feature").clone().requires_grad_();
    const Tensor prototypes = expected.at(c.inputs + ".prototypes").clone().requires_grad_();
    const Tensor loss = diversity_loss(feature, prototypes, expected.at(c.inputs + ".mask"), c.k, c.options);
    const auto value = expected.at(c.variant + ".loss").item<double>();
    EXPECT_NEAR(loss.item<double>(), value, kLossTolerance * value) << c.variant;
    loss.backward();
    expect_gradient(feature, expected.at(c.variant + ".grad.feature"), c.variant + " feature");
    expect_gradient(prototypes, expected.at(c.variant + ".grad.prototypes"), c.variant + " prototypes");
  }
}

TEST(Golden, SelectedPrototypes) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto expected = golden(folder, "losses");
  const Tensor selected = select_prototypes(expected.at("select.cls4"), expected.at("select.labels"), 3);
  EXPECT_TRUE(torch::equal(selected, expected.at("select.selected").nonzero()));
  EXPECT_EQ(select_prototypes(expected.at("select.cls4").narrow(1, 0, 3), expected.at("select.labels"), 1).size(0), 0);
}

TEST(Golden, MaskedImages) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto expected = golden(folder, "losses");
  const Tensor images = expected.at("mask.image").clone().requires_grad_(), maps = expected.at("mask.cam").clone().requires_grad_();
  const MaskedImages masked = mask_images(images, maps, expected.at("mask.selected").nonzero(), 0.5);
  expect_close(masked.foreground, expected.at("mask.fg_input"), "foreground");
  expect_close(masked.background, expected.at("mask.bg_input"), "background");
  ((masked.foreground * expected.at("mask.wf")).sum() + (masked.background * expected.at("mask.wb")).sum()).backward();
  expect_gradient(images, expected.at("mask.grad.image"), "image");
  expect_gradient(maps, expected.at("mask.grad.cam"), "maps");
}

TEST(Golden, ContrastiveLosses) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto expected = golden(folder, "losses");
  for (const std::string tag : {"info_fg", "info_bg"}) {
    const Tensor image = expected.at(tag + ".image").clone().requires_grad_();
    const Tensor own = expected.at(tag + ".fg_proto").clone().requires_grad_();
    const Tensor others = expected.at(tag + ".bg_proto").clone().requires_grad_();
    // each image has prototypes of its own here: row by row, its own prototype first
    std::vector<Tensor> rows;
    for (std::int64_t i = 0; i < image.size(0); ++i)
      rows.push_back(contrast_logits(image.narrow(0, i, 1), torch::cat({own.narrow(0, i, 1), others[i]}), 0.07));
    const Tensor first = torch::zeros({image.size(0)}, torch::kLong);
    const Tensor loss = tag == "info_fg" ? foreground_contrast(torch::cat(rows), first) : background_contrast(torch::cat(rows), first);
    const auto value = expected.at(tag + ".loss").item<double>();
    EXPECT_NEAR(loss.item<double>(), value, kLossTolerance * value) << tag;
    loss.backward();
    expect_gradient(image, expected.at(tag + ".grad.image"), tag + " image");
    expect_gradient(own, expected.at(tag + ".grad.fg_proto"), tag + " own");
    expect_gradient(others, expected.at(tag + ".grad.bg_proto"), tag + " others");
  }
}

TEST(Golden, SwinTransformer) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  std::map<std::string, Tensor> weights;
  for (const auto& [name, shape] : SwinTransformer::shapes()) {
    Tensor& tensor = weights[name] = torch::empty(shape);
    auto* data = tensor.data_ptr<float>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i) data[i] = testing::golden_weight(name, tensor, static_cast<std::uint64_t>(i));
  }
  const SwinTransformer swin(weights, torch::kCPU);
  const c10::InferenceMode inference;
  const Tensor input = golden(folder, "patches").at("input");
  const auto expected = golden(folder, "swin_t");
  expect_close(swin.tokens(input), expected.at("last_hidden"), "tokens");
  expect_close(swin.forward(input), expected.at("embedding"), "embedding");
}

TEST(Golden, TrainingSteps) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto expected = golden(folder, "training");
  std::ifstream stream(folder / "training.json");
  const auto json = nlohmann::json::parse(stream);
  LpdNetwork network(mix_transformer_shape("mit_b1"), 3, 3);
  testing::fill_golden(*network);
  const auto frozen = load_frozen_encoder(folder / "tiny_encoder.ts.pt", torch::kCPU);
  const Tensor images = InputNormaliser(ModelInfo{}, torch::kCPU)(expected.at("rgb_u8")).flip(1).contiguous();
  expect_close((*frozen)(images), expected.at("tiny_encoder_output"), "frozen encoder");
  const TrainOptions schedule{.lr = 1e-3, .iterations = 30, .lr_warmup_iterations = 2};
  const LossOptions options{.diversity = Diversity::Reference};
  AdamW optimiser(1e-3);
  for (const auto& item : network->named_parameters()) optimiser.add(item.key(), item.value());
  for (std::size_t t = 0; t < 3; ++t) {
    const std::string at = "step" + std::to_string(t) + ".";
    const auto& step = json.at("steps").at(t);
    const NetworkOutput output = network->forward(images);
    const TrainingLoss loss =
        training_loss(output, images, expected.at("labels"), output.prototypes, 3, options, /*all_terms=*/true, frozen.get());
    const double tolerance = t == 0 ? 1e-5 : 2e-4;
    const auto expect_term = [&](const char* name, const Tensor& actual) {
      const auto value = step.at("terms").at(name).get<double>();
      EXPECT_NEAR(actual.item<double>(), value, tolerance * std::abs(value)) << at << name;
    };
    expect_term("total", loss.total);
    expect_term("cls", loss.classification.total);
    expect_term("div", loss.diversity);
    expect_term("fg", loss.foreground);
    expect_term("bg", loss.background);
    expect_term("cam_mean", loss.map_mean);
    for (std::size_t s = 0; s < 4; ++s) expect_term(("bce" + std::to_string(s + 1)).c_str(), loss.classification.levels[s]);
    Tensor selected = torch::zeros({4, 9}, torch::kLong);
    selected.index_put_({loss.selected.select(1, 0), loss.selected.select(1, 1)}, 1);
    const auto rows = step.at("selected").get<std::vector<std::vector<std::int64_t>>>();
    for (std::int64_t i = 0; i < 4; ++i) EXPECT_TRUE(torch::equal(selected[i], torch::tensor(rows[static_cast<std::size_t>(i)]))) << at;
    EXPECT_TRUE(torch::equal(pseudo_mask(merge_mean(output.maps[3], 3)), expected.at(at + "pseudo_mask").to(torch::kLong))) << at;

    optimiser.clear_gradients();
    loss.total.backward();
    const double rate = learning_rate(schedule, static_cast<std::int64_t>(t));
    EXPECT_NEAR(rate, step.at("lr").get<double>(), 1e-15);
    for (const auto& item : network->named_parameters()) {
      const auto norm = step.at("grad_norm").at(item.key()).get<double>();
      EXPECT_NEAR(item.value().grad().norm().item<double>(), norm, (t < 2 ? 1e-4 : 5e-4) * norm + 1e-9) << at << item.key();
      const auto gradient = expected.find(at + "grad." + item.key());
      if (gradient == expected.end()) continue;
      const double largest = gradient->second.abs().max().item<double>();
      EXPECT_LE((item.value().grad() - gradient->second).abs().max().item<double>(), (t < 2 ? 1e-4 : 1e-3) * largest + 1e-12)
          << at << item.key();
    }
    optimiser.step(rate);
    for (const auto& item : network->named_parameters()) {
      const bool noisy = item.key().ends_with("kv.bias");  // half of its gradient is 0 but for rounding, which Adam blows up
      const auto& after = step.at("after").at(item.key());
      EXPECT_NEAR(item.value().sum(torch::kDouble).item<double>(), after.at("sum").get<double>(), 3e-3) << at << item.key();
      const auto squares = after.at("sumsq").get<double>();
      EXPECT_NEAR(item.value().to(torch::kDouble).square().sum().item<double>(), squares, (noisy ? 3e-3 : 5e-4) * squares)
          << at << item.key();
    }
  }
  for (const auto& [name, tensor] : expected) {
    if (name.starts_with("final.")) expect_close(network->named_parameters()[name.substr(6)], tensor, name);
  }
}

TEST(Golden, LearningRates) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  std::ifstream stream(folder / "lr_schedule.json");
  const auto schedules = nlohmann::json::parse(stream);
  for (const auto& [name, schedule] : schedules.items()) {
    const TrainOptions options{.lr = schedule.at("base_lr"),
                               .iterations = schedule.at("max_iter"),
                               .lr_warmup_iterations = schedule.at("warmup_iter"),
                               .warmup_ratio = schedule.at("warmup_ratio"),
                               .power = schedule.at("power")};
    const auto rates = schedule.at("lr_used_by_step").get<std::vector<double>>();
    for (std::size_t t = 0; t < rates.size(); ++t)
      EXPECT_NEAR(learning_rate(options, static_cast<std::int64_t>(t)), rates[t], 1e-12 * rates[t]) << name << " " << t;
  }
}

/// The whole evaluation of the published code: views, fusion, probabilities, CRF, metrics.
TEST(Golden, Evaluation) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto expected = golden(folder, "evaluation");
  std::ifstream file(folder / "evaluation.json");
  const auto numbers = nlohmann::json::parse(file);
  ModelInfo info;
  info.classes = default_class_scheme(3);
  LpdNetwork network(mix_transformer_shape("mit_b1"), 3, 3);
  testing::fill_golden(*network);
  {
    const torch::NoGradGuard no_grad;  // the golden network takes BGR
    Tensor first = network->named_parameters()["encoder.patch_embed1.proj.weight"];
    first.copy_(first.flip(1).clone());
  }
  PatchModel model(std::make_unique<PatchModel::Impl>(info, network, torch::kCPU));
  const Tensor &rgb = expected.at("rgb_u8"), &masks = expected.at("masks");
  const auto bytes = [](const Tensor& tensor) {
    const Tensor flat = tensor.contiguous();
    return std::vector<std::uint8_t>(flat.const_data_ptr<std::uint8_t>(), flat.const_data_ptr<std::uint8_t>() + flat.numel());
  };
  const std::vector<PatchMaps> patches = model.look({.count = 3, .size = 224, .rgb = bytes(rgb), .labels = {}}, true);

  std::map<std::string, ConfusionMatrix> matrices;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    const std::vector<std::uint8_t> image = bytes(expected.at(n + ".crf_image_u8"));
    EXPECT_EQ(patches[i].crf_image, image);
    for (const std::string mode : {"oracle", "all"}) {
      const Tensor labels = mode == "oracle" ? expected.at("oracle_labels")[static_cast<std::int64_t>(i)].contiguous() : torch::ones(3);
      const auto probabilities = class_probabilities(patches[i], {labels.const_data_ptr<float>(), 3});
      const Tensor p = torch::tensor(probabilities).view({4, 224, 224});
      const std::string probs = mode + "." + n + ".probs";
      const bool whole = expected.contains(probs);
      const Tensor reference = expected.at(whole ? probs : probs + "_every4");
      const Tensor ours = whole ? p : p.slice(1, 0, 224, 4).slice(2, 0, 224, 4);
      EXPECT_LE((ours - reference).abs().max().item<double>(), 1e-4 * reference.max().item<double>()) << probs;
      const auto argmax = most_probable_labels(probabilities, 4);
      const auto crf = most_probable_labels(dense_crf(probabilities, 4, {patches[i].crf_image.data(), 224, 224, 3, 3 * 224}), 4);
      for (const auto& [name, ours_now] : {std::pair{"argmax", argmax}, {"crf", crf}}) {
        const std::string key = mode + "." + n + "." + name + "_labels";
        EXPECT_LE(torch::tensor(ours_now).ne(expected.at(key).reshape(-1)).sum().item<int>(), 50176 / 10'000) << key;
        matrices.try_emplace(mode + "." + name, 3).first->second.add(bytes(masks[static_cast<std::int64_t>(i)]), bytes(expected.at(key)));
      }
    }
  }
  for (const auto& [name, matrix] : matrices) {
    const auto& metrics = numbers.at("metrics." + name);
    EXPECT_NEAR(100 * matrix.mean_iou(), metrics.at("mIoU_percent").get<double>(), 1e-4) << name;
    EXPECT_NEAR(100 * matrix.mean_dice(), metrics.at("mDice_percent").get<double>(), 1e-4) << name;
    EXPECT_NEAR(100 * matrix.frequency_weighted_iou(), metrics.at("FwIoU_percent").get<double>(), 1e-4) << name;
    for (int t = 0; t < 4; ++t)
      for (int q = 0; q < 4; ++q)
        EXPECT_EQ(matrix.count(t, q),
                  metrics.at("confusion_rows_truth_cols_prediction")[static_cast<std::size_t>(t)][static_cast<std::size_t>(q)])
            << name;
  }
}

}  // namespace
}  // namespace wsi_lpd::model
