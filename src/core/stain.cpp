#include "wsi_lpd/core/stain.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {
namespace {

constexpr std::uint8_t kBlack = 30;  // not brighter in any channel: not scanned, or ink
constexpr std::size_t kFewestPixels = 1000;
constexpr double kShare = 0.01;         // α of Macenko et al.: so many pixels lie beyond each stain vector
constexpr double kNarrowestCone = 8;    // degrees between the stain vectors; noise alone gives one stain a few
constexpr double kMostNegative = -0.1;  // of a stain vector's components: stains absorb
constexpr double kSmallestDeviation = 1e-3;

double dot(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vector3 sum(double a, const Vector3& x, double b, const Vector3& y) {
  return {a * x[0] + b * y[0], a * x[1] + b * y[1], a * x[2] + b * y[2]};
}
Vector3 unit(const Vector3& v) { return sum(1 / std::sqrt(dot(v, v)), v, 0, v); }
Vector3 cross(const Vector3& a, const Vector3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
bool is_finite(const Vector3& v) { return std::isfinite(v[0]) && std::isfinite(v[1]) && std::isfinite(v[2]); }

Vector3 densities(const std::array<std::uint8_t, 3>& pixel) {
  const auto& table = optical_densities();
  return {table[pixel[0]], table[pixel[1]], table[pixel[2]]};
}

/// Value below which `share` of the values lie, between two of them linearly. Reorders them.
double percentile(std::vector<float>& values, double share) {
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = values.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), below, values.end());
  const double low = *below;
  const auto above = std::min_element(below + 1, values.end());
  return above == values.end() ? low : low + (place - std::floor(place)) * (*above - low);
}

/// Eigenvector of the smallest eigenvalue of a symmetric, positive semi-definite matrix: the power method on its inverse, by squaring.
Vector3 flattest_direction(Matrix3 matrix) {
  const double trace = matrix[0][0] + matrix[1][1] + matrix[2][2];
  for (std::size_t i = 0; i < 3; ++i) matrix[i][i] += 1e-10 * trace;
  Matrix3 power = inverse(matrix);
  for (int doubling = 0; doubling < 20; ++doubling) {
    const double scale = 1 / (power[0][0] + power[1][1] + power[2][2]);
    for (Vector3& row : power) row = sum(scale, row, 0, row);
    power = power * power;
  }
  return unit(*std::max_element(power.begin(), power.end(), [](const Vector3& a, const Vector3& b) { return dot(a, a) < dot(b, b); }));
}

void check_sound(const MacenkoStain& stain) {
  const auto& [haematoxylin, eosin] = stain.vectors;
  const double degrees = std::acos(std::min(1.0, dot(haematoxylin, eosin))) * 180 / std::numbers::pi;
  if (!is_finite(haematoxylin) || !is_finite(eosin) || !(degrees >= kNarrowestCone)) throw Error("its pixels show one stain only");
  for (const Vector3& vector : stain.vectors) {
    if (*std::min_element(vector.begin(), vector.end()) < kMostNegative) throw Error("its colours are not those of two stains");
  }
  for (const double concentration : stain.concentrations) {
    if (!std::isfinite(concentration) || concentration <= 0) throw Error("one of its two stains is nowhere");
  }
}

void check_sound(const ReinhardStain& stain) {
  if (!is_finite(stain.mean) || !is_finite(stain.deviation) ||
      *std::min_element(stain.deviation.begin(), stain.deviation.end()) < kSmallestDeviation)
    throw Error("its pixels show one colour only");
}

}  // namespace

std::string to_string(StainMethod method) {
  return method == StainMethod::None ? "none" : method == StainMethod::Macenko ? "macenko" : "reinhard";
}

StainMethod parse_stain_method(const std::string& name) {
  for (const StainMethod method : {StainMethod::None, StainMethod::Macenko, StainMethod::Reinhard}) {
    if (name == to_string(method)) return method;
  }
  throw UsageError("stain normalisation '" + name + "' is none of: none, macenko, reinhard");
}

StainNumbers numbers_from_stain(const StainStatistics& statistics) {
  const auto list = [](const auto& values) { return std::vector<double>(values.begin(), values.end()); };
  StainNumbers numbers;
  if (const auto& m = statistics.macenko) {
    numbers["macenko"] = {
        {"haematoxylin", list(m->vectors[0])}, {"eosin", list(m->vectors[1])}, {"concentrations", list(m->concentrations)}};
  }
  if (const auto& r = statistics.reinhard) numbers["reinhard"] = {{"mean", list(r->mean)}, {"deviation", list(r->deviation)}};
  return numbers;
}

