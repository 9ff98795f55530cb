#include "wsi_lpd/pipeline/training/patch_stain.hpp"

#include <algorithm>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

constexpr std::int64_t kImages = 400;
constexpr std::int64_t kImageSide = 56;  // pixels along a side of an image that are looked at

}  // namespace

core::StainStatistics stain_of(const PatchSet& set, const core::Work& work) {
  core::StainSample sample;
  const std::size_t step =
      std::max<std::size_t>(1, static_cast<std::size_t>(core::divide_up(static_cast<std::int64_t>(set.count()), kImages)));
  for (std::size_t i = 0; i < set.count(); i += step) {
    core::check(work.cancel);
    sample.add(set.image(i).view(), std::max<std::int64_t>(1, set.size() / kImageSide));
  }
  core::StainStatistics statistics;
  for (const core::StainMethod method : {core::StainMethod::Macenko, core::StainMethod::Reinhard}) {
    try {
      core::StainStatistics found = sample.statistics(method);
      if (found.macenko) statistics.macenko = found.macenko;
      if (found.reinhard) statistics.reinhard = found.reinhard;
    } catch (const core::Error& error) {
      work.observer.warn("no stain of the training images for --stain-normalisation " + core::to_string(method) + ": " + error.what());
    }
  }
  return statistics;
}

}  // namespace wsi_lpd::pipeline::training
