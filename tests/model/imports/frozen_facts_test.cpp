#include <gmock/gmock.h>

#include "golden/golden_encoders.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/encoders/frozen_encoder.hpp"
#include "wsi_lpd/model/encoders/resnet50.hpp"
#include "wsi_lpd/model/encoders/swin_transformer.hpp"
#include "wsi_lpd/model/encoders/vision_transformer.hpp"
#include "wsi_lpd/model/imports/encoder_weights.hpp"
#include "wsi_lpd/model/imports/weights_import.hpp"

namespace wsi_lpd::model::imports {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Tensors = std::map<std::string, torch::Tensor>;

class FrozenImport : public ::testing::Test {
 protected:
  ImportReport import(const Tensors& tensors, const EncoderOptions& encoder = {}) {
    weights::write_safetensors(source_, {tensors, {}});
    ImportOptions options;
    options.encoder = encoder;
    return import_weights(source_, output_, options);
  }
  void write(const std::string& name, const std::string& text) { std::ofstream(source_.parent_path() / name) << text; }
  std::map<std::string, std::string> written() const { return weights::read_safetensors_metadata(output_); }
  std::string refusal(const std::function<void()>& action) {
    try {
      action();
    } catch (const core::Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
    return "done without complaint";
  }
  static EncoderOptions options(const std::function<void(EncoderOptions&)>& change) {
    EncoderOptions options;
    change(options);
    return options;
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path source_ = folder_ / "source.safetensors", output_ = folder_ / "output.safetensors";
  Tensors timm_ = testing::golden_encoder_weights(testing::golden_encoder("timm_scaled_registers"));
};

TEST_F(FrozenImport, OptionsComeBeforeTheConfigurationAndThatBeforeTheLayout) {
  EXPECT_THAT(import(timm_).facts,
              ElementsAre(HasSubstr("heads 1 (assumed"), HasSubstr("pooling cls (assumed"), HasSubstr("gelu (assumed"),
                          HasSubstr("epsilon 1e-06 (assumed"), HasSubstr("input size 16 (assumed"),
                          HasSubstr("0.4850, 0.4560, 0.4060 and 0.2290, 0.2240, 0.2250 (assumed: those of ImageNet)")));
  EXPECT_EQ(written().at("name"), "vit_32x2_patch4_reg4");

  write("config.json", R"({"architecture": "vit_x", "global_pool": "avg", "model_args": {"num_heads": 4, "act_layer": "torch.nn.SiLU"},
                           "pretrained_cfg": {"input_size": [3, 32, 32], "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.5, 0.5]}})");
  EXPECT_THAT(import(timm_).facts, Contains("heads 4 (config.json)"));
  std::map<std::string, std::string> metadata = written();
  EXPECT_EQ(metadata.at("name"), "vit_x");
  EXPECT_EQ(metadata.at("pooling"), "mean");
  EXPECT_EQ(metadata.at("activation"), "silu");
  EXPECT_EQ(metadata.at("input_size"), "32");
  EXPECT_EQ(metadata.at("mean"), "0.1,0.2,0.3");

  const EncoderOptions given{.heads = 8, .input_size = 8, .mean = {0.7, 0.6, 0.5}, .std = {0.2, 0.2, 0.1}, .pooling = "cls+mean"};
  EXPECT_THAT(import(timm_, given).facts, Contains("heads 8 (--heads)"));
  metadata = written();
  EXPECT_EQ(metadata.at("heads"), "8");
  EXPECT_EQ(metadata.at("std"), "0.2,0.2,0.1");
  const auto encoder = encoders::load_frozen_encoder(output_, torch::kCPU);
  EXPECT_EQ(encoder->width(), 64);
  EXPECT_EQ(encoder->input_size(), 8);
  const torch::NoGradGuard no_grad;
  const torch::Tensor images = torch::randn({2, 3, 20, 20}), features = (*encoder)(images);
  EXPECT_EQ(features.sizes(), (std::vector<std::int64_t>{2, 64}));
  EXPECT_LE(testing::relative_difference((*encoder)(images, true), features), 0.05) << "in bfloat16";
  EXPECT_EQ(encoder->tokens(images).map.sizes(), (std::vector<std::int64_t>{2, 32, 2, 2}));
}

TEST_F(FrozenImport, PreprocessorOfHuggingFace) {
  const Tensors dinov2 = testing::golden_encoder_weights(testing::golden_encoder("hf_dinov2"));
  write("config.json",
        R"({"model_type": "dinov2", "hidden_size": 32, "num_attention_heads": 2, "layer_norm_eps": 1e-5, "image_size": 16})");
  write("preprocessor_config.json", R"({"size": {"shortest_edge": 36}, "crop_size": 32, "do_normalize": false})");
  import(dinov2);
  const std::map<std::string, std::string> metadata = written();
  EXPECT_EQ(metadata.at("heads"), "2");
  EXPECT_EQ(metadata.at("layer_norm_epsilon"), "1e-05");
  EXPECT_EQ(metadata.at("input_size"), "32");
  EXPECT_EQ(metadata.at("mean") + " " + metadata.at("std"), "0,0,0 1,1,1");
  EXPECT_EQ(metadata.at("position_interpolation"), "bicubic");
}

TEST_F(FrozenImport, RefusesFactsThatDoNotFit) {
  const auto refused = [&](const std::function<void(EncoderOptions&)>& change) { return refusal([&] { import(timm_, options(change)); }); };
  EXPECT_THAT(refused([](auto& o) { o.heads = 5; }), HasSubstr("can't be shared among 5 heads"));
  EXPECT_THAT(refused([](auto& o) { o.pooling = "max"; }), HasSubstr("none of cls, mean and cls+mean"));
  EXPECT_THAT(refused([](auto& o) { o.mean = {0.1, 0.2, 0.3}; }), HasSubstr("belong together"));
  EXPECT_THAT(refused([](auto& o) { o.mean = o.std = {0, 0, 0}; }), HasSubstr("from 0 to 1"));
  EXPECT_THAT(refused([](auto& o) { o.input_size = 15; }), HasSubstr("images of 15 pixels can't be cut into patches of 4"));

  const auto configured = [&](const std::string& text) {
    write("config.json", text);
    return refusal([&] { import(timm_); });
  };
  EXPECT_THAT(configured("{"), HasSubstr("config.json: is no configuration"));
  EXPECT_THAT(configured(R"({"architecture": 3})"), HasSubstr("config.json: is no configuration"));
  EXPECT_THAT(configured(R"({"architecture": "x", "num_features": 64})"), HasSubstr("of an encoder of width 64, and this one has 32"));
  EXPECT_THAT(configured(R"({"model_type": "vit", "hidden_act": "relu"})"), HasSubstr("the activation 'relu'"));
  EXPECT_FALSE(std::filesystem::exists(output_));
  EXPECT_EQ(configured("[1]"), "done without complaint") << "of another program";

  Tensors other;
  for (const auto& [name, shape] : encoders::ResNet50::shapes()) other[name] = torch::ones(shape);
  EXPECT_THAT(refusal([&] { import(other, options([](auto& o) { o.heads = 2; }));
}), HasSubstr("this is a ResNet50"));
other.clear();
for (const auto& [name, shape] : encoders::SwinTransformer::shapes()) other[name] = torch::ones(shape);
EXPECT_THAT(refusal([&] { import(other, options([](auto& o) { o.heads = 2; }));
}), HasSubstr("belong to vision transformers"));
}

TEST_F(FrozenImport, WhatDoesNotFitIsNamedAndNothingWritten) {
  timm_.erase("blocks.1.norm2.bias");
  timm_["fc_norm.weight"] = torch::zeros({32});
  timm_["blocks.0.attn.proj.bias"] = torch::zeros({31});
  const ImportReport report = import(timm_);
  EXPECT_THAT(report.missing, ElementsAre("blocks.1.norm2.bias"));
  EXPECT_THAT(report.unexpected, ElementsAre("fc_norm.weight"));
  EXPECT_THAT(report.misshaped, ElementsAre("blocks.0.attn.proj.bias [31] instead of [32]"));
  EXPECT_FALSE(std::filesystem::exists(output_));
  timm_["pos_embed"] = torch::zeros({1, 12, 32});
  EXPECT_THAT(refusal([&] { import(timm_); }), HasSubstr("its 12 position embeddings are no square of patches"));
  timm_.erase("pos_embed");
  EXPECT_THAT(import(timm_).missing, Contains("pos_embed"));
  for (auto& [name, tensor] : timm_) tensor = torch::zeros({1});
  EXPECT_FALSE(import(timm_).complete());
}

TEST_F(FrozenImport, OfATeacherAndAStudentTheTeacherIsTaken) {
  Tensors both{{"dino_loss.center", torch::zeros({1})}, {"teacher.head.mlp.0.weight", torch::zeros({1})}};
  for (const auto& [name, tensor] : timm_) {
    both["teacher.backbone." + name] = tensor + 1;
    both["student.module.backbone." + name] = tensor;
  }
  const ImportReport report = import(both);
  EXPECT_TRUE(report.complete());
  EXPECT_THAT(report.ignored, SizeIs(2 + 2 + timm_.size()));  // head.bias and head.weight of the golden network
  EXPECT_TRUE(torch::equal(weights::read_safetensors(output_).tensors.at("norm.bias"), timm_.at("norm.bias") + 1));
  std::erase_if(both, [](const auto& item) { return item.first.starts_with("teacher."); });
  EXPECT_TRUE(import(both).complete());
  EXPECT_TRUE(torch::equal(weights::read_safetensors(output_).tensors.at("norm.bias"), timm_.at("norm.bias")));
}

TEST_F(FrozenImport, NamesOfDinov2) {
  const Tensors gated = testing::golden_encoder_weights(testing::golden_encoder("timm_gated_scaled"));
  Tensors dinov2{{"mask_token", torch::zeros({1, 32})}};
  for (const auto& [timm_name, tensor] : gated) {
    if (timm_name.starts_with("head.")) continue;
    std::string name = timm_name;
    if (const auto at = name.find("mlp.fc"); at != std::string::npos) name.replace(at, 7, name[at + 6] == '1' ? "mlp.w12" : "mlp.w3");
    dinov2[name == "reg_token" ? "register_tokens" : name] = tensor;
  }
  const torch::Tensor first = torch::ones({1, 1, 32});
  dinov2["pos_embed"] = torch::cat({first, dinov2.at("pos_embed")}, 1);
  const ImportReport report = import(dinov2);
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.source, "DINOv2 vision transformer");
  const Tensors written = weights::read_safetensors(output_).tensors;
  EXPECT_TRUE(torch::equal(written.at("cls_token"), gated.at("cls_token") + 1));
  EXPECT_TRUE(torch::equal(written.at("reg_token"), gated.at("reg_token")));
  EXPECT_TRUE(torch::equal(written.at("pos_embed").flatten(1, 2), gated.at("pos_embed")));
  EXPECT_TRUE(torch::equal(written.at("blocks.1.mlp.fc1.weight"), gated.at("blocks.1.mlp.fc1.weight")));
}

TEST_F(FrozenImport, ItsFileIsKnownAndOnlyAFrozenEncoder) {
  import(timm_);
  EXPECT_THAT(refusal([&] { import_weights(output_, folder_ / "again.safetensors", {}); }), HasSubstr("is a file of wsi-lpd already"));
  const auto text = describe_weights(output_);
  EXPECT_EQ(text->at("kind"), "frozen-encoder");
  EXPECT_EQ(text->at("architecture"), "vision_transformer");
  network::LpdNetwork network(encoders::mix_transformer_shape("mit_b0"), 2, 1);
  EXPECT_THAT(refusal([&] { load_encoder_weights(output_, network); }), HasSubstr("frozen encoder only"));
  EXPECT_THAT(refusal([&] { load_encoder_weights(source_, network); }), HasSubstr("frozen encoder only"));
  const auto load = [](const std::filesystem::path& path) { encoders::load_frozen_encoder(path, torch::kCPU); };
  EXPECT_THAT(refusal([&] { load(source_); }), HasSubstr("wsi-lpd weights import"));

  for (const auto& [key, value] : std::map<std::string, std::string>{
           {"heads", "0"}, {"std", "0.1,0.2"}, {"mean", "a"}, {"pooling", "max"}, {"activation", "relu"}, {"input_size", "-4"}}) {
    weights::TensorFile file = weights::read_safetensors(output_);
    file.metadata[key] = value;
    weights::write_safetensors(folder_ / "changed.safetensors", file);
    EXPECT_THAT(refusal([&] { load(folder_ / "changed.safetensors"); }), HasSubstr("its " + key + " is '" + value + "'"));
    file.metadata.erase(key);
    weights::write_safetensors(folder_ / "changed.safetensors", file);
    EXPECT_THAT(refusal([&] { load(folder_ / "changed.safetensors"); }), HasSubstr("does not say all"));
  }
}

}  // namespace
}  // namespace wsi_lpd::model::imports
