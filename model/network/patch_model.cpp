#include "wsi_lpd/model/network/patch_model.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <type_traits>

#include "glass_cover.hpp"
#include "partly_known.hpp"
#include "wsi_lpd/core/background.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/network/calibration.hpp"
#include "wsi_lpd/model/network/class_maps.hpp"
#include "wsi_lpd/model/network/model_file.hpp"
#include "wsi_lpd/model/network/patch_model_impl.hpp"
#include "wsi_lpd/model/runtime/device.hpp"
#include "wsi_lpd/model/runtime/torch_error.hpp"

namespace wsi_lpd::model::network {

using torch::Tensor;

namespace {

template <class T>
std::vector<T> values_of(const Tensor& tensor) {
  const Tensor host = tensor.cpu().contiguous();
  return {host.const_data_ptr<T>(), host.const_data_ptr<T>() + host.numel()};
}

/// Images of a batch, without what is known of their pixels.
PatchBatch part_of(const PatchBatch& batch, std::int64_t first, std::int64_t count) {
  const auto slice = [&](const auto& values) {
    const std::int64_t each = static_cast<std::int64_t>(values.size()) / batch.count;
    return std::decay_t<decltype(values)>(values.begin() + first * each, values.begin() + (first + count) * each);
  };
  return {.count = static_cast<int>(count), .size = batch.size, .rgb = slice(batch.rgb), .labels = slice(batch.labels)};
}

/// The values that `look(part, first)` gives for the images of a batch, as many images at once as there is memory for.
template <class Look>
auto in_parts(runtime::FittingParts& parts, const PatchBatch& batch, const Look& look) {
  auto found = parts.compute(batch.count, [&](std::int64_t first, std::int64_t count) {
    return count == batch.count ? look(batch, first) : look(part_of(batch, first, count), first);
  });
  decltype(look(batch, batch.count)) all;
  for (auto& part : found) all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
  return all;
}

/// The maps [B, C, h, w] of heads that tell places apart.
Tensor stacked(std::span<const HeadScores> heads) {
  std::vector<Tensor> maps;
  for (const HeadScores& head : heads) maps.push_back(torch::tensor(head.maps).view({-1, head.height, head.width}));
  return torch::stack(maps);
}

}  // namespace

void append(PatchBatch& batch, const PatchBatch& more) {
  batch.rgb.insert(batch.rgb.end(), more.rgb.begin(), more.rgb.end());
  batch.labels.insert(batch.labels.end(), more.labels.begin(), more.labels.end());
  batch.count += more.count;
}

std::vector<float> class_probabilities(std::vector<float> maps, int classes) {
  const auto count = static_cast<std::size_t>(classes);
  const std::size_t pixels = maps.size() / count;
  maps.resize((count + 1) * pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    float largest = 0;
    for (std::size_t c = 0; c < count; ++c) largest = std::max(largest, maps[c * pixels + i]);
    maps[count * pixels + i] = core::background_score(largest);
    float sum = 0;
    for (std::size_t c = 0; c <= count; ++c) sum += maps[c * pixels + i] = std::exp(maps[c * pixels + i]);  // at most e: nothing overflows
    for (std::size_t c = 0; c <= count; ++c) maps[c * pixels + i] /= sum;
  }
  return maps;
}

std::vector<float> class_probabilities(const PatchMaps& patch, std::span<const float> labels) {
  const std::size_t pixels = static_cast<std::size_t>(patch.size) * static_cast<std::size_t>(patch.size);
  std::vector<float> maps(patch.maps.begin(), patch.maps.begin() + static_cast<std::ptrdiff_t>(labels.size() * pixels));
  for (std::size_t i = 0; i < maps.size(); ++i) maps[i] *= labels[i / pixels];
  return class_probabilities(std::move(maps), static_cast<int>(labels.size()));
}

PatchModel::PatchModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PatchModel::PatchModel(PatchModel&&) noexcept = default;
PatchModel::~PatchModel() = default;

PatchModel PatchModel::load(const std::filesystem::path& path, const std::string& device, int threads) {
  if (threads > 0) at::set_num_threads(threads);
  LoadedModel loaded = load_model(path);
  auto impl = std::make_unique<Impl>(std::move(loaded.info), std::move(loaded.network), torch::Device(runtime::resolve_device(device)));
  impl->presence = std::move(loaded.presence);
  return PatchModel(std::move(impl));
}

const ModelInfo& PatchModel::info() const { return impl_->info; }

std::vector<PatchMaps> PatchModel::look(const PatchBatch& whole, bool all_views, std::span<const HeadScores> all_heads) {
  const auto look_at = [&](const PatchBatch& batch, std::int64_t first) {
    const auto heads =
        all_heads.empty() ? all_heads : all_heads.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(batch.count));
    const c10::InferenceMode inference;
    impl_->network->eval();
    const Tensor images = impl_->images(batch);
    PaperViews views = look_at_views(impl_->network, images, impl_->info.prototypes_per_class, all_views);
    if (!heads.empty() && !heads.front().maps.empty())
      views.maps *= impl_->factors_of_places(stacked(heads).to(impl_->device), views.score_maps, batch.size);
    const Tensor crf_images = impl_->input.crf_images(images);
    std::vector<PatchMaps> patches;
    for (std::int64_t b = 0; b < batch.count; ++b) {
      patches.push_back({.size = batch.size,
                         .maps = values_of<float>(views.maps[b]),
                         .scores = values_of<float>(views.scores[b]),
                         .crf_image = values_of<std::uint8_t>(crf_images[b])});
    }
    return patches;
  };
  return runtime::with_torch_errors("looking at patches", [&] { return in_parts(impl_->parts, whole, look_at); });
}

