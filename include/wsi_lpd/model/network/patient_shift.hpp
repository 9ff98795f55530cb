#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace wsi_lpd::model::network {

/// How presence scores differ from patient to patient: a linear mixed model (Laird and Ware, *Biometrics* 38, 1982) of the margins [C] of
/// images (core::Calibration::margin). Those of an image with labels y of patient p are b + Σ_c y_c a_c + u_p + e, with u_p ~ N(0, between)
/// and e ~ N(0, within). u_p, the patient's shift, is common to all images of the patient. C classes, K label sets.
struct PatientScatter {
  std::vector<double> shares;   ///< [K] of the training images that have each set of labels; their sum is 1
  std::vector<double> means;    ///< [K, C]: b + Σ_c y_c a_c of each set
  std::vector<double> within;   ///< [C, C], positive definite
  std::vector<double> between;  ///< [C, C], positive definite

  std::size_t classes() const { return shares.empty() ? 0 : means.size() / shares.size(); }
  /// Are all numbers finite, all sizes those of `classes` classes, and the matrices positive definite? Thread-safe.
  bool is_sound(std::size_t classes) const;
  bool operator==(const PatientScatter&) const = default;
};

/// Fits the model by least squares and the method of moments. `margins` and `labels` (0 or 1) are [N, C], row by row, of images that the
/// scores were not fitted on; `groups` [N] names their patients. Nothing if these are fewer than ten, if there are fewer than ten images
/// more than patients, or if margins hardly differ. Thread-safe.
std::optional<PatientScatter> fit_patient_scatter(const std::vector<float>& margins, const std::vector<float>& labels,
                                                  const std::vector<std::string>& groups, std::size_t classes);

/// The most probable shift [C] of a patient or slide from the margins [N, C] of its images, whose labels are not known: expectation
/// maximisation (Dempster, Laird and Rubin 1977) over the sets of labels, whose shares are learnt, too. N images count as no more than
/// twenty, because neighbours look alike, and the shares of the training images as one more. Subtract it from margins. All 0 where N is 0.
/// Thread-safe.
std::vector<float> patient_shift(const PatientScatter& scatter, const std::vector<float>& margins);

}  // namespace wsi_lpd::model::network
