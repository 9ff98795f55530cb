#include "training_judge.hpp"

#include "pipeline/run.hpp"
#include "pipeline/training/marked_patches.hpp"
#include "wsi_lpd/pipeline/training/evaluate.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

class Judging : public MarkedPatches {
 protected:
  EpochJudgement epoch(const TrainingJudge& judge, std::int64_t step, double score, std::int64_t warmup) const {
    return {.model = {.judged = {judge.by(), score, 0.3, step}}, .f1 = score, .in_warmup = step <= warmup};
  }
  /// Steps whose models became model.safetensors.
  std::vector<std::int64_t> kept(TrainingJudge& judge, const std::vector<double>& scores, std::int64_t warmup) const {
    std::vector<std::int64_t> steps;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const EpochJudgement next = epoch(judge, 10 * static_cast<std::int64_t>(i + 1), scores[i], warmup);
      if (judge.is_better(next)) steps.push_back(next.model.judged.iteration);
      judge.accept(next);
    }
    return steps;
  }
};

TEST_F(Judging, ChoosesAfterTheWarmUpOnly) {
  const PatchSet valid = load(write(4, 64, 64), {});
  TrainingJudge judge(valid, 20, 60);
  EXPECT_EQ(judge.by(), "valid_f1");
  EXPECT_EQ(kept(judge, {0.9, 0.8, 0.4, 0.6, 0.5, 0.6}, 20), (std::vector<std::int64_t>{10, 20, 30, 40}))
      << "the newest stands in; the first after the warm-up replaces it, whatever it scored; equal is not better";
  EXPECT_EQ(judge.kept().judged.iteration, 40);
  EXPECT_EQ(judge.epochs_since_best(), 2) << "patience counts after the warm-up";
}

TEST_F(Judging, ATrainingThatIsAllWarmUpChoosesAmongAllEpochs) {
  const PatchSet valid = load(write(4, 64, 64), {});
  model::network::ModelInfo info;
  info.encoder = "mit_b0";
  info.classes = core::default_class_scheme(2);
  info.patch_size = 64;
  model::training::Trainer trainer(info, {.iterations = 1, .threads = 1});
  EXPECT_FALSE(TrainingJudge(valid, 60, 60).judge(trainer.model(), 10, kNever).in_warmup);
  EXPECT_TRUE(TrainingJudge(valid, 20, 60).judge(trainer.model(), 20, kNever).in_warmup);
  const EpochJudgement after = TrainingJudge(valid, 20, 60).judge(trainer.model(), 21, kNever);
  EXPECT_FALSE(after.in_warmup);
  EXPECT_EQ(after.model.judged.by, "valid_f1");
  EXPECT_EQ(after.model.judged.iteration, 21);
  EXPECT_DOUBLE_EQ(after.model.judged.chance, (2.0 / 3 + 1) / 2) << "half of the images have the first class, all the second";
}

TEST_F(Judging, ATrainedModelIsTheFirstCandidate) {
  const PatchSet valid = load(write(4, 64, 64), {});
  TrainingJudge highest(valid, 0, 60), newest(valid, 0, 60);
  highest.begin_with(epoch(highest, 0, 0.6, -1), -1);
  EXPECT_EQ(kept(highest, {0.5, 0.7, 0.65}, -1), (std::vector<std::int64_t>{20}));
  newest.begin_with(epoch(newest, 0, 0.6, -1), 0.02);
  EXPECT_EQ(kept(newest, {0.55, 0.59, 0.7, 0.585, 0.57}, -1), (std::vector<std::int64_t>{20, 30, 40}))
      << "with corrections the newest that has lost at most two points";
  EXPECT_DOUBLE_EQ(newest.kept().judged.score, 0.585);

  TrainingJudge none(valid, 0, 60);
  none.begin_with(epoch(none, 0, 0.9, -1), 0.02);
  EXPECT_EQ(kept(none, {0.5, 0.6}, -1), std::vector<std::int64_t>{});
  EXPECT_EQ(none.kept().judged.iteration, 0) << "all forget too much";

  TrainingJudge resumed(valid, 0, 60);
  ASSERT_TRUE(resumed.take_up(newest.notes()));
  EXPECT_EQ(kept(resumed, {0.57, 0.581}, -1), std::vector<std::int64_t>{20});
}