std::vector<std::vector<PrototypePeak>> PatchModel::prototype_peaks(const PatchBatch& whole) {
  const auto look_at = [&](const PatchBatch& batch, std::int64_t) {
    const c10::InferenceMode inference;
    const Tensor maps = impl_->look(batch).maps[3];
    const std::int64_t width = maps.size(3), cell = batch.size / width;
    const auto [values, places] = maps.flatten(2).cpu().max(2);
    std::vector<std::vector<PrototypePeak>> peaks(static_cast<std::size_t>(batch.count));
    for (std::int64_t b = 0; b < values.size(0); ++b) {
      for (std::int64_t p = 0; p < values.size(1); ++p) {
        const auto place = places[b][p].item<std::int64_t>();
        peaks[static_cast<std::size_t>(b)].push_back({values[b][p].item<float>(), static_cast<int>(place % width * cell + cell / 2),
                                                      static_cast<int>(place / width * cell + cell / 2)});
      }
    }
    return peaks;
  };
  return runtime::with_torch_errors("looking at prototypes", [&] { return in_parts(impl_->parts, whole, look_at); });
}

std::vector<std::uint8_t> PatchModel::segment_unlabelled(const PatchBatch& whole) {
  if (!impl_->presence && impl_->info.calibration.empty())
    throw core::Error("segmenting without image labels needs a presence head or a calibration: call calibrate() first");
  const auto segment = [&](const PatchBatch& batch, std::int64_t) {
    const c10::InferenceMode inference;
    const int k = impl_->info.prototypes_per_class;
    const NetworkOutput output = impl_->look(batch);
    const ScoreSigmoid presence(impl_->presence ? uncalibrated(impl_->info.classes.count()) : impl_->info.calibration, impl_->device);
    Tensor scores = class_scores(output, k), maps = open_maps(merged_maps(output, k));
    if (impl_->presence) {
      const Tensor heads = impl_->head_maps(impl_->images(batch));
      scores = JointPresence(impl_->info, impl_->device)(heads.mean({2, 3}), scores);
      if (impl_->scorer->has_places()) maps = maps * impl_->factors_of_places(heads, merge_mean(output.maps[3], k), maps.size(3));
    }
    return values_of<std::uint8_t>(labels_from_maps(upsample_grid(gated(maps, presence(scores)))));
  };
  return runtime::with_torch_errors("segmenting", [&] { return in_parts(impl_->parts, whole, segment); });
}

void PatchModel::calibrate(const std::function<PatchBatch()>& next) {
  runtime::with_torch_errors("calibrating", [&] {
    const c10::InferenceMode inference;
    const int k = impl_->info.prototypes_per_class;
    std::vector<Tensor> scores, labels;
    for (PatchBatch batch = next(); batch.count > 0; batch = next()) {
      scores.push_back(class_scores(impl_->look(batch), k).cpu());
      labels.push_back(impl_->labels(batch).cpu().clone());
    }
    if (scores.empty()) throw core::Error("calibration: no images");
    core::Calibration learnt = fit_calibration(torch::cat(scores), torch::cat(labels));
    if (learnt == impl_->info.calibration) return;
    impl_->info.calibration = std::move(learnt);
    impl_->info.judged.reset();
  });
}

