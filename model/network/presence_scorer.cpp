#include "wsi_lpd/model/network/presence_scorer.hpp"

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/digest/sha256.hpp"
#include "wsi_lpd/model/network/class_maps.hpp"

namespace wsi_lpd::model::network {

using torch::Tensor;

namespace {

Tensor bilinear(const Tensor& maps, std::int64_t height, std::int64_t width) {
  namespace F = torch::nn::functional;
  return F::interpolate(maps, F::InterpolateFuncOptions().size(std::vector{height, width}).mode(torch::kBilinear).align_corners(false));
}

}  // namespace

encoders::EncoderFile rounded_to_half(encoders::EncoderFile file) {
  for (auto& [name, tensor] : file.tensors)
    if (tensor.is_floating_point()) tensor = tensor.to(torch::kHalf);
  return file;
}

EncoderPlace place_of(const std::filesystem::path& encoder) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(encoder, error);
  if (error) throw core::Error("reading " + encoder.string() + ": " + error.message());
  return {std::filesystem::absolute(encoder).lexically_normal().string(), bytes, digest::sha256_of_file(encoder)};
}

encoders::EncoderFile presence_encoder(const StoredPresence& stored, const ModelInfo& info) {
  if (stored.encoder.script.defined() || !stored.encoder.tensors.empty() || !info.presence || !info.presence->place) return stored.encoder;
  const EncoderPlace& place = *info.presence->place;
  const std::filesystem::path first = place.path, beside = std::filesystem::absolute(stored.model).parent_path() / first.filename();
  std::string found;
  for (const auto& file : first == beside ? std::vector{first} : std::vector{first, beside}) {
    found += (found.empty() ? "" : ", and ") + file.string();
    if (!std::filesystem::is_regular_file(file)) {
      found += " is not there";
      continue;
    }
    const std::uintmax_t bytes = std::filesystem::file_size(file);
    const std::string sha256 = bytes == place.bytes ? digest::sha256_of_file(file) : "";
    if (bytes == place.bytes && sha256 == place.sha256) return rounded_to_half(encoders::read_encoder_file(file));
    found += " is another file (" + std::to_string(bytes) + " bytes" + (sha256.empty() ? "" : ", SHA-256 " + sha256) + ")";
  }
  throw core::Error(stored.model.string() + ": the encoder of its presence head is in a file of its own: " + found + "; bring that of " +
                    std::to_string(place.bytes) + " bytes with SHA-256 " + place.sha256 + " there, or do without it: --presence own");
}

Tensor feature_maps(encoders::FrozenEncoder& encoder, const Tensor& images, double scale, bool bfloat16) {
  if (!encoder.has_tokens()) return encoder(images, bfloat16, scale).unsqueeze(-1).unsqueeze(-1);
  const encoders::TokenMap tokens = encoder.tokens(images, bfloat16, scale);
  if (!tokens.cls.defined()) return tokens.map;
  const Tensor cls = tokens.cls.unsqueeze(-1).unsqueeze(-1).expand({-1, -1, tokens.map.size(2), tokens.map.size(3)});
  return torch::cat({tokens.map, cls}, 1);
}

Tensor on_score_grid(const Tensor& maps, std::int64_t size) {
  const std::int64_t side = size / kScoreStride;
  if (maps.size(2) == side && maps.size(3) == side) return maps;
  const Tensor grid = bilinear(maps, side, side);
  return grid + (maps.mean({2, 3}, true) - grid.mean({2, 3}, true));
}

Tensor local_factors(const Tensor& margins, std::int64_t height, std::int64_t width) {
  const Tensor places = bilinear(margins, height, width);
  return (kLocalWeight * (places - places.amax(1, true))).exp();
}

JointPresence::JointPresence(const ModelInfo& info, const torch::Device& device) {
  const core::JointScore joint = joint_score(info);
  const auto column = [&](const std::vector<float>& values) { return torch::tensor(values).view({-1, 1, 1}).to(device); };
  head_factor_ = column(joint.head_factor);
  own_factor_ = column(joint.own_factor);
  offset_ = column(joint.offset);
}

Tensor JointPresence::operator()(const Tensor& head_scores, const Tensor& own_scores) const {
  const Tensor shaped = head_scores.dim() == 2 ? head_scores.view({head_scores.size(0), head_scores.size(1), 1, 1}) : head_scores;
  return (shaped * head_factor_ + own_scores.view_as(shaped) * own_factor_ + offset_).view_as(head_scores);
}

PresenceScorer::PresenceScorer(const StoredPresence& stored, const ModelInfo& info, const torch::Device& device)
    : head_{stored.head.weight.to(device), stored.head.bias.to(device)}, scale_(info.presence->scale) {
  const encoders::EncoderFile file = presence_encoder(stored, info);
  encoder_ = core::with_context("the model's presence encoder " + file.name, [&] {
    return encoders::open_encoder(file, device, encoders::InputStatistics{info.mean, info.std});
  });
  if (stored.fit) fit_ = stored.fit->to(device);
}

Tensor PresenceScorer::feature_maps(const Tensor& images, bool bfloat16) {
  Tensor maps = network::feature_maps(*encoder_, images, scale_, bfloat16);
  if (maps.size(1) != width())
    throw core::Error("the model's presence encoder gives " + std::to_string(maps.size(1)) + " features, and its head takes " +
                      std::to_string(width()));
  return maps;
}

Tensor PresenceScorer::features(const Tensor& images, bool bfloat16) {
  return network::feature_maps(*encoder_, images, 1, bfloat16).mean({2, 3});
}

}  // namespace wsi_lpd::model::network
