#include "correction_agreement.hpp"

#include <algorithm>

#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/crf/dense_crf.hpp"
#include "wsi_lpd/pipeline/training/evaluate.hpp"
#include "wsi_lpd/pipeline/training/fit_presence.hpp"

namespace wsi_lpd::pipeline::training {

raster::ConfusionMatrix agreement_with(std::span<const CorrectedTile> corrected, model::network::PatchModel& model,
                                       const core::CancelFlag& cancel) {
  const int classes = model.info().classes.count();
  const PresenceJudge judge(model.info(), PresenceRule::Calibrated);
  raster::ConfusionMatrix matrix(classes);
  std::vector<model::network::HeadScores> heads;
  if (judge.needs_head()) heads = presence_scores(model, corrected, cancel);
  for (std::size_t first = 0; first < corrected.size(); first += kPatchesAtOnce) {
    core::check(cancel);
    const model::network::PatchBatch batch = batch_of(corrected.subspan(first), kPatchesAtOnce);
    std::span<const model::network::HeadScores> of_batch;
    if (!heads.empty()) of_batch = std::span(heads).subspan(first, static_cast<std::size_t>(batch.count));
    const auto [maps, margins] = judge_patches(model, judge, batch, /*all_views=*/false, of_batch);
    for (std::size_t i = 0; i < maps.size(); ++i) {
      const auto probabilities = model::network::class_probabilities(maps[i], predicted_labels(margins[i]));
      const core::Image& truth = corrected[first + i].classes;
      matrix.add({truth.data(), truth.bytes()}, crf::most_probable_labels(probabilities, classes + 1));
    }
  }
  return matrix;
}

void write_agreement(const std::filesystem::path& path, const CorrectionAgreement& agreement, const core::ClassScheme& classes) {
  std::string text = core::csv_line({"class", "pixels", "before", "after"});
  for (const AgreementLine& line : agreement.lines(classes))
    text += core::csv_line(
        {line.name, std::to_string(line.pixels), line.before ? core::shortest(*line.before) : "", core::shortest(line.after)});
  core::write_text_file(path, text);
}

std::vector<AgreementLine> CorrectionAgreement::lines(const core::ClassScheme& classes) const {
  std::vector<AgreementLine> lines;
  std::int64_t pixels = 0, before_all = 0, after_all = 0;
  const auto add = [&](const std::string& name, std::int64_t count, std::int64_t was, std::int64_t is) {
    const auto share = [&](std::int64_t agreed) { return static_cast<double>(agreed) / static_cast<double>(count); };
    if (count > 0) lines.push_back({name, count, before ? std::optional(share(was)) : std::nullopt, share(is)});
  };
  for (int c = 0; c <= after.classes(); ++c) {
    const std::int64_t count = after.row(c), was = before ? before->count(c, c) : 0, is = after.count(c, c);
    add(c < after.classes() ? classes.names[static_cast<std::size_t>(c)] : classes.background, count, was, is);
    pixels += count, before_all += was, after_all += is;
  }
  add("all", pixels, before_all, after_all);
  return lines;
}

}  // namespace wsi_lpd::pipeline::training
