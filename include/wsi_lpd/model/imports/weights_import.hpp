#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace wsi_lpd::model::imports {

/// Facts that a foreign file does not contain.
struct ImportOptions {
  std::vector<std::string> classes;  ///< class names of a whole model, in the order of its labels
  std::optional<double> mpp;         ///< µm/px of the training images
  std::filesystem::path bank;        ///< safetensors file with the `prototypes` of a PBIP model; PBIP checkpoints do not hold them
};

/// What became of every tensor of a file. Nothing is written unless the import is complete.
struct ImportReport {
  std::string source;        ///< "LPD checkpoint", …
  std::string kind;          ///< "model", "encoder" or "frozen-encoder"
  std::string architecture;  ///< "mit_b0" … "mit_b5", "swin_t"
  bool flipped = false;      ///< the first convolution's input channels were reversed from BGR to RGB
  std::vector<std::string> used, ignored, missing, unexpected, misshaped;
  bool complete() const { return missing.empty() && unexpected.empty() && misshaped.empty(); }
};

/// Converts published weights to a safetensors file of this program, float32 and RGB. A checkpoint of LPD or PBIP becomes a model file
/// without calibration. mit_b*.pth and Hugging Face's SegFormer become an encoder for training. MedCLIP's or Hugging Face's Swin-T becomes
/// a frozen encoder.
/// LPD and PBIP read images as BGR, so the first convolution's input channels of their checkpoints are reversed. Weights from ImageNet and
/// MedCLIP were trained on RGB and are not changed. (The published LPD training shows BGR to them; this program shows RGB.)
/// Thread-safe. Throws Error: not readable, unknown layout, already a file of this program; UsageError: classes missing or not fitting.
ImportReport import_weights(const std::filesystem::path& file, const std::filesystem::path& output, const ImportOptions& options);

/// Describes a checkpoint, an imported encoder, a training state, prototypes, a TorchScript module or a file of other tensors by a few
/// entries (kind, source, architecture, tensors, metadata of the file). Nothing for a model file of this program. Nothing in the file is
/// run. Thread-safe. Throws Error: not readable.
std::optional<std::map<std::string, std::string>> describe_weights(const std::filesystem::path& file);

}  // namespace wsi_lpd::model::imports
