// The lattice alone: against exact Gaussian sums, and by what any such filter must do.
#include "permutohedral_lattice.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::crf {
namespace {

template <int D>
using Features = std::vector<std::array<float, D>>;  ///< [pixels], row by row
using Values = std::vector<double>;                  ///< [pixels], row by row

template <int D>
class Filter {
 public:
  Filter(const TileGrid& grid, const Features<D>& features, int planes = 1)
      : grid_(grid), planes_(planes), team_(2), lattice_(grid, largest(features), rows(grid, features), planes, team_) {}

  /// Filters 4 · planes images at once.
  std::vector<Values> operator()(const std::vector<Values>& images) {
    for (std::int64_t t = 0; t < grid_.count(); ++t) {
      std::vector<Float4> tile;
      for (int plane = 0; plane < planes_; ++plane) each_pixel(t, [&](std::size_t pixel) { tile.push_back(at(images, plane, pixel)); });
      lattice_.splat(t, tile.data());
    }
    lattice_.filter(team_);
    std::vector<Values> filtered(images.size(), Values(images[0].size()));
    for (std::int64_t t = 0; t < grid_.count(); ++t) {
      const core::Rect rect = grid_.tile(t);
      std::vector<Float4> sums(static_cast<std::size_t>(planes_ * rect.width * rect.height));
      lattice_.slice(t, 1, sums.data());
      const Float4* sum = sums.data();
      for (std::size_t plane = 0; plane < static_cast<std::size_t>(planes_); ++plane)
        each_pixel(t, [&](std::size_t pixel) {
          for (std::size_t c = 0; c < 4 && 4 * plane + c < images.size(); ++c) filtered[4 * plane + c][pixel] = (*sum)[c];
          ++sum;
        });
    }
    return filtered;
  }
  Values operator()(const Values& image) { return (*this)(std::vector<Values>{image})[0]; }

 private:
  static std::array<float, D> largest(const Features<D>& features) {
    std::array<float, D> most{};
    for (const auto& feature : features)
      for (std::size_t d = 0; d < D; ++d) most[d] = std::max(most[d], feature[d]);
    return most;
  }
  static typename PermutohedralLattice<D>::RowFeatures rows(const TileGrid& grid, const Features<D>& features) {
    return [width = grid.width, &features](std::int64_t x, std::int64_t y, std::int64_t count, float* out) {
      for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t d = 0; d < D; ++d)
          out[d * TileGrid::kSide + i] = features[static_cast<std::size_t>(y * width + x + i)][static_cast<std::size_t>(d)];
    };
  }
  template <class Work>
  void each_pixel(std::int64_t t, const Work& work) const {
    const core::Rect rect = grid_.tile(t);
    for (std::int64_t y = rect.y; y < rect.bottom(); ++y)
      for (std::int64_t x = rect.x; x < rect.right(); ++x) work(static_cast<std::size_t>(y * grid_.width + x));
  }
  static Float4 at(const std::vector<Values>& images, int plane, std::size_t pixel) {
    Float4 values{};
    for (std::size_t c = 0; c < 4; ++c) {
      const std::size_t image = 4 * static_cast<std::size_t>(plane) + c;
      values[c] = image < images.size() ? static_cast<float>(images[image][pixel]) : 0;
    }
    return values;
  }

  TileGrid grid_;
  int planes_;
  ThreadTeam team_;
  PermutohedralLattice<D> lattice_;
};

/// exp(−½‖Δ‖²) summed over all pixels, divided by the roots of the row sums on both sides.
template <int D>
Values exact_sums(const Features<D>& features, const Values& image) {
  const std::size_t n = image.size();
  std::vector<Values> kernel(n, Values(n));
  Values root(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double square = 0;
      for (std::size_t d = 0; d < D; ++d) {
        const double delta = static_cast<double>(features[i][d]) - static_cast<double>(features[j][d]);
        square += delta * delta;
      }
      kernel[i][j] = std::exp(-square / 2);
      root[i] += kernel[i][j];
    }
  }
  for (double& sum : root) sum = std::sqrt(sum);
  Values sums(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) sums[i] += kernel[i][j] * image[j] / (root[i] * root[j]);
  return sums;
}

