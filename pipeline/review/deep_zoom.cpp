#include "deep_zoom.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/digest/sha256.hpp"
#include "wsi_lpd/image/deep_zoom.hpp"
#include "wsi_lpd/output/label_tiles.hpp"
#include "wsi_lpd/output/report.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kTile = 512;  // as in the label pyramid

/// Of the files that tiles are made from, and of how they are made.
std::string identity(const output::CompleteResult& result) {
  const output::SlideStatistics& s = result.statistics;
  return digest::sha256_of_text("tiles 1\n" + s.slide + "\n" + s.slide_fingerprint + "\n" +
                                core::FileIdentity(output::label_pyramid(result.stem)).fingerprint() + "\n" +
                                std::to_string(s.frame.scale));
}

core::Size halved(core::Size size, int times) {
  return {core::divide_up(size.width, std::int64_t{1} << times), core::divide_up(size.height, std::int64_t{1} << times)};
}

bool is_one_tile(core::Size size) { return std::max(size.width, size.height) <= kTile; }

/// How often the result's pixels are halved to be as coarse as `mpp` allows.
int reduction(const core::Frame& frame, double mpp) {
  int times = 0;
  while (frame.mpp > 0 && frame.mpp * static_cast<double>(std::int64_t{2} << times) <= mpp * (1 + 1e-6) &&
         !is_one_tile(halved(frame.size, times)))
    ++times;
  return times;
}

std::unique_ptr<slide::Reader> open_slide(const output::SlideStatistics& s) {
  if (!fs::exists(s.slide)) throw core::Error("the slide is no longer at " + s.slide);
  if (core::FileIdentity(s.slide).fingerprint() != s.slide_fingerprint)
    throw core::Error("the slide has changed since it was segmented: " + s.slide);
  return slide::open(s.slide, {.mpp = s.frame.slide_mpp > 0 ? std::optional(s.frame.slide_mpp) : std::nullopt});
}

void cut_slide(const output::SlideStatistics& s, const core::Frame& frame, const fs::path& folder, const core::CancelFlag& cancel) {
  const std::unique_ptr<slide::Reader> reader = open_slide(s);
  const slide::FrameReader frame_reader(*reader, frame);
  const core::Colour background = reader->properties().background;
  image::write_deep_zoom(folder, frame.size, [&](const core::Rect& region, core::ImageView<std::uint8_t> target) {
    core::check(cancel);
    try {
      frame_reader.read(region, target);
    } catch (const slide::ReadError&) {  // as in the result: its labels say that this is unreadable
      core::fill(target, background);
    }
  });
}

}  // namespace

std::optional<std::string> existing_view(const output::CompleteResult& result, const fs::path& folder) {
  if (!fs::exists(folder / "view.json") || !fs::exists(output::label_pyramid(result.stem))) return {};
  std::string text = core::read_text_file(folder / "view.json");
  const Json view = Json::parse(text, nullptr, false);
  if (!view.is_object() || view.value("identity", "") != identity(result)) return {};
  return text;
}

double finest_pixel(const std::string& view) { return Json::parse(view).at("level0").at("scale").get<double>(); }

std::string make_view(const output::CompleteResult& result, const fs::path& folder, double mpp, const core::CancelFlag& cancel) {
  const output::SlideStatistics& s = result.statistics;
  const fs::path raster = output::label_pyramid(result.stem);
  if (!fs::exists(raster)) throw core::Error("the label pyramid " + raster.filename().string() + " is not there");
  const int times = reduction(s.frame, mpp);
  if (const auto view = existing_view(result, folder); view && Json::parse(*view).value("reduction", -1) == times) return *view;

  core::Frame frame = s.frame;
  frame.scale *= static_cast<double>(std::int64_t{1} << times);
  frame.mpp *= static_cast<double>(std::int64_t{1} << times);
  frame.size = halved(s.frame.size, times);
  int levels = 1;
  while (!is_one_tile(halved(frame.size, levels - 1))) ++levels;

  core::PartFolder part(folder);
  Json view{{"identity", identity(result)},
            {"reduction", times},
            {"side", kTile},
            {"mpp", frame.mpp},
            {"level0", {{"x", frame.bounds.x}, {"y", frame.bounds.y}, {"scale", frame.scale}, {"mpp", frame.slide_mpp}}}};
  for (int level = 0; level < levels; ++level) {
    core::check(cancel);
    const int from_full = levels - 1 - level;
    const output::LabelLevel labels =
        output::write_label_tiles(raster, times + from_full, kTile, part.path() / "labels" / std::to_string(level));
    if (labels.size != halved(frame.size, from_full))
      throw core::Error(raster.filename().string() + " has another size than the statistics say");
    view["levels"].push_back({{"width", labels.size.width}, {"height", labels.size.height}, {"labels", labels.has_label}});
  }
  cut_slide(s, frame, part.path() / "slide", cancel);
  std::string text = core::json_text(view);
  core::write_text_file(part.path() / "view.json", text);
  part.commit();
  return text;
}

}  // namespace wsi_lpd::pipeline::review
