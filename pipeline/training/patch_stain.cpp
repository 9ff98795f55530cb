#include "wsi_lpd/pipeline/training/patch_stain.hpp"

#include <algorithm>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/network/fit_stain.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

constexpr std::int64_t kImages = 400, kImagesOfFit = 4000;
constexpr std::int64_t kImageSide = 56;  // pixels along a side of an image that are looked at

/// Every how many-th image of the set is looked at, so that they are at most `images`.
std::size_t step_for(const PatchSet& set, std::int64_t images) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(core::divide_up(static_cast<std::int64_t>(set.count()), images)));
}

}  // namespace

core::StainStatistics stain_of(const PatchSet& set, const core::Work& work) {
  core::StainSample sample;
  const std::size_t step = step_for(set, kImages);
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

std::optional<core::StainFit> stain_fit_of(const PatchSet& set, const core::Work& work) {
  std::vector<core::StainVector> stains;
  std::vector<std::string> groups;
  for (std::size_t i = 0, step = step_for(set, kImagesOfFit); i < set.count(); i += step) {
    core::check(work.cancel);
    if (const auto stain = core::stain_vector(set.image(i).view())) {
      stains.push_back(*stain);
      groups.push_back(set.group(i));
    }
  }
  auto fit = model::network::fit_stain(stains, groups);
  if (!fit)
    work.observer.info("the model will not tell how unlike its training a slide's stain is: " + std::to_string(stains.size()) +
                       " images show tissue; images of different colours, of two patients or more, are needed");
  return fit;
}

}  // namespace wsi_lpd::pipeline::training
