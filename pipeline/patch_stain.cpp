#include "wsi_lpd/pipeline/patch_stain.hpp"

#include <algorithm>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::pipeline {
namespace {

constexpr std::int64_t kImages = 400;
constexpr std::int64_t kImageSide = 56;  // pixels along a side of an image that are looked at

}  // namespace

StainStatistics stain_of(const PatchSet& set, ProgressObserver& observer, const CancelFlag& cancel) {
  StainSample sample;
  const std::size_t step = std::max<std::size_t>(1, static_cast<std::size_t>(divide_up(static_cast<std::int64_t>(set.count()), kImages)));
  for (std::size_t i = 0; i < set.count(); i += step) {
    check(cancel);
    sample.add(set.image(i).view(), std::max<std::int64_t>(1, set.size() / kImageSide));
  }
  StainStatistics statistics;
  for (const StainMethod method : {StainMethod::Macenko, StainMethod::Reinhard}) {
    try {
      StainStatistics found = sample.statistics(method);
      if (found.macenko) statistics.macenko = found.macenko;
      if (found.reinhard) statistics.reinhard = found.reinhard;
    } catch (const Error& error) {
      observer.warn("no stain of the training images for --stain-normalisation " + to_string(method) + ": " + error.what());
    }
  }
  return statistics;
}

}  // namespace wsi_lpd::pipeline
