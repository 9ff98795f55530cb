#include "wsi_lpd/pipeline/segment/lpd_segmenter.hpp"

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <tbb/parallel_for.h>
#include <torch/torch.h>

#include <atomic>
#include <cmath>
#include <optional>
#include <type_traits>

#include "device_crf.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/cuda/kernels.hpp"
#include "wsi_lpd/model/network/class_maps.hpp"
#include "wsi_lpd/model/network/model_file.hpp"
#include "wsi_lpd/model/runtime/device.hpp"
#include "wsi_lpd/model/runtime/fitting_parts.hpp"
#include "wsi_lpd/model/runtime/torch_error.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using torch::Tensor;

struct TensorBuffer final : TileBuffer {
  std::uint8_t* data() override { return pixels.data_ptr<std::uint8_t>(); }
  Tensor pixels;
};

/// What a batch of tiles comes to, still tensors.
struct Results {
  Tensor maps, score_maps, scores, peaks, features;
  Tensor distances = torch::empty({0});  ///< empty: not known
};

/// What the network's encoder computes in.
enum class Format { Float32, Bfloat16, Int8 };

struct LpdPending final : Segmenter::Pending {
  Format format = Format::Float32;    ///< as chosen when the batch was submitted
  std::unique_ptr<TileBuffer> owner;  ///< of the memory that `tiles` looks at, until the results are there
  Tensor tiles;                       ///< [B, T, T, 3] bytes
  Tensor scored;                      ///< [S] indices of the tiles to be scored
  Results results;                    ///< on a GPU: page-locked memory, filled once `done` has happened
  std::optional<c10::Event> done;
};

/// One LibTorch thread while in scope: the pipeline's threads are the parallelism, and sums come out the same whatever their number.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

std::vector<float> numbers(const Tensor& tensor) {
  const Tensor packed = tensor.contiguous();
  const float* data = packed.const_data_ptr<float>();
  return {data, data + packed.numel()};
}

/// Of parts of a batch, in order.
Results joined(std::vector<Results> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  const auto all = [&](Tensor Results::*member) {
    std::vector<Tensor> tensors;
    for (const Results& part : parts) tensors.push_back(part.*member);
    return torch::cat(tensors);
  };
  return {all(&Results::maps),  all(&Results::score_maps), all(&Results::scores),
          all(&Results::peaks), all(&Results::features),   all(&Results::distances)};
}

class LpdSegmenter final : public Segmenter {
 public:
  /// `rounded` and `integer`: the same network with an encoder to compute in bfloat16 or in integers, or nothing.
  LpdSegmenter(model::network::LoadedModel loaded, model::network::LpdNetwork rounded, model::network::LpdNetwork integer,
               const torch::Device& device, const LpdSegmenterOptions& options)
      : info_(std::move(loaded.info)),
        network_(std::move(loaded.network)),
        rounded_(std::move(rounded)),
        integer_(std::move(integer)),
        fast_bfloat16_(rounded_ || (integer_ && model::runtime::has_fast_bfloat16(options.device))),
        device_(device),
        options_(options),
        input_(info_, device) {
    if (!device.is_cpu()) {
      const c10::impl::VirtualGuardImpl backend(device.type());
      if (!device.has_index()) device_ = backend.getDevice();
      stream_ = backend.getStreamFromGlobalPool(device_);
      if (model::cuda::has_kernels_for(device_)) device_crf_ = std::make_unique<DeviceCrf>(device_);
      network_->to(device_);
      if (rounded_) rounded_->to(device_);
    }
    format_ = rounded_ ? Format::Bfloat16 : Format::Float32;
    if (loaded.presence && smooth_gate() && !options.own_presence)
      scorer_ = std::make_unique<model::network::PresenceScorer>(*loaded.presence, info_, device_);
    core::Calibration calibration = info_.calibration;
    if (scorer_) joint_.emplace(info_, device_);
    if (scorer_ || calibration.empty()) calibration = model::network::uncalibrated(info_.classes.count());
    presence_.emplace(calibration, device_);
    shape_ = {.classes = info_.classes,
              .prototypes_per_class = info_.prototypes_per_class,
              .feature_size =
                  static_cast<int>(encoder_features() ? scorer_->width() : model::encoders::mix_transformer_shape(info_.encoder).widths[3]),
              .features_of = encoder_features() ? info_.presence->encoder : info_.encoder + ", stage 4",
              .grid_stride = model::network::kGridStride,
              .score_stride = model::network::kScoreStride,
              .only_tile = scorer_ ? info_.patch_size : 0,
              .patch_size = info_.patch_size,
              .mpp = info_.mpp.value_or(0),
              .stain = info_.stain,
              .stain_fit = info_.stain_fit,
              .presence = {},
              .local_presence = scorer_ && scorer_->has_places() ? model::network::kLocalWeight : 0,
              .adaptive_presence = scorer_ && info_.presence->patients,
              .sparse_scores = scorer_ && !encoder_features()};
    if (smooth_gate()) shape_.presence = calibration;
  }

