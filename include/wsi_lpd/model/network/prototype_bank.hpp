#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

namespace wsi_lpd::model::network {

/// k-means with cosine distance: `features` [N, D] to k unit centres [k, D], at most 100 rounds, initialised with k-means++ (Arthur &
/// Vassilvitskii 2007). Deterministic for a seed. Thread-safe. Throws Error when N < k.
torch::Tensor cosine_kmeans(const torch::Tensor& features, std::int64_t k, std::uint64_t seed);

/// The classes of a bank's prototypes, in the bank's order, from its metadata `classes` ("TUM,STR"); empty if there is no such key.
/// Thread-safe.
std::vector<std::string> bank_classes(const std::map<std::string, std::string>& metadata);

}  // namespace wsi_lpd::model::network
