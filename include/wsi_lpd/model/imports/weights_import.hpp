#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace wsi_lpd::model::imports {

/// Facts of a vision transformer or a ResNet50 that its file does not contain. They take precedence over the config.json beside it.
struct EncoderOptions {
  std::optional<std::int64_t> heads;       ///< attention heads
  std::optional<std::int64_t> input_size;  ///< side of the images that the encoder is shown, pixels
  std::vector<double> mean, std;           ///< statistics of its input, RGB of 0…1; three numbers each, or none
  std::string pooling;                     ///< "cls", "mean" or "cls+mean"; empty: not given
  bool empty() const { return !heads && !input_size && mean.empty() && std.empty() && pooling.empty(); }
};

/// Facts that a foreign file does not contain.
struct ImportOptions {
  std::vector<std::string> classes{};  ///< class names of a whole model, in the order of its labels
  std::optional<double> mpp{};         ///< µm/px of the training images
  std::filesystem::path bank{};        ///< safetensors file with the `prototypes` of a PBIP model; PBIP checkpoints do not hold them
  EncoderOptions encoder{};
  std::string licence{};  ///< of the weights; empty: what config.json or the file says
};

/// What became of every tensor of a file. Nothing is written unless the import is complete.
struct ImportReport {
  std::string source;              ///< "LPD checkpoint", …
  std::string kind;                ///< "model", "encoder" or "frozen-encoder"
  std::string architecture;        ///< "mit_b0" … "mit_b5", "swin_t", "vision_transformer", "resnet50"
  bool flipped = false;            ///< the first convolution's input channels were reversed from BGR to RGB
  std::vector<std::string> facts;  ///< of a vision transformer or a ResNet50: what shapes don't tell, and where it is from
  std::string licence;             ///< of the weights; empty: not stated
  std::string licence_source;      ///< "--licence", "config.json" or "the file"; empty: not stated
  std::vector<std::string> used, ignored, missing, unexpected, misshaped;
  bool complete() const { return missing.empty() && unexpected.empty() && misshaped.empty(); }
};

/// Converts published weights to a safetensors file of this program, float32 and RGB. A checkpoint of LPD or PBIP becomes a model file
/// without calibration. mit_b*.pth and Hugging Face's SegFormer become an encoder for training. MedCLIP's or Hugging Face's Swin-T, timm's,
/// DINOv2's and Hugging Face's vision transformers and torchvision's and timm's ResNet50 become frozen encoders; a config.json of timm or
/// Hugging Face in the file's folder says of the last two what shapes don't tell.
/// LPD and PBIP read images as BGR, so the first convolution's input channels of their checkpoints are reversed. Weights from ImageNet and
/// MedCLIP were trained on RGB and are not changed. (The published LPD training shows BGR to them; this program shows RGB.)
/// The licence of the weights, if it is known, is recorded in the file. Thread-safe. Throws Error: not readable, unknown layout, already a
/// file of this program; UsageError: classes missing or not fitting, an option that does not fit.
ImportReport import_weights(const std::filesystem::path& file, const std::filesystem::path& output, const ImportOptions& options);

/// The licence of the weights in a file: what the file of a weights import or a model of this program recorded (the latter's licences, each
/// once), else `license` or `licence` in the config.json beside it or in the file's own metadata. Empty: not stated. Thread-safe. Throws
/// Error: a .safetensors file that can't be read.
std::string licence_of_weights(const std::filesystem::path& file);

/// Describes a checkpoint, an imported encoder, a training state, prototypes, a TorchScript module or a file of other tensors by a few
/// entries (kind, source, architecture, tensors, metadata of the file). Nothing for a model file of this program. Nothing in the file is
/// run. Thread-safe. Throws Error: not readable.
std::optional<std::map<std::string, std::string>> describe_weights(const std::filesystem::path& file);

}  // namespace wsi_lpd::model::imports
