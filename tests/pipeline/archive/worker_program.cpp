// A worker with a network that knows three colours, and does harm at others.
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>

#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/pipeline/archive/workers.hpp"

namespace wsi_lpd {
namespace {

/// Harm by the red value of a tile's middle pixel.
class Harmful : public testing::IdentitySegmenter {
 public:
  explicit Harmful(std::filesystem::path mark) : IdentitySegmenter(8, 0.5), mark_(std::move(mark)) {}

  std::unique_ptr<Pending> submit(std::unique_ptr<pipeline::segment::TileBuffer> tiles, int count, int tile,
                                  std::span<const std::uint8_t> scored) override {
    const std::size_t middle =
        (static_cast<std::size_t>(tile / 2) * static_cast<std::size_t>(tile) + static_cast<std::size_t>(tile / 2)) * 3;
    switch (tiles->data()[middle]) {
      case 101:
        std::fputs("the codec is lost\n", stderr);
        std::signal(SIGSEGV, SIG_DFL);  // not what a sanitizer makes of it
        std::raise(SIGSEGV);
        break;
      case 102:
        for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
      case 103:
        for (;;) std::memset(eaten_.emplace_back(std::make_unique<char[]>(1 << 24)).get(), 1, 1 << 24);
      case 104:
        if (std::filesystem::create_directory(mark_)) std::_Exit(7);
        break;
      case 105:
        fail();
      case 106:
        if (std::filesystem::create_directory(mark_)) fail();
        break;
      default:
        break;
    }
    return IdentitySegmenter::submit(std::move(tiles), count, tile, scored);
  }
  bool is_lost() const override { return is_lost_; }

 private:
  /// As a GPU does after which the process can't use it.
  [[noreturn]] void fail() {
    is_lost_ = true;
    throw core::Error("segmenting: the device has failed (CUDA error: unspecified launch failure)");
  }

  std::filesystem::path mark_;
  bool is_lost_ = false;
  std::vector<std::unique_ptr<char[]>> eaten_;
};

}  // namespace
}  // namespace wsi_lpd

/// worker_program MARK [WHAT]: MARK is made by the first of its crashes at 104 and failures at 106. With WHAT "gone" nothing can be loaded
/// when it is there.
int main(int argc, char** argv) {
  using namespace wsi_lpd;
  static core::CancelFlag cancel{false};
  const std::string what = argc > 2 ? argv[2] : "";
  if (what == "dies") return 5;
  try {
    pipeline::archive::serve_worker(
        [&](const pipeline::archive::WorkerShare&) {
          if (what == "refuses") throw core::UsageError("no such model");
          if (what == "gone" && std::filesystem::exists(argv[1])) throw core::UsageError("--device cuda:0: this machine has 0 usable GPUs");
          pipeline::segment::RunIdentity identity = pipeline::kIdentity;
          if (what == "other model") identity.model_sha256 = "ffff";
          return pipeline::archive::WorkerRun{
              std::make_unique<Harmful>(argv[1]), {.tile = what == "other tile" ? 100 : 224, .tissue = "none", .threads = 1}, identity};
        },
        cancel);
  } catch (const core::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
