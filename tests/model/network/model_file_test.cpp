#include "wsi_lpd/model/network/model_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "golden/golden.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/encoders/swin_transformer.hpp"
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::model::network {
namespace {

using ::testing::HasSubstr;

ModelInfo sample_info() {
  ModelInfo info;
  info.encoder = "mit_b0";
  info.prototypes_per_class = 2;
  info.classes = core::default_class_scheme(3);
  info.mpp = 0.31;
  info.patch_size = 64;
  info.mosaic = 0.5;
  info.calibration = {.score_threshold = {1, 2, 3}, .score_width = {0.5F, 1, 2}};
  info.stain.reinhard = {.mean = {-0.5, 0.01, 0.02}, .deviation = {0.3, 0.03, 0.02}};
  info.judged = Judgement{"valid_miou_predicted", 0.417, 0.197, 310};
  info.provenance = {{"patches", "some"}};
  info.weights = {{"encoder", {"mit_b0.pth", "CC BY 4.0"}}, {"frozen_encoder", {"uni.bin", ""}}};
  return info;
}

class ModelFile : public ::testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(0);
    network_ = LpdNetwork(encoders::mix_transformer_shape("mit_b0"), 3, 2);
    network_->eval();
    save_model(path_, network_, sample_info());
  }

  /// The line that loading a copy ends with, after `change`.
  std::string error_after(const std::function<void(weights::TensorFile&)>& change) {
    weights::TensorFile file = weights::read_safetensors(path_);
    change(file);
    const auto changed = folder_ / "changed.safetensors";
    weights::write_safetensors(changed, file);
    try {
      load_model(changed);
    } catch (const core::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(changed.string()));
      return error.what();
    }
    return "loaded without complaint";
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "model.safetensors";
  LpdNetwork network_{nullptr};
};

TEST_F(ModelFile, RoundTripKeepsEverything) {
  const LoadedModel loaded = load_model(path_);
  const ModelInfo expected = sample_info();
  EXPECT_EQ(loaded.info.classes, expected.classes);
  EXPECT_EQ(loaded.info.encoder, expected.encoder);
  EXPECT_EQ(loaded.info.prototypes_per_class, expected.prototypes_per_class);
  EXPECT_EQ(loaded.info.mpp, expected.mpp);
  EXPECT_EQ(loaded.info.patch_size, expected.patch_size);
  EXPECT_EQ(loaded.info.mosaic, expected.mosaic);
  EXPECT_EQ(loaded.info.mean, expected.mean);
  EXPECT_EQ(loaded.info.std, expected.std);
  EXPECT_EQ(loaded.info.calibration.score_width, expected.calibration.score_width);
  EXPECT_EQ(loaded.info.provenance, expected.provenance);
  ASSERT_TRUE(loaded.info.judged);
  EXPECT_EQ(loaded.info.judged->by, "valid_miou_predicted");
  EXPECT_EQ(loaded.info.judged->score, 0.417);
  EXPECT_EQ(loaded.info.judged->chance, 0.197);
  EXPECT_EQ(loaded.info.judged->iteration, 310);
  EXPECT_EQ(loaded.info.stain, expected.stain);
  EXPECT_EQ(loaded.info.weights, expected.weights);
  EXPECT_EQ(read_model_info(path_).classes, expected.classes);

  const c10::InferenceMode inference;
  const torch::Tensor images = torch::randn({1, 3, 64, 64});
  LpdNetwork network = loaded.network;
  EXPECT_TRUE(torch::equal(network->forward(images).maps[3], network_->forward(images).maps[3]));
}

TEST_F(ModelFile, HalfPrecisionWeightsLoad) {
  EXPECT_EQ(error_after([](weights::TensorFile& file) {
              for (auto& [name, tensor] : file.tensors) tensor = tensor.to(torch::kHalf);
            }),
            "loaded without complaint");
  EXPECT_EQ(load_model(folder_ / "changed.safetensors").network->parameters()[0].scalar_type(), torch::kFloat);
}

