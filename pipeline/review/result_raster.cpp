#include "result_raster.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;

using Json = nlohmann::json;

/// The statistics of the slide whose raster this is: slide.json beside slide.tif. Nothing where there are none, or they are damaged.
std::optional<output::SlideStatistics> statistics_of(const fs::path& raster) {
  try {
    return output::read_statistics(stem_of_raster(raster) += ".json");
  } catch (const core::Error&) {
    return {};
  }
}

ResultRaster from_description(const Json& json) {
  ResultRaster result;
  result.slide = json.value("slide", "");
  const Json& values = json.at("values");
  for (int value = 1; values.contains(std::to_string(value)); ++value)
    result.classes.names.push_back(values.at(std::to_string(value)).get<std::string>());
  result.classes.colours = core::default_class_scheme(result.classes.count()).colours;
  const auto bounds = json.at("level0_bounds").get<std::vector<std::int64_t>>();
  result.bounds = {bounds.at(0), bounds.at(1), bounds.at(2), bounds.at(3)};
  result.scale = json.at("level0_pixels_per_pixel").get<double>();
  if (json.contains("mpp") && !json.at("mpp").is_null()) result.mpp = json.at("mpp").get<double>();
  return result;
}

ResultRaster from_statistics(const output::SlideStatistics& statistics) {
  const core::Frame& frame = statistics.frame;
  return {{}, fs::path(statistics.slide).filename().string(), statistics.classes, frame.bounds, frame.scale, frame.mpp};
}

void check(const ResultRaster& result) {
  core::validate(result.classes);
  if (result.bounds.empty() || !std::isfinite(result.scale) || result.scale <= 0 || !(result.mpp >= 0))
    throw core::Error("its place on the slide is impossible");
}

}  // namespace

fs::path stem_of_raster(const fs::path& raster) {
  fs::path stem = fs::path(raster).replace_extension();
  return stem.extension() == ".ome" ? stem.replace_extension() : stem;
}

bool is_result(const fs::path& stem) { return fs::exists(fs::path(stem) += ".json") && fs::exists(output::label_pyramid(stem)); }

fs::path stem_of_result(const fs::path& result) {
  for (const fs::path& stem : {result, stem_of_raster(result)})
    if (is_result(stem)) return stem;
  throw core::UsageError(result.string() + ": is no complete result of segment: NAME.tif, NAME.json or a folder of results is wanted");
}

std::optional<ResultRaster> describe_result(const fs::path& raster) {
  const std::string description = image::LabelReader::open(raster)->description();
  const std::optional<output::SlideStatistics> statistics = statistics_of(raster);
  return core::with_context("reading " + raster.string(), [&]() -> std::optional<ResultRaster> {
    ResultRaster result;
    const Json json = Json::parse(description, nullptr, false);
    try {
      if (json.is_object() && json.value("software", Json()) == "wsi-lpd") {
        result = from_description(json);
        if (statistics && statistics->classes.names == result.classes.names) result.classes = statistics->classes;
      } else if (statistics) {
        result = from_statistics(*statistics);
      } else {
        return {};
      }
      check(result);
    } catch (const std::exception& error) {  // of JSON, of a list that is too short, or of a check
      throw core::Error("its description is not one that segment wrote (" + std::string(error.what()) + "): segment the slide again");
    }
    result.path = raster;
    return result;
  });
}

fs::path find_result(const output::ResultFolder& results, const fs::path& slide) {
  const std::string wanted = core::FileIdentity(slide).fingerprint();
  std::vector<const output::CompleteResult*> found;
  bool same_name = false;
  for (const output::CompleteResult& result : results.complete) {
    if (fs::path(result.statistics.slide).filename() != slide.filename()) continue;
    same_name = true;
    if (result.statistics.slide_fingerprint == wanted) found.push_back(&result);
  }
  const std::string where = slide.string() + ": " + results.path.string() + " ";
  for (const output::DamagedFile& file : results.damaged) {
    const bool of_this_name = file.file.stem() == slide.stem() || file.file.stem() == slide.filename();
    if (found.empty() && of_this_name) throw core::Error(where + "has a result that can't be used: " + file.reason);
  }
  if (found.empty() && same_name)
    throw core::Error(where + "has a result of another slide of this name, or the slide has changed since: segment it again");
  if (found.empty()) throw core::Error(where + "has no complete result of it: segment it first");
  if (found.size() > 1)
    throw core::Error(where + "has " + std::to_string(found.size()) + " results of it (" + found[0]->stem.string() + ", " +
                      found[1]->stem.string() + "): name the .tif of one");
  fs::path raster = output::label_pyramid(found[0]->stem);
  if (!fs::exists(raster)) throw core::Error(slide.string() + ": its label pyramid " + raster.string() + " is gone: segment it again");
  return raster;
}

}  // namespace wsi_lpd::pipeline::review
