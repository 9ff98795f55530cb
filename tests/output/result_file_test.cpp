#include "wsi_lpd/output/result_file.hpp"

#include <H5Cpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <thread>

#include "image/file_size_limit.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::output {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

ResultLayout small_layout() {
  ResultLayout layout;
  layout.frame = {{10, 20, 4000, 3000}, 2.0, {2000, 1500}, 0.5, 0.25};
  layout.classes = core::default_class_scheme(4);
  layout.prototypes_per_class = 3;
  layout.feature_size = 7;
  layout.tile = 224;
  layout.overlap = 112;
  layout.map_stride = 8;
  layout.map = {250, 188};
  layout.provenance = {{"model_sha256", "abc"}, {"mpp_source", ""}};
  return layout;
}

template <class T>
std::vector<T> read(const H5::H5File& file, const std::string& name, const H5::PredType& type, std::vector<hsize_t>& extent) {
  const H5::DataSet dataset = file.openDataSet(name);
  const H5::DataSpace space = dataset.getSpace();
  extent.resize(static_cast<std::size_t>(space.getSimpleExtentNdims()));
  space.getSimpleExtentDims(extent.data());
  std::vector<T> values(static_cast<std::size_t>(space.getSimpleExtentNpoints()));
  if (!values.empty()) dataset.read(values.data(), type);
  return values;
}

/// Map rows in uneven portions; cell (x, y) of plane c has a value of its own.
std::uint8_t cell(std::int64_t c, std::int64_t y, std::int64_t x) { return static_cast<std::uint8_t>(c * 50 + y * 3 + x); }

void add_map(ResultFile& file, const ResultLayout& layout) {
  for (std::int64_t y = 0, rows = 1; y < layout.map.height; y += rows, rows = rows * 7 % 90 + 1) {
    rows = std::min(rows, layout.map.height - y);
    std::vector<std::uint8_t> labels, probabilities;
    for (std::int64_t row = y; row < y + rows; ++row) {
      for (std::int64_t x = 0; x < layout.map.width; ++x) labels.push_back(cell(9, row, x));
    }
    for (std::int64_t c = 0; c < layout.classes.count(); ++c) {
      for (std::int64_t row = y; row < y + rows; ++row) {
        for (std::int64_t x = 0; x < layout.map.width; ++x) probabilities.push_back(cell(c, row, x));
      }
    }
    file.add_map_rows(rows, labels, probabilities);
  }
}

void add_tiles(ResultFile& file, const ResultLayout& layout, int count) {
  const auto classes = static_cast<std::size_t>(layout.classes.count());
  std::vector<float> features(static_cast<std::size_t>(layout.feature_size)), scores(classes),
      prototypes(classes * static_cast<std::size_t>(layout.prototypes_per_class));
  for (int i = 0; i < count; ++i) {
    const auto value = static_cast<float>(i);
    std::fill(features.begin(), features.end(), value);
    std::fill(scores.begin(), scores.end(), value + 0.25F);
    std::fill(prototypes.begin(), prototypes.end(), value + 0.5F);
    file.add_tile(i * 5'000'000'000, i + 1, features, scores, prototypes, i % 3 ? TileStatus::Read : TileStatus::Unreadable,
                  {.focus = value / 1024, .feature_distance = value / 16, .stain_distance = value / 8});
  }
}