  const Shape& shape() const override { return shape_; }

  std::unique_ptr<TileBuffer> allocate(int count, int tile) const override {
    return model::runtime::with_torch_errors("memory for tiles", [&] {
      auto buffer = std::make_unique<TensorBuffer>();
      buffer->pixels = torch::empty({count, tile, tile, 3}, torch::TensorOptions(torch::kByte).pinned_memory(!device_.is_cpu()));
      return buffer;
    });
  }

  Precision choose_precision(std::unique_ptr<TileBuffer> sample, int count, int tile) override {
    format_ = rounded_ ? Format::Bfloat16 : Format::Float32;
    if (options_.arithmetic == Arithmetic::Float32 || (!rounded_ && !integer_)) return {};
    if (options_.arithmetic == Arithmetic::Bfloat16 || count == 0) return {rounded_ ? "bf16" : "fp32", {}};
    return on_the_device("choosing the precision", [&]() -> Precision {
      const Tensor tiles = view(*sample, count, tile).to(device_);
      if (integer_) network_->encoder().observe();
      const std::vector<Tensor> exact = sample_labels(Format::Float32, tiles);
      std::optional<double> agreement;
      if (integer_ && integer_->encoder().quantise(network_->encoder().take_ranges())) {
        format_ = Format::Int8;
        agreement = share_of_equal(exact, sample_labels(format_, tiles));
        if (options_.arithmetic == Arithmetic::Int8 || *agreement >= kEnoughAgreement) return {"int8", agreement};
      }
      if (rounded_) {
        format_ = Format::Bfloat16;
        agreement = share_of_equal(exact, sample_labels(format_, tiles));
        if (*agreement >= kEnoughAgreement) return {"bf16", agreement};
      }
      format_ = Format::Float32;
      return {"fp32", agreement};
    });
  }

  std::vector<float> adapt_presence(std::unique_ptr<TileBuffer> sample, int count, int tile) override {
    shape_.presence = model::network::uncalibrated(info_.classes.count());
    if (count == 0) return {};
    return on_the_device("comparing the presence of classes with other patients", [&] {
      const model::network::PresenceInfo& presence = *info_.presence;
      const std::vector<float> scores = numbers(sample_scores(view(*sample, count, tile)));
      std::vector<float> shift = model::network::patient_shift(*presence.patients, presence.calibration.margins(scores));
      for (std::size_t c = 0; c < shift.size(); ++c) shape_.presence.score_threshold[c] += shift[c];
      return shift;
    });
  }

  std::unique_ptr<Pending> submit(std::unique_ptr<TileBuffer> tiles, int count, int tile, std::span<const std::uint8_t> scored) override {
    auto pending = std::make_unique<LpdPending>();
    pending->format = format_;
    pending->scored = encoder_features() ? torch::arange(count, torch::kLong)
                                         : torch::tensor(at::ArrayRef(scored.data(), scored.size()), torch::kByte).nonzero().flatten();
    pending->tiles = view(*tiles, count, tile);
    pending->owner = std::move(tiles);
    if (device_.is_cpu()) return pending;
    return on_the_device("segmenting on the GPU", [&] {
      const c10::InferenceMode inference;
      const c10::StreamGuard guard(*stream_);
      pending->results = to_host(compute_in_parts(pending->format, pending->tiles, pending->scored));
      pending->done.emplace(device_.type());
      pending->done->record(*stream_);
      return std::move(pending);
    });
  }

