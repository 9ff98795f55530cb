#pragma once
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/model/weights/checkpoint.hpp"

namespace wsi_lpd::model::imports {

/// A tensor of ours, and where a foreign file has it: several sources are put one below the other.
struct WantedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<std::string> sources;
  bool optional = false;
};

/// What import_weights itself made, as a source.
inline constexpr const char* kOwnEncoder = "encoder of wsi-lpd";

/// A foreign file whose names are understood.
struct WeightsLayout {
  enum class Kind { Model, Encoder, FrozenEncoder };
  Kind kind = Kind::Encoder;
  std::string source;                ///< "LPD checkpoint", …: for the report
  std::string encoder;               ///< "mit_b0" … "mit_b5"; empty for a frozen encoder
  bool bgr = false;                  ///< its first convolution expects BGR: training code that reads images with OpenCV
  std::string encoder_prefix;        ///< of the encoder's tensors in the file
  std::vector<std::string> ignored;  ///< beginnings of the names that are left out by rule
};

/// Names of a file without what data parallelism, wrappers and enclosing dictionaries put before them ("module.", "model.", …); the
/// value is the name in the file. Throws Error when two become the same.
std::map<std::string, std::string> plain_names(const weights::TensorFile& file);

/// Recognises a file by its names and the shapes of a few tensors. Throws Error: no known layout.
WeightsLayout recognise(const weights::TensorFile& file, const std::map<std::string, std::string>& names);

/// Tensors of ours with their sources in such a file; `parameters` are the network's or encoder's own, under our names.
std::vector<WantedTensor> wanted_tensors(const WeightsLayout& layout, const std::map<std::string, std::vector<std::int64_t>>& parameters);

/// Shapes of the mix transformer ("encoder.…") or, for a model with P prototypes, of all of the LPD network.
std::map<std::string, std::vector<std::int64_t>> parameter_shapes(const WeightsLayout& layout, std::int64_t prototypes);

/// What became of each tensor of a file.
struct TensorUse {
  std::map<std::string, torch::Tensor> tensors;  ///< under our names, float32, RGB
  std::vector<std::string> used, ignored, missing, unexpected, misshaped;
};

/// Takes what is wanted out of a file.
TensorUse take_tensors(const weights::TensorFile& file, const std::map<std::string, std::string>& names, const WeightsLayout& layout,
                       const std::vector<WantedTensor>& wanted);

}  // namespace wsi_lpd::model::imports
