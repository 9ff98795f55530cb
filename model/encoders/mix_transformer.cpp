#include "wsi_lpd/model/encoders/mix_transformer.hpp"

#include <algorithm>

#include "integer_layers.hpp"
#include "token_kernels.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::encoders {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

constexpr std::array<std::int64_t, 4> kHeads{1, 2, 5, 8};
constexpr std::array<std::int64_t, 4> kReductions{8, 4, 2, 1};
constexpr std::array<std::int64_t, 4> kStrides{4, 2, 2, 1};  // the published SegFormer ends with 2
constexpr double kInnerEpsilon = 1e-6;                       // norms of blocks and stages
constexpr double kEmbeddingEpsilon = 1e-5;                   // norms after a patch embedding and after a reduction

nn::LayerNorm layer_norm(std::int64_t width, double epsilon) { return nn::LayerNorm(nn::LayerNormOptions({width}).eps(epsilon)); }

// Tokens stay [B, h, w, E] in memory all the way.
TokenConvolution convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                             std::int64_t groups = 1) {
  return TokenConvolution(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding).groups(groups));
}

struct Attention : nn::Module {
  Attention(std::int64_t width, std::int64_t head_count, std::int64_t reduction)
      : heads(head_count),
        q(register_module("q", Projection(width, width))),
        kv(register_module("kv", Projection(width, 2 * width))),
        proj(register_module("proj", Projection(width, width))) {
    if (reduction == 1) return;
    sr = register_module("sr", convolution(width, width, reduction, reduction, 0));
    norm = register_module("norm", layer_norm(width, kEmbeddingEpsilon));
  }

  Tensor forward(const Tensor& x) {
    const std::int64_t count = x.size(0), width = x.size(3);
    const Tensor source = sr ? norm(sr(x)) : x;
    const Tensor query = q(x).view({count, -1, heads, width / heads}).transpose(1, 2);
    const Tensor key_value = kv(source).view({count, -1, 2, heads, width / heads}).permute({2, 0, 3, 1, 4});
    return proj(attend(query, key_value[0], key_value[1]).transpose(1, 2).reshape(x.sizes()));
  }

  /// softmax(q kᵀ / √d) v. With the few keys that the reduction leaves, two plain products are several times faster than LibTorch's fused
  /// attention, which is made for long rows; those still go there, as their matrix would need much memory.
  static Tensor attend(const Tensor& query, const Tensor& key, const Tensor& value) {
    constexpr std::int64_t kFewKeys = 512;
    if (key.size(2) > kFewKeys) return at::scaled_dot_product_attention(query, key, value);
    const double scale = 1 / std::sqrt(static_cast<double>(query.size(3)));
    Tensor weights = query.matmul((key * scale).transpose(2, 3));
    if (fits_token_kernels(query))
      softmax_(weights);
    else
      weights = weights.softmax(3);
    return weights.matmul(value);
  }

  std::int64_t heads;
  Projection q, kv, proj;
  TokenConvolution sr{nullptr};
  nn::LayerNorm norm{nullptr};
};

struct DepthwiseConvolution : nn::Module {
  explicit DepthwiseConvolution(std::int64_t width) : dwconv(register_module("dwconv", convolution(width, width, 3, 1, 1, width))) {}
  /// GELU included.
  Tensor forward(const Tensor& x) {
    return fits_token_kernels(x) ? gelu_of_depthwise(x, dwconv->weight, dwconv->bias) : torch::gelu(dwconv(x));
  }
  TokenConvolution dwconv;
};

struct Mlp : nn::Module {
  explicit Mlp(std::int64_t width)
      : fc1(register_module("fc1", Projection(width, 4 * width))),
        dwconv(register_module("dwconv", std::make_shared<DepthwiseConvolution>(4 * width))),
        fc2(register_module("fc2", Projection(4 * width, width))) {}
  Tensor forward(const Tensor& x) { return fc2(dwconv->forward(fc1(x))); }
  Projection fc1;
  std::shared_ptr<DepthwiseConvolution> dwconv;
  Projection fc2;
};

