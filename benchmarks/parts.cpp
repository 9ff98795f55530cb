// What the parts of `segment` cost, one thread, in processor time (Google Benchmark; --benchmark_filter=REGEX chooses):
//   matrix_product/bf16   what this machine's matrix products reach at best, by LibTorch: FLOP/s
//   forward/PRECISION     the network on batches of eight tiles, from bytes to class maps: tiles/s, and FLOP/s to set against the former
//   read, blend, write    tiles/s of the pipeline's other stages: a JPEG slide, the canvas with its labels, the pyramid
#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include <filesystem>
#include <random>

#include "wsi_lpd/core/canvas.hpp"
#include "wsi_lpd/image/raster_writer.hpp"
#include "wsi_lpd/model/network/model_file.hpp"
#include "wsi_lpd/pipeline/segment/lpd_segmenter.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace {

using namespace wsi_lpd;
namespace fs = std::filesystem;

constexpr int kTile = 224, kBatch = 8, kClasses = 3;
constexpr double kFlopPerTile = 5.81e9;  // mit_b1 at 224 pixels

struct Folder {
  fs::path path = fs::temp_directory_path() / ("wsi-lpd-benchmark-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};
const fs::path& folder() {
  static const Folder made;
  return made.path;
}

void fill(std::uint8_t* pixels, std::size_t bytes) {
  std::mt19937 random(1);
  for (std::size_t i = 0; i < bytes; ++i) pixels[i] = static_cast<std::uint8_t>(random());
}

void matrix_product(benchmark::State& state, at::ScalarType type) {
  at::set_num_threads(1);
  const c10::InferenceMode inference;
  constexpr std::int64_t kSide = 2048;
  const at::Tensor a = at::randn({kSide, kSide}).to(type), b = at::randn({kSide, kSide}).to(type);
  at::Tensor product = a.matmul(b);
  for (auto _ : state) at::matmul_out(product, a, b);
  state.counters["FLOP/s"] = benchmark::Counter(2.0 * kSide * kSide * kSide, benchmark::Counter::kIsIterationInvariantRate);
}

void forward(benchmark::State& state, pipeline::segment::Arithmetic arithmetic) {
  at::set_num_threads(1);
  const fs::path path = folder() / "model.safetensors";
  if (!fs::exists(path)) {
    model::network::ModelInfo info;
    info.classes = core::default_class_scheme(kClasses);
    torch::manual_seed(1);
    model::network::save_model(path, model::network::make_network(info), info);
  }
  const auto segmenter =
      pipeline::segment::load_lpd_segmenter(path, {.normalisation = pipeline::segment::Normalisation::Tile, .arithmetic = arithmetic});
  const auto tiles = [&] {
    auto buffer = segmenter->allocate(kBatch, kTile);
    fill(buffer->data(), std::size_t{3} * kBatch * kTile * kTile);
    return buffer;
  };
  segmenter->choose_precision(tiles(), kBatch, kTile);
  const auto run = [&](std::unique_ptr<pipeline::segment::TileBuffer> buffer) {
    benchmark::DoNotOptimize(segmenter->await(segmenter->submit(std::move(buffer), kBatch, kTile, std::vector<std::uint8_t>(kBatch, 1))));
  };
  run(tiles());
  for (auto _ : state) {
    state.PauseTiming();
    auto buffer = tiles();
    state.ResumeTiming();
    run(std::move(buffer));
  }
  state.counters["tiles/s"] = benchmark::Counter(kBatch, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["FLOP/s"] = benchmark::Counter(kBatch * kFlopPerTile, benchmark::Counter::kIsIterationInvariantRate);
}

core::TilePlan plan_of(core::Size size, double scale) {
  core::Frame frame{
      .bounds = {0, 0, std::llround(static_cast<double>(size.width) * scale), std::llround(static_cast<double>(size.height) * scale)},
      .scale = scale,
      .size = size};
  return core::plan_tiles(frame, {core::Image(1, 1, 1, 1), frame.bounds}, {});
}

/// From level 0 at the output's resolution (scale 1), or shrunk from it.
void read(benchmark::State& state, double scale) {
  const fs::path path = folder() / "slide.tif";
  constexpr std::int64_t kSide = 4096;
  if (!fs::exists(path)) {
    core::Image noise(512, 512, 3);
    fill(noise.data(), noise.bytes());
    core::Image picture(kSide, kSide, 3);  // enlarged noise: as smooth as tissue, so that JPEG has as much to do
    core::resample_area(noise.view(), 0, 0, 512.0 / kSide, 512.0 / kSide, picture.view());
    image::PyramidOptions options;
    options.tile = 256;
    options.compression = image::PyramidOptions::Compression::Jpeg;
    image::RasterWriter writer(path, {kSide, kSide}, 3, options);
    writer.add_rows(picture.data(), kSide);
    writer.finish();
  }
  const auto reader = slide::open(path, {.mpp = 0.25});
  const core::TilePlan plan = plan_of({static_cast<std::int64_t>(kSide / scale), static_cast<std::int64_t>(kSide / scale)}, scale);
  const slide::FrameReader frame_reader(*reader, plan.frame);
  std::size_t next = 0;
  std::int64_t tiles = 0;
  for (auto _ : state) {
    const core::Strip& strip = plan.strips[next++ % plan.strips.size()];
    core::Image pixels(strip.region.width, strip.region.height, 3);
    frame_reader.read(strip.region, pixels.view());
    benchmark::DoNotOptimize(pixels.data());
    tiles += static_cast<std::int64_t>(strip.count);
  }
  state.counters["tiles/s"] = benchmark::Counter(static_cast<double>(tiles), benchmark::Counter::kIsRate);
}

struct NoSink : core::CanvasSink {
  void grid_row(std::span<const float>, std::span<const std::uint8_t>) override {}
  void label_row(std::span<const std::uint8_t>, std::span<const std::uint8_t>) override {}
};

void blend(benchmark::State& state) {
  const core::TilePlan plan = plan_of({8192, 2048}, 1);
  const core::TissueMask tissue{core::Image(1, 1, 1, 1), plan.frame.bounds};
  const std::vector<float> maps = [] {
    std::vector<float> values(std::size_t{kClasses} * (kTile / 8) * (kTile / 8));
    std::mt19937 random(1);
    for (float& value : values) value = static_cast<float>(random() % 1000) / 1000;
    return values;
  }();
  for (auto _ : state) {
    NoSink sink;
    core::Canvas canvas(plan, tissue, kClasses, 8, core::Blend::Window, sink);
    for (const core::Tile& tile : plan.tiles) canvas.add(tile, maps);
    canvas.finish();
  }
  state.counters["tiles/s"] = benchmark::Counter(static_cast<double>(plan.tiles.size()), benchmark::Counter::kIsIterationInvariantRate);
}

void write(benchmark::State& state) {
  constexpr core::Size kSize{8192, 2048};
  core::Image blobs(kSize.width / 64, kSize.height / 64, 1), labels(kSize.width, kSize.height, 1);
  fill(blobs.data(), blobs.bytes());
  for (std::int64_t y = 0; y < kSize.height; ++y)
    for (std::int64_t x = 0; x < kSize.width; ++x) *labels.at(x, y) = *blobs.at(x / 64, y / 64) % (kClasses + 1);
  image::PyramidOptions options;
  options.reduction = image::PyramidOptions::Reduction::Mode;
  for (auto _ : state) {
    image::RasterWriter writer(folder() / "labels.tif", kSize, 1, options);
    writer.add_rows(labels.data(), kSize.height);
    writer.finish();
  }
  const double tiles = static_cast<double>(kSize.area()) / (kTile * kTile);
  state.counters["tiles/s"] = benchmark::Counter(tiles, benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK_CAPTURE(matrix_product, bf16, at::kBFloat16)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(matrix_product, fp32, at::kFloat)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(forward, bf16, pipeline::segment::Arithmetic::Bfloat16)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(forward, fp32, pipeline::segment::Arithmetic::Float32)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read, as_it_is, 1.0)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read, shrunk, 1.24)->Unit(benchmark::kMillisecond);
BENCHMARK(blend)->Unit(benchmark::kMillisecond);
BENCHMARK(write)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
