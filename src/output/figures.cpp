#include "figures.hpp"

#include <algorithm>

namespace wsi_lpd::output {
namespace {

std::optional<std::int64_t> pixels_of(const SlideStatistics& statistics, const std::string& name) {
  const auto& names = statistics.classes.names;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return {};
  return statistics.per_class.at(static_cast<std::size_t>(found - names.begin())).pixels;
}

}  // namespace

std::optional<double> square_millimetres(const SlideStatistics& statistics, std::int64_t pixels) {
  if (statistics.frame.mpp <= 0) return {};
  return static_cast<double>(pixels) * statistics.frame.mpp * statistics.frame.mpp * 1e-6;
}

std::optional<double> millimetres(const SlideStatistics& statistics, double pixels) {
  if (statistics.frame.mpp <= 0) return {};
  return pixels * statistics.frame.mpp * 1e-3;
}

std::optional<double> share_of_classes(const SlideStatistics& statistics, std::size_t c) {
  std::int64_t all = 0;
  for (const ClassStatistics& figures : statistics.per_class) all += figures.pixels;
  return ratio(statistics.per_class[c].pixels, all);
}

std::optional<double> interface_millimetres(const SlideStatistics& statistics, const std::string& first, const std::string& second) {
  const auto& names = statistics.classes.names;
  for (const raster::Interface& border : statistics.interfaces) {
    const std::string &a = names.at(border.first), &b = names.at(border.second);
    if ((a == first && b == second) || (a == second && b == first)) return millimetres(statistics, border.length);
  }
  return {};
}

std::string interface_column(const std::string& first, const std::string& second) { return first + "_" + second + "_interface_mm"; }

std::optional<double> ratio(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return {};
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::optional<double> tumour_stroma_ratio(const SlideStatistics& statistics) {
  const auto tumour = pixels_of(statistics, "TUM"), stroma = pixels_of(statistics, "STR");
  return tumour && stroma ? ratio(*tumour, *stroma) : std::nullopt;
}

std::optional<double> til_fraction(const SlideStatistics& statistics) {
  const auto lymphocytes = pixels_of(statistics, "LYM"), stroma = pixels_of(statistics, "STR");
  return lymphocytes && stroma ? ratio(*lymphocytes, *lymphocytes + *stroma) : std::nullopt;
}

}  // namespace wsi_lpd::output
