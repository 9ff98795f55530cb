#include "training_images.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>

#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::pipeline::training {

namespace {

/// FNV-1a.
class Hash {
 public:
  void add(const void* data, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) value_ = (value_ ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001B3U;
  }
  std::string text() const { return std::to_string(value_); }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325U;
};

}  // namespace

std::string fingerprint(const std::vector<Patch>& patches) {
  Hash hash;
  for (const Patch& patch : patches) {
    const std::string name = patch.image.filename().string();
    hash.add(name.data(), name.size());
    hash.add(patch.labels.data(), patch.labels.size() * sizeof(float));
  }
  return hash.text();
}

std::string fingerprint(std::span<const CorrectedTile> tiles) {
  Hash hash;
  for (const CorrectedTile& tile : tiles) {
    hash.add(tile.rgb.data(), tile.rgb.bytes());
    hash.add(tile.classes.data(), tile.classes.bytes());
  }
  return hash.text();
}

namespace {

/// Who counts as the patient of an image: where none is known, the image alone.
std::string patient_of(const Patch& patch) { return patch.patient.empty() ? patch.image.filename().string() : patch.patient; }

using Held = std::vector<char>;  // one an image: is it held out?

/// 0…9999, the same in every run.
std::uint64_t lot_of(const std::string& name) { return std::stoull(fingerprint({{name, {}, {}}})) % 10'000; }

Held by_image(const std::vector<Patch>& images, double share, core::ProgressObserver& observer) {
  Held held(images.size());
  std::transform(images.begin(), images.end(), held.begin(),
                 [&](const Patch& patch) { return static_cast<double>(lot_of(patch.image.filename().string())) < 10'000 * share; });
  if (held.empty() || std::count(held.begin(), held.end(), 0) > 0) return held;
  const auto last = std::max_element(images.begin(), images.end(), [](const Patch& a, const Patch& b) {
    return lot_of(a.image.filename().string()) < lot_of(b.image.filename().string());
  });
  held[static_cast<std::size_t>(last - images.begin())] = 0;
  observer.warn("the hold-out of " + core::shortest(share) + " would take all " + std::to_string(images.size()) +
                " images: " + last->image.filename().string() + " stays to train on; take more images, or another share (--hold-out)");
  return held;
}

/// Patients in the order of their lots, each whose images still fit into the share. Where none fits, the one with the fewest images.
Held by_patient(const std::vector<Patch>& images, const std::map<std::string, std::int64_t>& patients, double share,
                core::ProgressObserver& observer) {
  std::vector<std::pair<std::string, std::int64_t>> drawn(patients.begin(), patients.end());
  std::ranges::stable_sort(drawn, {}, [](const auto& patient) { return lot_of(patient.first); });
  const auto total = static_cast<std::int64_t>(images.size());
  std::int64_t taken = 0;
  std::set<std::string> chosen;
  for (const auto& [patient, count] : drawn) {
    if (static_cast<double>(taken + count) > share * static_cast<double>(total)) continue;
    chosen.insert(patient);
    taken += count;
  }
  if (chosen.empty()) {
    const auto& [patient, count] = *std::ranges::min_element(drawn, {}, [](const auto& other) { return other.second; });
    chosen.insert(patient);
    taken = count;
    observer.warn("no patient has as few images as the hold-out of " + core::shortest(share) +
                  " asks for: that with the fewest is held out");
  }
  observer.info("held out to judge the training by: " + std::to_string(chosen.size()) + " of " + std::to_string(drawn.size()) +
                " patients, with " + std::to_string(taken) + " of " + std::to_string(total) + " images");
  Held held(images.size());
  std::ranges::transform(images, held.begin(), [&](const Patch& patch) { return chosen.contains(patient_of(patch)); });
  return held;
}

}  // namespace

PatchFolder with_hold_out(PatchFolder patches, double share, core::ProgressObserver& observer) {
  if (!(share >= 0 && share < 1))
    throw core::UsageError("a hold-out of " + core::shortest(share) + ": it is a share of the images, from 0 to less than 1");
  if (!patches.valid.empty() || share == 0) return patches;
  std::map<std::string, std::int64_t> patients;  // and their numbers of images
  for (const Patch& patch : patches.train) ++patients[patient_of(patch)];
  const bool is_known = std::ranges::any_of(patches.train, [](const Patch& patch) { return !patch.patient.empty(); });
  if (is_known && patients.size() == 1)
    observer.warn("all images are of one patient (" + patients.begin()->first +
                  "): single images are held out, which look more alike than those of other patients will");
  const Held held =
      is_known && patients.size() > 1 ? by_patient(patches.train, patients, share, observer) : by_image(patches.train, share, observer);
  std::vector<Patch> stay;
  for (std::size_t i = 0; i < held.size(); ++i) (held[i] ? patches.valid : stay).push_back(std::move(patches.train[i]));
  patches.train = std::move(stay);
  return patches;
}

void report_balance(const PatchSet& set, const core::ClassScheme& classes, core::ProgressObserver& observer) {
  std::string line = "classes:";
  for (std::size_t c = 0; c < classes.names.size(); ++c) {
    std::int64_t images = 0;
    for (std::size_t i = 0; i < set.count(); ++i) images += set.labels(i)[c] > 0.5F;
    line += (c ? ", " : " ") + classes.names[c] + " in " + std::to_string(images) + " images";
    if (images == 0) observer.warn("class " + classes.names[c] + " is in no training image: the model will never say it");
    if (images == static_cast<std::int64_t>(set.count()))
      observer.warn("class " + classes.names[c] + " is in every training image: the model can't learn what sets it apart");
  }
  observer.info(line + " of " + std::to_string(set.count()));
}

}  // namespace wsi_lpd::pipeline::training