/// Tokens, and what a layer norm makes of them for the next layer.
struct Tokens {
  Tensor sum, normed;
};
Tokens add(const Tensor& x, const Tensor& branch, nn::LayerNorm& norm) {
  if (fits_token_kernels(x)) {
    auto [sum, normed] = add_layer_norm(x, branch, norm->weight, norm->bias, norm->options.eps());
    return {sum, normed};
  }
  const Tensor sum = x + branch;
  return {sum, norm(sum)};
}

struct Block : nn::Module {
  Block(std::int64_t width, std::int64_t heads, std::int64_t reduction, double drop_rate)
      : drop_path(drop_rate),
        norm1(register_module("norm1", layer_norm(width, kInnerEpsilon))),
        attn(register_module("attn", std::make_shared<Attention>(width, heads, reduction))),
        norm2(register_module("norm2", layer_norm(width, kInnerEpsilon))),
        mlp(register_module("mlp", std::make_shared<Mlp>(width))) {}

  /// Takes tokens on to `next`'s norm: the sum of both branches and its norm, from the tokens and their norm1.
  Tokens forward(const Tokens& x, nn::LayerNorm& next, const BatchRows& rows) {
    const Tokens y = add(x.sum, drop(attn->forward(x.normed), rows), norm2);
    return add(y.sum, drop(mlp->forward(y.normed), rows), next);
  }

  /// Stochastic depth (Huang et al. 2016): the branch is left out for whole images.
  Tensor drop(const Tensor& branch, const BatchRows& rows) const {
    if (!is_training() || drop_path == 0) return branch;
    const double keep = 1 - drop_path;  // drawn on the CPU, so that the sequence does not depend on the device
    Tensor kept = torch::bernoulli(torch::full({rows.own.defined() ? rows.whole : branch.size(0), 1, 1, 1}, keep)).div_(keep);
    if (rows.own.defined()) kept = kept.index_select(0, rows.own);
    return branch * kept.to(branch.options());
  }

  double drop_path;
  nn::LayerNorm norm1;
  std::shared_ptr<Attention> attn;
  nn::LayerNorm norm2;
  std::shared_ptr<Mlp> mlp;
};

struct PatchEmbedding : nn::Module {
  PatchEmbedding(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride)
      : proj(register_module("proj", convolution(in, out, kernel, stride, kernel / 2))),
        norm(register_module("norm", layer_norm(out, kEmbeddingEpsilon))) {}
  Tensor forward(const Tensor& x) { return norm(proj(x)); }
  TokenConvolution proj;
  nn::LayerNorm norm;
};

// SegFormer's: linear N(0, 0.02), convolution N(0, 2 / fan-out), no bias, norms the identity.
void initialise(nn::Module& module) {
  const torch::NoGradGuard no_grad;
  if (auto* linear = module.as<nn::Linear>()) {
    linear->weight.normal_(0, 0.02);
    linear->bias.zero_();
  } else if (auto* conv = module.as<nn::Conv2d>()) {
    const auto& options = conv->options;
    const auto kernel = static_cast<double>(conv->weight.size(2) * conv->weight.size(3));
    conv->weight.normal_(0, std::sqrt(2 * static_cast<double>(options.groups()) / (kernel * static_cast<double>(options.out_channels()))));
    conv->bias.zero_();
  }
}

/// All but the first convolution, of images, and the depthwise ones, which have a kernel of their own.
std::vector<IntegerLayer*> integer_layers(nn::Module& network) {
  std::vector<IntegerLayer*> layers;
  for (const auto& module : network.modules(/*include_self=*/false)) {
    const auto* convolution = module->as<TokenConvolution>();
    if (convolution && (convolution->options.in_channels() == 3 || convolution->options.groups() > 1)) continue;
    if (auto* layer = dynamic_cast<IntegerLayer*>(module.get())) layers.push_back(layer);
  }
  return layers;
}

}  // namespace

struct MixTransformerImpl::Stage {
  std::shared_ptr<PatchEmbedding> embedding;
  std::vector<std::shared_ptr<Block>> blocks;
  nn::LayerNorm norm{nullptr};
};