TEST_F(ModelFile, KnowsHowTheStainsOfItsImagesLie) {
  EXPECT_FALSE(load_model(path_).info.stain_fit) << "as in files of older versions";
  ModelInfo info = sample_info();
  info.stain_fit = core::StainFit{.mean = {-0.5, 0.01, 0.02, 0.3, 0.03, 0.02}, .form = {}, .images = 40};
  for (std::size_t i = 0; i < 6; ++i) info.stain_fit->form[i] = {1.0 / 3, 0, 0.1 * static_cast<double>(i), 0, 1e6, 0};
  save_model(path_, network_, info);
  EXPECT_EQ(load_model(path_).info.stain_fit, info.stain_fit) << "to the last digit";
  EXPECT_THAT(error_after([](weights::TensorFile& file) { file.metadata["stain_fit"] = R"({"mean":[1,2]})"; }),
              HasSubstr("malformed 'stain_fit'"));
  info.stain_fit->images = 0;
  save_model(path_, network_, info);
  EXPECT_THAT(error_after([](weights::TensorFile&) {}), HasSubstr("fit of stains makes no sense"));
}

TEST_F(ModelFile, WithoutStainOrJudgementLoads) {
  EXPECT_EQ(error_after([](weights::TensorFile& file) { file.metadata.erase("stain"); }), "loaded without complaint");
  EXPECT_EQ(read_model_info(folder_ / "changed.safetensors").stain, core::StainStatistics{});
  EXPECT_EQ(error_after([](weights::TensorFile& file) { file.metadata.erase("judged"); }), "loaded without complaint");
  EXPECT_FALSE(read_model_info(folder_ / "changed.safetensors").judged);
  EXPECT_EQ(error_after([](weights::TensorFile& file) { file.metadata.erase("weights"); }), "loaded without complaint");
  EXPECT_TRUE(read_model_info(folder_ / "changed.safetensors").weights.empty());
}

TEST_F(ModelFile, TextThatIsNotUtf8DoesNotStopIt) {
  ModelInfo info = sample_info();
  info.provenance["patches"] = "caf\xe9";
  info.weights["encoder"].file = "caf\xe9.pth";
  save_model(path_, network_, info);
  EXPECT_EQ(load_model(path_).info.provenance.at("patches"), "caf\\xE9");
}

TEST(ModelInfo, NamesAllWeights) {
  ModelInfo info = sample_info();
  EXPECT_EQ(all_weights(info), info.weights);
  info.presence = PresenceInfo{.encoder = "resnet50.ts", .encoder_metadata = {}, .auc = {}, .calibration = {}};
  EXPECT_EQ(all_weights(info).size(), 3U);
  EXPECT_EQ(all_weights(info).at("presence_encoder"), (UsedWeights{"resnet50.ts", ""}));
  info.presence->encoder_metadata["licence"] = "BSD";
  EXPECT_EQ(all_weights(info).at("presence_encoder").licence, "BSD");
}

const PatientScatter kPatients{.shares = {0.25, 0.75},
                               .means = {-4, 4, 0.1, 4, -4, 0.2},
                               .within = {2, 0.5, 0, 0.5, 2, 0, 0, 0, 1},
                               .between = {1, 0, 0, 0, 1, 0, 0, 0, 1}};

class ModelFileWithPresence : public ModelFile {
 protected:
  void SetUp() override {
    ModelFile::SetUp();
    ModelInfo info = sample_info();
    info.presence = PresenceInfo{.encoder = "tiny_encoder.ts.pt",
                                 .encoder_metadata = {},
                                 .images = 60,
                                 .groups = 12,
                                 .strength = 0.01,
                                 .auc = {0.9, 0.8, 0.7},
                                 .scale = 0.5,
                                 .own_weight = 0.5,
                                 .calibration = {.score_threshold = {0.1F, 0.2F, 0.3F}, .score_width = {1, 2, 3}},
                                 .patients = kPatients};
    presence_.encoder = encoders::read_encoder_file(testing::golden_folder() / "tiny_encoder.ts.pt");
    const std::int64_t width = encoders::open_encoder(presence_.encoder, torch::kCPU)->width();
    presence_.head = {torch::randn({3, width}), torch::randn({3})};
    save_model(path_, network_, info, &presence_);
  }
  StoredPresence presence_;
};

