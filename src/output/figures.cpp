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
