#include "wsi_lpd/crf/dense_crf.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "permutohedral_lattice.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/vector_math.hpp"
#include "wsi_lpd/crf/lattice_geometry.hpp"

namespace wsi_lpd::crf {
namespace {

constexpr std::int64_t kSide = TileGrid::kSide;

/// In place over `labels` rows of kSide pixels.
void softmax(int labels, float* logits) {
  std::array<float, kSide> largest, sum{};
  std::copy_n(logits, kSide, largest.begin());
  for (int l = 1; l < labels; ++l)
    for (std::int64_t i = 0; i < kSide; ++i) largest[i] = std::max(largest[i], logits[l * kSide + i]);
  for (int l = 0; l < labels; ++l) {
    for (std::int64_t i = 0; i < kSide; ++i) {
      logits[l * kSide + i] = core::exp_of_negative(logits[l * kSide + i] - largest[i]);
      sum[i] += logits[l * kSide + i];
    }
  }
  for (int l = 0; l < labels; ++l)
    for (std::int64_t i = 0; i < kSide; ++i) logits[l * kSide + i] /= sum[i];
}

/// Upper bounds of the features of the places.
std::array<float, 2> largest(const LatticePositions& positions, const TileGrid& grid) {
  return {positions.x(grid.width - 1), positions.y(grid.height - 1)};
}

/// Writes the features of `n` places from (x, y) to the right.
void write(const LatticePositions& positions, std::int64_t x, std::int64_t y, std::int64_t n, float* out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = positions.x(x + i);
  std::fill_n(out + kSide, n, positions.y(y));
}

class MeanField {
 public:
  MeanField(int labels, const core::ImageView<const std::uint8_t>& rgb, const DenseCrfOptions& options, ThreadTeam& team)
      : labels_(labels),
        planes_(static_cast<int>(core::divide_up(labels, 4))),
        grid_{rgb.width, rgb.height},
        options_(options),
        team_(team) {
    if (options.gaussian_weight > 0) {
      const LatticePositions positions(options.gaussian_sigma, options.origin_x, options.origin_y);
      gaussian_ = std::make_unique<PermutohedralLattice<2>>(
          grid_, largest(positions, grid_),
          [&](std::int64_t x, std::int64_t y, std::int64_t n, float* out) { write(positions, x, y, n, out); }, planes_, team);
    }
    if (options.bilateral_weight > 0) {
      const LatticePositions positions(options.bilateral_sigma_xy, options.origin_x, options.origin_y);
      const float sigma_rgb = options.bilateral_sigma_rgb, grey = 255 / sigma_rgb;
      const auto [right, bottom] = largest(positions, grid_);
      bilateral_ = std::make_unique<PermutohedralLattice<5>>(
          grid_, std::array{right, bottom, grey, grey, grey},
          [&](std::int64_t x, std::int64_t y, std::int64_t n, float* out) {
            write(positions, x, y, n, out);
            for (std::int64_t i = 0; i < n; ++i)
              for (int c = 0; c < 3; ++c) out[(2 + c) * kSide + i] = static_cast<float>(rgb.at(x + i, y)[c]) / sigma_rgb;
          },
          planes_, team);
    }
  }

  /// Unary energies [L, H, W] become Q.
  void run(float* values) {
    scratch_.resize(team_.size());
    for (int iteration = 0; iteration <= options_.iterations; ++iteration) {
      const bool first = iteration == 0, last = iteration == options_.iterations;
      team_.for_each(grid_.count(), [&](std::int64_t t, int worker) { update(t, first, last, values, scratch_[worker]); });
      if (last) break;
      if (gaussian_) gaussian_->filter(team_);
      if (bilateral_) bilateral_->filter(team_);
    }
  }

