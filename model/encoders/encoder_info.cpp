#include "wsi_lpd/model/encoders/encoder_info.hpp"

#include <charconv>
#include <sstream>
#include <vector>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::model::encoders {
namespace {

using Metadata = std::map<std::string, std::string>;

constexpr std::int64_t kLargestInput = 4096, kMostHeads = 1024;
const std::string kMean = "mean", kStd = "std", kInputSize = "input_size", kHeads = "heads", kEpsilon = "layer_norm_epsilon",
                  kActivation = "activation", kPooling = "pooling", kInterpolation = "position_interpolation";
const std::string kAntialiased = "bicubic, antialiased", kPlain = "bicubic";

std::string text_of(const std::array<float, 3>& values) {
  std::vector<std::string> parts;
  for (const float value : values) {
    std::array<char, 32> digits{};
    parts.emplace_back(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
  }
  return core::joined(parts, ",");
}

[[noreturn]] void refuse(const std::string& key, const std::string& value) {
  throw core::Error("its " + key + " is '" + value + "', which is not one; import the encoder again");
}

template <class Number>
Number number(const Metadata& metadata, const std::string& key, Number least, Number most) {
  const std::string& text = metadata.at(key);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= least && value <= most)) refuse(key, text);
  return value;
}

std::array<float, 3> three(const Metadata& metadata, const std::string& key, float least) {
  std::array<float, 3> values{};
  std::istringstream stream(metadata.at(key));
  std::string part;
  std::size_t count = 0;
  for (; std::getline(stream, part, ','); ++count) {
    if (count == 3) refuse(key, metadata.at(key));
    values[count] = number<float>({{key, part}}, key, least, 1);
  }
  if (count != 3) refuse(key, metadata.at(key));
  return values;
}

VisionTransformerOptions transformer_from(const Metadata& metadata) {
  VisionTransformerOptions options;
  options.heads = number<std::int64_t>(metadata, kHeads, 1, kMostHeads);
  options.epsilon = number<double>(metadata, kEpsilon, 0, 1);
  const auto activation = activation_from_name(metadata.at(kActivation));
  if (!activation) refuse(kActivation, metadata.at(kActivation));
  options.activation = *activation;
  const auto pooling = pooling_from_name(metadata.at(kPooling));
  if (!pooling) refuse(kPooling, metadata.at(kPooling));
  options.pooling = *pooling;
  const std::string& interpolation = metadata.at(kInterpolation);
  if (interpolation != kAntialiased && interpolation != kPlain) refuse(kInterpolation, interpolation);
  options.antialias = interpolation == kAntialiased;
  return options;
}

}  // namespace

Metadata metadata_from_encoder(const EncoderInfo& info) {
  Metadata metadata{{"architecture", info.architecture},
                    {"name", info.name},
                    {kInputSize, std::to_string(info.input_size)},
                    {kMean, text_of(info.statistics.mean)},
                    {kStd, text_of(info.statistics.std)}};
  if (info.architecture != kVisionTransformer) return metadata;
  metadata[kHeads] = std::to_string(info.transformer.heads);
  metadata[kEpsilon] = core::shortest(info.transformer.epsilon);
  metadata[kActivation] = name_of(info.transformer.activation);
  metadata[kPooling] = name_of(info.transformer.pooling);
  metadata[kInterpolation] = info.transformer.antialias ? kAntialiased : kPlain;
  return metadata;
}

std::optional<EncoderInfo> encoder_from_metadata(const Metadata& metadata) {
  const auto architecture = metadata.find("architecture");
  if (architecture == metadata.end() || (architecture->second != kVisionTransformer && architecture->second != kResNet50)) return {};
  try {
    EncoderInfo info;
    info.architecture = architecture->second;
    info.name = metadata.at("name");
    info.input_size = number<std::int64_t>(metadata, kInputSize, 1, kLargestInput);
    info.statistics = {three(metadata, kMean, 0), three(metadata, kStd, 1e-6F)};
    if (info.architecture == kVisionTransformer) info.transformer = transformer_from(metadata);
    return info;
  } catch (const std::out_of_range&) {
    throw core::Error("its metadata does not say all of a " + architecture->second + "; import the encoder again");
  }
}

std::optional<Activation> activation_from_name(const std::string& name) {
  if (name == "gelu") return Activation::Gelu;
  if (name == "gelu_tanh" || name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::GeluTanh;
  if (name == "silu" || name == "swish") return Activation::Silu;
  return {};
}

std::optional<TokenPooling> pooling_from_name(const std::string& name) {
  if (name == "cls") return TokenPooling::Class;
  if (name == "mean") return TokenPooling::Mean;
  if (name == "cls+mean") return TokenPooling::ClassAndMean;
  return {};
}

std::string name_of(Activation activation) {
  if (activation == Activation::Gelu) return "gelu";
  return activation == Activation::GeluTanh ? "gelu_tanh" : "silu";
}

std::string name_of(TokenPooling pooling) {
  if (pooling == TokenPooling::Class) return "cls";
  return pooling == TokenPooling::Mean ? "mean" : "cls+mean";
}

}  // namespace wsi_lpd::model::encoders