  TileResults await(std::unique_ptr<Pending> handed) const override {
    auto& pending = static_cast<LpdPending&>(*handed);
    return on_the_device("segmenting", [&] {
      const c10::InferenceMode inference;
      if (pending.done) {
        pending.done->synchronize();
      } else {
        const OneThread one_thread;
        pending.results = compute_in_parts(pending.format, pending.tiles, pending.scored);
      }
      if (!is_finite(pending.results)) {
        if (pending.format != Format::Float32) pending.results = compute_again(pending);
        if (!is_finite(pending.results))
          throw core::Error("the model gives values that are not finite: its file is damaged or was made so");
      }
      const Results& results = pending.results;
      return TileResults{static_cast<int>(pending.tiles.size(0)),
                         numbers(results.maps),
                         numbers(results.score_maps),
                         numbers(results.scores),
                         numbers(results.peaks),
                         numbers(results.features),
                         numbers(results.distances)};
    });
  }

  std::vector<std::uint8_t> crf_labels(std::vector<float> probabilities, int labels, core::ImageView<const std::uint8_t> rgb,
                                       const crf::DenseCrfOptions& options) const override {
    if (device_crf_) {
      const auto found = on_the_device("the CRF on the GPU", [&] { return device_crf_->labels(probabilities, labels, rgb, options); });
      if (found) return *found;
    }
    return Segmenter::crf_labels(std::move(probabilities), labels, rgb, options);
  }

  std::string take_note() override {
    std::string note = parts_.take_note("tiles");
    const std::string of_crf = device_crf_ ? device_crf_->take_note() : "";
    if (!note.empty() && !of_crf.empty()) note += "; ";
    return note + of_crf;
  }
  bool is_lost() const override { return is_lost_; }

 private:
  /// Runs `action`, whose errors become Error with `context`. After some of them nothing can be computed any more.
  template <class Action>
  std::invoke_result_t<const Action&> on_the_device(const std::string& context, const Action& action) const {
    return model::runtime::with_torch_errors(context, [&] {
      try {
        return action();
      } catch (const std::exception& error) {
        const std::string failure = model::runtime::device_failure(error);
        if (failure.empty()) throw;
        is_lost_ = true;
        throw core::Error(context + ": the device has failed (" + failure + "); nvidia-smi and the kernel's log may say why");
      }
    });
  }

  static Tensor view(TileBuffer& tiles, int count, int tile) {
    const Tensor& pixels = static_cast<TensorBuffer&>(tiles).pixels;
    return pixels.flatten().narrow(0, 0, std::int64_t{3} * count * tile * tile).view({count, tile, tile, 3});
  }

  /// Are the maps gated on the slide, over neighbouring tiles? The reference's way knows its tile alone.
  bool smooth_gate() const { return options_.normalisation == Normalisation::Calibrated; }

  /// Are the features those of the presence head's encoder?
  bool encoder_features() const { return scorer_ && options_.encoder_features; }

  static Results to_host(const Results& results) {
    const auto copied = [](const Tensor& tensor) { return tensor.contiguous().to(torch::kCPU, /*non_blocking=*/true); };
    return {copied(results.maps),  copied(results.score_maps), copied(results.scores),
            copied(results.peaks), copied(results.features),   copied(results.distances)};
  }

  /// Of results on the CPU.
  static bool is_finite(const Results& results) {
    return results.maps.isfinite().all().item<bool>() && results.score_maps.isfinite().all().item<bool>();
  }

  /// A batch whose results in another format are not finite, in float32.
  Results compute_again(const LpdPending& pending) const {
    const OneThread one_thread;
    Results results = to_host(compute_in_parts(Format::Float32, pending.tiles, pending.scored));
    if (!device_.is_cpu()) c10::impl::VirtualGuardImpl(device_.type()).synchronizeDevice(device_.index());
    return results;
  }