std::mt19937& random_bits() {
  static std::mt19937 bits(7);
  return bits;
}
double uniform(double low, double high) { return std::uniform_real_distribution(low, high)(random_bits()); }
std::int64_t random_side(std::int64_t most) { return std::uniform_int_distribution<std::int64_t>(1, most)(random_bits()); }

Values random_image(const TileGrid& grid) {
  Values image(static_cast<std::size_t>(grid.width * grid.height));
  for (double& value : image) value = uniform(0, 1);
  return image;
}

/// Positions divided by a sigma, and for D = 5 a colour with soft edges and noise, divided by another.
template <int D>
Features<D> image_features(const TileGrid& grid, double sigma) {
  Features<D> features;
  const double wave = uniform(5, 20);
  for (std::int64_t y = 0; y < grid.height; ++y) {
    for (std::int64_t x = 0; x < grid.width; ++x) {
      auto& feature = features.emplace_back();
      feature[0] = static_cast<float>(static_cast<double>(x) / sigma);
      feature[1] = static_cast<float>(static_cast<double>(y) / sigma);
      for (std::size_t d = 2; d < D; ++d)
        feature[d] = static_cast<float>(3 + 2 * std::sin(static_cast<double>(x + y) / wave + static_cast<double>(d)) + uniform(0, 0.3));
    }
  }
  return features;
}

double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Root mean square and largest difference.
std::pair<double, double> difference(const Values& a, const Values& b) {
  double squares = 0, most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    squares += (a[i] - b[i]) * (a[i] - b[i]);
    most = std::max(most, std::abs(a[i] - b[i]));
  }
  return {std::sqrt(squares / static_cast<double>(a.size())), most};
}

/// Squares of `side` pixels, dark and bright in turn, with noise: a kernel of another width would blur them more or less.
Values chequered_image(const TileGrid& grid, double side) {
  Values image = random_image(grid);
  for (std::size_t i = 0; i < image.size(); ++i) {
    const auto x = static_cast<double>(i % static_cast<std::size_t>(grid.width)),
               y = std::floor(static_cast<double>(i) / static_cast<double>(grid.width));
    const bool bright = (static_cast<int>(x / side) + static_cast<int>(y / side)) % 2 == 1;
    image[i] = (bright ? 0.8 : 0) + 0.2 * image[i];
  }
  return image;
}

/// Of images of 0 to 1: the root mean square of the differences, and the largest of them.
template <int D>
void expect_near_exact_sums(double typical, double largest) {
  for (int round = 0; round < 12; ++round) {
    const TileGrid grid{19 + random_side(60), 9 + random_side(12)};
    const double sigma = uniform(2, 5);
    const Features<D> features = image_features<D>(grid, sigma);
    const Values image = chequered_image(grid, 2.5 * sigma);
    const auto [mean, most] = difference(Filter<D>(grid, features)(image), exact_sums<D>(features, image));
    EXPECT_LE(mean, typical) << grid.width << "x" << grid.height;
    EXPECT_LE(most, largest) << grid.width << "x" << grid.height;
  }
}

TEST(PermutohedralLattice, NearExactSumsInTwoDimensions) { expect_near_exact_sums<2>(0.02, 0.06); }
TEST(PermutohedralLattice, NearExactSumsInFiveDimensions) { expect_near_exact_sums<5>(0.03, 0.13); }

