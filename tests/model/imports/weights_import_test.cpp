#include "wsi_lpd/model/imports/weights_import.hpp"

#include "golden/golden.hpp"
#include "golden/golden_weights.hpp"
#include "model/weights/checkpoint_bytes.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/model/encoders/swin_transformer.hpp"
#include "wsi_lpd/model/imports/encoder_weights.hpp"
#include "wsi_lpd/model/network/model_file.hpp"
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::model::imports {
namespace {

using ::testing::ElementsAre;
using testing::fill_golden;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Json = nlohmann::json;
using Tensors = std::map<std::string, torch::Tensor>;

const std::string kFirst = "encoder.patch_embed1.proj.weight";

class WeightsImport : public ::testing::Test {
 protected:
  ImportReport import(const Tensors& tensors, const ImportOptions& options = {}, const std::map<std::string, std::string>& metadata = {}) {
    weights::write_safetensors(source_, {tensors, metadata});
    return import_weights(source_, output_, options);
  }
  std::string refusal(const std::function<void()>& action) {
    try {
      action();
    } catch (const core::Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
    return "done without complaint";
  }
  /// What an LPD checkpoint of 3 classes holds; weights by the golden formula.
  static Tensors lpd() {
    network::LpdNetwork network(encoders::mix_transformer_shape("mit_b0"), 3, 2);
    fill_golden(*network);
    Tensors tensors;
    for (const auto& item : network->named_parameters()) tensors[item.key()] = item.value().detach();
    return tensors;
  }
  static Tensors encoder(const std::string& prefix) {
    Tensors tensors;
    for (const auto& [name, tensor] : lpd()) {
      if (name.starts_with("encoder.")) tensors[prefix + name.substr(8)] = tensor;
    }
    return tensors;
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path source_ = folder_ / "source.safetensors", output_ = folder_ / "output.safetensors";
  ImportOptions three_{.classes = {"A", "B", "C"}, .mpp = 0.31, .bank = {}};
};

TEST_F(WeightsImport, LpdCheckpointBecomesAModel) {
  const Tensors original = lpd();
  Tensors wrapped;
  for (const auto& [name, tensor] : original) wrapped["model.module." + name] = tensor.to(torch::kHalf);
  const ImportReport report = import(wrapped, three_, {{"iter", "459"}});
  EXPECT_EQ(report.source, "LPD checkpoint");
  EXPECT_EQ(report.architecture, "mit_b0");
  EXPECT_TRUE(report.complete() && report.flipped);
  EXPECT_THAT(report.used, SizeIs(original.size()));
  network::LoadedModel model = network::load_model(output_);
  EXPECT_EQ(model.info.prototypes_per_class, 2);
  EXPECT_THAT(model.info.classes.names, ElementsAre("A", "B", "C"));
  EXPECT_EQ(model.info.mpp, 0.31);
  EXPECT_TRUE(model.info.calibration.empty());
  EXPECT_EQ(model.info.provenance.at("iter"), "459");
  for (const auto& item : model.network->named_parameters()) {
    const torch::Tensor expected = original.at(item.key()).to(torch::kHalf).to(torch::kFloat);
    EXPECT_TRUE(torch::equal(item.value(), item.key() == kFirst ? expected.flip(1) : expected)) << item.key();
  }
  EXPECT_FALSE(describe_weights(output_));
  EXPECT_THAT(refusal([&] { import_weights(output_, folder_ / "again.safetensors", three_); }), HasSubstr("already"));
}

TEST_F(WeightsImport, ClassesAreNeverGuessed) {
  EXPECT_THAT(refusal([&] { import(lpd()); }), HasSubstr("6 prototypes: give --classes"));
  three_.classes = {"A", "B", "C", "D"};
  EXPECT_THAT(refusal([&] { import(lpd(), three_); }), HasSubstr("6 prototypes can't be shared among 4 classes"));
  EXPECT_FALSE(std::filesystem::exists(output_));
}

TEST_F(WeightsImport, WhatDoesNotFitIsNamedAndNothingWritten) {
  Tensors tensors = lpd();
  tensors["l_fc1.fc1.bias"] = torch::zeros({7});
  tensors["logit_scale2"] = torch::ones({1}, torch::kLong);
  tensors.erase("encoder.norm3.bias");
  tensors["teacher.weight"] = torch::zeros({1});
  const ImportReport report = import(tensors, three_);
  EXPECT_THAT(report.misshaped, ElementsAre("l_fc1.fc1.bias [7] instead of [256]", "logit_scale2 [1] of whole numbers instead of [1]"));
  EXPECT_THAT(report.missing, ElementsAre("encoder.norm3.bias"));
  EXPECT_THAT(report.unexpected, ElementsAre("teacher.weight"));
  EXPECT_FALSE(report.complete());
  EXPECT_FALSE(std::filesystem::exists(output_));

  tensors = lpd();
  tensors["module.logit_scale1"] = torch::ones({1});
  EXPECT_THAT(refusal([&] { import(tensors, three_); }), HasSubstr("logit_scale1 twice"));
  tensors = lpd();
  tensors["logit_scale1"] = torch::full({1}, NAN);
  EXPECT_THAT(refusal([&] { import(tensors, three_); }), HasSubstr("logit_scale1 holds values that are no numbers"));
  tensors["prototypes"] = torch::zeros({6, 8});
  EXPECT_THAT(refusal([&] { import(tensors, three_); }), HasSubstr("prototypes are [6, 8] instead of"));
  EXPECT_THAT(refusal([&] { import({{ "fc.weight", torch::zeros({1}) }}); }), HasSubstr("no weights of a known kind"));
}

TEST_F(WeightsImport, PbipTakesItsPrototypesFromTheBank) {
  Tensors tensors = lpd();
  const torch::Tensor prototypes = tensors.at("prototypes");
  tensors.erase("prototypes");
  EXPECT_THAT(refusal([&] { import(tensors, three_); }), HasSubstr("--bank"));
  const ImportOptions options{.classes = {}, .mpp = {}, .bank = folder_ / "bank.safetensors"};
  weights::write_safetensors(options.bank, {{{"prototypes", prototypes}}, {{"classes", "X,Y"}}});
  EXPECT_TRUE(import(tensors, options).complete());
  const network::LoadedModel model = network::load_model(output_);
  EXPECT_EQ(model.info.method, "pbip");
  EXPECT_EQ(model.info.prototypes_per_class, 3);
  EXPECT_THAT(model.info.classes.names, ElementsAre("X", "Y"));
  EXPECT_TRUE(torch::equal(model.network->named_parameters()["prototypes"], prototypes));
  ImportOptions renamed = options;
  renamed.classes = {"A", "B"};
  EXPECT_TRUE(import(tensors, renamed).complete());
  renamed.classes = {"Y", "X"};
  EXPECT_THAT(refusal([&] { import(tensors, renamed); }), HasSubstr("its prototypes are of X, Y in this order, and --classes says Y, X"));
}

TEST_F(WeightsImport, EncodersFromImageNetStayAsTheyAre) {
  Tensors official = encoder("");
  official["head.weight"] = torch::zeros({1000, 256});
  const ImportReport report = import(official);
  EXPECT_EQ(report.kind, "encoder");
  EXPECT_THAT(report.ignored, ElementsAre("head.weight"));
  EXPECT_FALSE(report.flipped);
  const weights::TensorFile written = weights::read_safetensors(output_);
  EXPECT_EQ(written.metadata.at("kind"), "encoder");
  EXPECT_EQ(written.metadata.at("encoder"), "mit_b0");
  EXPECT_EQ(written.metadata.at("channels"), "RGB");
  EXPECT_EQ(describe_weights(output_)->at("kind"), "encoder");
  const Tensors expected = encoder("encoder.");
  ASSERT_EQ(written.tensors.size(), expected.size());
  for (const auto& [name, tensor] : expected) EXPECT_TRUE(torch::equal(written.tensors.at(name), tensor)) << name;
}

TEST_F(WeightsImport, LoadsEncodersIntoANetwork) {
  const auto fresh = [] { return network::LpdNetwork(encoders::mix_transformer_shape("mit_b0"), 2, 1); };
  const auto first = [](const network::LpdNetwork& network) { return network->named_parameters()[kFirst]; };
  const torch::Tensor expected = lpd().at(kFirst);

  weights::write_safetensors(source_, {encoder(""), {}});
  network::LpdNetwork network = fresh();
  EXPECT_THAT(load_encoder_weights(source_, network), HasSubstr("ImageNet mix transformer (mit_b0): 176 tensors"));
  EXPECT_TRUE(torch::equal(first(network), expected));

  import(encoder(""));
  network = fresh();
  EXPECT_THAT(load_encoder_weights(output_, network), HasSubstr("encoder of wsi-lpd"));
  EXPECT_TRUE(torch::equal(first(network), expected));

  import(lpd(), three_);
  network = fresh();
  load_encoder_weights(source_, network);
  EXPECT_TRUE(torch::equal(first(network), expected.flip(1))) << "a checkpoint";
  network = fresh();
  load_encoder_weights(output_, network);
  EXPECT_TRUE(torch::equal(first(network), expected.flip(1))) << "a model file, which is flipped already";

  network::LpdNetwork other(encoders::mix_transformer_shape("mit_b1"), 2, 1);
  const torch::Tensor before = first(other).clone();
  EXPECT_THAT(refusal([&] { load_encoder_weights(output_, other); }), HasSubstr("its encoder (mit_b0) is another one than the network's"));
  EXPECT_TRUE(torch::equal(first(other), before));
}

TEST_F(WeightsImport, RecordsTheLicenceOfTheWeights) {
  const auto configure = [&](const std::string& text) { core::write_text_file(folder_ / "config.json", text); };
  const auto recorded = [&](const ImportOptions& options = {}, const std::map<std::string, std::string>& metadata = {}) {
    const ImportReport report = import(encoder(""), options, metadata);
    const auto written = weights::read_safetensors_metadata(output_);
    EXPECT_EQ(written.contains("licence") ? written.at("licence") : "", report.licence);
    EXPECT_EQ(licence_of_weights(output_), report.licence);
    return report.licence + " by " + report.licence_source;
  };
  EXPECT_EQ(recorded(), " by ");
  EXPECT_EQ(recorded({}, {{"license", "bsd"}}), "bsd by the file");
  configure("{");
  EXPECT_EQ(recorded(), " by ") << "a file that is not JSON states nothing";
  configure(R"({"pretrained_cfg": {"license": "mit"}})");
  EXPECT_EQ(recorded({}, {{"license", "bsd"}}), "mit by config.json");
  configure(R"({"license": 3, "licence": "apache-2.0", "pretrained_cfg": {"license": "mit"}})");
  EXPECT_EQ(recorded(), "apache-2.0 by config.json");
  EXPECT_EQ(licence_of_weights(source_), "apache-2.0") << "a file that is not imported";
  EXPECT_EQ(recorded({.licence = "CC BY 4.0"}), "CC BY 4.0 by --licence");
  EXPECT_THAT(refusal([&] { recorded({.licence = std::string(101, 'x')}); }), HasSubstr("more than 100 characters"));
  EXPECT_THAT(refusal([&] { recorded({.licence = "two\nlines"}); }), HasSubstr("give the licence's name"));

  three_.licence = "CC BY 4.0";
  import(lpd(), three_);
  const std::map<std::string, network::UsedWeights> expected{{"network", {"source.safetensors", "CC BY 4.0"}}};
  EXPECT_EQ(network::read_model_info(output_).weights, expected);
  EXPECT_EQ(licence_of_weights(output_), "CC BY 4.0") << "of a model of ours";
}

TEST_F(WeightsImport, SwinFromMedClip) {
  Tensors medclip;
  for (const auto& [name, shape] : encoders::SwinTransformer::shapes()) {
    medclip[(name == "projection_head.weight" ? "vision_model." : "vision_model.model.") + name] = torch::randn(shape);
  }
  medclip["vision_model.model.encoder.layers.0.blocks.0.attention.self.relative_position_index"] = torch::zeros({49, 49}, torch::kLong);
  medclip["text_model.model.embeddings.word_embeddings.weight"] = torch::zeros({2, 2});
  medclip["logit_scale"] = torch::ones({1});
  const ImportReport report = import(medclip);
  EXPECT_EQ(report.kind, "frozen-encoder");
  EXPECT_THAT(report.ignored, SizeIs(3));
  const weights::TensorFile written = weights::read_safetensors(output_);
  EXPECT_EQ(written.metadata.at("kind"), "frozen-encoder");
  EXPECT_EQ(written.metadata.at("architecture"), "swin_t");
  EXPECT_NO_THROW(encoders::SwinTransformer(written.tensors, torch::kCPU));
  network::LpdNetwork network(encoders::mix_transformer_shape("mit_b0"), 2, 1);
  EXPECT_THAT(refusal([&] { load_encoder_weights(output_, network); }), HasSubstr("frozen encoder only"));

  medclip.erase("vision_model.model.layernorm.bias");
  EXPECT_THAT(import(medclip).missing, ElementsAre("layernorm.bias"));
}

TEST_F(WeightsImport, GoldenNamesOfMixTransformers) {
  const Json variants = testing::golden_json("names_mit_official");
  for (const auto& [variant, description] : variants.items()) {
    SCOPED_TRACE(variant);
    Tensors tensors;
    for (const auto& [name, shape] : description.at("shapes").items()) tensors[name] = torch::zeros(shape.get<std::vector<std::int64_t>>());
    const ImportReport report = import(tensors);
    EXPECT_TRUE(report.complete());
    EXPECT_EQ(report.architecture, variant);
    EXPECT_EQ(report.used.size(), description.at("tensors").get<std::size_t>());
  }
}

TEST_F(WeightsImport, GoldenNamesOfHuggingFace) {
  const Json names = testing::golden_json("names_mit_huggingface");
  Tensors theirs;
  for (const auto& [name, shape] : names.at("huggingface_shapes_b1").items())
    theirs[name] = torch::randn(shape.get<std::vector<std::int64_t>>());
  theirs["decode_head.linear_c.0.proj.weight"] = torch::zeros({1});
  for (const std::string prefix : {"segformer.", ""}) {
    Tensors file;
    for (const auto& [name, tensor] : theirs) file[name.starts_with("segformer.") ? prefix + name.substr(10) : name] = tensor;
    const ImportReport report = import(file);
    EXPECT_TRUE(report.complete()) << report.missing.size() << " " << report.unexpected.size();
    EXPECT_THAT(report.ignored, ElementsAre("classifier.bias", "classifier.weight", "decode_head.linear_c.0.proj.weight"));
    const weights::TensorFile written = weights::read_safetensors(output_);
    EXPECT_EQ(written.metadata.at("encoder"), "mit_b1");
    ASSERT_EQ(written.tensors.size(), names.at("mapping_b1").size());
    for (const Json& entry : names.at("mapping_b1")) {
      std::vector<torch::Tensor> parts;
      for (const Json& source : entry.at("huggingface")) parts.push_back(theirs.at(source.get<std::string>()));
      const std::string official = entry.at("official").get<std::string>();
      EXPECT_TRUE(torch::equal(written.tensors.at("encoder." + official), torch::cat(parts))) << official;
    }
  }
}

TEST_F(WeightsImport, GoldenCheckpointOfOtherShapesIsRefused) {
  EXPECT_THAT(refusal([&] { import_weights(testing::golden_folder() / "checkpoints/lpd_layout.pth", output_, three_); }),
              HasSubstr("[4, 8] instead of"));
  EXPECT_THAT(refusal([&] { import_weights(testing::golden_folder() / "checkpoints/malicious.pth", output_, three_); }),
              HasSubstr("io.open"));
}

TEST_F(WeightsImport, PublishedCheckpointRuns) {
  WSI_LPD_NEEDS_DATA(data);
  const ImportReport report = import_weights(data / "checkpoints/lpd_mit_b1_gland.pth", output_, three_);
  EXPECT_TRUE(report.complete());
  EXPECT_THAT(report.used, SizeIs(197));
  EXPECT_THAT(report.ignored, SizeIs(0));
  network::LoadedModel model = network::load_model(output_);
  EXPECT_EQ(model.info.encoder, "mit_b1");
  EXPECT_EQ(model.info.prototypes_per_class, 3);
  const c10::InferenceMode inference;
  const network::NetworkOutput output = model.network->forward(torch::zeros({1, 3, 224, 224}));
  EXPECT_EQ(output.maps[3].sizes(), (std::vector<std::int64_t>{1, 9, 14, 14}));
  EXPECT_TRUE(output.maps[3].isfinite().all().item<bool>());
}

}  // namespace
}  // namespace wsi_lpd::model::imports
