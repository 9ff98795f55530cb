#include "wsi_lpd/pipeline/training/fit_presence.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string>

#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/model/network/presence_labels.hpp"
#include "wsi_lpd/pipeline/training/evaluate.hpp"

namespace wsi_lpd::pipeline::training {

void fit_presence(model::network::PatchModel& model, const PatchSet& set, const model::network::PresenceSource& source,
                  const core::Work& work, std::span<const CorrectedTile> corrected) {
  std::vector<std::string> groups;
  std::size_t known = 0, next = 0;
  std::vector<float> labels;
  for (std::size_t i = 0; i < set.count(); ++i) {
    groups.push_back(set.group(i));
    labels.insert(labels.end(), set.labels(i).begin(), set.labels(i).end());
    known += !set.patient(i).empty();
  }
  model::network::check_presence_labels(labels, groups, model.info().classes.names);  // before the encoder takes its time
  for (const CorrectedTile& tile : corrected) groups.push_back(tile.patient);
  const std::string name =
      source.encoder.empty() && model.info().presence ? model.info().presence->encoder : source.encoder.filename().string();
  work.observer.begin("looking through " + name, static_cast<std::int64_t>(groups.size()), "images");
  const auto batch = [&] {
    core::check(work.cancel);
    work.observer.advance(static_cast<std::int64_t>(next));
    model::network::PatchBatch images;
    if (next < set.count()) {
      images = set.batch(next, kPatchesAtOnce);
    } else {
      images = batch_of(corrected.subspan(next - set.count()), kPatchesAtOnce);
    }
    next += static_cast<std::size_t>(images.count);
    return images;
  };
  model.fit_presence(source, batch, groups);
  work.observer.end();
  const model::network::PresenceInfo& presence = *model.info().presence;
  if (known == 0)
    work.observer.warn(
        "no patients are known (--groups, patients.csv): the folds that judge the presence of classes are over single images, which "
        "look more alike than those of other patients will");
  std::string line = "presence of classes from " + presence.encoder + ": area under the ROC curve on held-out " +
                     (known > 0 ? "patients (" + std::to_string(presence.groups) + ")" : std::string("images"));
  for (std::size_t c = 0; c < presence.auc.size(); ++c)
    line += (c ? ", " : " ") + model.info().classes.names[c] + " " + core::fixed(presence.auc[c], 3);
  if (presence.scale != 1) line += "; it is shown images at " + core::fixed(presence.scale, 2) + " times its size";
  work.observer.info(line + "; strength " + core::fixed(presence.strength, 4) +
                     (presence.patients
                          ? "; thresholds will be moved to each slide"
                          : "; thresholds stay where they are on all slides: too few patients with several images are known"));
  constexpr double kLittle = 0.6;
  std::vector<std::string> unknown;
  for (std::size_t c = 0; c < presence.auc.size(); ++c)
    if (presence.auc[c] < kLittle) unknown.push_back(model.info().classes.names[c]);
  if (!unknown.empty())
    work.observer.warn("the presence head hardly tells where " + core::joined(unknown) +
                       " is (area below 0.6; 0.5 is guessing): another encoder or more labelled images may help");
}

namespace {

/// Of `count` images; batch_from(i) are some of them from the i-th on.
template <class Batches>
std::vector<model::network::HeadScores> scores_of(model::network::PatchModel& model, std::size_t count, const Batches& batch_from,
                                                  const core::CancelFlag& cancel) {
  std::vector<model::network::HeadScores> scores;
  while (scores.size() < count) {
    core::check(cancel);
    std::ranges::move(model.presence_scores(batch_from(scores.size())), std::back_inserter(scores));
  }
  return scores;
}

std::vector<model::network::HeadScores> scores_of(model::network::PatchModel& model, const PatchSet& set, const core::CancelFlag& cancel) {
  return scores_of(
      model, set.count(), [&](std::size_t first) { return set.batch(first, kPatchesAtOnce); }, cancel);
}

/// Takes the patients' shifts from scores, and from their maps. patient_of(i) is the i-th image's.
template <class Patients>
void remove_shifts(std::vector<model::network::HeadScores>& heads, const Patients& patient_of,
                   const model::network::PresenceInfo& presence) {
  if (!presence.patients) return;
  const core::Calibration& calibration = presence.calibration;
  std::map<std::string, std::vector<std::size_t>> patients;
  for (std::size_t i = 0; i < heads.size(); ++i) patients[patient_of(i)].push_back(i);
  for (const auto& [patient, images] : patients) {
    std::vector<float> scores;
    for (const std::size_t i : images) scores.insert(scores.end(), heads[i].scores.begin(), heads[i].scores.end());
    const std::vector<float> shift = patient_shift(*presence.patients, calibration.margins(scores));
    for (const std::size_t i : images) {
      const std::size_t places = heads[i].maps.size() / shift.size();
      for (std::size_t c = 0; c < shift.size(); ++c) {
        const float by = shift[c] * calibration.score_width[c];
        heads[i].scores[c] -= by;
        for (std::size_t place = 0; place < places; ++place) heads[i].maps[c * places + place] -= by;
      }
    }
  }
}

}  // namespace

std::vector<model::network::HeadScores> presence_scores(model::network::PatchModel& model, const PatchSet& set,
                                                        const core::CancelFlag& cancel) {
  std::vector<model::network::HeadScores> scores = scores_of(model, set, cancel);
  remove_shifts(
      scores, [&](std::size_t i) { return set.patient(i); }, *model.info().presence);
  return scores;
}

std::vector<model::network::HeadScores> presence_scores(model::network::PatchModel& model, std::span<const CorrectedTile> tiles,
                                                        const core::CancelFlag& cancel) {
  const auto batch_from = [&](std::size_t first) { return batch_of(tiles.subspan(first), kPatchesAtOnce); };
  std::vector<model::network::HeadScores> scores = scores_of(model, tiles.size(), batch_from, cancel);
  remove_shifts(
      scores, [&](std::size_t i) { return tiles[i].patient; }, *model.info().presence);
  return scores;
}

std::vector<std::vector<float>> presence_probabilities(model::network::PatchModel& model, const PatchSet& set,
                                                       const core::CancelFlag& cancel) {
  const core::Calibration& calibration = model.info().presence->calibration;
  std::vector<std::vector<float>> probabilities;
  for (const model::network::HeadScores& head : scores_of(model, set, cancel)) {
    std::vector<float>& of_image = probabilities.emplace_back(head.scores);
    for (std::size_t c = 0; c < of_image.size(); ++c)
      of_image[c] = 1 / (1 + std::exp(-calibration.margin(c, of_image[c]) / core::kGateSteepness));
  }
  return probabilities;
}

}  // namespace wsi_lpd::pipeline::training
