#pragma once
#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "pipeline/run.hpp"
#include "slide/position_slide.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/pipeline/review/cut_patches.hpp"

namespace wsi_lpd::pipeline::review {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using Classes = std::vector<std::string>;

/// What a patch's file name says: level-0 position and side.
struct Place {
  std::string slide;
  std::int64_t x = 0, y = 0, side = 0;
};
inline Place place_of(const fs::path& file) {
  const std::string name = file.stem().string();
  const std::size_t x = name.rfind("_x"), y = name.rfind("_y"), w = name.rfind("_w");
  const auto number = [&](std::size_t at) { return std::stoll(name.substr(at + 2)); };
  return {name.substr(0, x), number(x), number(y), number(w)};
}

class Tile : public ::testing::Test {
 protected:
  /// A slide whose pixels say where they are.
  void write_position_slide(const std::string& name, core::Size size, double mpp) {
    image::PyramidOptions options;
    options.mpp = mpp;
    options.tile = 256;
    fs::create_directories((folder_ / name).parent_path());
    testing::write_slide(folder_ / name, testing::position_picture(size), options);
  }
  TileReport tile(const std::vector<std::string>& slides, const TileOptions& options, const Classes& classes = {"a", "b"}) {
    std::vector<TileJob> jobs;
    for (const std::string& slide : slides) jobs.push_back({folder_ / slide, {}, {}});
    return tile_slides(jobs, out(), options, classes, {observer_, kNever});
  }
  std::string refusal(const std::vector<std::string>& slides, const TileOptions& options, const Classes& classes = {"a", "b"}) {
    try {
      tile(slides, options, classes);
    } catch (const core::UsageError& error) {
      return error.what();
    }
    return "no error";
  }
  fs::path out() const { return folder_ / "out"; }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(out() / "train")) names.insert(entry.path().filename().string());
    return names;
  }
  /// The column names and the rows of a table.
  std::vector<std::vector<std::string>> table(const char* name) const {
    const core::CsvTable table = core::CsvTable::read(out() / name);
    std::vector<std::vector<std::string>> records{table.columns};
    for (const core::CsvTable::Row& row : table.rows) records.push_back(row.fields);
    return records;
  }

  core::SilentObserver observer_;
  TemporaryFolder folder_;
};

}  // namespace wsi_lpd::pipeline::review
