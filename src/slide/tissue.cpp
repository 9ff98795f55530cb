#include "wsi_lpd/slide/tissue.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::slide {
namespace {

// Otsu's threshold always splits, even noise on glass. Of 255:
constexpr double kContrast = 12;         // means of glass and tissue differ by at least this
constexpr double kGlassSaturation = 20;  // mean of glass: at most
constexpr double kGlassDarkness = 65;
constexpr int kBlack = 225;  // darker is not tissue: unscanned, or ink

/// Mean of the (2·radius + 1)² neighbourhood, edges repeated; the noise of scanner and JPEG must not look like colour.
Image blurred(const Image& source, std::int64_t radius) {
  const auto pass = [radius](const Image& from, bool across) {
    Image to(from.width(), from.height(), from.channels());
    const std::int64_t length = across ? from.width() : from.height();
    const auto window = static_cast<int>(2 * radius + 1);
    for (std::int64_t line = 0; line < (across ? from.height() : from.width()); ++line) {
      const auto at = [&](std::int64_t i) {
        return across ? from.at(std::clamp<std::int64_t>(i, 0, length - 1), line)
                      : from.at(line, std::clamp<std::int64_t>(i, 0, length - 1));
      };
      for (int c = 0; c < from.channels(); ++c) {
        int sum = 0;
        for (std::int64_t i = -radius; i <= radius; ++i) sum += at(i)[c];
        for (std::int64_t i = 0; i < length; ++i) {
          (across ? to.at(i, line) : to.at(line, i))[c] = static_cast<std::uint8_t>((sum + window / 2) / window);
          sum += at(i + radius + 1)[c] - at(i - radius)[c];
        }
      }
    }
    return to;
  };
  return pass(pass(source, true), false);
}

std::uint8_t saturation(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>(std::max({rgb[0], rgb[1], rgb[2]}) - std::min({rgb[0], rgb[1], rgb[2]}));
}
std::uint8_t darkness(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>(255 - (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2]) / 1000);
}

using Histogram = std::array<std::int64_t, 256>;

struct Split {
  int threshold = 0;        // values from here on are the upper class
  double separability = 0;  // variance between the classes as a share of all variance, 0…1
  double contrast = 0;      // difference of the classes' means
};

/// Otsu 1979 on the values below `end`: the threshold that maximises the variance between the two classes.
Split otsu(const Histogram& histogram, int end) {
  double total = 0, sum = 0, squares = 0;
  for (int v = 0; v < end; ++v) {
    const auto n = static_cast<double>(histogram[static_cast<std::size_t>(v)]);
    total += n;
    sum += n * v;
    squares += n * v * v;
  }
  const double scatter = total > 0 ? squares - sum * sum / total : 0;  // variance times total
  Split best;
  double below = 0, below_sum = 0;
  for (int v = 0; v + 1 < end; ++v) {
    below += static_cast<double>(histogram[static_cast<std::size_t>(v)]);
    below_sum += static_cast<double>(histogram[static_cast<std::size_t>(v)]) * v;
    if (below == 0 || below == total) continue;
    const double difference = (sum - below_sum) / (total - below) - below_sum / below;
    const double between = below * (1 - below / total) * difference * difference;
    if (scatter > 0 && between / scatter > best.separability) best = {v + 1, between / scatter, difference};
  }
  return best;
}

/// Values of a feature, pixel by pixel.
template <class Feature>
Image map(const Image& rgb, Feature feature) {
  Image values(rgb.width(), rgb.height(), 1);
  const std::uint8_t* pixel = rgb.data();
  for (std::size_t i = 0; i < values.bytes(); ++i, pixel += 3) values.data()[i] = feature(pixel);
  return values;
}

