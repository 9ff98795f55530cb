#include <cmath>
#include <map>
#include <set>

#include "pipeline/run.hpp"
#include "pipeline/training/marked_patches.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/pipeline/training/prepare_training.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

using ::testing::HasSubstr;

struct Listener : core::SilentObserver {
  std::string infos, warnings;
  void info(const std::string& line) override { infos += line + "\n"; }
  void warn(const std::string& line) override { warnings += line + "\n"; }
};

class Preparing : public MarkedPatches {
 protected:
  /// `images` of 64 pixels; the first of the patients has the first `images_of_patient[0]` of them, and so on.
  TrainJob job(int images, double hold_out, const std::vector<int>& images_of_patient = {}) {
    TrainJob job;
    job.patches.train = write(images, 64, 64);
    auto patch = job.patches.train.begin();
    for (std::size_t p = 0; p < images_of_patient.size(); ++p)
      for (int i = 0; i < images_of_patient[p]; ++i) (patch++)->patient = "patient " + std::to_string(p);
    job.hold_out = hold_out;
    job.info.encoder = "mit_b0";
    job.info.classes = core::default_class_scheme(2);
    job.images.classes = 2;
    job.batch_size = 4;
    job.epochs = 5;
    job.options.warmup_iterations = -1;
    return job;
  }
  PreparedTraining prepare(TrainJob wanted) { return prepare_training(std::move(wanted), {heard_, kNever}); }
  static std::set<std::string> patients_of(const std::vector<Patch>& patches) {
    std::set<std::string> patients;
    for (const Patch& patch : patches) patients.insert(patch.patient);
    return patients;
  }
  Listener heard_;
};

TEST_F(Preparing, RefusesToDistilWithoutATeacherOrForNothing) {
  TrainJob without_teacher = job(12, 0.2), for_nothing = job(12, 0.2);
  without_teacher.distil = true;
  EXPECT_THROW(prepare(without_teacher), core::UsageError);
  for_nothing.unlabelled = scan_unlabelled(folder_.path(), 2, false);
  EXPECT_EQ(for_nothing.unlabelled.size(), 12U);
  EXPECT_THROW(prepare(for_nothing), core::UsageError);
  EXPECT_THROW(scan_unlabelled(folder_ / "nothing", 2, false), core::UsageError);
}

TEST_F(Preparing, ChecksViewsAndChoosesMosaics) {
  TrainJob views = job(12, 0.2), mosaics = job(12, 0.2);
  views.stream.stain_views = true;
  EXPECT_THROW(prepare(views), core::UsageError);
  mosaics.stream.mosaic = 0.5;
  for (Patch& patch : mosaics.patches.train) patch.labels = {1, 0};
  EXPECT_THROW(prepare(mosaics), core::UsageError);
  for (std::size_t i = 0; i < mosaics.patches.train.size(); ++i)
    mosaics.patches.train[i].labels = i % 2 == 0 ? std::vector<float>{1, 0} : std::vector<float>{0, 1};
  EXPECT_GT(prepare(mosaics).images.count(), 0U);

  const auto chosen = [&](TrainJob given) {
    given.stream.mosaic = StreamOptions{}.mosaic;
    const TrainJob prepared = prepare(given).job;
    EXPECT_EQ(prepared.info.mosaic, prepared.stream.mosaic);
    return prepared.stream.mosaic;
  };
  EXPECT_EQ(chosen(mosaics), 0) << "without a presence head";
  mosaics.presence.encoder = "encoder.ts";  // is not looked at here
  EXPECT_EQ(chosen(mosaics), 0.5);
  EXPECT_EQ(prepare(mosaics).job.stream.mosaic, 0.5) << "as given";
  EXPECT_EQ(prepare(mosaics).job.info.mosaic, 0.5);
  mosaics.stream.mosaic = 0;
  mosaics.info.mosaic = 0.5;
  EXPECT_EQ(prepare(mosaics).job.info.mosaic, 0.5) << "the model before learnt with mosaics";
  mosaics.info.mosaic = 0;
  mosaics.distil = true;
  EXPECT_EQ(chosen(mosaics), 0);
  mosaics.distil = false;
  for (std::size_t i = 0; 3 * i < 2 * mosaics.patches.train.size(); ++i) mosaics.patches.train[i].labels = {1, 1};
  EXPECT_EQ(chosen(mosaics), 0) << "too few images show one class alone";
}

TEST_F(Preparing, CountsStepsAndWarmUpAfterTheHoldOut) {
  const PreparedTraining prepared = prepare(job(40, 0.2));
  const std::size_t held = prepared.valid.count();
  EXPECT_GT(held, 0U);
  EXPECT_LT(held, 20U);
  EXPECT_EQ(prepared.images.count() + held, 40U);
  EXPECT_EQ(prepared.job.patches.train.size(), prepared.images.count());
  EXPECT_EQ(prepared.job.patches.valid.size(), held);
  EXPECT_EQ(prepared.job.options.iterations, std::llround(5.0 * static_cast<double>(40 - held) / 4));
  EXPECT_EQ(prepared.job.options.warmup_iterations, prepared.job.options.iterations / 5);
  EXPECT_EQ(prepared.job.info.provenance.at("images"), std::to_string(40 - held));
  EXPECT_EQ(prepared.job.info.patch_size, 64);
}