TEST_F(ModelFileWithPresence, HeadAndEncoderComeBackAndGiveTheSameScores) {
  const LoadedModel loaded = load_model(path_);
  ASSERT_TRUE(loaded.presence && loaded.info.presence);
  EXPECT_EQ(loaded.info.presence->groups, 12);
  EXPECT_EQ(loaded.info.presence->scale, 0.5);
  EXPECT_EQ(loaded.info.presence->own_weight, 0.5);
  EXPECT_EQ(loaded.info.presence->patients, kPatients);
  EXPECT_EQ(loaded.info.presence->auc, (std::vector<double>{0.9, 0.8, 0.7}));
  EXPECT_EQ(loaded.info.presence->calibration.score_threshold, (std::vector<float>{0.1F, 0.2F, 0.3F}));
  const c10::InferenceMode inference;
  const torch::Tensor images = torch::randn({2, 3, 64, 64});
  PresenceScorer before(presence_, loaded.info, torch::kCPU), after(*loaded.presence, loaded.info, torch::kCPU);
  const torch::Tensor maps = after.score_maps(after.feature_maps(images));
  EXPECT_EQ(maps.sizes(), (std::vector<std::int64_t>{2, 3, 1, 1}));
  EXPECT_TRUE(torch::equal(before.score_maps(before.feature_maps(images)), maps));
}

TEST_F(ModelFileWithPresence, ImpossiblePatientsAreRefused) {
  ModelInfo info = read_model_info(path_);
  info.presence->patients->within[1] = 9;
  save_model(path_, network_, info, &presence_);
  EXPECT_THAT([&] { read_model_info(path_); }, ::testing::ThrowsMessage<core::Error>(::testing::HasSubstr("presence head makes no sense")));
}

