#include "wsi_lpd/model/weights/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::model::weights {
namespace {

using ::testing::HasSubstr;

TensorFile sample() {
  return {.tensors = {{"b", torch::arange(6, torch::kFloat).view({2, 3}).t()},
                      {"a.weight", torch::tensor({1.5F})},
                      {"none", torch::empty({0, 4})}},
          .metadata = {{"said", "ein \"Wort\" µ"}}};
}

/// A file with this header and `bytes` bytes of tensors.
void write(const std::filesystem::path& path, const std::string& header, std::size_t bytes) {
  std::ofstream stream(path, std::ios::binary);
  const std::uint64_t length = header.size();
  stream.write(reinterpret_cast<const char*>(&length), sizeof length) << header << std::string(bytes, '\1');
}

std::string error_of(const std::filesystem::path& path) {
  try {
    read_safetensors(path);
  } catch (const core::Error& error) {
    const std::string line = error.what();
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_THAT(line, HasSubstr(path.string()));
    return line;
  }
  return "read without complaint";
}

TEST(Safetensors, RoundTrip) {
  const testing::TemporaryFolder folder;
  const TensorFile file = sample();
  write_safetensors(folder / "x.safetensors", file);
  const TensorFile read = read_safetensors(folder / "x.safetensors");
  EXPECT_EQ(read.metadata, file.metadata);
  EXPECT_EQ(read_safetensors_metadata(folder / "x.safetensors"), file.metadata);
  ASSERT_EQ(read.tensors.size(), file.tensors.size());
  for (const auto& [name, tensor] : file.tensors) EXPECT_TRUE(torch::equal(read.tensors.at(name), tensor)) << name;
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "no part is left";
}

TEST(Safetensors, MetadataThatIsNotUtf8DoesNotStopThem) {
  const testing::TemporaryFolder folder;
  write_safetensors(folder / "x.safetensors", {.tensors = {}, .metadata = {{"from", "caf\xe9/patches"}}});
  EXPECT_EQ(read_safetensors_metadata(folder / "x.safetensors").at("from"), "caf\\xE9/patches");
}

TEST(Safetensors, HalfPrecisionKeepsItsType) {
  const testing::TemporaryFolder folder;
  const torch::Tensor values = torch::tensor({1.0F, -2.5F, 0.125F});
  write_safetensors(folder / "x", {.tensors = {{"half", values.to(torch::kHalf)}, {"brain", values.to(torch::kBFloat16)}}, .metadata = {}});
  const TensorFile read = read_safetensors(folder / "x");
  EXPECT_EQ(read.tensors.at("half").scalar_type(), torch::kHalf);
  EXPECT_TRUE(torch::equal(read.tensors.at("brain").to(torch::kFloat), values));
}

TEST(Safetensors, DamagedFilesGetOneLine) {
  const testing::TemporaryFolder folder;
  const auto path = folder / "x.safetensors";
  EXPECT_THAT(error_of(path), HasSubstr("No such file"));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("folder"));
  core::write_text_file(path, "abc");
  EXPECT_THAT(error_of(path), HasSubstr("only 3 bytes"));
  core::write_text_file(path, "\x89PNG\r\n\x1a\n and so on");
  EXPECT_THAT(error_of(path), HasSubstr("not a sound safetensors file"));

  const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  write(path, good, 8);
  EXPECT_EQ(read_safetensors(path).tensors.size(), 1U);
  write(path, good, 7);
  EXPECT_THAT(error_of(path), HasSubstr("cut short"));
  write(path, good, 9);
  EXPECT_THAT(error_of(path), HasSubstr("9 bytes of tensors"));
  write(path, "[]", 0);
  EXPECT_THAT(error_of(path), HasSubstr("no JSON object"));
  write(path, "{\"a\":", 0);
  EXPECT_THAT(error_of(path), HasSubstr("header can't be read"));
  write(path, R"({"__metadata__":{"a":1}})", 0);
  EXPECT_THAT(error_of(path), HasSubstr("header can't be read"));
}

TEST(Safetensors, HostileHeadersAreRefusedBeforeMemoryIsTaken) {
  const testing::TemporaryFolder folder;
  const auto path = folder / "x.safetensors";
  const std::pair<const char*, const char*> cases[] = {
      {R"({"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}})", "type C64"},
      {R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", "impossible shape"},
      {R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}})", "impossible shape"},
      {R"({"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}})", "cut short"},
      {R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "another size"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", "another size"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":"no"}})", "no offsets"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "gap"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "overlaps"}};
  for (const auto& [header, reason] : cases) {
    write(path, header, 8);
    EXPECT_THAT(error_of(path), HasSubstr(reason)) << header;
  }
}

TEST(Safetensors, PythonOpensIt) {
  WSI_LPD_NEEDS_PYTHON();
  const testing::TemporaryFolder folder;
  write_safetensors(folder / "x.safetensors", sample());
  EXPECT_TRUE(testing::run_python("model/open_safetensors.py", {(folder / "x.safetensors").string()}));
}

}  // namespace
}  // namespace wsi_lpd::model::weights
