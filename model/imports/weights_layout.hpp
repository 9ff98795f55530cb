#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "frozen_layout.hpp"
#include "wanted_tensor.hpp"
#include "wsi_lpd/model/weights/checkpoint.hpp"

namespace wsi_lpd::model::imports {

/// WeightsLayout::source of a file that import_weights wrote.
inline constexpr const char* kOwnEncoder = "encoder of wsi-lpd";
inline constexpr const char* kOwnFrozenEncoder = "frozen encoder of wsi-lpd";

/// A recognised layout of a foreign file.
struct WeightsLayout {
  enum class Kind { Model, Encoder, FrozenEncoder };
  Kind kind = Kind::Encoder;
  std::string source;                    ///< for the report: "LPD checkpoint", …
  std::string encoder;                   ///< "mit_b0" … "mit_b5", "swin_t", "vision_transformer", "resnet50"
  bool bgr = false;                      ///< the first convolution expects BGR, because the training code reads images with OpenCV
  std::string encoder_prefix;            ///< prefix of the names of the encoder's tensors in the file
  std::vector<std::string> ignored;      ///< prefixes of the names that are ignored by rule
  std::optional<FrozenLayout> frozen{};  ///< a frozen encoder other than Swin-T
};

/// Maps plain names to the names in a file. A plain name has no prefix of data parallelism, wrappers or enclosing dictionaries ("module.",
/// "model.", …). Of a file with a teacher and a student (DINO) the teacher's are taken. Throws Error when two names become equal.
std::map<std::string, std::string> plain_names(const weights::TensorFile& file);

/// Recognises a layout by names and the shapes of a few tensors. Throws Error: unknown layout.
WeightsLayout recognise(const weights::TensorFile& file, const std::map<std::string, std::string>& names);

/// The wanted tensors with their sources in a file of `layout`. `parameters` are the network's or encoder's own shapes by name.
std::vector<WantedTensor> wanted_tensors(const WeightsLayout& layout, const std::map<std::string, std::vector<std::int64_t>>& parameters);

/// Shapes of the mix transformer ("encoder.…") or, for a model with `prototypes` prototypes, of the whole LPD network.
std::map<std::string, std::vector<std::int64_t>> parameter_shapes(const WeightsLayout& layout, std::int64_t prototypes);

/// What became of each tensor of a file.
struct TensorUse {
  std::map<std::string, torch::Tensor> tensors;  ///< by this program's names, float32, RGB
  std::vector<std::string> used, ignored, missing, unexpected, misshaped;
};

/// Takes the wanted tensors from a file.
TensorUse take_tensors(const weights::TensorFile& file, const std::map<std::string, std::string>& names, const WeightsLayout& layout,
                       const std::vector<WantedTensor>& wanted);

}  // namespace wsi_lpd::model::imports