TEST_F(Judging, WithNothingToJudgeByTheLastIsKept) {
  const PatchSet none = load({}, {.size = 64});
  TrainingJudge judge(none, 0, 30);
  EXPECT_EQ(judge.by(), "nothing");
  EXPECT_EQ(kept(judge, {0, 0, 0}, 0), (std::vector<std::int64_t>{10, 20, 30}));
  EXPECT_EQ(judge.epochs_since_best(), 0);
  EXPECT_TRUE(judge.kept().judged.is_above_chance());
}

TEST_F(Judging, GoesOnFromItsNotes) {
  const PatchSet valid = load(write(4, 64, 64), {});
  TrainingJudge before(valid, 20, 60), after(valid, 20, 60);
  kept(before, {0.9, 0.8, 0.1, 0.3, 0.2}, 20);
  EpochJudgement with_masks = epoch(before, 60, 0.35, 20);
  with_masks.model.predicted = raster::ConfusionMatrix(2, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  before.accept(with_masks);
  ASSERT_TRUE(after.take_up(before.notes()));
  EXPECT_EQ(after.notes(), before.notes());
  EXPECT_EQ(after.kept().predicted->counts(), with_masks.model.predicted->counts());
  EXPECT_FALSE(after.kept().oracle);
  // A state of a version that judged by given labels, or one that was judged by something else.
  TrainingJudge fresh(valid, 20, 60);
  EXPECT_FALSE(fresh.take_up({{"best", "0.647"}, {"best_iteration", "300"}, {"epochs_since_best", "3"}}));
  EXPECT_FALSE(fresh.take_up({{"judged_by", "valid_miou_predicted"}}));
  EXPECT_EQ(fresh.kept().judged.iteration, 0);
  EXPECT_EQ(fresh.epochs_since_best(), 0);
}

TEST(Evaluation, ChanceOfImageLabelsIsToSayAllOfThem) {
  Evaluation evaluation;
  evaluation.patches = 10;
  evaluation.presence = {{.hits = 3, .false_alarms = 5, .misses = 1}, {.hits = 0, .false_alarms = 2, .misses = 0}, {.misses = 10}};
  EXPECT_DOUBLE_EQ(evaluation.chance_f1(), (2 * 0.4 / 1.4 + 1) / 2) << "a class that is nowhere stays out";
}

TEST(PresenceJudge, PredictsTheClassesOverTheirThresholdsAndAlwaysTheLikeliest) {
  model::network::ModelInfo info;
  info.classes.names = {"a", "b", "c"};
  info.calibration = {{0, 1, -1}, {1, 1, 1}};
  const std::vector<float> two{0.5F, 0.9F, 0}, none{-0.5F, 0.9F, -2};
  const PresenceJudge own(info, PresenceRule::Calibrated);
  EXPECT_FALSE(own.needs_head());
  EXPECT_EQ(predicted_labels(own.margins(two)), (std::vector<float>{1, 0, 1}));
  EXPECT_EQ(predicted_labels(own.margins(none)), (std::vector<float>{0, 1, 0})) << "0.1 below its threshold, the others further";
  EXPECT_EQ(predicted_labels(PresenceJudge(info, PresenceRule::Half).margins(two)), (std::vector<float>{1, 1, 0}));
}

TEST(PresenceJudge, AddsTheMarginOfOwnScoresToThatOfTheHead) {
  model::network::ModelInfo info;
  info.classes.names = {"a", "b"};
  info.calibration = {{0, 1}, {1, 4}};
  info.presence.emplace();
  info.presence->own_weight = 0.5;
  info.presence->calibration = {{2, 0}, {2, 1}};
  const PresenceJudge judge(info, PresenceRule::Calibrated);
  ASSERT_TRUE(judge.needs_head());
  EXPECT_THAT(judge.margins(std::vector<float>{3, -7}, std::vector<float>{1, 1.5F}), ::testing::ElementsAre(1, 0.5F))
      << "(1 − 2) / 2 + 0.5 · (3 − 0) / 1, and (1.5 − 0) / 1 + 0.5 · (−7 − 1) / 4";
  EXPECT_THAT(PresenceJudge(info, PresenceRule::Own).margins(std::vector<float>{3, -7}), ::testing::ElementsAre(3, -2));
  info.calibration = {};
  EXPECT_THAT(PresenceJudge(info, PresenceRule::Calibrated).margins(std::vector<float>{3, -7}, std::vector<float>{1, 1.5F}),
              ::testing::ElementsAre(-0.5F, 1.5F))
      << "a network without calibration does not count";
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
