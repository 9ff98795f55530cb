#include "training_pictures.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/crf/dense_crf.hpp"
#include "wsi_lpd/image/drawing.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/output/patch_sheet.hpp"
#include "wsi_lpd/pipeline/training/evaluate.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

constexpr std::size_t kPredictions = 8;        // patches on the sheet
constexpr std::size_t kStrongest = 6;          // patches for each prototype
constexpr std::size_t kPrototypeImages = 400;  // looked at
constexpr std::size_t kBatch = 10;
constexpr int kPredictionSide = 200, kPrototypeSide = 120;  // pixels on the sheets

struct Point {
  double x, y;
};

struct Line {
  std::string name, colour;
  std::vector<Point> points;
  bool dashed = false;
  std::size_t hollow = 0;  ///< so many of the first points are drawn as rings
};

/// A round number that divides `range` into two to six parts.
double round_step(double range) {
  const double power = std::pow(10, std::floor(std::log10(range)));
  for (const double factor : {0.2, 0.5, 1.0, 2.0})
    if (range / (factor * power) <= 6) return factor * power;
  return 5 * power;
}

/// One panel of the curve: axes with their names, ticks, lines, and what each line is.
std::string panel(double top, const std::string& y_name, const std::vector<Line>& lines, double last_x, double low, double high) {
  constexpr double kLeft = 70, kWidth = 670, kHeight = 180;
  const auto x_of = [&](double x) { return kLeft + kWidth * x / std::max(last_x, 1.0); };
  const auto y_of = [&](double y) { return top + kHeight - kHeight * (y - low) / (high - low); };
  std::ostringstream svg;
  const auto text = [&](double x, double y, const char* anchor, const auto& words, const std::string& more = "") {
    svg << "<text x='" << x << "' y='" << y << "' text-anchor='" << anchor << "'" << more << ">" << words << "</text>\n";
  };
  const double y_step = round_step(high - low), x_step = std::max(1.0, round_step(std::max(last_x, 1.0)));
  svg << "<g fill='#444' stroke='none'>\n";
  for (double y = y_step * std::ceil(low / y_step - 1e-9); y <= high + 1e-9; y += y_step) {
    svg << "<path d='M" << kLeft << " " << y_of(y) << "h" << kWidth << "' stroke='#ddd'/>\n";
    text(kLeft - 6, y_of(y) + 4, "end", std::abs(y) < y_step / 2 ? 0 : y);
  }
  for (double x = 0; x <= last_x + 1e-9; x += x_step) {
    svg << "<path d='M" << x_of(x) << " " << top + kHeight << "v5' stroke='#999'/>\n";
    text(x_of(x), top + kHeight + 18, "middle", static_cast<std::int64_t>(x));
  }
  text(kLeft + kWidth / 2, top + kHeight + 34, "middle", "step");
  std::ostringstream turn;
  turn << " transform='rotate(-90 18 " << top + kHeight / 2 << ")'";
  text(18, top + kHeight / 2, "middle", y_name, turn.str());
  svg << "</g>\n<rect x='" << kLeft << "' y='" << top << "' width='" << kWidth << "' height='" << kHeight
      << "' fill='none' stroke='#999'/>\n";
  double name_x = kLeft;
  for (const Line& line : lines) {
    svg << "<g fill='" << line.colour << "' stroke='" << line.colour << "' stroke-width='1.5'>\n<polyline fill='none'"
        << (line.dashed ? " stroke-dasharray='6 4'" : "") << " points='";
    for (const Point& point : line.points) svg << x_of(point.x) << "," << y_of(point.y) << " ";
    svg << "'/>\n";
    for (std::size_t i = 0; i < line.points.size() && line.points.size() <= 60 && !line.dashed; ++i)
      svg << "<circle cx='" << x_of(line.points[i].x) << "' cy='" << y_of(line.points[i].y) << "' r='3'"
          << (i < line.hollow ? " fill='white'" : "") << "/>\n";
    svg << "<path d='M" << name_x << " " << top - 14 << "h18'" << (line.dashed ? " stroke-dasharray='6 4'" : "") << "/></g>\n";
    text(name_x + 23, top - 10, "start", line.name);
    name_x += 40 + 6.3 * static_cast<double>(line.name.size());
  }
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
core::Image surroundings(const core::Image& image, std::int64_t x, std::int64_t y, std::int64_t side) {
  constexpr std::int64_t kFrame = 16, kLine = 2;
  const std::int64_t left = std::clamp<std::int64_t>(x - side / 2, 0, image.width() - side);
  const std::int64_t top = std::clamp<std::int64_t>(y - side / 2, 0, image.height() - side);
  core::Image result(side, side, 3);
  for (std::int64_t row = 0; row < side; ++row) std::copy_n(image.at(left, top + row), side * 3, result.at(0, row));
  const std::int64_t frame_left = std::clamp<std::int64_t>(x - left - kFrame / 2, 0, side - kFrame);
  const std::int64_t frame_top = std::clamp<std::int64_t>(y - top - kFrame / 2, 0, side - kFrame);
  for (const core::Rect& line : {core::Rect{0, 0, kFrame, kLine}, core::Rect{0, kFrame - kLine, kFrame, kLine},
                                 core::Rect{0, 0, kLine, kFrame}, core::Rect{kFrame - kLine, 0, kLine, kFrame}})
    image::fill_rect(result, {frame_left + line.x, frame_top + line.y, line.width, line.height}, {255, 255, 255});
  return result;
}

}  // namespace

