#include "wsi_lpd/pipeline/lpd_segmenter.hpp"

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/torch.h>

#include <optional>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/class_maps.hpp"
#include "wsi_lpd/model/device.hpp"
#include "wsi_lpd/model/model_file.hpp"
#include "wsi_lpd/model/torch_error.hpp"

namespace wsi_lpd::pipeline {
namespace {

using torch::Tensor;

struct TensorBuffer final : TileBuffer {
  std::uint8_t* data() override { return pixels.data_ptr<std::uint8_t>(); }
  Tensor pixels;
};

/// What a batch of tiles comes to, still tensors.
struct Results {
  Tensor maps, scores, peaks, features;
};

struct LpdPending final : Segmenter::Pending {
  std::unique_ptr<TileBuffer> owner;  ///< of the memory that `tiles` looks at, until the results are there
  Tensor tiles;                       ///< [B, T, T, 3] bytes
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

class LpdSegmenter final : public Segmenter {
 public:
  LpdSegmenter(model::LoadedModel loaded, const torch::Device& device, Normalisation normalisation)
      : info_(std::move(loaded.info)),
        network_(std::move(loaded.network)),
        device_(device),
        normalisation_(normalisation),
        input_(info_, device) {
    if (!device.is_cpu()) {
      const c10::impl::VirtualGuardImpl backend(device.type());
      if (!device.has_index()) device_ = backend.getDevice();
      stream_ = backend.getStreamFromGlobalPool(device_);
      network_->to(device_);
    }
    model::Calibration calibration = info_.calibration;
    if (calibration.empty()) calibration = model::uncalibrated(info_.classes.count());
    maps_.emplace(calibration, device_);
    shape_ = {.classes = info_.classes,
              .prototypes_per_class = info_.prototypes_per_class,
              .feature_size = static_cast<int>(model::mix_transformer_shape(info_.encoder).widths[3]),
              .grid_stride = model::kGridStride,
              .patch_size = info_.patch_size,
              .mpp = info_.mpp.value_or(0)};
  }

  const Shape& shape() const override { return shape_; }

  std::unique_ptr<TileBuffer> allocate(int count, int tile) const override {
    return model::with_torch_errors("memory for tiles", [&] {
      auto buffer = std::make_unique<TensorBuffer>();
      buffer->pixels = torch::empty({count, tile, tile, 3}, torch::TensorOptions(torch::kByte).pinned_memory(!device_.is_cpu()));
      return buffer;
    });
  }

  std::unique_ptr<Pending> submit(std::unique_ptr<TileBuffer> tiles, int count, int tile) override {
    auto pending = std::make_unique<LpdPending>();
    const Tensor& pixels = static_cast<TensorBuffer&>(*tiles).pixels;
    pending->tiles = pixels.flatten().narrow(0, 0, std::int64_t{3} * count * tile * tile).view({count, tile, tile, 3});
    pending->owner = std::move(tiles);
    if (device_.is_cpu()) return pending;
    return model::with_torch_errors("segmenting on the GPU", [&] {
      const c10::InferenceMode inference;
      const c10::StreamGuard guard(*stream_);
      const Results on_device = compute(pending->tiles.to(device_, /*non_blocking=*/true));
      const auto to_host = [](const Tensor& tensor) { return tensor.contiguous().to(torch::kCPU, /*non_blocking=*/true); };
      pending->results = {to_host(on_device.maps), to_host(on_device.scores), to_host(on_device.peaks), to_host(on_device.features)};
      pending->done.emplace(device_.type());
      pending->done->record(*stream_);
      return std::move(pending);
    });
  }

  TileResults await(std::unique_ptr<Pending> handed) const override {
    auto& pending = static_cast<LpdPending&>(*handed);
    return model::with_torch_errors("segmenting", [&] {
      const c10::InferenceMode inference;
      if (pending.done) {
        pending.done->synchronize();
      } else {
        const OneThread one_thread;
        pending.results = compute(pending.tiles);
      }
      const Results& results = pending.results;
      return TileResults{static_cast<int>(pending.tiles.size(0)), numbers(results.maps), numbers(results.scores), numbers(results.peaks),
                         numbers(results.features)};
    });
  }

 private:
  Results compute(const Tensor& tiles) const {
    const int k = info_.prototypes_per_class;
    const model::NetworkOutput output = network_->forward(input_(tiles));
    const auto evidence = model::evidence(output, k);
    const Tensor scores = model::class_scores(output, k);
    return {normalisation_ == Normalisation::Tile ? model::tile_maps(evidence, maps_->gate(scores)) : (*maps_)(evidence, scores), scores,
            output.maps[3].amax({2, 3}), output.feature.mean({2, 3})};
  }

  model::ModelInfo info_;
  model::LpdNetwork network_;
  torch::Device device_;
  Normalisation normalisation_;
  model::InputNormaliser input_;
  std::optional<model::CalibratedMaps> maps_;
  std::optional<c10::Stream> stream_;  ///< on a GPU
  Shape shape_;
};

}  // namespace

std::unique_ptr<Segmenter> load_lpd_segmenter(const std::filesystem::path& path, const LpdSegmenterOptions& options) {
  const torch::Device device(model::resolve_device(options.device));
  model::LoadedModel loaded = model::load_model(path);
  if (options.normalisation == Normalisation::Calibrated && loaded.info.calibration.empty()) {
    throw Error(path.string() + ": the model carries no calibration; train it with this program, or use --normalisation tile");
  }
  return model::with_torch_errors(path.string(),
                                  [&] { return std::make_unique<LpdSegmenter>(std::move(loaded), device, options.normalisation); });
}

}  // namespace wsi_lpd::pipeline
