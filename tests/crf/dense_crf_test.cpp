#include "wsi_lpd/crf/dense_crf.hpp"

#include <gmock/gmock.h>

#include <random>

#include "golden/golden.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::crf {
namespace {

using ::testing::HasSubstr;
using torch::Tensor;

core::ImageView<const std::uint8_t> view(const Tensor& rgb) {
  return {rgb.const_data_ptr<std::uint8_t>(), static_cast<int>(rgb.size(1)), static_cast<int>(rgb.size(0)), 3, 3 * rgb.size(1)};
}
std::vector<float> values(const Tensor& tensor) {
  const Tensor flat = tensor.contiguous();
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}
Tensor run(const Tensor& unary, const Tensor& rgb, const DenseCrfOptions& options) {
  const Tensor pixels = rgb.contiguous();
  return torch::tensor(dense_crf_from_unary(values(unary), static_cast<int>(unary.size(0)), view(pixels), options)).view(unary.sizes());
}

constexpr DenseCrfOptions kSoft{
    .gaussian_sigma = 3, .gaussian_weight = 3, .bilateral_sigma_xy = 30, .bilateral_sigma_rgb = 13, .bilateral_weight = 4};

TEST(DenseCrf, GoldenKernelsAndRounds) {
  const testing::Golden golden("crf_small");
  const Tensor unary = golden.at("unary"), rgb = golden.at("rgb_u8");
  const auto expect = [&](const std::string& name, const Tensor& actual, double tolerance) {
    golden.expect_close(actual, name, tolerance);
  };
  const auto rounds = [](DenseCrfOptions options, int iterations) {
    options.iterations = iterations;
    return options;
  };
  expect("reference.q0", run(unary, rgb, rounds({}, 0)), 1e-6);
  expect("reference.q1", run(unary, rgb, rounds({}, 1)), 1e-3);
  expect("reference.q5", run(unary, rgb, {}), 1e-3);
  expect("soft.q0", run(unary, rgb, rounds(kSoft, 0)), 1e-6);
  expect("soft.q1", run(unary, rgb, rounds(kSoft, 1)), 1e-5);
  expect("soft.q5", run(unary, rgb, kSoft), 1e-5);
  expect("soft_bgr.q5", run(unary, rgb.flip(2), kSoft), 1e-5);
  expect("gauss_only.q1", run(unary, rgb, {.gaussian_weight = 1, .bilateral_weight = 0, .iterations = 1}), 1e-5);
  expect("gauss3_only.q1", run(unary, rgb, {.gaussian_sigma = 3, .gaussian_weight = 1, .bilateral_weight = 0, .iterations = 1}), 1e-5);
  expect("bilateral_only.q1", run(unary, rgb, {.gaussian_weight = 0, .bilateral_weight = 1, .iterations = 1}), 1e-5);
  expect("none.q1", run(unary, rgb, {.gaussian_weight = 0, .bilateral_weight = 0, .iterations = 1}), 1e-6);
  expect("rect.q5", run(unary.slice(1, 0, 48), rgb.slice(0, 0, 48), {}), 1e-3);
}

/// Sizes around the tiles that the work is cut into.
TEST(DenseCrf, SameForAnyNumberOfThreads) {
  torch::manual_seed(5);
  std::mt19937 random(5);
  for (const int fixed : {1, 63, 64, 65, 0, 0, 0}) {
    const auto side = [&] { return fixed ? fixed : std::uniform_int_distribution(2, 200)(random); };
    const int height = side(), width = side(), labels = 1 + static_cast<int>(random() % 9);
    const Tensor unary = 3 * torch::rand({labels, height, width}), rgb = torch::randint(256, {height, width, 3}, torch::kByte);
    DenseCrfOptions options = kSoft;
    options.threads = 1;
    const Tensor one = run(unary, rgb, options);
    EXPECT_LE((one.sum(0) - 1).abs().max().item<double>(), 1e-5);
    for (const int threads : {2, 5}) {
      options.threads = threads;
      EXPECT_TRUE(torch::equal(run(unary, rgb, options), one)) << labels << " " << width << "x" << height << " " << threads;
    }
  }
}

/// Far from the origin, lattice points must still be told apart: the strip alone and at the end of a long image.
TEST(DenseCrf, LongImagesAreNoWorse) {
  constexpr int kLength = 12'000, kHeight = 3, kPart = 60;
  torch::manual_seed(6);
  const Tensor part = torch::rand({2, kHeight, kPart}), rgb_part = torch::randint(256, {kHeight, kPart, 3}, torch::kByte);
  const Tensor unary = part.repeat({1, 1, kLength / kPart}), rgb = rgb_part.repeat({1, kLength / kPart, 1});
  const Tensor q = run(unary, rgb, {.gaussian_weight = 3, .bilateral_weight = 5});
  const Tensor early = q.slice(2, 10 * kPart, 11 * kPart), late = q.slice(2, kLength - 11 * kPart, kLength - 10 * kPart);
  EXPECT_LE((early - late).abs().mean().item<double>(), 0.02);  // only the lattice's phase differs
}

/// With its origin said, a part of a picture gets the Q of the whole wherever its edges are far.
TEST(DenseCrf, PartsOfAPictureGetItsLattice) {
  torch::manual_seed(7);
  const Tensor unary = torch::rand({3, 120, 900}), rgb = torch::randint(256, {120, 900, 3}, torch::kByte);
  DenseCrfOptions options{.gaussian_sigma = 3,
                          .gaussian_weight = 3,
                          .bilateral_sigma_xy = 4,
                          .bilateral_sigma_rgb = 60,
                          .bilateral_weight = 4,
                          .iterations = 1};
  const Tensor whole = run(unary, rgb, options);
  for (const auto& [x, y] : std::vector<std::pair<int, int>>{{1, 0}, {700, 3}, {643, 17}}) {
    const auto middle = [](const Tensor& q) { return q.slice(1, 40, -40).slice(2, 40, -40); };
    const Tensor expected = middle(whole.slice(1, y).slice(2, x, x + 200));
    const auto difference = [&] {
      const Tensor part = run(unary.slice(1, y).slice(2, x, x + 200), rgb.slice(0, y).slice(1, x, x + 200), options);
      return (middle(part) - expected).abs().mean().item<double>();
    };
    options.origin_x = options.origin_y = 0;
    const double misplaced = difference();
    options.origin_x = x;
    options.origin_y = y;
    // Rounding decides whether a pixel on a simplex's face makes the point beyond it: few pixels differ by more.
    EXPECT_LE(difference(), 1e-4) << x << " " << y;
    EXPECT_GT(misplaced, 1e-3) << x << " " << y;
  }
  EXPECT_THROW(run(unary, rgb, {.origin_x = -1}), core::UsageError);
}

TEST(DenseCrf, FollowsTheEdgesOfTheImage) {
  constexpr int kSide = 40;
  Tensor rgb = torch::full({kSide, kSide, 3}, 40, torch::kByte), probabilities = torch::full({2, kSide, kSide}, 0.4F);
  rgb.slice(1, kSide / 2) = 200;
  probabilities[0].slice(1, 0, kSide / 2 + 3) = 0.6F;  // the guess is three pixels off
  probabilities[1] = 1 - probabilities[0];
  const auto labels = torch::tensor(most_probable_labels(dense_crf(values(probabilities), 2, view(rgb)), 2)).view({kSide, kSide});
  EXPECT_TRUE(labels.slice(1, 0, kSide / 2).eq(0).all().item<bool>());
  EXPECT_TRUE(labels.slice(1, kSide / 2).eq(1).all().item<bool>());
}

TEST(DenseCrf, RefusesWhatMakesNoSense) {
  const Tensor rgb = torch::zeros({4, 5, 3}, torch::kByte);
  const auto message = [&](int values, const DenseCrfOptions& options) -> std::string {
    try {
      dense_crf(std::vector<float>(values, 0.5F), 2, view(rgb), options);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message(40, {}), "");
  EXPECT_THAT(message(39, {}), HasSubstr("39 values do not make 2 labels of 5 x 4 pixels"));
  EXPECT_THAT(message(40, {.gaussian_sigma = 0}), HasSubstr("sigma"));
  EXPECT_THAT(message(40, {.bilateral_weight = -1}), HasSubstr("weights"));
  EXPECT_THAT(message(40, {.iterations = -1}), HasSubstr("iterations"));
  EXPECT_THAT(message(40, {.bilateral_sigma_rgb = 1e-6F}), HasSubstr("too small"));
}

}  // namespace
}  // namespace wsi_lpd::crf