 private:
  /// Q of one tile from the messages that the kernels hold, then on to the kernels, or at last in place of the unary.
  void update(std::int64_t t, bool first, bool last, float* values, std::vector<Float4>& scratch) {
    const core::Rect tile = grid_.tile(t);
    const std::int64_t pixels = tile.width * tile.height;
    scratch.assign(planes_ * pixels, Float4{});
    if (!first && gaussian_) gaussian_->slice(t, options_.gaussian_weight, scratch.data());
    if (!first && bilateral_) bilateral_->slice(t, options_.bilateral_weight, scratch.data());

    std::vector<float> row(labels_ * kSide);
    for (std::int64_t y = 0; y < tile.height; ++y) {
      for (int l = 0; l < labels_; ++l) {
        const Float4* const messages = &scratch[l / 4 * pixels + y * tile.width];
        const float* const unary = values + (l * grid_.height + tile.y + y) * grid_.width + tile.x;
        for (std::int64_t i = 0; i < tile.width; ++i) row[l * kSide + i] = messages[i][l % 4] - unary[i];
      }
      softmax(labels_, row.data());
      for (int l = 0; l < labels_; ++l) {
        Float4* const messages = &scratch[l / 4 * pixels + y * tile.width];
        float* const q = values + (l * grid_.height + tile.y + y) * grid_.width + tile.x;
        if (last)
          std::copy_n(&row[l * kSide], tile.width, q);
        else
          for (std::int64_t i = 0; i < tile.width; ++i) messages[i][l % 4] = row[l * kSide + i];
      }
    }
    if (!last && gaussian_) gaussian_->splat(t, scratch.data());
    if (!last && bilateral_) bilateral_->splat(t, scratch.data());
  }

  int labels_;
  int planes_;  ///< of four labels
  TileGrid grid_;
  DenseCrfOptions options_;
  ThreadTeam& team_;
  std::unique_ptr<PermutohedralLattice<2>> gaussian_;
  std::unique_ptr<PermutohedralLattice<5>> bilateral_;
  std::vector<std::vector<Float4>> scratch_;  ///< [workers][planes][pixels of a tile]
};

}  // namespace

void check_dense_crf(std::size_t values, int labels, const core::ImageView<const std::uint8_t>& rgb, const DenseCrfOptions& options) {
  const auto usable = [](float x, bool zero) { return std::isfinite(x) && (x > 0 || (zero && x == 0)); };
  if (!usable(options.gaussian_weight, true) || !usable(options.bilateral_weight, true))
    throw core::UsageError("CRF: weights must be 0 or more");
  if (!usable(options.gaussian_sigma, false) || !usable(options.bilateral_sigma_xy, false) || !usable(options.bilateral_sigma_rgb, false))
    throw core::UsageError("CRF: sigmas must be more than 0");
  if (options.iterations < 0 || options.threads < 0) throw core::UsageError("CRF: iterations and threads must be 0 or more");
  if (options.origin_x < 0 || options.origin_y < 0) throw core::UsageError("CRF: the origin must be 0 or more");
  if (rgb.channels != 3) throw core::Error("CRF: the image has " + std::to_string(rgb.channels) + " channels instead of 3");
  if (labels < 1 || rgb.width < 1 || rgb.height < 1 ||
      values != static_cast<std::size_t>(labels) * static_cast<std::size_t>(rgb.width) * static_cast<std::size_t>(rgb.height))
    throw core::Error("CRF: " + std::to_string(values) + " values do not make " + std::to_string(labels) + " labels of " +
                      std::to_string(rgb.width) + " x " + std::to_string(rgb.height) + " pixels");
}

std::vector<float> dense_crf_from_unary(std::vector<float> unary, int labels, core::ImageView<const std::uint8_t> rgb,
                                        const DenseCrfOptions& options) {
  check_dense_crf(unary.size(), labels, rgb, options);
  ThreadTeam team(options.threads);
  MeanField(labels, rgb, options, team).run(unary.data());
  return unary;
}

std::vector<float> dense_crf(std::vector<float> probabilities, int labels, core::ImageView<const std::uint8_t> rgb,
                             const DenseCrfOptions& options) {
  for (float& p : probabilities) p = -std::log(std::clamp(p, kLeastProbability, 1.0F));
  return dense_crf_from_unary(std::move(probabilities), labels, rgb, options);
}

std::vector<std::uint8_t> most_probable_labels(std::span<const float> probabilities, int labels) {
  if (labels < 1 || labels > 255 || probabilities.size() % static_cast<std::size_t>(labels) != 0)
    throw core::Error(std::to_string(probabilities.size()) + " probabilities do not make " + std::to_string(labels) + " labels per pixel");
  const std::size_t pixels = probabilities.size() / static_cast<std::size_t>(labels);
  std::vector<std::uint8_t> best(pixels);
  std::vector<float> highest(probabilities.begin(), probabilities.begin() + static_cast<std::ptrdiff_t>(pixels));
  for (int l = 1; l < labels; ++l) {
    const float* const plane = probabilities.data() + l * pixels;
    for (std::size_t i = 0; i < pixels; ++i) {
      if (plane[i] > highest[i]) {
        highest[i] = plane[i];
        best[i] = static_cast<std::uint8_t>(l);
      }
    }
  }
  return best;
}

}  // namespace wsi_lpd::crf