TEST_F(Preparing, CountsWithoutImagesThatCantBeUsed) {
  TrainJob wanted = job(12, 0);
  std::filesystem::resize_file(wanted.patches.train[3].image, 20);
  EXPECT_THROW(prepare(wanted), PatchError);
  wanted.images.skip_unusable = true;
  const PreparedTraining prepared = prepare(wanted);
  EXPECT_EQ(prepared.images.count(), 11U);
  EXPECT_EQ(prepared.job.options.iterations, 14) << "5 epochs of 11 images, 4 a step";
}

TEST_F(Preparing, TheMethodDecidesOnTheWarmUp) {
  TrainJob wanted = job(8, 0);
  wanted.options.warmup_iterations = 3;
  EXPECT_EQ(prepare(wanted).job.options.warmup_iterations, 3);
  wanted.options.warmup_iterations = 1000;
  EXPECT_EQ(prepare(wanted).job.options.warmup_iterations, 10) << "no more than there are steps";
  wanted.info.method = "cam";
  wanted.options.warmup_iterations = 3;
  EXPECT_EQ(prepare(wanted).job.options.warmup_iterations, 10);
  wanted.info.method = "pbip";
  EXPECT_THROW(prepare(wanted), core::UsageError) << "neither a frozen encoder nor a bank";
  wanted.options.bank = "bank.safetensors";
  wanted.options.warmup_iterations = -1;
  const PreparedTraining pbip = prepare(wanted);
  EXPECT_EQ(pbip.job.options.warmup_iterations, 0);
  EXPECT_EQ(pbip.job.options.loss.diversity_weight, 0);
  EXPECT_TRUE(pbip.job.options.loss.batch_contrast);
  wanted.info.method = "lpd";
  EXPECT_THROW(prepare(wanted), core::UsageError) << "a bank without pbip";
}

TEST_F(Preparing, TheHoldOutNeverTakesTheLastImage) {
  for (const int images : {1, 2, 3}) {
    const PreparedTraining prepared = prepare(job(images, 0.9999));
    EXPECT_EQ(prepared.images.count(), 1U);
    EXPECT_EQ(prepared.valid.count(), static_cast<std::size_t>(images - 1));
    EXPECT_THAT(heard_.warnings, HasSubstr("would take all " + std::to_string(images) + " images"));
  }
}

TEST_F(Preparing, RefusesWhatLeavesNothingToTrainOn) {
  EXPECT_THROW(prepare(job(0, 0.1)), core::UsageError);
  for (const double share : {1.0, 2.0, -0.1, std::nan("")}) EXPECT_THROW(prepare(job(4, share)), core::UsageError) << share;
}

TEST_F(Preparing, HoldsWholePatientsOut) {
  const PreparedTraining prepared = prepare(job(20, 0.25, {4, 4, 4, 4, 4}));
  EXPECT_EQ(prepared.valid.count(), 4U);
  EXPECT_EQ(patients_of(prepared.job.patches.valid).size(), 1U);
  EXPECT_EQ(patients_of(prepared.job.patches.train).size(), 4U);
  EXPECT_THAT(heard_.infos, HasSubstr("1 of 5 patients, with 4 of 20 images"));
  EXPECT_EQ(heard_.warnings.find("patient"), std::string::npos) << heard_.warnings;

  const PreparedTraining some = prepare(job(20, 0.5, {8, 3}));  // and nine images of nobody
  for (const std::string& patient : patients_of(some.job.patches.valid))
    EXPECT_TRUE(patient.empty() || !patients_of(some.job.patches.train).contains(patient)) << patient;
  EXPECT_LE(some.valid.count(), 10U);
  EXPECT_GE(some.valid.count(), 7U) << "whatever comes first, 3 and single images fill it up";
}

TEST_F(Preparing, FewPatientsWithManyImages) {
  const PreparedTraining two = prepare(job(20, 0.1, {12, 8}));
  EXPECT_EQ(two.valid.count(), 8U);
  EXPECT_EQ(patients_of(two.job.patches.valid), std::set<std::string>{"patient 1"});
  EXPECT_THAT(heard_.warnings, HasSubstr("no patient has as few images as the hold-out of 0.1 asks for"));

  const PreparedTraining one = prepare(job(20, 0.3, {20}));
  EXPECT_GT(one.valid.count(), 0U);
  EXPECT_LT(one.valid.count(), 20U);
  EXPECT_THAT(heard_.warnings, HasSubstr("all images are of one patient (patient 0)"));
}

TEST_F(Preparing, LooksForTheSlidesOfCorrectionsBeforeItReadsImages) {
  TrainJob wanted = job(12, 0.2);
  core::write_text_file(wanted.patches.train[0].image, "no image");
  EXPECT_THROW(prepare(wanted), PatchError);
  wanted.corrections.regions = folder_ / "corrections";
  std::filesystem::create_directory(wanted.corrections.regions);
  core::write_text_file(wanted.corrections.regions / "slide.geojson",
                        R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,0]]]},)"
                        R"("properties":{"classification":{"name":")" +
                            wanted.info.classes.names[0] + "\"}}}");
  try {
    prepare(wanted);
    ADD_FAILURE() << "not refused";
  } catch (const core::UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("for the regions of slide; name the folder of the slides with --correction-slides"));
  }
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
