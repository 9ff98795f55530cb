#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "wsi_lpd/raster/boundary_score.hpp"
#include "wsi_lpd/raster/confusion_matrix.hpp"

namespace wsi_lpd::cli {

/// 0…1 in percent, 12.34, without the sign; "-" where there is no value.
std::string percent(double value);

/// A number, or null where there is no value.
nlohmann::json json_number(double value);

/// A field of a CSV table; empty where there is no value.
std::string csv_number(double value);

/// mIoU, mDice, FwIoU, pixels, classes (IoU and Dice each), confusion (rows truth, columns prediction, background last).
nlohmann::ordered_json json_of(const raster::ConfusionMatrix& matrix, const std::vector<std::string>& names);

/// A column of a metrics table.
struct MetricsColumn {
  std::string title;
  const raster::ConfusionMatrix* matrix;
};

/// IoU and Dice of every class and their means, one column for each matrix, in percent.
std::string metrics_table(const std::vector<MetricsColumn>& columns, const std::vector<std::string>& names);

/// F1, precision and recall of every class's boundary, and the mean F1, in percent. `tolerance` is in µm.
std::string boundary_table(const std::vector<raster::BoundaryCounts>& boundary, const std::vector<std::string>& names, double tolerance);

/// Rows truth, columns prediction, background last; percent of the row's pixels.
std::string confusion_table(const raster::ConfusionMatrix& matrix, const std::vector<std::string>& names, const std::string& background);

}  // namespace wsi_lpd::cli