void write_curve(const std::filesystem::path& path, const std::filesystem::path& log) {
  Line loss{"loss, smoothed", "#0072b2", {}};
  Line predicted{"", "#0072b2", {}}, given{"image labels given", "#d55e00", {}}, chance{"chance", "#777", {}, true};
  std::ifstream stream(log);
  bool masks = false;
  for (std::string text; std::getline(stream, text);) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_discarded()) continue;
    const auto step = json.value("iteration", 0.0);
    if (!json.contains("epoch")) {
      loss.points.push_back({step, json.value("total", 0.0)});
      continue;
    }
    const auto add = [&](Line& line, const char* key) {
      if (json.contains(key) && json[key].is_number()) line.points.push_back({step, 100 * json[key].get<double>()});
    };
    masks = masks || json.contains("valid_miou_oracle");  // earlier versions wrote that alone
    add(predicted, masks ? "valid_miou_predicted" : "valid_f1");
    add(given, "valid_miou_oracle");
    add(chance, "chance");
    predicted.hollow += json.value("warmup", false);
  }
  if (loss.points.empty()) return;
  const double last = loss.points.back().x;
  loss.points = smoothed(loss.points);
  const auto [low, high] =
      std::minmax_element(loss.points.begin(), loss.points.end(), [](const Point& a, const Point& b) { return a.y < b.y; });
  const double margin = std::max(0.05 * (high->y - low->y), 1e-3);
  const bool scored = !predicted.points.empty() || !given.points.empty();
  std::ostringstream svg;
  svg << "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 760 " << (scored ? 520 : 260)
      << "' font-family='sans-serif' font-size='12'>\n<rect width='100%' height='100%' fill='white'/>\n"
      << panel(30, "loss", {loss}, last, low->y - margin, high->y + margin);
  if (scored) {
    predicted.name = std::string("image labels predicted") + (predicted.hollow > 0 ? " (rings: in the warm-up)" : "");
    given.hollow = predicted.hollow;
    const std::vector<Line> lines = masks ? std::vector{predicted, given, chance} : std::vector{predicted, chance};
    svg << panel(290, masks ? "mIoU on valid/, %" : "F1 of image labels, %", lines, last, 0, 100);
  }
  svg << "</svg>\n";
  core::write_text_file(path, svg.str());
}

void write_predictions(const std::filesystem::path& path, model::network::PatchModel& model, const PatchSet& valid,
                       std::span<const model::network::HeadScores> heads) {
  const model::network::ModelInfo& info = model.info();
  const PresenceJudge judge(info, PresenceRule::Calibrated);
  const std::size_t step = std::max<std::size_t>(1, valid.count() / kPredictions);
  std::vector<output::SheetRow> rows;
  for (std::size_t i = 0; i < valid.count() && rows.size() < kPredictions; i += step) {
    const model::network::PatchBatch batch = valid.batch(i, 1);
    const JudgedPatches judged = judge_patches(model, judge, batch, /*all_views=*/false, heads.empty() ? heads : heads.subspan(i, 1));
    const model::network::PatchMaps& maps = judged.maps.front();
    const core::Image rgb = valid.image(i);
    output::SheetRow row{valid.name(i), {rgb, output::tinted(rgb, valid.mask(i), info.classes)}};
    for (const std::vector<float>& labels : {predicted_labels(judged.margins.front()), valid.labels(i)}) {
      core::Image classes(maps.size, maps.size, 1);
      const auto best = crf::most_probable_labels(model::network::class_probabilities(maps, labels), info.classes.count() + 1);
      std::copy(best.begin(), best.end(), classes.data());
      row.cells.push_back(output::tinted(rgb, classes, info.classes));
    }
    rows.push_back(std::move(row));
  }
  image::write_png(path,
                   output::draw_patch_sheet({"image", "truth", "labels predicted", "labels given"}, rows, info.classes, kPredictionSide));
}

void write_prototypes(const std::filesystem::path& path, model::network::PatchModel& model, const PatchSet& set,
                      const core::CancelFlag& cancel) {
  struct Response {
    float value;
    std::size_t image;
    int x, y;
  };
  const model::network::ModelInfo& info = model.info();
  const int k = info.prototypes_per_class;
  std::vector<std::vector<Response>> strongest(static_cast<std::size_t>(info.classes.count() * k));
  const std::size_t count = std::min(set.count(), kPrototypeImages);
  for (std::size_t first = 0; first < count; first += kBatch) {
    core::check(cancel);
    const auto peaks = model.prototype_peaks(set.batch(first, std::min(kBatch, count - first)));
    for (std::size_t i = 0; i < peaks.size(); ++i) {
      for (std::size_t p = 0; p < strongest.size(); ++p) {
        auto& best = strongest[p];
        const model::network::PrototypePeak& peak = peaks[i][p];
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

}  // namespace wsi_lpd::pipeline::training
