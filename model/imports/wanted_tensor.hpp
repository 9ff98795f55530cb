#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace wsi_lpd::model::imports {

/// A tensor of this program's network and its sources in a foreign file. Several sources are concatenated along the first axis.
struct WantedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<std::string> sources;
  bool optional = false;
};

}  // namespace wsi_lpd::model::imports