StainStatistics stain_from_numbers(const StainNumbers& numbers) {
  StainStatistics statistics;
  for (const auto& entry : numbers) {  // not a structured binding: lambdas may not capture those everywhere
    const auto& method = entry.first;
    const auto& named = entry.second;
    const auto read = [&](const char* name, auto& values) {
      const auto found = named.find(name);
      if (found == named.end() || found->second.size() != values.size()) throw Error("its stain statistics lack " + method + " " + name);
      std::copy(found->second.begin(), found->second.end(), values.begin());
    };
    if (method == "macenko") {
      MacenkoStain& stain = statistics.macenko.emplace();
      read("haematoxylin", stain.vectors[0]);
      read("eosin", stain.vectors[1]);
      read("concentrations", stain.concentrations);
      with_context("its stain statistics", [&] { check_sound(stain); });
    } else if (method == "reinhard") {
      ReinhardStain& stain = statistics.reinhard.emplace();
      read("mean", stain.mean);
      read("deviation", stain.deviation);
      with_context("its stain statistics", [&] { check_sound(stain); });
    }
  }
  return statistics;
}

void StainSample::add(ImageView<const std::uint8_t> rgb, std::int64_t step) {
  const auto& density = optical_densities();
  for (std::int64_t y = 0; y < rgb.height; y += step) {
    for (std::int64_t x = 0; x < rgb.width; x += step) {
      const std::uint8_t* pixel = rgb.at(x, y);
      const float sum_of_densities = density[pixel[0]] + density[pixel[1]] + density[pixel[2]];
      if (sum_of_densities > 3 * kTissueDensity && std::max({pixel[0], pixel[1], pixel[2]}) > kBlack)
        pixels_.push_back({pixel[0], pixel[1], pixel[2]});
    }
  }
}

void StainSample::add(const StainSample& other) { pixels_.insert(pixels_.end(), other.pixels_.begin(), other.pixels_.end()); }

StainStatistics StainSample::statistics(StainMethod method) const {
  if (pixels_.size() < kFewestPixels)
    throw Error("there is too little tissue: " + std::to_string(pixels_.size()) + " pixels, " + std::to_string(kFewestPixels) +
                " are needed");
  StainStatistics statistics;
  if (method == StainMethod::Macenko) statistics.macenko = macenko();
  if (method == StainMethod::Reinhard) statistics.reinhard = reinhard();
  return statistics;
}

// The plane through no density that lies nearest to all pixels; in it the directions that all but a share of the pixels lie between.
// Angles are counted from the mean pixel, so that they never wrap.
MacenkoStain StainSample::macenko() const {
  Vector3 total{};
  Matrix3 moments{};
  for (const auto& pixel : pixels_) {
    const Vector3 density = densities(pixel);
    for (std::size_t r = 0; r < 3; ++r) {
      total[r] += density[r];
      for (std::size_t c = 0; c < 3; ++c) moments[r][c] += density[r] * density[c];
    }
  }
  const Vector3 normal = flattest_direction(moments);
  const Vector3 middle = unit(sum(1, total, -dot(total, normal), normal)), across = cross(normal, middle);
  std::vector<float> values(pixels_.size());
  const auto each = [&](auto value_of) {
    std::transform(pixels_.begin(), pixels_.end(), values.begin(),
                   [&](const auto& pixel) { return static_cast<float>(value_of(densities(pixel))); });
  };
  each([&](const Vector3& density) { return std::atan2(dot(density, across), dot(density, middle)); });
  const double low = percentile(values, kShare), high = percentile(values, 1 - kShare);
  MacenkoStain stain;
  stain.vectors = {sum(std::cos(low), middle, std::sin(low), across), sum(std::cos(high), middle, std::sin(high), across)};
  if (stain.vectors[0][0] < stain.vectors[1][0]) std::swap(stain.vectors[0], stain.vectors[1]);  // haematoxylin takes more of the red
  // Amounts by least squares: rows of the pseudo-inverse of the two vectors, which are those of unit length but not at right angles.
  const double cosine = dot(stain.vectors[0], stain.vectors[1]), sine2 = 1 - cosine * cosine;
  for (std::size_t s = 0; s < 2; ++s) {
    const Vector3 amount = sum(1 / sine2, stain.vectors[s], -cosine / sine2, stain.vectors[1 - s]);
    each([&](const Vector3& density) { return dot(density, amount); });
    stain.concentrations[s] = percentile(values, 1 - kShare);
  }
  check_sound(stain);
  return stain;
}

ReinhardStain StainSample::reinhard() const {
  const ReinhardStain stain = moments();
  check_sound(stain);
  return stain;
}

ReinhardStain StainSample::moments() const {
  Vector3 total{}, squares{};
  for (const auto& pixel : pixels_) {
    Vector3 lms = kLmsFromRgb * Vector3{(pixel[0] + 1) / 256.0, (pixel[1] + 1) / 256.0, (pixel[2] + 1) / 256.0};
    for (double& value : lms) value = std::log10(value);
    const Vector3 lab = kLabFromLog * lms;
    for (std::size_t i = 0; i < 3; ++i) {
      total[i] += lab[i];
      squares[i] += lab[i] * lab[i];
    }
  }
  const auto count = static_cast<double>(pixels_.size());
  ReinhardStain stain;
  for (std::size_t i = 0; i < 3; ++i) {
    stain.mean[i] = total[i] / count;
    stain.deviation[i] = std::sqrt(std::max(0.0, squares[i] / count - stain.mean[i] * stain.mean[i]));
  }
  return stain;
}

}  // namespace wsi_lpd::core