MixTransformerShape mix_transformer_shape(const std::string& encoder) {
  constexpr std::array<std::int64_t, 4> narrow{32, 64, 160, 256}, wide{64, 128, 320, 512};
  if (encoder == "mit_b0") return {narrow, {2, 2, 2, 2}};
  if (encoder == "mit_b1") return {wide, {2, 2, 2, 2}};
  if (encoder == "mit_b2") return {wide, {3, 4, 6, 3}};
  if (encoder == "mit_b3") return {wide, {3, 4, 18, 3}};
  if (encoder == "mit_b4") return {wide, {3, 8, 27, 3}};
  if (encoder == "mit_b5") return {wide, {3, 6, 40, 3}};
  throw core::UsageError("unknown encoder '" + encoder + "': it must be one of mit_b0, mit_b1, mit_b2, mit_b3, mit_b4, mit_b5");
}

MixTransformerImpl::MixTransformerImpl(const MixTransformerShape& shape, double drop_path) {
  std::int64_t block_count = 0;
  for (const std::int64_t depth : shape.depths) block_count += depth;
  for (std::size_t s = 0; s < 4; ++s) {
    const std::int64_t in = s == 0 ? 3 : shape.widths[s - 1];
    stages_[s] = std::make_shared<Stage>();
    stages_[s]->embedding = register_module("patch_embed" + std::to_string(s + 1),
                                            std::make_shared<PatchEmbedding>(in, shape.widths[s], s == 0 ? 7 : 3, kStrides[s]));
  }
  std::int64_t index = 0;
  for (std::size_t s = 0; s < 4; ++s) {
    const std::string number = std::to_string(s + 1);
    const auto list = register_module("block" + number, nn::ModuleList());
    for (std::int64_t depth = 0; depth < shape.depths[s]; ++depth, ++index) {
      const double rate = drop_path * static_cast<double>(index) / static_cast<double>(block_count - 1);
      stages_[s]->blocks.push_back(std::make_shared<Block>(shape.widths[s], kHeads[s], kReductions[s], rate));
      list->push_back(stages_[s]->blocks.back());
    }
    stages_[s]->norm = register_module("norm" + number, layer_norm(shape.widths[s], kInnerEpsilon));
  }
  apply(initialise);
}

std::array<Tensor, 4> MixTransformerImpl::forward(const Tensor& images, const BatchRows& rows) const {
  std::array<Tensor, 4> features;
  Tensor images_or_tokens = images.permute({0, 2, 3, 1}).contiguous();
  for (std::size_t s = 0; s < 4; ++s) {
    const auto& blocks = stages_[s]->blocks;
    const Tensor embedded = stages_[s]->embedding->forward(images_or_tokens);
    Tokens tokens{embedded, blocks.front()->norm1(embedded)};
    for (std::size_t i = 0; i < blocks.size(); ++i)
      tokens = blocks[i]->forward(tokens, i + 1 < blocks.size() ? blocks[i + 1]->norm1 : stages_[s]->norm, rows);
    images_or_tokens = tokens.normed;
    features[s] = tokens.normed.permute({0, 3, 1, 2});
  }
  return features;
}

void MixTransformerImpl::observe() {
  for (IntegerLayer* layer : integer_layers(*this)) layer->observe();
}

std::vector<ValueRange> MixTransformerImpl::take_ranges() {
  std::vector<ValueRange> ranges;
  for (IntegerLayer* layer : integer_layers(*this)) ranges.push_back(layer->take_range());
  return ranges;
}

bool MixTransformerImpl::quantise(const std::vector<ValueRange>& ranges) {
  const std::vector<IntegerLayer*> layers = integer_layers(*this);
  TORCH_CHECK(layers.size() == ranges.size(), "ranges of another network");
  return std::ranges::equal(layers, ranges, [](IntegerLayer* layer, const ValueRange& range) { return layer->quantise(range); });
}

}  // namespace wsi_lpd::model::encoders
