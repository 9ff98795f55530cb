#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace wsi_lpd::model::imports {

/// What a foreign file can't say about itself.
struct ImportOptions {
  std::vector<std::string> classes;  ///< of a whole model, in the order of its labels
  std::optional<double> mpp;         ///< µm/px it was trained at
  std::filesystem::path bank;        ///< safetensors file with the `prototypes` of a PBIP model, whose checkpoints have none
};

/// What became of every tensor of a file. Nothing is written unless the import is complete.
struct ImportReport {
  std::string source;        ///< "LPD checkpoint", …
  std::string kind;          ///< "model", "encoder" or "frozen-encoder"
  std::string architecture;  ///< "mit_b0" … "mit_b5", "swin_t"
  bool flipped = false;      ///< the first convolution's channels were turned from BGR to RGB
  std::vector<std::string> used, ignored, missing, unexpected, misshaped;
  bool complete() const { return missing.empty() && unexpected.empty() && misshaped.empty(); }
};

/// Published weights to a file of ours, float32 and RGB: a checkpoint of LPD or PBIP becomes a model file (without calibration); mit_b*.pth
/// and Hugging Face's SegFormer an encoder for training; MedCLIP's or Hugging Face's Swin-T a frozen encoder.
/// LPD and PBIP read images as BGR, so theirs is turned. Weights from ImageNet and MedCLIP learnt from RGB and stay: that the published
/// training shows them BGR is not followed.
/// Throws Error: not readable, no known layout; UsageError: classes missing or not fitting.
ImportReport import_weights(const std::filesystem::path& file, const std::filesystem::path& output, const ImportOptions& options);

/// A checkpoint, an imported encoder, the state of a training, prototypes, a TorchScript module or a file of other tensors in a few words
/// (kind, source, architecture, tensors, its own notes); nothing for a model file of ours. Throws Error: not readable.
std::optional<std::map<std::string, std::string>> describe_weights(const std::filesystem::path& file);

}  // namespace wsi_lpd::model::imports
