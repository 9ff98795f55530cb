#include "wsi_lpd/model/network/prototype_bank.hpp"

#include <random>
#include <sstream>
#include <string>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::network {

namespace F = torch::nn::functional;
using torch::Tensor;

namespace {

constexpr int kRounds = 100;

Tensor unit(const Tensor& rows) { return F::normalize(rows, F::NormalizeFuncOptions().dim(1)); }

/// Each next centre is drawn with a probability that grows with the distance to those there are (Arthur & Vassilvitskii 2007).
Tensor first_centres(const Tensor& points, std::int64_t k, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Tensor chosen = points.narrow(0, static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(points.size(0))), 1);
  while (chosen.size(0) < k) {
    const Tensor distance = (1 - points.matmul(chosen.t()).amax(1)).clamp_min(0).to(torch::kDouble);
    const Tensor sums = distance.cumsum(0);
    const double target = std::uniform_real_distribution<>(0, std::max(sums[-1].item<double>(), 1e-300))(random);
    const auto next = std::min((sums <= target).sum().item<std::int64_t>(), points.size(0) - 1);
    chosen = torch::cat({chosen, points.narrow(0, next, 1)});
  }
  return chosen;
}

}  // namespace

Tensor cosine_kmeans(const Tensor& features, std::int64_t k, std::uint64_t seed) {
  if (features.size(0) < k)
    throw core::Error(std::to_string(features.size(0)) + " images are too few for " + std::to_string(k) + " prototypes");
  const Tensor points = unit(features);
  Tensor centres = first_centres(points, k, seed), before;
  for (int round = 0; round < kRounds; ++round) {
    const Tensor nearest = points.matmul(centres.t()).argmax(1);
    if (before.defined() && torch::equal(nearest, before)) break;
    before = nearest;
    const Tensor sums = torch::zeros_like(centres).index_add_(0, nearest, points);
    const Tensor empty = (nearest.bincount({}, k) == 0).unsqueeze(1);
    centres = torch::where(empty, centres, unit(sums));  // a centre that nobody is near to stays
  }
  return centres;
}

std::vector<std::string> bank_classes(const std::map<std::string, std::string>& metadata) {
  std::vector<std::string> classes;
  const auto found = metadata.find("classes");
  if (found == metadata.end() || metadata.contains("format")) return classes;  // a model of ours, whose metadata are JSON
  std::istringstream stream(found->second);
  for (std::string name; std::getline(stream, name, ',');) classes.push_back(name);
  return classes;
}

}  // namespace wsi_lpd::model::network
