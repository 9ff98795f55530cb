#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::crf {

/// Options of the CRF. The Gaussian kernel is exp(−½‖Δ‖²) of positions divided by their sigma, the bilateral kernel that of positions and
/// colours divided by theirs. A weight of 0 leaves a kernel out.
struct DenseCrfOptions {
  float gaussian_sigma = 15;       ///< pixels
  float gaussian_weight = 30;      ///< ≥ 0
  float bilateral_sigma_xy = 10;   ///< pixels
  float bilateral_sigma_rgb = 20;  ///< grey levels of 0…255
  float bilateral_weight = 50;     ///< ≥ 0
  int iterations = 5;              ///< mean-field rounds; 0 gives softmax(−unary)
  int threads = 0;                 ///< started for the call; 0: all cores; the result is bit-identical for any number
  std::int64_t origin_x = 0;       ///< pixels, ≥ 0: the image's position in a larger picture; the lattice is aligned with that picture
  std::int64_t origin_y = 0;
};

/// Probabilities below count as this one.
constexpr float kLeastProbability = 1e-5F;

/// Mean-field inference in a fully connected CRF with Potts compatibility (Krähenbühl & Koltun 2011): starting from softmax(−unary), Q ←
/// softmax(−unary + Σ w·K̃Q), K̃ = D^-½ K D^-½ with D the row sums of K. K is applied through the permutohedral lattice (Adams et al.
/// 2010), so the sum is an approximation.
///
/// `probabilities` [L, H, W] of 0…1 are clipped to [kLeastProbability, 1]; unary = −log(probability). `rgb` [H, W, 3]; the order of the
/// channels changes only how the lattice rounds. Returns Q [L, H, W]. Throws Error when the sizes do not match, UsageError for invalid
/// options. Thread-safe. Memory: 64 bytes a pixel beside the probabilities, which are moved in, and about 100 bytes for every distinct
/// lattice point; with four labels and stained tissue 150 bytes a pixel in all.
std::vector<float> dense_crf(std::vector<float> probabilities, int labels, core::ImageView<const std::uint8_t> rgb,
                             const DenseCrfOptions& options = {});
/// The same from unary energies [L, H, W] of any scale, which are moved in and returned as Q.
std::vector<float> dense_crf_from_unary(std::vector<float> unary, int labels, core::ImageView<const std::uint8_t> rgb,
                                        const DenseCrfOptions& options = {});

/// Throws Error and UsageError as dense_crf() does for such arguments; looks at no pixel. Thread-safe.
void check_dense_crf(std::size_t values, int labels, const core::ImageView<const std::uint8_t>& rgb, const DenseCrfOptions& options);

/// The most probable of up to 255 labels for each pixel, [H, W] from [L, H, W]; the lower label wins a tie. Thread-safe. Throws Error when
/// L does not divide the size, or is not 1…255.
std::vector<std::uint8_t> most_probable_labels(std::span<const float> probabilities, int labels);

}  // namespace wsi_lpd::crf
