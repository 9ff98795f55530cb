#include "frozen_facts.hpp"

#include <algorithm>

#include "encoder_config.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/model/encoders/resnet50.hpp"
#include "wsi_lpd/model/weights/pickle.hpp"

namespace wsi_lpd::model::imports {
namespace {

using encoders::InputStatistics;

const std::string kConfig = "config.json";
constexpr std::int64_t kLargestInput = 4096, kResNetStride = 32, kResNetInput = 224;

/// Collects facts with their origin.
class Facts {
 public:
  template <class Value>
  Value choose(const std::string& what, const std::string& option, const std::optional<Value>& given,
               const std::optional<Value>& configured, const Value& fallback, const std::string& why) {
    const Value& value = given ? *given : configured ? *configured : fallback;
    lines.push_back(what + " " + text(value) + " (" + (given ? option : configured ? kConfig : "assumed: " + why) + ")");
    return value;
  }
  std::vector<std::string> lines;

 private:
  static std::string text(std::int64_t value) { return std::to_string(value); }
  static std::string text(double value) { return core::shortest(value); }
  static std::string text(const std::string& value) { return value; }
  static std::string text(const InputStatistics& value) { return numbers(value.mean) + " and " + numbers(value.std); }
  static std::string numbers(const std::array<float, 3>& values) {
    std::vector<std::string> parts;
    for (const float value : values) parts.push_back(core::fixed(value, 4));
    return core::joined(parts);
  }
};

/// The published vision transformers of a width have so many heads; else heads of 64 as most have.
std::int64_t usual_heads(std::int64_t width) {
  constexpr std::array<std::pair<std::int64_t, std::int64_t>, 4> kWiderHeads{{{1152, 16}, {1280, 16}, {1408, 16}, {1664, 16}}};
  const auto* known = std::find_if(kWiderHeads.begin(), kWiderHeads.end(), [&](const auto& entry) { return entry.first == width; });
  return known != kWiderHeads.end() ? known->second : std::max<std::int64_t>(width / 64, 1);
}

std::optional<InputStatistics> given_statistics(const EncoderOptions& options) {
  if (options.mean.empty() && options.std.empty()) return {};
  if (options.mean.size() != 3 || options.std.size() != 3)
    throw core::UsageError("--mean and --std belong together and have three numbers");
  InputStatistics statistics;
  for (std::size_t c = 0; c < 3; ++c) {
    if (!(options.mean[c] >= 0 && options.mean[c] <= 1 && options.std[c] > 0 && options.std[c] <= 1))
      throw core::UsageError("--mean and --std are of RGB values from 0 to 1");
    statistics.mean[c] = static_cast<float>(options.mean[c]);
    statistics.std[c] = static_cast<float>(options.std[c]);
  }
  return statistics;
}

/// "vit_1024x24_patch16_reg4": width, blocks, patch, registers.
std::string described(const encoders::VisionTransformerShape& shape) {
  return "vit_" + std::to_string(shape.width) + "x" + std::to_string(shape.depth) + "_patch" + std::to_string(shape.patch) +
         (shape.registers > 0 ? "_reg" + std::to_string(shape.registers) : "");
}

encoders::VisionTransformerOptions transformer_facts(const FrozenLayout& layout, const EncoderConfig& config, const EncoderOptions& given,
                                                     Facts& facts) {
  const encoders::VisionTransformerShape& shape = *layout.transformer;
  encoders::VisionTransformerOptions options;
  options.heads = facts.choose<std::int64_t>("heads", "--heads", given.heads, config.heads, usual_heads(shape.width),
                                             "usual for the width " + std::to_string(shape.width));
  if (options.heads < 1 || shape.width % options.heads != 0)
    throw core::UsageError("its width " + std::to_string(shape.width) + " can't be shared among " + std::to_string(options.heads) +
                           " heads: give the right number with --heads");
  const std::optional<std::string> given_pooling = given.pooling.empty() ? std::nullopt : std::optional(given.pooling);
  const std::string pooling =
      facts.choose<std::string>("pooling", "--pooling", given_pooling, config.pooling, "cls", "the class token is the feature");
  if (const auto known = encoders::pooling_from_name(pooling))
    options.pooling = *known;
  else
    throw core::UsageError("--pooling " + pooling + " is none of cls, mean and cls+mean");
  const std::string usual = shape.gated ? "silu" : "gelu";
  // Hugging Face's configuration has the activation of the ungated MLP also where there is none
  const bool unused = shape.gated && !layout.source.starts_with("timm");
  const std::string activation = facts.choose<std::string>("activation", "", {}, unused ? std::nullopt : config.activation, usual,
                                                           shape.gated ? "the MLP is gated" : "usual for vision transformers");
  const auto known = encoders::activation_from_name(activation);
  if (!known || (shape.gated && *known != encoders::Activation::Silu))
    throw core::Error("its " + kConfig + " names the activation '" + activation + "', which this program does not have");
  options.activation = *known;
  options.epsilon = facts.choose<double>("epsilon", "", {}, config.epsilon, layout.epsilon, "usual for " + layout.source);
  options.antialias = layout.antialias;
  return options;
}

}  // namespace

FrozenFacts frozen_facts(const FrozenLayout& layout, const std::filesystem::path& file, const EncoderOptions& options) {
  const EncoderConfig config = read_encoder_config(file.parent_path());
  const std::int64_t width = layout.transformer ? layout.transformer->width : encoders::ResNet50::kWidth;
  if (config.width && *config.width != width)
    throw core::Error("the " + kConfig + " beside it is of an encoder of width " + std::to_string(*config.width) + ", and this one has " +
                      std::to_string(width) + ": move the file to a folder of its own");
  if (!layout.transformer && (options.heads || !options.pooling.empty()))
    throw core::UsageError("--heads and --pooling belong to vision transformers; this is a ResNet50");
  Facts facts;
  FrozenFacts result;
  encoders::EncoderInfo& info = result.info;
  info.architecture = layout.architecture;
  info.name = config.name ? weights::printable(*config.name) : layout.transformer ? described(*layout.transformer) : layout.architecture;
  if (layout.transformer) info.transformer = transformer_facts(layout, config, options, facts);
  const std::int64_t stride = layout.transformer ? std::max<std::int64_t>(layout.transformer->patch, 1) : kResNetStride;
  info.input_size = facts.choose<std::int64_t>("input size", "--input-size", options.input_size, config.input_size,
                                               layout.transformer ? layout.transformer->rows * stride : kResNetInput,
                                               layout.transformer ? "as many patches as positions" : "usual for ResNet50");
  if (info.input_size < stride || info.input_size > kLargestInput || (layout.transformer && info.input_size % stride != 0))
    throw core::UsageError("images of " + std::to_string(info.input_size) + " pixels can't be cut into patches of " +
                           std::to_string(stride) + ": give another size with --input-size");
  info.statistics = facts.choose<InputStatistics>("mean and deviation", "--mean, --std", given_statistics(options), config.statistics,
                                                  encoders::kImageNetStatistics, "those of ImageNet");
  result.lines = std::move(facts.lines);
  return result;
}

}  // namespace wsi_lpd::model::imports