void PatchModel::fit_presence(const PresenceSource& source, const std::function<PatchBatch()>& next,
                              const std::vector<std::string>& groups) {
  const std::filesystem::path& encoder = source.encoder;
  if (encoder.empty() && !impl_->presence) throw core::Error("the model has no presence head whose encoder could be taken");
  StoredPresence stored{
      .head = {},
      .encoder = encoder.empty() ? presence_encoder(*impl_->presence, impl_->info) : rounded_to_half(encoders::read_encoder_file(encoder))};
  std::optional<EncoderPlace> place;
  if (encoder.empty()) {
    place = impl_->info.presence->place;
  } else if (source.by_path) {
    place = place_of(encoder);
  }
  core::with_context(encoder.empty() ? stored.encoder.name : encoder.string(), [&] {
    runtime::with_torch_errors("fitting the presence of classes", [&] {
      const c10::InferenceMode inference;
      const auto frozen =
          encoders::open_encoder(stored.encoder, impl_->device, encoders::InputStatistics{impl_->info.mean, impl_->info.std});
      const double scale = source.scale > 0         ? source.scale
                           : source.encoder.empty() ? impl_->info.presence->scale
                                                    : frozen->presence_scale();
      std::vector<Tensor> features, with_glass, labels;
      std::vector<std::string> patients;
      PartlyKnown partly(impl_->info.classes.count());
      std::int64_t first = 0;
      for (PatchBatch batch = next(); batch.count > 0; first += batch.count, batch = next()) {
        const auto maps_of = [&](const PatchBatch& images) { return feature_maps(*frozen, impl_->images(images), scale).cpu(); };
        const auto group = groups.begin() + first;
        if (!batch.pixels.empty()) {
          partly.add(maps_of(batch), batch, {group, group + batch.count});
          continue;
        }
        features.push_back(maps_of(batch).mean({2, 3}));
        labels.push_back(impl_->labels(batch).cpu().clone());
        with_glass.push_back(maps_of(covered_with_glass(batch, first)).mean({2, 3}));
        patients.insert(patients.end(), group, group + batch.count);
      }
      if (features.empty()) throw core::Error("no images to fit the presence of classes on");
      const Tensor all = torch::cat(features);
      const Tensor truth = torch::cat(labels);
      PresenceFit fit =
          network::fit_presence(all, truth, patients, impl_->info.classes.names, torch::cat(with_glass), std::move(partly).features());
      stored.fit = fit_features(all, patients);
      stored.head = std::move(fit.head);
      impl_->info.presence = PresenceInfo{
          .encoder = stored.encoder.name,
          .encoder_metadata = stored.encoder.metadata,
          .images = static_cast<std::int64_t>(patients.size()),
          .groups = static_cast<std::int64_t>(std::set<std::string>(patients.begin(), patients.end()).size()),
          .strength = fit.strength,
          .auc = std::move(fit.auc),
          .fit_components = stored.fit ? stored.fit->axes.size(0) : 0,
          .scale = scale,
          .own_weight = impl_->info.mosaic > 0 ? kOwnWeightWithMosaics : kOwnWeight,
          .calibration = fit.calibration,
          .patients = fit_patient_scatter(fit.calibration.margins(values_of<float>(fit.held_out)), values_of<float>(truth), patients,
                                          fit.calibration.score_threshold.size()),
          .place = place,
      };
    });
  });
  impl_->presence = std::move(stored);
  impl_->scorer.reset();
  impl_->info.judged.reset();
}

void PatchModel::drop_presence() {
  impl_->presence.reset();
  impl_->scorer.reset();
  impl_->info.presence.reset();
  impl_->info.judged.reset();
}

std::vector<HeadScores> PatchModel::presence_scores(const PatchBatch& whole) {
  if (!impl_->presence) throw core::Error("the model has no presence head: wsi-lpd calibrate PATCHES --presence-encoder FILE fits one");
  const auto look_at = [&](const PatchBatch& batch, std::int64_t) {
    const c10::InferenceMode inference;
    const Tensor maps = impl_->head_maps(impl_->images(batch)), scores = maps.mean({2, 3});
    std::vector<HeadScores> heads;
    for (std::int64_t b = 0; b < batch.count; ++b) {
      HeadScores head{values_of<float>(scores[b])};
      if (impl_->scorer->has_places()) head = {std::move(head.scores), values_of<float>(maps[b]), maps.size(2), maps.size(3)};
      heads.push_back(std::move(head));
    }
    return heads;
  };
  return runtime::with_torch_errors("telling which classes are present", [&] { return in_parts(impl_->parts, whole, look_at); });
}

std::string PatchModel::take_note() { return impl_->parts.take_note("images"); }

void PatchModel::set_stain(const core::StainStatistics& stain) { impl_->info.stain = stain; }

void PatchModel::set_stain_fit(const std::optional<core::StainFit>& fit) { impl_->info.stain_fit = fit; }

void PatchModel::set_judged(const Judgement& judged) { impl_->info.judged = judged; }

void PatchModel::save(const std::filesystem::path& path) const {
  save_model(path, impl_->network, impl_->info, impl_->presence ? &*impl_->presence : nullptr);
}

}  // namespace wsi_lpd::model::network