/// 1 for tissue, before specks and holes are removed.
Image raw_tissue(const Image& rgb) {
  const Image saturations = map(rgb, saturation), darknesses = map(rgb, darkness);
  const auto histogram_of = [&](const Image& values) {
    Histogram histogram{};
    for (std::size_t i = 0; i < values.bytes(); ++i) histogram[values.data()[i]] += darknesses.data()[i] < kBlack;
    return histogram;
  };
  const Histogram by_saturation = histogram_of(saturations), by_darkness = histogram_of(darknesses);
  const bool use_darkness = otsu(by_darkness, 256).separability > otsu(by_saturation, 256).separability;
  const Histogram& histogram = use_darkness ? by_darkness : by_saturation;
  int threshold = 256;
  for (Split split = otsu(histogram, threshold); split.contrast >= kContrast; split = otsu(histogram, threshold))
    threshold = split.threshold;

  const Image& values = use_darkness ? darknesses : saturations;
  double below = 0, saturation_sum = 0, darkness_sum = 0;
  for (std::size_t i = 0; i < values.bytes(); ++i) {
    if (values.data()[i] >= threshold || darknesses.data()[i] >= kBlack) continue;
    ++below;
    saturation_sum += saturations.data()[i];
    darkness_sum += darknesses.data()[i];
  }
  const bool glass = saturation_sum <= kGlassSaturation * below && darkness_sum <= kGlassDarkness * below;
  Image tissue(rgb.width(), rgb.height(), 1);
  for (std::size_t i = 0; i < values.bytes(); ++i) {
    tissue.data()[i] = darknesses.data()[i] < kBlack && (!glass || values.data()[i] >= threshold);
  }
  return tissue;
}

/// Flips 4-connected islands of `value` that have fewer than `smallest` pixels.
void remove_small(Image& mask, std::uint8_t value, std::int64_t smallest) {
  std::vector<std::uint8_t> seen(mask.bytes());
  std::vector<std::int64_t> island;
  const std::int64_t width = mask.width();
  for (std::int64_t start = 0; start < static_cast<std::int64_t>(mask.bytes()); ++start) {
    if (seen[static_cast<std::size_t>(start)] || mask.data()[start] != value) continue;
    island.assign(1, start);
    seen[static_cast<std::size_t>(start)] = 1;
    for (std::size_t next = 0; next < island.size(); ++next) {
      const std::int64_t at = island[next];
      const auto visit = [&](bool exists, std::int64_t neighbour) {
        if (!exists || seen[static_cast<std::size_t>(neighbour)] || mask.data()[neighbour] != value) return;
        seen[static_cast<std::size_t>(neighbour)] = 1;
        island.push_back(neighbour);
      };
      visit(at % width > 0, at - 1);
      visit(at % width < width - 1, at + 1);
      visit(at >= width, at - width);
      visit(at + width < static_cast<std::int64_t>(mask.bytes()), at + width);
    }
    if (static_cast<std::int64_t>(island.size()) >= smallest) continue;
    for (const std::int64_t at : island) mask.data()[at] = value ? 0 : 1;
  }
}

}  // namespace

TissueMask find_tissue(const Reader& reader, const TissueOptions& options) {
  const Properties& properties = reader.properties();
  std::vector<Rect> unreadable;
  const Image picture = thumbnail(reader, options.longest, &unreadable);
  const double mpp = properties.mpp.value_or(0) * static_cast<double>(properties.bounds.width) / static_cast<double>(picture.width());
  return find_tissue(picture, properties.bounds, mpp, options, unreadable);
}

TissueMask find_tissue(const Image& rgb, const Rect& area, double mpp, const TissueOptions& options, const std::vector<Rect>& unreadable) {
  TissueMask tissue{raw_tissue(blurred(rgb, std::max<std::int64_t>(2, std::max(rgb.width(), rgb.height()) / 1000))), area};
  const auto pixels = [&](double mm2) {
    const double wanted = mpp > 0 ? mm2 * 1e6 / (mpp * mpp) : static_cast<double>(tissue.mask.bytes()) / 20000;
    return static_cast<std::int64_t>(std::clamp(wanted, 1.0, 1e15));
  };
  remove_small(tissue.mask, 0, pixels(options.largest_hole_mm2));
  remove_small(tissue.mask, 1, pixels(options.smallest_mm2));
  for (const Rect& part : unreadable) {
    for (std::int64_t y = part.y; y < part.bottom(); ++y) std::fill_n(tissue.mask.at(part.x, y), part.width, std::uint8_t{1});
  }
  return tissue;
}

TissueMask tissue_from_image(const Image& mask, const Properties& slide) {
  const double mask_ratio = static_cast<double>(mask.width()) / static_cast<double>(mask.height());
  const Size& level0 = slide.levels.front().size;
  for (const Rect& area : {Rect{0, 0, level0.width, level0.height}, slide.bounds}) {
    const double ratio = static_cast<double>(area.width) / static_cast<double>(area.height);
    if (std::abs(mask_ratio / ratio - 1) <= 0.02) return {mask, area};
  }
  throw Error(slide.path.string() + ": the tissue mask is " + std::to_string(mask.width()) + " x " + std::to_string(mask.height()) +
              " pixels, another shape than the slide's " + std::to_string(level0.width) + " x " + std::to_string(level0.height));
}

}  // namespace wsi_lpd::slide