void expect_contents(const std::filesystem::path& path, const ResultLayout& layout, int tiles) {
  const H5::H5File file(path.string(), H5F_ACC_RDONLY);
  const auto n = static_cast<hsize_t>(tiles), classes = static_cast<hsize_t>(layout.classes.count());
  std::vector<hsize_t> extent;
  const auto coords = read<std::int64_t>(file, "coords", H5::PredType::NATIVE_INT64, extent);
  EXPECT_EQ(extent, (std::vector<hsize_t>{n, 2}));
  const auto features = read<float>(file, "features", H5::PredType::NATIVE_FLOAT, extent);
  EXPECT_EQ(extent, (std::vector<hsize_t>{n, 7}));
  const auto scores = read<float>(file, "tiles/scores", H5::PredType::NATIVE_FLOAT, extent);
  EXPECT_EQ(extent, (std::vector<hsize_t>{n, classes}));
  const auto prototypes = read<float>(file, "tiles/prototypes", H5::PredType::NATIVE_FLOAT, extent);
  EXPECT_EQ(extent, (std::vector<hsize_t>{n, classes, 3}));
  const auto status = read<std::uint8_t>(file, "tiles/status", H5::PredType::NATIVE_UINT8, extent);
  EXPECT_EQ(extent, std::vector<hsize_t>{n});
  const auto focus = read<float>(file, "tiles/focus", H5::PredType::NATIVE_FLOAT, extent);
  EXPECT_EQ(extent, std::vector<hsize_t>{n});
  const auto distance = read<float>(file, "tiles/distance", H5::PredType::NATIVE_FLOAT, extent);
  EXPECT_EQ(extent, std::vector<hsize_t>{n});
  const auto stain_distance = read<float>(file, "tiles/stain_distance", H5::PredType::NATIVE_FLOAT, extent);
  EXPECT_EQ(extent, std::vector<hsize_t>{n});
  for (std::size_t i = 0; i < n; ++i) {
    ASSERT_EQ(coords[2 * i], static_cast<std::int64_t>(i) * 5'000'000'000);
    ASSERT_EQ(coords[2 * i + 1], static_cast<std::int64_t>(i) + 1);
    ASSERT_EQ(features[7 * i + 6], static_cast<float>(i));
    ASSERT_EQ(scores[classes * i], static_cast<float>(i) + 0.25F);
    ASSERT_EQ(prototypes[classes * 3 * i + 2], static_cast<float>(i) + 0.5F);
    ASSERT_EQ(status[i], i % 3 ? 0 : 1);
    ASSERT_EQ(focus[i], static_cast<float>(i) / 1024);
    ASSERT_EQ(distance[i], static_cast<float>(i) / 16);
    ASSERT_EQ(stain_distance[i], static_cast<float>(i) / 8);
  }
  const auto height = static_cast<hsize_t>(layout.map.height), width = static_cast<hsize_t>(layout.map.width);
  const auto mask = read<std::uint8_t>(file, "mask", H5::PredType::NATIVE_UINT8, extent);
  EXPECT_EQ(extent, (std::vector<hsize_t>{height, width}));
  const auto probabilities = read<std::uint8_t>(file, "probabilities", H5::PredType::NATIVE_UINT8, extent);
  EXPECT_EQ(extent, (std::vector<hsize_t>{classes, height, width}));
  for (std::int64_t y = 0; y < layout.map.height; ++y) {
    for (std::int64_t x = 0; x < layout.map.width; ++x) {
      const auto at = static_cast<std::size_t>(y * layout.map.width + x);
      ASSERT_EQ(mask[at], cell(9, y, x));
      for (hsize_t c = 0; c < classes; ++c) ASSERT_EQ(probabilities[c * height * width + at], cell(static_cast<std::int64_t>(c), y, x));
    }
  }
}

TEST(ResultFile, KeepsTilesAndMaps) {
  const TemporaryFolder folder;
  for (const int tiles : {0, 1, 256, 1000}) {
    for (const core::Size map : {core::Size{250, 188}, core::Size{1, 1}, core::Size{513, 64}, core::Size{3, 200}}) {
      ResultLayout layout = small_layout();
      layout.map = map;
      ResultFile file(folder / "slide.h5", layout);
      add_tiles(file, layout, tiles);
      add_map(file, layout);
      file.finish();
      EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "no part is left";
      expect_contents(folder / "slide.h5", layout, tiles);
    }
  }
}

TEST(ResultFile, OneClassStillHasAnAxis) {
  const TemporaryFolder folder;
  ResultLayout layout = small_layout();
  layout.classes = core::default_class_scheme(1);
  ResultFile file(folder / "slide.h5", layout);
  add_map(file, layout);
  file.finish();
  expect_contents(folder / "slide.h5", layout, 0);
}

template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const core::Error& error) {
    return error.what();
  }
  return {};
}

