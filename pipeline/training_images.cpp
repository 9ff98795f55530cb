#include "training_images.hpp"

#include <algorithm>
#include <cstdint>

namespace wsi_lpd::pipeline {

std::string fingerprint(const std::vector<Patch>& patches) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  const auto add = [&](const void* data, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001B3U;
  };
  for (const Patch& patch : patches) {
    const std::string name = patch.image.filename().string();
    add(name.data(), name.size());
    add(patch.labels.data(), patch.labels.size() * sizeof(float));
  }
  return std::to_string(hash);
}

PatchFolder with_hold_out(PatchFolder patches, double share) {
  if (!patches.valid.empty() || share <= 0) return patches;
  const auto chosen = std::stable_partition(patches.train.begin(), patches.train.end(), [&](const Patch& patch) {
    return static_cast<double>(std::stoull(fingerprint({{patch.image, {}, {}}})) % 10'000) >= 10'000 * share;
  });
  patches.valid.assign(chosen, patches.train.end());
  patches.train.erase(chosen, patches.train.end());
  return patches;
}

void report_balance(const PatchSet& set, const ClassScheme& classes, ProgressObserver& observer) {
  std::string line = "classes:";
  for (std::size_t c = 0; c < classes.names.size(); ++c) {
    std::int64_t images = 0;
    for (std::size_t i = 0; i < set.count(); ++i) images += set.labels(i)[c] > 0.5F;
    line += (c ? ", " : " ") + classes.names[c] + " in " + std::to_string(images) + " images";
    if (images == 0) observer.warn("class " + classes.names[c] + " is in no training image: the model will never say it");
    if (images == static_cast<std::int64_t>(set.count()))
      observer.warn("class " + classes.names[c] + " is in every training image: the model can't learn what sets it apart");
  }
  observer.info(line + " of " + std::to_string(set.count()));
}

}  // namespace wsi_lpd::pipeline
