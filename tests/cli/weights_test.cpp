// What a user meets in importing the weights of others.
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"

namespace wsi_lpd {
namespace {

/// A model of ours without its metadata is an LPD checkpoint.
TEST_F(Program, KeepsTheLicencesOfWeights) {
  const std::string model = core::read_text_file(path("runs/latest/model.safetensors"));
  std::uint64_t length = 0;
  std::copy_n(model.data(), sizeof length, reinterpret_cast<char*>(&length));
  auto header = nlohmann::json::parse(model.substr(sizeof length, length));
  header.erase("__metadata__");
  const std::string text = header.dump();
  const std::uint64_t size = text.size();
  fs::create_directories(path("published"));
  std::ofstream(path("published/lpd.safetensors"), std::ios::binary)
      << std::string(reinterpret_cast<const char*>(&size), sizeof size) << text << model.substr(sizeof length + length);
  const auto licences = [](const std::string& file) {
    return nlohmann::json::parse(run("info " + file + " --json").out).at("licences_of_weights");
  };
  const std::string import = "weights import published/lpd.safetensors --classes A,B,C,D -o imported.safetensors";
  EXPECT_THAT(run(import).out, HasSubstr("licence     not stated; --licence records it"));
  EXPECT_EQ(licences("imported.safetensors").at("network"), (nlohmann::json{{"weights", "lpd.safetensors"}, {"licence", "not stated"}}));
  std::ofstream(path("published/config.json")) << R"({"license": "apache-2.0"})";
  EXPECT_THAT(run(import).out, HasSubstr("licence     apache-2.0 (config.json)"));
  EXPECT_EQ(nlohmann::json::parse(run(import + " --json").out).at("licence"), "apache-2.0");
  EXPECT_EQ(licences("imported.safetensors").at("network").at("licence"), "apache-2.0");
  EXPECT_EQ(run(import + " --licence 'CC BY 4.0'").code, 0);

  const Outcome train = run("train data/patches --weights imported.safetensors --frozen-encoder '" WSI_LPD_SOURCE_DIR
                            "/tests/golden/tiny_encoder.ts.pt' --encoder mit_b0 --iterations 1 --batch-size 2 --hold-out 0 -o licensed");
  ASSERT_EQ(train.code, 0) << train.err;
  const nlohmann::json expected{{"encoder", {{"weights", "imported.safetensors"}, {"licence", "CC BY 4.0"}}},
                                {"frozen_encoder", {{"weights", "tiny_encoder.ts.pt"}, {"licence", "not stated"}}}};
  EXPECT_EQ(licences("licensed/model.safetensors"), expected);
  EXPECT_THAT(run("info licensed/model.safetensors").out,
              HasSubstr("licences_of_weights: \n  encoder: \n    weights: imported.safetensors\n    licence: CC BY 4.0\n"));
  EXPECT_FALSE(nlohmann::json::parse(run("info runs/latest/model.safetensors --json").out).contains("licences_of_weights"));
}

TEST_F(Program, ImportsNothingThatIsNotWeights) {
  std::ofstream(path("noise.pth")) << std::string(5000, 'n');
  expect_refusal("weights import noise.pth -o bad.safetensors", 1, "noise.pth");
  expect_refusal("weights import absent.pth -o bad.safetensors", 1, "absent.pth");
  expect_refusal("weights import runs/latest/model.safetensors -o bad.safetensors", 1, "is a file of wsi-lpd already");
  expect_refusal("train data/patches --weights noise.pth -o bad", 1, "noise.pth");
  expect_refusal("train data/patches --weights runs/latest/model.safetensors --encoder mit_b1 -o bad", 1, "its encoder (mit_b0)");
  EXPECT_FALSE(fs::exists(path("bad.safetensors")));
}

}  // namespace
}  // namespace wsi_lpd
