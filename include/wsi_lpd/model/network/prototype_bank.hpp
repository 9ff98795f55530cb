#pragma once
#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

namespace wsi_lpd::model::network {

/// k-means on the unit sphere: `features` [N, D] to k unit centres [k, D], at most 100 rounds, started at features that are far from each
/// other (k-means++). Deterministic for a seed. Throws Error when N < k.
torch::Tensor cosine_kmeans(const torch::Tensor& features, std::int64_t k, std::uint64_t seed);

/// The classes whose prototypes a bank holds, in its order, from its metadata `classes` ("TUM,STR"); empty where it does not say.
std::vector<std::string> bank_classes(const std::map<std::string, std::string>& metadata);

}  // namespace wsi_lpd::model::network