class ModelFileByPath : public ModelFileWithPresence {
 protected:
  void SetUp() override {
    ModelFileWithPresence::SetUp();
    weights::TensorFile file;  // a Swin-T, which is rounded
    torch::manual_seed(1);
    for (const auto& [name, shape] : encoders::SwinTransformer::shapes()) file.tensors[name] = 0.05 * torch::randn(shape);
    weights::write_safetensors(encoder_, file);
    presence_.head = {torch::randn({3, 768}), torch::randn({3})};
    presence_.encoder = rounded_to_half(encoders::read_encoder_file(encoder_));
    info_ = read_model_info(path_);
    info_.presence->encoder = "encoder.safetensors";
    save_model(stored_, network_, info_, &presence_);
    info_.presence->place = place_of(encoder_);
    save_model(path_, network_, info_, &presence_);
  }
  /// Scores of the same images by the head of a model file.
  static torch::Tensor scores(const std::filesystem::path& path) {
    const LoadedModel loaded = load_model(path);
    torch::manual_seed(7);
    const c10::InferenceMode inference;
    PresenceScorer scorer(*loaded.presence, loaded.info, torch::kCPU);
    return scorer.score_maps(scorer.feature_maps(torch::randn({2, 3, 64, 64})));
  }
  static std::string refusal(const std::filesystem::path& path) {
    try {
      scores(path);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "scored without complaint";
  }
  std::filesystem::path encoder_ = folder_ / "encoder.safetensors", stored_ = folder_ / "stored.safetensors";
  ModelInfo info_;
};

TEST_F(ModelFileByPath, HoldsTheHeadAloneAndScoresAsTheStoredEncoderDoes) {
  EXPECT_EQ(read_model_info(path_).presence->place, info_.presence->place);
  EXPECT_EQ(info_.presence->place->path, encoder_.string());
  EXPECT_EQ(info_.presence->place->bytes, std::filesystem::file_size(encoder_));
  for (const auto& [name, tensor] : weights::read_safetensors(path_).tensors) EXPECT_FALSE(name.starts_with("presence.encoder")) << name;
  EXPECT_LT(std::filesystem::file_size(path_) + 40'000'000, std::filesystem::file_size(stored_));
  EXPECT_TRUE(torch::equal(scores(path_), scores(stored_)));
  const LoadedModel loaded = load_model(path_);
  save_model(folder_ / "again.safetensors", loaded.network, loaded.info, &*loaded.presence);
  EXPECT_TRUE(torch::equal(scores(folder_ / "again.safetensors"), scores(stored_))) << "saved without the encoder's having been read";
}

TEST_F(ModelFileByPath, LooksBesideTheModelAndRefusesAnotherFile) {
  const torch::Tensor expected = scores(stored_);
  const std::filesystem::path moved = folder_ / "moved";
  std::filesystem::create_directories(moved);
  std::filesystem::copy(path_, moved / "model.safetensors");
  std::filesystem::rename(encoder_, moved / "encoder.safetensors");
  EXPECT_TRUE(torch::equal(scores(moved / "model.safetensors"), expected));
  EXPECT_EQ(refusal(path_), path_.string() + ": the encoder of its presence head is in a file of its own: " + encoder_.string() +
                                " is not there; bring that of " + std::to_string(info_.presence->place->bytes) + " bytes with SHA-256 " +
                                info_.presence->place->sha256 + " there, or do without it: --presence own");
  std::filesystem::copy(moved / "encoder.safetensors", encoder_);
  std::fstream(encoder_, std::ios::in | std::ios::out | std::ios::binary).seekp(-1, std::ios::end).put('?');
  EXPECT_TRUE(torch::equal(scores(moved / "model.safetensors"), expected)) << "the one beside the model is the right one";
  std::filesystem::resize_file(moved / "encoder.safetensors", 10);
  EXPECT_THAT(refusal(moved / "model.safetensors"),
              AllOf(HasSubstr(encoder_.string() + " is another file (" + std::to_string(info_.presence->place->bytes) + " bytes, SHA-256 "),
                    HasSubstr((moved / "encoder.safetensors").string() + " is another file (10 bytes); bring that of ")));
}

TEST_F(ModelFileWithPresence, FitOfItsImagesComesBack) {
  EXPECT_FALSE(load_model(path_).presence->fit);
  EXPECT_EQ(error_after([](weights::TensorFile& file) {
              std::string& presence = file.metadata["presence"];  // older versions know of no fit
              presence.erase(presence.find("\"fit_components\":0,"), std::string("\"fit_components\":0,").size());
            }),
            "loaded without complaint");
  const std::int64_t width = presence_.head.weight.size(1);
  const torch::Tensor images = torch::randn({50, width});
  std::vector<std::string> groups;
  for (int i = 0; i < 50; ++i) groups.push_back(std::to_string(i / 2));
  presence_.fit = fit_features(images, groups);
  ModelInfo info = load_model(path_).info;
  info.presence->fit_components = presence_.fit->axes.size(0);
  save_model(path_, network_, info, &presence_);
  const LoadedModel loaded = load_model(path_);
  ASSERT_TRUE(loaded.presence && loaded.presence->fit);
  const PresenceScorer scorer(*loaded.presence, loaded.info, torch::kCPU);
  ASSERT_TRUE(scorer.has_fit());
  EXPECT_TRUE(torch::equal(scorer.distances(images), presence_.fit->distances(images)));
  EXPECT_THAT(error_after([](weights::TensorFile& file) { file.tensors.erase("presence.fit.axes"); }),
              HasSubstr("presence.fit.axes is missing"));
  EXPECT_THAT(error_after([](weights::TensorFile& file) { file.tensors["presence.fit.weights"] = torch::ones({2}); }),
              HasSubstr("presence.fit.weights is missing, or of another"));
}

TEST_F(ModelFileWithPresence, ImpossibleScalesAreRefused) {
  for (const char* scale : {"0.0", "1.5", "-1.0"})
    EXPECT_THAT(error_after([&](weights::TensorFile& file) {
                  std::string& presence = file.metadata["presence"];
                  presence.replace(presence.find("\"scale\":0.5"), 11, std::string("\"scale\":") + scale);
                }),
                HasSubstr("head makes no sense"))
        << scale;
}

TEST_F(ModelFileWithPresence, WhatIsMissingIsSaid) {
  EXPECT_THAT(error_after([](weights::TensorFile& file) { file.tensors.erase("presence.script"); }), HasSubstr("encoder of its presence"));
  EXPECT_THAT(error_after([](weights::TensorFile& file) { file.tensors.erase("presence.bias"); }), HasSubstr("presence head is missing"));
  EXPECT_THAT(error_after([](weights::TensorFile& file) {
                file.tensors["presence.weight"] = torch::zeros({2, 4});
              }),
              HasSubstr("of another shape"));
  EXPECT_THAT(error_after([](weights::TensorFile& file) { file.metadata.erase("presence"); }), HasSubstr("does not belong"));
  EXPECT_THAT(error_after([](weights::TensorFile& file) { file.metadata["presence"] = "{}"; }), HasSubstr("malformed 'presence'"));
}

TEST_F(ModelFile, WrongTensorsAreNamed) {
  EXPECT_THAT(error_after([](weights::TensorFile& file) { file.tensors["l_fc1.fc1.bias"] = torch::zeros({7}); }),
              HasSubstr("l_fc1.fc1.bias has another"));
  EXPECT_THAT(error_after([](weights::TensorFile& file) { file.tensors.erase("l_fc1.fc1.bias"); }), HasSubstr("l_fc1.fc1.bias is missing"));
  EXPECT_THAT(error_after([](weights::TensorFile& file) { file.tensors["extra"] = torch::zeros({1}); }),
              HasSubstr("extra does not belong"));
}

TEST_F(ModelFile, WrongMetadataIsNamed) {
  const auto with = [](const char* key, const char* value) { return [=](weights::TensorFile& file) { file.metadata[key] = value; }; };
  EXPECT_THAT(error_after(with("calibration", "{\"score_threshold\":[1]}")), HasSubstr("calibration"));
  EXPECT_THAT(error_after(with("judged", "{\"by\":\"valid_f1\",\"score\":2,\"chance\":0,\"iteration\":1}")),
              HasSubstr("judged by makes no sense"));
  EXPECT_THAT(error_after(with("judged", "{\"by\":1}")), HasSubstr("malformed 'judged'"));
  EXPECT_THAT(error_after(with("std", "[0,1,1]")), HasSubstr("absurd"));
  EXPECT_THAT(error_after(with("mosaic", "1.5")), HasSubstr("absurd"));
  EXPECT_THAT(error_after(with("prototypes_per_class", "1000000000")), HasSubstr("absurd"));
  EXPECT_THAT(error_after(with("prototypes_per_class", "4294967299")), HasSubstr("'prototypes_per_class' is 4294967299 and no whole"));
  EXPECT_THAT(error_after(with("patch_size", "1e300")), HasSubstr("'patch_size' is 1e+300 and no whole number"));
  EXPECT_THAT(error_after(with("stain", "{\"reinhard\":{\"mean\":[0,0,0]}}")), HasSubstr("lack reinhard deviation"));
  EXPECT_THAT(error_after(with("stain", "[1]")), HasSubstr("malformed 'stain'"));
  EXPECT_THAT(error_after(with("weights", "{\"encoder\":{\"file\":\"x\"}}")), HasSubstr("malformed 'weights'"));
  const std::string deep = "{\"encoder\":" + std::string(500'000, '[') + std::string(500'000, ']') + "}";
  EXPECT_THAT(error_after(with("weights", deep.c_str())), HasSubstr("its 'weights' has lists without end"));
  EXPECT_THAT(error_after(with("encoder", "resnet")), HasSubstr("resnet"));
  EXPECT_THAT(error_after(with("classes", "[\"a\"")), HasSubstr("malformed 'classes'"));
  EXPECT_THAT(error_after([](weights::TensorFile& file) { file.metadata.erase("mean"); }), HasSubstr("lacks 'mean'"));
  EXPECT_THAT(error_after([](weights::TensorFile& file) { file.metadata.clear(); }), HasSubstr("no model of wsi-lpd"));
  EXPECT_THROW(read_model_info(folder_ / "changed.safetensors"), core::Error);
}

}  // namespace
}  // namespace wsi_lpd::model::network
