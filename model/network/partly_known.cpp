#include "partly_known.hpp"

#include <algorithm>
#include <cmath>

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

/// Share of pixels of each class and the background [C + 1, h, w] in the cells of one image, `classes_of` bytes [S, S].
Tensor pixels_in_cells(const Tensor& classes_of, int classes, std::int64_t height, std::int64_t width) {
  std::vector<Tensor> counts;
  for (int c = 0; c <= classes; ++c) counts.push_back((classes_of == c).to(torch::kFloat));
  return torch::adaptive_avg_pool2d(torch::stack(counts).unsqueeze(0), {height, width}).squeeze(0);
}

}  // namespace

void PartlyKnown::add(const Tensor& maps, const PatchBatch& batch, const std::vector<std::string>& groups) {
  auto* bytes = const_cast<std::uint8_t*>(batch.pixels.data());  // only read
  const Tensor pixels = torch::from_blob(bytes, {batch.count, batch.size, batch.size}, torch::kByte);
  const bool has_places = maps.size(2) > 1 || maps.size(3) > 1;
  for (std::int64_t b = 0; b < batch.count; ++b) {
    const auto keep = [&](const Tensor& feature, const Tensor& labels) {
      features_.push_back(feature);
      labels_.push_back(labels);
      groups_.push_back(groups[static_cast<std::size_t>(b)]);
    };
    const auto first = batch.presence.begin() + b * classes_;
    const std::vector<float> presence(first, first + classes_);
    if (std::ranges::any_of(presence, [](float value) { return !std::isnan(value); })) keep(maps[b].mean({1, 2}), torch::tensor(presence));
    if (!has_places) continue;
    const Tensor counts = pixels_in_cells(pixels[b], classes_, maps.size(2), maps.size(3));
    const auto [most, winner] = counts.max(0);
    for (int c = 0; c <= classes_; ++c) {
      const Tensor cells = (winner == c).logical_and(most > 0).flatten().nonzero().flatten();
      if (cells.numel() == 0) continue;
      Tensor labels = torch::zeros({classes_});
      if (c < classes_) labels[c] = 1;
      keep(maps[b].flatten(1).index_select(1, cells).mean(1), labels);
    }
  }
}

ExtraFeatures PartlyKnown::features() && {
  if (features_.empty()) return {};
  return {torch::stack(features_), torch::stack(labels_), std::move(groups_)};
}

}  // namespace wsi_lpd::model::network
