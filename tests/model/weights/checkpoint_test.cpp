#include "wsi_lpd/model/weights/checkpoint.hpp"

#include <random>

#include "golden/golden.hpp"
#include "model/weights/checkpoint_bytes.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::model::weights {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using Json = nlohmann::json;

class Checkpoint : public ::testing::Test {
 protected:
  TensorFile read(const std::string& bytes) {
    write_bytes(path_, bytes);
    return read_checkpoint(path_);
  }
  std::string refusal(const std::string& bytes) {
    try {
      read(bytes);
    } catch (const core::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(path_.string()));
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
    return "read without complaint";
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "weights.pth";
};

const std::string kSixFloats = floats({0, 1, 2, 3, 4, 5});

std::string one_tensor(const std::vector<std::int32_t>& sizes, const std::vector<std::int32_t>& strides, int offset = 0, int elements = 6) {
  return checkpoint(dictionary({{"a", tensor(storage("0", elements), offset, sizes, strides)}}), {kSixFloats});
}

TEST_F(Checkpoint, ReadsViewsOfOneStorage) {
  const std::string content = dictionary({{"model", dictionary({{"whole", tensor(storage("0", 6), 0, {2, 3}, {3, 1})},
                                                                {"turned", tensor(storage("0", 6), 0, {3, 2}, {1, 3})},
                                                                {"column", tensor(storage("0", 6), 1, {2}, {3})},
                                                                {"scalar", tensor(storage("0", 6), 5, {}, {})},
                                                                {"nothing", tensor(storage("0", 6), 0, {0, 4}, {4, 1})}})},
                                          {"iter", integer(7)},
                                          {"optimizer", dictionary({{"state", tensor(storage("0", 6), 0, {6}, {1})}})}});
  for (const std::string& bytes : {checkpoint(content, {kSixFloats}), legacy_checkpoint(content, {kSixFloats}),
                                   zip({{"a/data.pkl", pickle(content)}, {"a/data/0", kSixFloats}}, true)}) {
    const TensorFile file = read(bytes);
    ASSERT_EQ(file.tensors.size(), 5U) << "the optimiser's state is left out";
    EXPECT_EQ(file.metadata.at("iter"), "7");
    const torch::Tensor whole = torch::arange(6, torch::kFloat).view({2, 3});
    EXPECT_TRUE(torch::equal(file.tensors.at("model.whole"), whole));
    EXPECT_TRUE(torch::equal(file.tensors.at("model.turned"), whole.t()));
    EXPECT_TRUE(torch::equal(file.tensors.at("model.column"), whole.select(1, 1)));
    EXPECT_EQ(file.tensors.at("model.scalar").item<float>(), 5);
    EXPECT_EQ(file.tensors.at("model.nothing").sizes(), (std::vector<std::int64_t>{0, 4}));
    for (const auto& [name, tensor] : file.tensors) EXPECT_TRUE(tensor.is_contiguous()) << name;
  }
}

TEST_F(Checkpoint, ImpossibleTensorsAreErrors) {
  EXPECT_EQ(refusal(one_tensor({2, 3}, {3, 1})), "read without complaint");
  EXPECT_THAT(refusal(one_tensor({2, 3}, {4, 1})), HasSubstr("tensor a: reaches beyond its storage"));
  EXPECT_THAT(refusal(one_tensor({6}, {1}, 1)), HasSubstr("beyond"));
  EXPECT_THAT(refusal(one_tensor({6}, {1}, -1)), HasSubstr("offset"));
  EXPECT_THAT(refusal(one_tensor({-6}, {1})), HasSubstr("impossible shape"));
  EXPECT_THAT(refusal(one_tensor({6}, {-1})), HasSubstr("impossible shape"));
  EXPECT_THAT(refusal(one_tensor({2, 3}, {1})), HasSubstr("strides"));
  EXPECT_THAT(refusal(one_tensor({2147483647, 2147483647, 2147483647}, {2147483647, 2147483647, 2147483647})),
              HasSubstr("impossible shape"));
  EXPECT_THAT(refusal(one_tensor({2147483647, 6}, {0, 1})), HasSubstr("huge"));
  EXPECT_THAT(refusal(one_tensor({6}, {1}, 0, 7)), HasSubstr("24 bytes instead of 7 elements"));
  EXPECT_THAT(refusal(one_tensor({6}, {1}, 0, -7)), HasSubstr("elements"));
  EXPECT_THAT(refusal(checkpoint(dictionary({{"a", tensor(storage("0", 3, "ComplexFloatStorage"), 0, {3}, {1})}}), {kSixFloats})),
              HasSubstr("ComplexFloatStorage"));
  EXPECT_THAT(refusal(checkpoint(dictionary({{"a", tensor(storage("9", 6), 0, {6}, {1})}}), {kSixFloats})),
              HasSubstr("no record x/data/9"));
  const std::string whole = tensor(storage("0", 6), 0, {6}, {1});
  EXPECT_THAT(refusal(checkpoint(dictionary({{"a.b", whole}, {"a", dictionary({{"b", whole}})}}), {kSixFloats})),
              HasSubstr("two tensors named a.b"));
  EXPECT_THAT(refusal(checkpoint(whole, {kSixFloats})), HasSubstr("no dictionary"));
  EXPECT_THAT(refusal(checkpoint(dictionary({{"iter", integer(1)}}), {})), HasSubstr("no tensors"));
}

TEST_F(Checkpoint, DictionariesWithoutEndAreErrors) {
  EXPECT_THAT(refusal(checkpoint("}q\x01(" + text("again") + "h\x01u", {})), HasSubstr("without end"));
  std::string content = dictionary({{"x", integer(1)}}) + "q\x01";  // each level holds the last one twice: 2^12 paths
  for (int level = 0; level < 12; ++level) content += "0}(" + text("a") + "h\x01" + text("b") + "h\x01uq\x01";
  EXPECT_THAT(refusal(checkpoint(content, {})), HasSubstr("many times over"));
}

/// The keys on the way to a dictionary stand in the name of each of its tensors: a small pickle could name more than fits in memory.
TEST_F(Checkpoint, NamesBeyondAllBoundsAreErrors) {
  std::vector<std::pair<std::string, std::string>> entries{{"0", tensor(storage("0", 6), 0, {0}, {1}) + "q\x01"}};
  for (int i = 1; i < 300; ++i) entries.emplace_back(std::to_string(i), "h\x01");
  std::string content = dictionary(entries);
  EXPECT_EQ(read(checkpoint(content, {kSixFloats})).tensors.size(), 300U);
  for (int level = 0; level < 10; ++level) content = dictionary({{std::string(1000, 'k'), content}});
  EXPECT_THAT(refusal(checkpoint(content, {kSixFloats})), HasSubstr("names of tensors that are longer than"));
}

/// One dictionary with a long key, shared by many: each tensor below it would get a name of that length.
TEST_F(Checkpoint, LongKeysAreErrors) {
  const std::string shared = dictionary({{std::string(2000, 'k'), tensor(storage("0", 6), 0, {6}, {1})}}) + "q\x01";
  EXPECT_THAT(refusal(checkpoint(shared + "0" + dictionary({{"a", "h\x01"}, {"b", "h\x01"}}), {kSixFloats})),
              HasSubstr("a key of more than 1024 bytes: kkk"));
}

TEST_F(Checkpoint, UnsoundArchivesAreErrors) {
  const std::string content = pickle(dictionary({{"a", tensor(storage("0", 6), 0, {6}, {1})}}));
  const Records sound{{"x/data.pkl", content}, {"x/data/0", kSixFloats}};
  EXPECT_EQ(refusal(zip(sound)), "read without complaint");
  EXPECT_THAT(refusal(zip(sound, false, 8)), HasSubstr("compressed"));
  EXPECT_THAT(refusal(zip({{"word/document.xml", "x"}})), HasSubstr("no data.pkl"));
  EXPECT_THAT(refusal(zip({{"x/data.pkl", content}, {"y/data.pkl", content}})), HasSubstr("more than one"));
  EXPECT_THAT(refusal(zip({{"x/data.pkl", content}, {"x/data.pkl", content}})), HasSubstr("twice"));
  EXPECT_THAT(refusal(zip({{"x/data.pkl", content}, {"x/data/0", kSixFloats}, {"x/byteorder", "big"}})), HasSubstr("big-endian"));
  std::string damaged = zip(sound);
  damaged[damaged.find(kSixFloats) + 5] ^= 1;
  EXPECT_THAT(refusal(damaged), HasSubstr("record x/data/0 is damaged: its CRC-32"));
  EXPECT_THAT(refusal(zip({{"x/data.pkl", pickle(global("os", "system"))}})), HasSubstr("os.system"));
  EXPECT_THAT(refusal("hello"), HasSubstr("neither a safetensors file nor a checkpoint"));
  EXPECT_THAT(refusal(""), HasSubstr("neither"));
  EXPECT_THAT(refusal(pickle(dictionary({}))), HasSubstr("not one that torch.save wrote"));
  EXPECT_THROW(read_checkpoint(folder_ / "absent.pth"), core::Error);
  EXPECT_THROW(read_checkpoint(folder_.path()), core::Error);
}

TEST_F(Checkpoint, DamagedFilesNeverCrash) {
  const std::string content = dictionary({{"model", dictionary({{"a", tensor(storage("0", 6), 0, {3, 2}, {1, 3})}})},
                                          {"cfg", global("omegaconf.nodes", "AnyNode") + ")\x81"}});
  for (const std::string& sound : {checkpoint(content, {kSixFloats}), legacy_checkpoint(content, {kSixFloats}),
                                   zip({{"a/data.pkl", pickle(content)}, {"a/data/0", kSixFloats}}, true)}) {
    for (std::size_t length = 0; length < sound.size(); ++length)
      EXPECT_NE(refusal(sound.substr(0, length)), "read without complaint") << length;
    std::mt19937 random(1);
    for (int round = 0; round < 3000; ++round) {
      std::string damaged = sound;
      damaged[random() % damaged.size()] = static_cast<char>(random());
      refusal(damaged);  // reads or refuses, in one line
    }
  }
}

const char* type_name(torch::ScalarType type) {
  switch (type) {
    case torch::kFloat:
      return "float32";
    case torch::kHalf:
      return "float16";
    case torch::kBFloat16:
      return "bfloat16";
    case torch::kDouble:
      return "float64";
    case torch::kLong:
      return "int64";
    case torch::kBool:
      return "bool";
    case torch::kByte:
      return "uint8";
    default:
      return "another type";
  }
}

TEST_F(Checkpoint, GoldenFiles) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  const Json files = golden_json("checkpoints").at("files");
  EXPECT_EQ(files.size(), 12U);
  for (const auto& [name, expected] : files.items()) {
    SCOPED_TRACE(name);
    const Json& tensors = expected.at("tensors");
    if (tensors.is_null() || tensors.empty()) {
      try {
        read_checkpoint(golden_folder() / "checkpoints" / name);
        ADD_FAILURE() << "read without complaint";
      } catch (const core::Error& error) {
        EXPECT_THAT(error.what(), HasSubstr(tensors.is_null() ? name.starts_with("bitflip") ? "CRC-32" : "cut short" : "io.open"));
      }
      continue;
    }
    const TensorFile file = read_checkpoint(golden_folder() / "checkpoints" / name);
    EXPECT_EQ(file.tensors.size(), tensors.size());
    for (const auto& [tensor_name, json] : tensors.items()) {
      SCOPED_TRACE(tensor_name);
      ASSERT_TRUE(file.tensors.contains(tensor_name));
      const torch::Tensor& tensor = file.tensors.at(tensor_name);
      EXPECT_EQ(tensor.sizes(), json.at("shape").get<std::vector<std::int64_t>>());
      EXPECT_EQ(type_name(tensor.scalar_type()), json.at("dtype"));
      const torch::Tensor values = tensor.to(torch::kDouble).flatten().contiguous();
      EXPECT_EQ(std::vector<double>(values.data_ptr<double>(), values.data_ptr<double>() + values.numel()),
                json.at("values").get<std::vector<double>>());
    }
  }
  EXPECT_FALSE(std::filesystem::exists("wsi_lpd_code_execution.marker"));
  std::filesystem::current_path(before);
}

TEST_F(Checkpoint, GoldenFilesCutAnywhere) {
  for (const char* name : {"lpd_layout.pth", "legacy.pth", "dtypes.pth"}) {
    const std::string sound = core::read_text_file(golden_folder() / "checkpoints" / name);
    for (std::size_t length = 0; length < sound.size(); ++length)
      ASSERT_NE(refusal(sound.substr(0, length)), "read without complaint") << length;
  }
}

}  // namespace
}  // namespace wsi_lpd::model::weights
