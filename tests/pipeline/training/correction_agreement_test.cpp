#include "correction_agreement.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "pipeline/run.hpp"
#include "pipeline/training/marked_patches.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"
#include "wsi_lpd/pipeline/training/evaluate.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

class Agreement : public MarkedPatches {};

TEST_F(Agreement, IsThatOfEvaluate) {
  TrainJob job;
  job.patches.train = job.patches.valid = write(6, 64, 64);
  job.run = folder_ / "run";
  job.info.encoder = "mit_b0";
  job.info.classes = core::default_class_scheme(2);
  job.images.classes = 2;
  job.options.iterations = 4;
  job.options.threads = 1;
  job.batch_size = 4;
  std::vector<CorrectedTile> tiles;
  for (std::size_t i = 0; i < job.patches.valid.size(); ++i) {
    Patch& patch = job.patches.valid[i];
    patch.mask = folder_ / ("m" + std::to_string(i) + ".png");
    core::Image mask(64, 64, 1);
    for (std::int64_t y = 0; y < 64; ++y)
      for (std::int64_t x = 0; x < 64; ++x) *mask.at(x, y) = static_cast<std::uint8_t>((x / 7 + y / 11) % 3);
    image::write_labels_png(patch.mask, mask, std::vector<core::Colour>(3));
    tiles.push_back({.name = "",
                     .patient = "",
                     .rgb = marked(static_cast<std::uint8_t>(i), 64, 64),
                     .classes = std::move(mask),
                     .labels = {NAN, NAN},
                     .presence = {NAN, NAN}});
  }
  const core::Work work{observer_, kNever};
  const PreparedTraining prepared = prepare_training(job, work);
  auto model = model::network::PatchModel::load(train(prepared, work).model, "cpu", 1);
  const Evaluation evaluation = evaluate({.oracle = false, .all_views = false, .crf = false, .shown = 0}, prepared.valid, model, work);
  EXPECT_EQ(agreement_with(tiles, model, kNever).counts(), evaluation.evaluated.front().matrix.counts());
  EXPECT_EQ(evaluation.evaluated.front().matrix.total(), 6 * 64 * 64);

  *tiles[0].classes.at(5, 5) = model::network::kUnknownPixel;
  EXPECT_EQ(agreement_with(tiles, model, kNever).total(), 6 * 64 * 64 - 1) << "what is not known agrees with nothing";
}

TEST_F(Agreement, IsWrittenByClass) {
  core::ClassScheme classes = core::default_class_scheme(2);
  classes.names = {"TUM", "a,b"};
  classes.background = "BACK";
  const std::vector<std::int64_t> before{3, 1, 0, 0, 0, 0, 2, 0, 2}, after{4, 0, 0, 0, 0, 0, 1, 1, 2};
  CorrectionAgreement agreement{raster::ConfusionMatrix(2, before), raster::ConfusionMatrix(2, after)};
  write_agreement(folder_ / "corrections.csv", agreement, classes);
  EXPECT_EQ(core::read_text_file(folder_ / "corrections.csv"),
            "class,pixels,before,after\nTUM,4,0.75,1\nBACK,4,0.5,0.5\nall,8,0.625,0.75\n");
  agreement = {{}, raster::ConfusionMatrix(2, {1, 1, 0, 3, 1, 0, 0, 0, 0})};
  write_agreement(folder_ / "corrections.csv", agreement, classes);
  EXPECT_EQ(core::read_text_file(folder_ / "corrections.csv"),
            "class,pixels,before,after\nTUM,2,,0.5\n\"a,b\",4,,0.25\nall,6,,0.3333333333333333\n");
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
