#include "wsi_lpd/pipeline/review/compare.hpp"

#include <algorithm>
#include <cmath>

#include "label_rows.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

constexpr std::uint8_t kLeftOut = LabelRows::kLeftOut;
constexpr std::int64_t kSmallestPicture = 512;

core::ClassScheme classes_of(const std::optional<ResultRaster>& description, const CompareOptions& options,
                             const std::filesystem::path& result) {
  if (options.classes.empty()) {
    if (!description) throw core::UsageError(result.string() + ": does not say its classes; give --classes");
    return description->classes;
  }
  core::ClassScheme classes = description ? description->classes : core::ClassScheme{};
  if (description && options.classes.size() != classes.names.size())
    throw core::UsageError(result.string() + ": has " + std::to_string(classes.names.size()) + " classes, and --classes names " +
                           std::to_string(options.classes.size()));
  classes.names = options.classes;
  if (!description) classes.colours = core::default_class_scheme(classes.count()).colours;
  core::validate(classes);
  return classes;
}

/// The result's index at the centre of pixel `position` of the truth; -1 outside.
std::int64_t look_up(const Axis& truth, const Axis& result, std::int64_t position, std::int64_t size) {
  const double level0 = truth.offset + truth.scale * (static_cast<double>(position) + 0.5);
  const auto index = static_cast<std::int64_t>(std::floor((level0 - result.offset) / result.scale));
  return index >= 0 && index < size ? index : -1;
}

/// Keeps what the picture's pixels see at their centres.
class PictureRows {
 public:
  PictureRows(core::Size raster, std::int64_t side) : raster_(raster) {
    if (side == 0) return;
    const std::int64_t longest = std::max(raster.width, raster.height);
    // Small rasters are magnified by whole numbers, large ones made smaller.
    const double scale = longest > side ? static_cast<double>(longest) / static_cast<double>(side)
                                        : 1.0 / static_cast<double>(std::max<std::int64_t>(1, kSmallestPicture / longest));
    const auto length = [&](std::int64_t pixels) { return std::max<std::int64_t>(1, std::llround(static_cast<double>(pixels) / scale)); };
    truth = result = core::Image(length(raster.width), length(raster.height), 1, kLeftOut);
  }

  void add(std::int64_t y, std::span<const std::uint8_t> truth_row, std::span<const std::uint8_t> result_row) {
    for (; next_ < truth.height() && source(next_, truth.height(), raster_.height) <= y; ++next_) {
      for (std::int64_t x = 0; x < truth.width(); ++x) {
        const auto from = static_cast<std::size_t>(source(x, truth.width(), raster_.width));
        *truth.at(x, next_) = truth_row[from];
        *result.at(x, next_) = result_row[from];
      }
    }
  }

  core::Image truth, result;

 private:
  static std::int64_t source(std::int64_t at, std::int64_t picture, std::int64_t raster) { return (2 * at + 1) * raster / (2 * picture); }
  core::Size raster_;
  std::int64_t next_ = 0;
};

}  // namespace

void tell(const training::PaletteTally& palettes, const CompareOptions& options, core::ProgressObserver& observer) {
  palettes.tell(options.truth_values == LabelValues::Results ? "0 not tissue, 1… classes" : "0… classes, then background", observer);
}

Comparison compare_labels(const std::filesystem::path& result, const std::filesystem::path& truth, const CompareOptions& options,
                          const core::Work& work) {
  training::PaletteTally palettes;
  Comparison comparison = compare_labels(result, truth, options, palettes, work);
  tell(palettes, options, work.observer);
  return comparison;
}

Comparison compare_labels(const std::filesystem::path& result_file, const std::filesystem::path& truth_file, const CompareOptions& options,
                          training::PaletteTally& palettes, const core::Work& work) {
  const std::optional<ResultRaster> description = describe_result(result_file);
  Comparison comparison{.classes = classes_of(description, options, result_file)};
  const int classes = comparison.classes.count();
  comparison.matrix = raster::ConfusionMatrix(classes);
  LabelRows result = result_rows(result_file, description, comparison.classes);
  LabelRows truth = truth_rows(truth_file, result, description, comparison.classes, options, palettes);
  comparison.note = truth.note;
  comparison.warning = truth.warning;
  for (const std::string& line : truth.warnings) work.observer.warn(line);

  const double level0_mpp = description ? description->mpp / description->scale : 0;
  std::optional<raster::BoundaryScore> boundary;
  if (options.boundary_um > 0) {
    if (level0_mpp <= 0) throw core::Error(result_file.string() + ": does not know its um/px, which --boundary-um needs");
    boundary.emplace(classes, options.boundary_um, truth.x.scale * level0_mpp, truth.y.scale * level0_mpp);
  }
  PictureRows picture(truth.size, options.picture_side);

  std::vector<std::int64_t> column(static_cast<std::size_t>(truth.size.width));
  for (std::size_t x = 0; x < column.size(); ++x) column[x] = look_up(truth.x, result.x, static_cast<std::int64_t>(x), result.size.width);
  std::vector<std::uint8_t> result_row(static_cast<std::size_t>(result.size.width)), truth_row(column.size()), predicted(column.size());
  std::int64_t rows_read = 0;
  work.observer.begin("comparing", truth.size.height, "rows");
  for (std::int64_t y = 0; y < truth.size.height; ++y) {
    core::check(work.cancel);
    truth.read(truth_row);
    const std::int64_t wanted = look_up(truth.y, result.y, y, result.size.height);
    for (; rows_read <= wanted; ++rows_read) result.read(result_row);
    for (std::size_t x = 0; x < predicted.size(); ++x) {
      const bool inside = wanted >= 0 && column[x] >= 0;
      predicted[x] = inside ? result_row[static_cast<std::size_t>(column[x])] : kLeftOut;
      if (inside && (predicted[x] == kLeftOut || truth_row[x] == kLeftOut)) ++comparison.left_out;
    }
    comparison.matrix.add(truth_row, predicted);
    if (boundary) boundary->add_row(truth_row, predicted);
    picture.add(y, truth_row, predicted);
    work.observer.advance(y + 1);
  }
  work.observer.end();
  if (boundary) comparison.boundary = boundary->finish();
  comparison.truth = std::move(picture.truth);
  comparison.result = std::move(picture.result);
  if (!comparison.truth.empty())
    comparison.picture_mpp =
        truth.x.scale * level0_mpp * static_cast<double>(truth.size.width) / static_cast<double>(comparison.truth.width());
  return comparison;
}

}  // namespace wsi_lpd::pipeline::review