/// Where all features are equal, the kernel is 1 everywhere: each pixel becomes the mean, also across tiles.
TEST(PermutohedralLattice, EqualFeaturesGiveTheMean) {
  for (int round = 0; round < 10; ++round) {
    const TileGrid grid{random_side(150), random_side(150)};
    const Values image = random_image(grid);
    const auto count = static_cast<double>(image.size());
    const std::array<float, 5> feature{1.5F, static_cast<float>(uniform(0, 9)), 0, 7, 2.25F};
    const Values filtered = Filter<5>(grid, Features<5>(image.size(), feature))(image);
    const double mean = dot(image, Values(image.size(), 1)) / count;
    for (const double value : filtered) ASSERT_NEAR(value, mean, 2e-5) << grid.width << "x" << grid.height;
  }
}

/// Pixels of features that are far apart have nothing to do with each other.
TEST(PermutohedralLattice, FarFeaturesAreSeparate) {
  const TileGrid grid{100, 70};
  Values image = random_image(grid);
  Features<5> features(image.size());
  std::array<double, 4> sum{}, count{};
  for (std::size_t i = 0; i < image.size(); ++i) {
    const std::size_t group = random_bits()() % 4;
    features[i] = {0, 0, group % 2 == 0 ? 0.0F : 100.0F, group < 2 ? 3.0F : 60.0F, 0};
    sum[group] += image[i];
    ++count[group];
  }
  const Values filtered = Filter<5>(grid, features)(image);
  for (std::size_t i = 0; i < image.size(); ++i) {
    const std::size_t group = (features[i][2] == 0 ? 0U : 1U) + (features[i][3] == 3.0F ? 0U : 2U);
    ASSERT_NEAR(filtered[i], sum[group] / count[group], 2e-5) << i;
  }
}

TEST(PermutohedralLattice, IsLinearAndKeepsPlanesApart) {
  for (int round = 0; round < 5; ++round) {
    const TileGrid grid{random_side(130), random_side(130)};
    const Features<5> features = image_features<5>(grid, 4);
    std::vector<Values> images(7);
    for (std::size_t i = 0; i < 6; ++i) images[i] = random_image(grid);
    for (std::size_t i = 0; i < images[0].size(); ++i) images[6].push_back(2 * images[0][i] - 3 * images[5][i]);
    const std::vector<Values> filtered = Filter<5>(grid, features, 2)(images);
    for (std::size_t i = 0; i < images[0].size(); ++i)
      ASSERT_NEAR(filtered[6][i], 2 * filtered[0][i] - 3 * filtered[5][i], 2e-5) << grid.width << "x" << grid.height;
    EXPECT_EQ(Filter<5>(grid, features)(images[5]), filtered[5]) << "an image has the same result alone";
  }
}

/// What a pixel at the edge gives to the inside, where there are more neighbours, it gets back. In five dimensions not
/// quite: the blurs of different directions change places only where all their lattice points exist.
TEST(PermutohedralLattice, IsSymmetric) {
  for (int round = 0; round < 10; ++round) {
    const TileGrid grid{19 + random_side(100), 19 + random_side(100)};
    Values edge = random_image(grid), inside = random_image(grid);
    for (std::size_t i = 0; i < edge.size(); ++i) (i % static_cast<std::size_t>(grid.width) < 3 ? inside : edge)[i] = 0;
    const double sigma = uniform(3, 10);
    Filter<2> two(grid, image_features<2>(grid, sigma));
    Filter<5> five(grid, image_features<5>(grid, sigma));
    EXPECT_NEAR(dot(two(edge), inside) / dot(edge, two(inside)), 1, 5e-3);
    EXPECT_NEAR(dot(five(edge), inside) / dot(edge, five(inside)), 1, 0.1);
  }
}

TEST(PermutohedralLattice, RefusesFeaturesBeyondItsKeys) {
  const TileGrid grid{2, 1};
  EXPECT_THROW(Filter<5>(grid, {{0, 0, 0, 0, 0}, {3000, 0, 0, 0, 0}}), core::UsageError);
  EXPECT_NO_THROW(Filter<5>(grid, {{0, 0, 0, 0, 0}, {2000, 0, 0, 0, 0}}));
}

}  // namespace
}  // namespace wsi_lpd::crf