TEST(ResultFile, ChecksWhatItIsGiven) {
  const TemporaryFolder folder;
  const ResultLayout layout = small_layout();
  {
    ResultFile file(folder / "slide.h5", layout);
    EXPECT_THAT(
        error_of([&] { file.add_tile(0, 0, std::vector<float>(6), std::vector<float>(4), std::vector<float>(12), TileStatus::Read, {}); }),
        HasSubstr("sizes"));
    EXPECT_THAT(error_of([&] { file.add_map_rows(1, std::vector<std::uint8_t>(249), std::vector<std::uint8_t>(1000)); }),
                HasSubstr("sizes"));
    EXPECT_THAT(error_of([&] { file.finish(); }), HasSubstr("only 0 of 188 map rows"));
    add_map(file, layout);
    EXPECT_THAT(error_of([&] { file.add_map_rows(1, std::vector<std::uint8_t>(250), std::vector<std::uint8_t>(1000)); }),
                HasSubstr("more map rows"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  ResultLayout empty = layout;
  empty.map = {0, 5};
  EXPECT_THAT(error_of([&] { ResultFile(folder / "slide.h5", empty); }), HasSubstr("empty"));
  EXPECT_EQ(error_of([&] { ResultFile(folder / "no" / "slide.h5", layout); }),
            "writing " + (folder / "no" / "slide.h5").string() + ": No such file or directory");
}

/// Files, datasets, groups and attributes that HDF5 holds open in this process.
ssize_t open_in_hdf5() { return H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_FILE | H5F_OBJ_DATASET | H5F_OBJ_GROUP | H5F_OBJ_ATTR); }

// A file that was made, but not its tables: their chunks would be larger than HDF5's 4 GiB.
TEST(ResultFile, LeavesNothingWhereItsTablesCannotBeMade) {
  const TemporaryFolder folder;
  ResultLayout layout = small_layout();
  layout.feature_size = 5'000'000;
  ::testing::internal::CaptureStderr();
  EXPECT_THAT(error_of([&] { ResultFile(folder / "slide.h5", layout); }), HasSubstr("slide.h5: "));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_EQ(open_in_hdf5(), 0);
}

// HDF5 has nothing left to do in the destructor, which runs later and in any thread.
TEST(ResultFile, LetsGoOfAllWhenItIsFinished) {
  const TemporaryFolder folder;
  const ResultLayout layout = small_layout();
  ResultFile file(folder / "slide.h5", layout);
  EXPECT_GT(open_in_hdf5(), 0);
  add_map(file, layout);
  file.finish();
  EXPECT_EQ(open_in_hdf5(), 0);
}

TEST(ResultFile, SaysThatTheDiskIsFull) {
  const TemporaryFolder folder;
  ResultLayout layout = small_layout();
  layout.feature_size = 300;
  std::mt19937 random(1);
  std::vector<float> noise(300);
  for (const rlim_t bytes : {100, 3000, 50'000, 200'000, 1'000'000}) {
    std::optional<ResultFile> file;
    std::string error;
    ::testing::internal::CaptureStderr();
    {
      const testing::FileSizeLimit limit(bytes);
      error = error_of([&] {
        file.emplace(folder / "slide.h5", layout);
        for (int i = 0; i < 1500; ++i) {
          for (float& value : noise) value = static_cast<float>(random());
          file->add_tile(i, i, noise, std::vector<float>(4), std::vector<float>(12), TileStatus::Read, {});
        }
        add_map(*file, layout);
        file->finish();
      });
    }
    file.reset();
    EXPECT_EQ(error, "writing " + (folder / "slide.h5").string() + ": File too large") << bytes;
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
}

// Files that are finished, abandoned and refused, again and again in several threads.
TEST(ResultFile, EndsInAnyThread) {
  const TemporaryFolder folder;
  ResultLayout layout = small_layout(), refused = layout;
  layout.map = {4, 4};
  refused.feature_size = 5'000'000;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int round = 0; round < 60; ++round) {
          const auto path = folder / ("slide" + std::to_string(i) + "-" + std::to_string(round) + ".h5");
          error_of([&] { ResultFile(path, refused); });
          ResultFile file(path, layout);
          add_tiles(file, layout, 3);
          add_map(file, layout);
          if (round % 2 == 0) file.finish();
        }
      });
    }
  }
  EXPECT_EQ(open_in_hdf5(), 0);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 4 * 30);
}

TEST(ResultFile, SeveralAtOnce) {
  const TemporaryFolder folder;
  const ResultLayout layout = small_layout();
  const auto path = [&](int i) { return folder / ("slide" + std::to_string(i) + ".h5"); };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        ResultFile file(path(i), layout);
        add_tiles(file, layout, 600);
        add_map(file, layout);
        if (i != 3) file.finish();
      });
    }
  }
  for (int i = 0; i < 3; ++i) expect_contents(path(i), layout, 600);
  EXPECT_FALSE(std::filesystem::exists(path(3)));
}

}  // namespace
}  // namespace wsi_lpd::output
