#include "training_pictures.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/drawing.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/model/dense_crf.hpp"
#include "wsi_lpd/output/patch_sheet.hpp"

namespace wsi_lpd::pipeline {
namespace {

constexpr std::size_t kPredictions = 8;        // patches on the sheet
constexpr std::size_t kStrongest = 6;          // patches for each prototype
constexpr std::size_t kPrototypeImages = 400;  // looked at
constexpr std::size_t kBatch = 10;
constexpr int kPredictionSide = 200, kPrototypeSide = 120;  // pixels on the sheets

struct Point {
  double x, y;
};

/// One panel of the curve: axes with their ranges written at the ends, and a line.
std::string panel(double top, const std::string& title, const std::vector<Point>& points, double last_x, double low, double high,
                  int digits) {
  constexpr double kLeft = 60, kWidth = 680, kHeight = 180;
  std::ostringstream svg;
  const auto x_of = [&](double x) { return kLeft + kWidth * x / std::max(last_x, 1.0); };
  const auto y_of = [&](double y) { return top + kHeight - kHeight * (y - low) / std::max(high - low, 1e-9); };
  svg.setf(std::ios::fixed);
  svg.precision(digits);
  svg << "<text x='" << kLeft << "' y='" << top - 10 << "' font-weight='bold'>" << title << "</text>\n<rect x='" << kLeft << "' y='" << top
      << "' width='" << kWidth << "' height='" << kHeight << "' fill='none' stroke='#999'/>\n<g fill='#555'><text x='" << kLeft - 6
      << "' y='" << top + 5 << "' text-anchor='end'>" << high << "</text><text x='" << kLeft - 6 << "' y='" << top + kHeight
      << "' text-anchor='end'>" << low << "</text></g>\n<g fill='#555'><text x='" << kLeft << "' y='" << top + kHeight + 18
      << "'>0</text><text x='" << kLeft + kWidth << "' y='" << top + kHeight + 18 << "' text-anchor='end'>step "
      << static_cast<std::int64_t>(last_x) << "</text></g>\n<polyline fill='none' stroke='#0072b2' stroke-width='1.5' points='";
  svg.precision(1);
  for (const Point& point : points) svg << x_of(point.x) << "," << y_of(point.y) << " ";
  svg << "'/>\n";
  if (points.size() <= 60)
    for (const Point& point : points) svg << "<circle cx='" << x_of(point.x) << "' cy='" << y_of(point.y) << "' r='3' fill='#0072b2'/>\n";
  return svg.str();
}

/// Running mean, so that a noisy loss can be read.
std::vector<Point> smoothed(const std::vector<Point>& points) {
  const double keep = 1 - 1 / std::max(1.0, static_cast<double>(points.size()) / 40);
  std::vector<Point> result;
  double mean = 0, weight = 0;
  for (const Point& point : points) {
    mean = keep * mean + (1 - keep) * point.y;
    weight = keep * weight + (1 - keep);
    result.push_back({point.x, mean / weight});
  }
  return result;
}

/// A square of the image as near around (x, y) as fits into it, with a frame where (x, y) is.
Image surroundings(const Image& image, std::int64_t x, std::int64_t y, std::int64_t side) {
  constexpr std::int64_t kFrame = 16, kLine = 2;
  const std::int64_t left = std::clamp<std::int64_t>(x - side / 2, 0, image.width() - side);
  const std::int64_t top = std::clamp<std::int64_t>(y - side / 2, 0, image.height() - side);
  Image result(side, side, 3);
  for (std::int64_t row = 0; row < side; ++row) std::copy_n(image.at(left, top + row), side * 3, result.at(0, row));
  const std::int64_t frame_left = std::clamp<std::int64_t>(x - left - kFrame / 2, 0, side - kFrame);
  const std::int64_t frame_top = std::clamp<std::int64_t>(y - top - kFrame / 2, 0, side - kFrame);
  for (const Rect& line : {Rect{0, 0, kFrame, kLine}, Rect{0, kFrame - kLine, kFrame, kLine}, Rect{0, 0, kLine, kFrame},
                           Rect{kFrame - kLine, 0, kLine, kFrame}})
    image::fill_rect(result, {frame_left + line.x, frame_top + line.y, line.width, line.height}, {255, 255, 255});
  return result;
}

}  // namespace

void write_curve(const std::filesystem::path& path, const std::filesystem::path& log) {
  std::vector<Point> loss, score;
  std::string score_title;
  std::ifstream stream(log);
  for (std::string line; std::getline(stream, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_discarded()) continue;
    const auto step = json.value("iteration", 0.0);
    if (!json.contains("epoch")) {
      loss.push_back({step, json.value("total", 0.0)});
      continue;
    }
    const bool masks = json.contains("valid_miou_oracle");
    score_title = masks ? "validation mIoU, % (image labels given)" : "validation F1 of image labels, %";
    score.push_back({step, 100 * json.value(masks ? "valid_miou_oracle" : "valid_f1", 0.0)});
  }
  if (loss.empty()) return;
  const std::vector<Point> curve = smoothed(loss);
  const auto [low, high] = std::minmax_element(curve.begin(), curve.end(), [](const Point& a, const Point& b) { return a.y < b.y; });
  std::ostringstream svg;
  svg << "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 760 " << (score.empty() ? 250 : 500)
      << "' font-family='sans-serif' font-size='12'>\n<rect width='100%' height='100%' fill='white'/>\n"
      << panel(30, "loss, smoothed", curve, loss.back().x, low->y, high->y, 3);
  if (!score.empty()) svg << panel(280, score_title, score, loss.back().x, 0, 100, 0);
  svg << "</svg>\n";
  write_text_file(path, svg.str());
}

void write_predictions(const std::filesystem::path& path, model::PatchModel& model, const PatchSet& valid) {
  const model::ModelInfo& info = model.info();
  const std::size_t step = std::max<std::size_t>(1, valid.count() / kPredictions);
  std::vector<output::SheetRow> rows;
  for (std::size_t i = 0; i < valid.count() && rows.size() < kPredictions; i += step) {
    const model::PatchMaps maps = model.look(valid.batch(i, 1), /*all_views=*/false).front();
    Image labels(maps.size, maps.size, 1);
    const auto best = model::most_probable_labels(model::class_probabilities(maps, valid.labels(i)), info.classes.count() + 1);
    std::copy(best.begin(), best.end(), labels.data());
    const Image rgb = valid.image(i);
    rows.push_back({valid.name(i), {rgb, output::tinted(rgb, valid.mask(i), info.classes), output::tinted(rgb, labels, info.classes)}});
  }
  image::write_png(path, output::draw_patch_sheet({"image", "truth", "model"}, rows, info.classes, kPredictionSide));
}

void write_prototypes(const std::filesystem::path& path, model::PatchModel& model, const PatchSet& set, const CancelFlag& cancel) {
  struct Response {
    float value;
    std::size_t image;
    int x, y;
  };
  const model::ModelInfo& info = model.info();
  const int k = info.prototypes_per_class;
  std::vector<std::vector<Response>> strongest(static_cast<std::size_t>(info.classes.count() * k));
  const std::size_t count = std::min(set.count(), kPrototypeImages);
  for (std::size_t first = 0; first < count; first += kBatch) {
    check(cancel);
    const auto peaks = model.prototype_peaks(set.batch(first, std::min(kBatch, count - first)));
    for (std::size_t i = 0; i < peaks.size(); ++i) {
      for (std::size_t p = 0; p < strongest.size(); ++p) {
        auto& best = strongest[p];
        const model::PrototypePeak& peak = peaks[i][p];
        const Response response{peak.value, first + i, peak.x, peak.y};
        best.insert(
            std::upper_bound(best.begin(), best.end(), response, [](const Response& a, const Response& b) { return a.value > b.value; }),
            response);
        if (best.size() > kStrongest) best.pop_back();
      }
    }
  }
  std::vector<output::SheetRow> rows;
  for (std::size_t p = 0; p < strongest.size(); ++p) {
    std::ostringstream caption;
    caption << info.classes.names[p / static_cast<std::size_t>(k)] << ", prototype " << p % static_cast<std::size_t>(k) + 1 << ": ";
    caption.precision(1);
    caption << std::fixed << strongest[p].front().value << " to " << strongest[p].back().value;
    output::SheetRow row{caption.str(), {}};
    for (const Response& response : strongest[p])
      row.cells.push_back(surroundings(set.image(response.image), response.x, response.y, set.size() / 2));
    rows.push_back(std::move(row));
  }
  image::write_png(path, output::draw_patch_sheet(std::vector<std::string>(kStrongest), rows, info.classes, kPrototypeSide));
}

}  // namespace wsi_lpd::pipeline
