#include "metrics_text.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iomanip>
#include <sstream>

namespace wsi_lpd::cli {
namespace {

constexpr int kFirst = 16;  // width of the row titles

}  // namespace

std::string percent(double value) {
  if (!std::isfinite(value)) return "-";
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << 100 * value;
  return text.str();
}

nlohmann::json json_number(double value) { return !std::isfinite(value) ? nlohmann::json() : nlohmann::json(value); }

std::string csv_number(double value) { return std::isfinite(value) ? json_number(value).dump() : std::string(); }

nlohmann::ordered_json json_of(const raster::ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  nlohmann::ordered_json json{{"mIoU", json_number(matrix.mean_iou())},
                              {"mDice", json_number(matrix.mean_dice())},
                              {"FwIoU", json_number(matrix.frequency_weighted_iou())},
                              {"pixels", matrix.total()}};
  for (int c = 0; c < matrix.classes(); ++c) {
    json["classes"][names[static_cast<std::size_t>(c)]] = {{"IoU", json_number(matrix.iou(c))}, {"Dice", json_number(matrix.dice(c))}};
  }
  for (int t = 0; t <= matrix.classes(); ++t) {
    nlohmann::ordered_json row;
    for (int p = 0; p <= matrix.classes(); ++p) row.push_back(matrix.count(t, p));
    json["confusion"].push_back(row);
  }
  return json;
}

std::string metrics_table(const std::vector<MetricsColumn>& columns, const std::vector<std::string>& names) {
  std::ostringstream text;
  const auto row = [&](const std::string& title, const std::function<std::string(const MetricsColumn&)>& cell) {
    text << std::left << std::setw(kFirst) << title << std::right;
    for (const MetricsColumn& column : columns)
      text << std::setw(std::max<int>(8, static_cast<int>(column.title.size()) + 2)) << cell(column);
    text << "\n";
  };
  row("%", [](const MetricsColumn& column) { return column.title; });
  for (std::size_t c = 0; c < names.size(); ++c)
    row("IoU  " + names[c], [&](const MetricsColumn& column) { return percent(column.matrix->iou(static_cast<int>(c))); });
  for (std::size_t c = 0; c < names.size(); ++c)
    row("Dice " + names[c], [&](const MetricsColumn& column) { return percent(column.matrix->dice(static_cast<int>(c))); });
  row("mIoU", [](const MetricsColumn& column) { return percent(column.matrix->mean_iou()); });
  row("mDice", [](const MetricsColumn& column) { return percent(column.matrix->mean_dice()); });
  row("FwIoU", [](const MetricsColumn& column) { return percent(column.matrix->frequency_weighted_iou()); });
  return text.str();
}

std::string boundary_table(const std::vector<raster::BoundaryCounts>& boundary, const std::vector<std::string>& names, double tolerance) {
  std::ostringstream text;
  std::ostringstream title;
  title << "% within " << tolerance << " um";
  const auto row = [&](const std::string& name, const std::vector<std::string>& cells) {
    text << std::left << std::setw(kFirst + 4) << name << std::right;
    for (const std::string& cell : cells) text << std::setw(11) << cell;
    text << "\n";
  };
  row(title.str(), {"F1", "precision", "recall"});
  for (std::size_t c = 0; c < names.size(); ++c)
    row("boundary " + names[c], {percent(boundary[c].f1()), percent(boundary[c].precision()), percent(boundary[c].recall())});
  row("mean", {percent(raster::mean_f1(boundary))});
  return text.str();
}

std::string confusion_table(const raster::ConfusionMatrix& matrix, const std::vector<std::string>& names, const std::string& background) {
  std::vector<std::string> all = names;
  all.push_back(background);
  std::ostringstream text;
  text << std::left << std::setw(kFirst) << "truth" << std::right;
  const auto width = [&](std::size_t c) { return std::max<int>(8, static_cast<int>(all[c].size()) + 2); };
  for (std::size_t p = 0; p < all.size(); ++p) text << std::setw(width(p)) << all[p];
  text << "\n";
  for (std::size_t t = 0; t < all.size(); ++t) {
    double sum = 0;
    for (std::size_t p = 0; p < all.size(); ++p) sum += static_cast<double>(matrix.count(static_cast<int>(t), static_cast<int>(p)));
    text << std::left << std::setw(kFirst) << all[t] << std::right;
    for (std::size_t p = 0; p < all.size(); ++p)
      text << std::setw(width(p)) << percent(static_cast<double>(matrix.count(static_cast<int>(t), static_cast<int>(p))) / sum);
    text << "\n";
  }
  return text.str();
}

}  // namespace wsi_lpd::cli
