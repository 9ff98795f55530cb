#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wanted_tensor.hpp"
#include "wsi_lpd/model/encoders/vision_transformer.hpp"
#include "wsi_lpd/model/weights/checkpoint.hpp"

namespace wsi_lpd::model::imports {

/// A recognised file of a vision transformer or a ResNet50.
struct FrozenLayout {
  std::string architecture;                                       ///< encoders::kVisionTransformer or kResNet50
  std::string source;                                             ///< for the report: "timm vision transformer", …
  std::optional<encoders::VisionTransformerShape> transformer{};  ///< rows and columns from the number of positions
  std::int64_t prefix_positions = 0;                              ///< the file's positions that belong to class token and registers
  bool antialias = true;                                          ///< how its program interpolates positions
  double epsilon = 1e-6;                                          ///< of its program's layer norms
  std::vector<WantedTensor> wanted{};
  std::vector<std::string> ignored{};  ///< prefixes of the names that are ignored by rule
};

/// Recognises timm's, DINOv2's and Hugging Face's vision transformers and torchvision's and timm's ResNet50 by their names; nothing for any
/// other file. `names` are plain_names(). Throws Error: the position embeddings are no square of patches.
std::optional<FrozenLayout> recognise_frozen(const weights::TensorFile& file, const std::map<std::string, std::string>& names);

/// Turns the tensors that were taken from a file into this program's layout: the positions of class token and registers are added into
/// these, the others become [1, rows, columns, D].
void finish_tensors(const FrozenLayout& layout, std::map<std::string, torch::Tensor>& tensors);

}  // namespace wsi_lpd::model::imports
