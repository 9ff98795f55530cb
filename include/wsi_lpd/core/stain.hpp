#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/colour_space.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::core {

enum class StainMethod {
  None,
  Macenko,  ///< Macenko et al. 2009: amounts of two stains, found in the image itself
  Reinhard  ///< Reinhard et al. 2001: mean and spread of each axis of lαβ
};
/// "none", "macenko", "reinhard"
std::string to_string(StainMethod method);
/// Throws UsageError for any other word.
StainMethod parse_stain_method(const std::string& name);

struct MacenkoStain {
  std::array<Vector3, 2> vectors{};        ///< haematoxylin, eosin: unit vectors of optical density in red, green, blue
  std::array<double, 2> concentrations{};  ///< 99th percentile of the amount of each, optical density along its vector
  bool operator==(const MacenkoStain&) const = default;
};

struct ReinhardStain {
  Vector3 mean{}, deviation{};  ///< of l, α, β
  bool operator==(const ReinhardStain&) const = default;
};

/// What is known of the stain of a slide or a set of images.
struct StainStatistics {
  std::optional<MacenkoStain> macenko;
  std::optional<ReinhardStain> reinhard;
  /// Whether the statistics that a method needs are known. `method` must not be None.
  bool has(StainMethod method) const { return method == StainMethod::Macenko ? macenko.has_value() : reinhard.has_value(); }
  bool operator==(const StainStatistics&) const = default;
};

/// β of Macenko et al.: a pixel is tissue from this optical density on. Here it is the mean density of the three channels, because pale
/// eosin hardly absorbs red.
inline constexpr double kTissueDensity = 0.15;

/// Statistics as numbers with names, for files: method → what → values.
using StainNumbers = std::map<std::string, std::map<std::string, std::vector<double>>>;
StainNumbers numbers_from_stain(const StainStatistics& statistics);
/// The reverse. Throws Error where a number is missing or impossible.
StainStatistics stain_from_numbers(const StainNumbers& numbers);

/// Tissue pixels of images whose stain is one. The statistics do not depend on how much glass the images show, nor (but for rounding) on
/// the order of the pixels. Three bytes of memory a pixel. Not thread-safe: threads fill samples of their own, which add() joins.
class StainSample {
 public:
  /// Looks at every `step`-th pixel of every `step`-th row of an RGB image, and keeps what is neither glass nor black.
  void add(ImageView<const std::uint8_t> rgb, std::int64_t step = 1);
  void add(const StainSample& other);
  std::size_t pixels() const { return pixels_.size(); }

  /// The statistics that `method` needs. Throws Error that says why they can't be had: too few pixels, one stain only, one colour only.
  StainStatistics statistics(StainMethod method) const;
  /// Mean and deviation of l, α, β, be there few pixels or of one colour; there must be one at least.
  ReinhardStain moments() const;

 private:
  MacenkoStain macenko() const;
  ReinhardStain reinhard() const;
  std::vector<std::array<std::uint8_t, 3>> pixels_;
};

}  // namespace wsi_lpd::core
