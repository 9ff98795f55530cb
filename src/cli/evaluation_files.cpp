#include "evaluation_files.hpp"

#include <sstream>

#include "metrics_text.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/output/patch_sheet.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kSheetSide = 180;  // pixels of a patch on the sheet

}  // namespace

std::string title_of(const pipeline::training::EvaluatedLabels& evaluated) { return evaluated.labels + (evaluated.crf ? " + CRF" : ""); }

Json json_of_evaluation(const pipeline::training::Evaluation& evaluation, const model::network::ModelInfo& info) {
  const std::vector<std::string>& names = info.classes.names;
  Json json{{"patches", evaluation.patches}, {"background", info.classes.background}};
  for (const auto& evaluated : evaluation.evaluated)
    json["segmentation"][evaluated.labels][evaluated.crf ? "crf" : "argmax"] = json_of(evaluated.matrix, names);
  const raster::ConfusionMatrix& pixels = evaluation.evaluated.front().matrix;
  json["chance"] = {{"mIoU", json_number(pixels.chance_mean_iou())}, {"F1", json_number(evaluation.chance_f1())}};
  Json& presence = json["image_labels"];
  presence["all_right"] = static_cast<double>(evaluation.all_classes_right) / static_cast<double>(evaluation.patches);
  for (std::size_t c = 0; c < names.size(); ++c) {
    const pipeline::training::PresenceCounts& counts = evaluation.presence[c];
    presence["classes"][names[c]] = {{"F1", json_number(counts.f1())},
                                     {"AUC", json_number(evaluation.auc[c])},
                                     {"hits", counts.hits},
                                     {"false_alarms", counts.false_alarms},
                                     {"misses", counts.misses}};
  }
  return json;
}

std::string csv_of(const pipeline::training::Evaluation& evaluation, const model::network::ModelInfo& info) {
  std::ostringstream csv;
  csv << "labels,crf,class,iou,dice\n";
  for (const auto& evaluated : evaluation.evaluated) {
    const auto line = [&](const std::string& name, double iou, double dice) {
      csv << evaluated.labels << (evaluated.crf ? ",yes," : ",no,") << name << "," << csv_number(iou) << "," << csv_number(dice) << "\n";
    };
    for (int c = 0; c < evaluated.matrix.classes(); ++c)
      line(info.classes.names[static_cast<std::size_t>(c)], evaluated.matrix.iou(c), evaluated.matrix.dice(c));
    line("mean", evaluated.matrix.mean_iou(), evaluated.matrix.mean_dice());
  }
  return csv.str();
}

std::string image_labels_csv(const pipeline::training::Evaluation& evaluation, const model::network::ModelInfo& info) {
  std::string csv = core::csv_line({"image", "class", "present", "predicted", "margin"});
  for (const pipeline::training::JudgedImage& image : evaluation.images) {
    for (std::size_t c = 0; c < image.margins.size(); ++c)
      csv += core::csv_line({image.name, info.classes.names[c], image.truth[c] > 0.5F ? "1" : "0", image.predicted[c] > 0.5F ? "1" : "0",
                             core::fixed(image.margins[c], 4)});
  }
  return csv;
}

void write_sheet(const fs::path& path, const pipeline::training::Evaluation& evaluation, const model::network::ModelInfo& info) {
  std::vector<std::string> columns{"image", "truth"};
  for (const auto& evaluated : evaluation.evaluated) columns.push_back(title_of(evaluated));
  std::vector<output::SheetRow> rows;
  for (const pipeline::training::ShownPatch& patch : evaluation.shown) {
    output::SheetRow row{patch.name, {patch.rgb, output::tinted(patch.rgb, patch.truth, info.classes)}, {"", ""}};
    for (std::size_t i = 0; i < patch.labels.size(); ++i) {
      row.cells.push_back(output::tinted(patch.rgb, patch.labels[i], info.classes));
      row.notes.push_back(core::fixed(100 * patch.accuracies[i], 1) + " % right");
    }
    rows.push_back(std::move(row));
  }
  image::write_png(path, output::draw_patch_sheet(columns, rows, info.classes, kSheetSide));
}

}  // namespace wsi_lpd::cli