  /// The labels of tiles, in parts that do not depend on the number of threads.
  std::vector<Tensor> sample_labels(Format format, const Tensor& tiles) const {
    const std::int64_t most = device_.is_cpu() ? 2 : tiles.size(0);
    const std::vector<Tensor> parts = tiles.split(most);
    std::vector<Tensor> labels(parts.size());
    tbb::parallel_for(std::size_t{0}, parts.size(), [&](std::size_t i) {
      const c10::InferenceMode inference;
      const OneThread one_thread;
      const Results results = compute_in_parts(format, parts[i], torch::arange(parts[i].size(0), torch::kLong));
      labels[i] = model::network::labels_from_maps(smooth_gate() ? model::network::gated(results.maps, (*presence_)(results.scores))
                                                                 : results.maps);
    });
    return labels;
  }

  /// The head's scores [N, C] of tiles on the host, in parts that do not depend on the number of threads.
  Tensor sample_scores(const Tensor& tiles) const {
    const std::vector<Tensor> parts = tiles.split(device_.is_cpu() ? 2 : tiles.size(0));
    std::vector<Tensor> scores(parts.size());
    tbb::parallel_for(std::size_t{0}, parts.size(), [&](std::size_t i) {
      const c10::InferenceMode inference;
      const OneThread one_thread;
      scores[i] = torch::cat(parts_.compute(parts[i].size(0), [&](std::int64_t first, std::int64_t count) {
        const Tensor images = input_(parts[i].narrow(0, first, count).to(device_));
        return scorer_->score_maps(scorer_->feature_maps(images, format_ != Format::Float32 && fast_bfloat16_)).mean({2, 3}).cpu();
      }));
    });
    return torch::cat(scores);
  }

  static double share_of_equal(const std::vector<Tensor>& labels, const std::vector<Tensor>& others) {
    return (torch::cat(labels) == torch::cat(others)).to(torch::kDouble).mean().item<double>();
  }

  /// compute() of tiles on the host or the device, of as many at once as there is memory for.
  Results compute_in_parts(Format format, const Tensor& tiles, const Tensor& scored) const {
    return joined(parts_.compute(tiles.size(0), [&](std::int64_t first, std::int64_t count) {
      const Tensor own = scored.masked_select(scored.ge(first).logical_and(scored.lt(first + count))) - first;
      return compute(format, tiles.narrow(0, first, count).to(device_, /*non_blocking=*/true), own);
    }));
  }

  /// `scored` [S]: indices of the tiles that the presence head sees; the network's own scores are those of all tiles.
  Results compute(Format format, const Tensor& tiles, const Tensor& scored) const {
    const int k = info_.prototypes_per_class;
    const Tensor images = input_(tiles);
    const model::network::LpdNetwork& network = format == Format::Int8 ? integer_ : format == Format::Bfloat16 ? rounded_ : network_;
    const model::network::NetworkOutput output = network->forward(images);
    const auto merged = model::network::merged_maps(output, k);
    const Tensor peaks = output.maps[3].amax({2, 3}), features = output.feature.mean({2, 3});
    if (!smooth_gate()) {
      const Tensor scores = model::network::class_scores(output, k);
      return {model::network::gated(model::network::tile_maps(merged), (*presence_)(scores)), torch::empty({0}), scores, peaks, features};
    }
    if (!scorer_)
      return {model::network::open_maps(merged), model::network::merge_mean(output.maps[3], k), model::network::class_scores(output, k),
              peaks, features};
    const std::int64_t side = tiles.size(1) / model::network::kScoreStride;
    Results results{model::network::open_maps(merged), images.new_zeros({images.size(0), info_.classes.count(), side, side}),
                    images.new_full({images.size(0), info_.classes.count()}, NAN), peaks, features};
    if (scorer_->has_fit()) results.distances = images.new_full({images.size(0)}, NAN);
    if (scored.numel() == 0) return results;
    const bool bfloat16 = format != Format::Float32 && fast_bfloat16_;
    const Tensor indices = scored.to(device_), seen = images.index_select(0, indices), feature_maps = scorer_->feature_maps(seen, bfloat16);
    const Tensor score_maps = (*joint_)(model::network::on_score_grid(scorer_->score_maps(feature_maps), tiles.size(1)),
                                        model::network::merge_mean(output.maps[3], k).index_select(0, indices));
    results.score_maps.index_copy_(0, indices, score_maps);
    results.scores.index_copy_(0, indices, score_maps.mean({2, 3}));
    if (encoder_features()) results.features = scorer_->features(seen, bfloat16);
    if (scorer_->has_fit()) results.distances.index_copy_(0, indices, scorer_->distances(feature_maps.mean({2, 3})));
    return results;
  }

