#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "wsi_lpd/model/encoders/encoder_info.hpp"

namespace wsi_lpd::model::encoders {

/// What an encoder sees where.
struct TokenMap {
  torch::Tensor map;  ///< [N, D, h, w], float32
  torch::Tensor cls;  ///< [N, D], float32: the class token; undefined for an encoder without one
};

/// A frozen image encoder, whose features supervise the prototypes. Not thread-safe.
class FrozenEncoder {
 public:
  /// Side of the images that Swin-T and TorchScript modules are shown.
  static constexpr std::int64_t kInputSize = 224;

  virtual ~FrozenEncoder() = default;
  /// Features [N, width()], float32, of RGB images [N, 3, H, W] in the statistics that load_frozen_encoder was told. Images of another size
  /// than shown_size(scale) are resized (bilinear, for a `scale` below 1 with antialiasing). Gradients flow back to the images. With
  /// `bfloat16`, matrix products are computed in bfloat16 (runtime::Autocast).
  torch::Tensor operator()(const torch::Tensor& images, bool bfloat16 = false, double scale = 1);
  /// The last layer's map of the same images, after the final norm. Throws Error: the encoder gives features only
  /// (a TorchScript module to [N, D]).
  TokenMap tokens(const torch::Tensor& images, bool bfloat16 = false, double scale = 1);
  /// Whether tokens() works.
  virtual bool has_tokens() const { return true; }
  /// Width D of the features.
  std::int64_t width() const { return width_; }
  /// Side of the images that the encoder is made for, pixels.
  std::int64_t input_size() const { return input_size_; }
  /// Side of the images that the encoder is shown, pixels: of those that it takes, the nearest to `scale` times input_size().
  std::int64_t shown_size(double scale) const;
  /// Scale at which a presence head tells best from the features which classes are there (docs/training.md): 1, but kSmallScale for
  /// ResNet50, and for TorchScript modules that take images of that size, too.
  virtual double presence_scale() const { return 1; }
  static constexpr double kSmallScale = 5.0 / 7;  ///< 160 of 224 pixels
  /// For people: "swin_t", "vit_large_patch16_224", the name of a TorchScript file.
  const std::string& name() const { return name_; }

 protected:
  FrozenEncoder(std::string name, std::int64_t width, std::int64_t input_size = kInputSize)
      : name_(std::move(name)), width_(width), input_size_(input_size) {}
  /// Images [N, 3, H, W] in statistics `from` will be turned to `to`.
  void convert_inputs(const InputStatistics& from, const InputStatistics& to, const torch::Device& device);
  void set_width(std::int64_t width) { width_ = width; }

 private:
  virtual torch::Tensor encode(const torch::Tensor& images) = 0;
  virtual TokenMap encode_tokens(const torch::Tensor& images) = 0;
  /// Of the sides that the encoder takes, which are multiples of it, pixels.
  virtual std::int64_t size_step() const { return input_size_; }
  torch::Tensor prepared(const torch::Tensor& images, double scale) const;

  std::string name_;
  std::int64_t width_, input_size_;
  torch::Tensor factor_, shift_;  ///< [3, 1, 1]; undefined: images are taken as they are
};

/// What a file of a frozen encoder holds, so that it can be stored in another file.
struct EncoderFile {
  std::string name;                              ///< file name
  std::map<std::string, torch::Tensor> tensors;  ///< of a .safetensors file, types as stored
  std::map<std::string, std::string> metadata;   ///< of a .safetensors file
  torch::Tensor script;                          ///< bytes of a TorchScript module; undefined for a .safetensors file
};

/// Reads a file that load_frozen_encoder takes, without checking that it is an encoder. Thread-safe. Throws UsageError: no such file;
/// Error.
EncoderFile read_encoder_file(const std::filesystem::path& path);
/// Opens the encoder that `file` holds; otherwise as load_frozen_encoder. Tensors of any float type become float32.
std::unique_ptr<FrozenEncoder> open_encoder(const EncoderFile& file, const torch::Device& device,
                                            const std::optional<InputStatistics>& images = {});

/// Loads a frozen encoder: a .safetensors file of `weights import` (a vision transformer or a ResNet50), one with Swin-T and its projection
/// under Hugging Face's names, or else a TorchScript module from [N, 3, 224, 224] to features [N, D], or to a map [N, D, h, w] whose mean
/// the features are. A TorchScript module is code that runs. `images` are the statistics in which it will get its images: an imported
/// encoder turns them to its own ones. Without them it takes images in its own statistics. Swin-T and TorchScript modules say none and take
/// the images as they are. Throws UsageError: no such file; Error: none of these, tensors missing or of another shape.
std::unique_ptr<FrozenEncoder> load_frozen_encoder(const std::filesystem::path& path, const torch::Device& device,
                                                   const std::optional<InputStatistics>& images = {});

}  // namespace wsi_lpd::model::encoders
