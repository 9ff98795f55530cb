#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace wsi_lpd::model::encoders {

/// Mean and standard deviation that RGB values of 0…1 are normalised with.
struct InputStatistics {
  std::array<float, 3> mean{}, std{};
  bool operator==(const InputStatistics&) const = default;
};
/// Those of ImageNet, which torchvision, timm and DINOv2 use.
inline constexpr InputStatistics kImageNetStatistics{{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}};

enum class Activation : std::uint8_t { Gelu, GeluTanh, Silu };
/// What becomes of the tokens: the class token, the mean of the patches' tokens (registers left out), or both, one after the other.
enum class TokenPooling : std::uint8_t { Class, Mean, ClassAndMean };

/// Facts of a vision transformer that shapes don't tell.
struct VisionTransformerOptions {
  std::int64_t heads = 0;
  double epsilon = 1e-6;  ///< of the layer norms
  Activation activation = Activation::Gelu;
  TokenPooling pooling = TokenPooling::Class;
  bool antialias = true;  ///< position embeddings are interpolated with antialiasing (timm), or without (Hugging Face's ViT and DINOv2)
};

inline constexpr const char* kVisionTransformer = "vision_transformer";
inline constexpr const char* kResNet50 = "resnet50";

/// What the file of a frozen encoder says beside its tensors.
struct EncoderInfo {
  std::string architecture;       ///< kVisionTransformer or kResNet50
  std::string name;               ///< for people: "vit_large_patch16_224", …
  std::int64_t input_size = 224;  ///< side of the images that it is shown, pixels
  InputStatistics statistics = kImageNetStatistics;
  VisionTransformerOptions transformer{};  ///< kVisionTransformer only
};

// All functions here are thread-safe.

/// Converts an EncoderInfo to the metadata of a safetensors file, one key a field.
std::map<std::string, std::string> metadata_from_encoder(const EncoderInfo& info);
/// The inverse; nothing where the metadata is not of a file with an architecture named above. Throws Error: a field is missing or
/// malformed.
std::optional<EncoderInfo> encoder_from_metadata(const std::map<std::string, std::string>& metadata);

/// "gelu", "gelu_tanh" or "silu"; nothing for any other name. Further names of these: "gelu_new", "gelu_pytorch_tanh", "swish".
std::optional<Activation> activation_from_name(const std::string& name);
/// "cls", "mean" or "cls+mean"; nothing for any other name.
std::optional<TokenPooling> pooling_from_name(const std::string& name);
/// The names above.
std::string name_of(Activation activation);
std::string name_of(TokenPooling pooling);

}  // namespace wsi_lpd::model::encoders