  model::network::ModelInfo info_;
  model::network::LpdNetwork network_, rounded_, integer_;
  Format format_ = Format::Float32;  ///< which of them computes; used by choose_precision and submit alone
  bool fast_bfloat16_;               ///< is what has no integers computed in bfloat16, when the network is not in float32?
  torch::Device device_;
  LpdSegmenterOptions options_;
  model::network::InputNormaliser input_;
  std::unique_ptr<model::network::PresenceScorer> scorer_;  ///< nothing: presence from the network's own scores
  std::optional<model::network::JointPresence> joint_;      ///< of the scorer's scores and the network's own
  std::optional<model::network::ScoreSigmoid> presence_;
  std::optional<c10::Stream> stream_;      ///< on a GPU
  std::unique_ptr<DeviceCrf> device_crf_;  ///< nothing: the CPU computes the CRF
  Shape shape_;
  mutable model::runtime::FittingParts parts_;
  mutable std::atomic<bool> is_lost_ = false;
};

}  // namespace

std::unique_ptr<Segmenter> load_lpd_segmenter(const std::filesystem::path& path, const LpdSegmenterOptions& options) {
  const torch::Device device(model::runtime::resolve_device(options.device));
  model::network::LoadedModel loaded = model::network::load_model(path);
  const bool by_head = loaded.presence && !options.own_presence;
  if (options.encoder_features && !loaded.presence)
    throw core::UsageError("--features encoder: " + path.string() +
                           " has no presence head; wsi-lpd calibrate PATCHES --presence-encoder FILE fits one");
  if (options.encoder_features && (options.own_presence || options.normalisation == Normalisation::Tile))
    throw core::UsageError(
        "--features encoder: the encoder is not used with --presence own or --normalisation tile; leave one of them out");
  if (options.normalisation == Normalisation::Calibrated && loaded.info.calibration.empty() && !by_head) {
    throw core::Error(path.string() + ": the model is not calibrated; run `wsi-lpd calibrate PATCHES --model " + path.string() +
                      "`, or give --normalisation tile");
  }
  if (options.arithmetic == Arithmetic::Int8 && !model::runtime::has_fast_int8(options.device))
    throw core::UsageError("--precision int8 is for CPUs with AVX512-VNNI, and this is " + std::string(device.is_cpu() ? "none" : "a GPU") +
                           "; leave it out");
  return model::runtime::with_torch_errors(path.string(), [&] {
    const bool is_auto = options.arithmetic == Arithmetic::Auto, fast_bfloat16 = model::runtime::has_fast_bfloat16(options.device);
    model::network::LpdNetwork rounded(nullptr), integer(nullptr);
    if (options.arithmetic == Arithmetic::Bfloat16 || (is_auto && fast_bfloat16)) {
      rounded = model::network::load_model(path).network;
      rounded->round_encoder_to_bfloat16();
    }
    if (options.arithmetic == Arithmetic::Int8 || (is_auto && model::runtime::has_fast_int8(options.device))) {
      integer = model::network::load_model(path).network;
      if (fast_bfloat16) integer->round_encoder_to_bfloat16();
    }
    return std::make_unique<LpdSegmenter>(std::move(loaded), std::move(rounded), std::move(integer), device, options);
  });
}

}  // namespace wsi_lpd::pipeline::segment
