#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>

#include "describe.hpp"
#include "toml_file.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/output/study.hpp"
#include "wsi_lpd/pipeline/archive/find_slides.hpp"
#include "wsi_lpd/pipeline/training/find_corrections.hpp"
#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

Json describe_run(const fs::path& folder, const core::CancelFlag& cancel) {
  Json json{{"kind", "training run"}};
  if (const fs::path state = folder / "state.safetensors"; fs::exists(state)) {
    json["finished"] = false;
    json["state"] = describe(state, cancel);
  } else {
    json["finished"] = true;
  }
  if (const fs::path model = folder / "model.safetensors"; fs::exists(model)) {
    json["model"] = describe(model, cancel);
    for (const char* detail : {"mean", "std", "stain", "provenance", "score_threshold"}) json["model"].erase(detail);
    json["more"] = "wsi-lpd info " + model.string();
  }
  return json;
}

/// How many images have each class among their labels.
Json images_of_classes(const pipeline::training::PatchFolder& patches) {
  Json json;
  for (std::size_t c = 0; c < static_cast<std::size_t>(patches.classes); ++c) {
    const std::string name = c < patches.class_names.size() ? patches.class_names[c] : "class " + std::to_string(c + 1);
    json[name] = std::ranges::count_if(
        patches.train, [&](const pipeline::training::Patch& patch) { return c < patch.labels.size() && patch.labels[c] > 0; });
  }
  return json;
}

pipeline::training::PatchFolder scan(const fs::path& folder) {
  return pipeline::training::scan_patches(folder, {.image_labels = pipeline::training::ImageLabels::IfThere});
}

Json describe_patches(const fs::path& folder) {
  Json json{{"kind", "patches"}};
  try {
    const pipeline::training::PatchFolder patches = scan(folder);
    json["train"] = patches.train.size();
    json["valid"] = patches.valid.size();
    json["test"] = patches.test.size();
    json["classes"] = patches.classes;
    if (patches.classes > 0 && !patches.train.empty()) json["training_images_with"] = images_of_classes(patches);
    if (!patches.notes.empty()) json["notes"] = patches.notes;
  } catch (const pipeline::training::PatchError& error) {  // e.g. labels that are still to be filled in
    const std::string all = error.what();
    json["problems"] = error.count();
    json["first_problem"] = all.substr(0, all.find('\n'));
  } catch (const core::Error& error) {  // e.g. a table without columns for classes
    json["problem"] = error.what();
  }
  if (const fs::path description = folder / "dataset.toml"; fs::exists(description)) {
    for (const TomlEntry& entry : read_toml(description))
      json["dataset.toml"][entry.key()] = entry.values.size() == 1 ? Json(entry.values[0]) : Json(entry.values);
  }
  return json;
}

Json describe_results(const output::ResultFolder& results) {
  Json json{{"kind", "results"},
            {"complete", results.complete.size()},
            {"failed", results.failed.size()},
            {"in_work", results.in_work.size()},
            {"unfinished", results.unfinished.size()},
            {"damaged", results.damaged.size()}};
  if (!results.complete.empty()) {
    std::map<std::string, int> models;
    for (const output::CompleteResult& result : results.complete) ++models[result.statistics.model_sha256];
    json["models"] = models.size();
  }
  json["more"] = "wsi-lpd status lists them, wsi-lpd report shows them";
  return json;
}

Json describe_archive(const fs::path& folder, const core::CancelFlag& cancel) {
  constexpr std::size_t kMost = 10;
  const pipeline::archive::FoundSlides found = pipeline::archive::find_slides(folder.string(), folder / "results", cancel);
  Json json{{"kind", "folder of slides"}, {"slides", found.jobs.size()}};
  std::uintmax_t bytes = 0;
  for (const pipeline::segment::SlideJob& job : found.jobs) {
    if (json["first_slides"].size() < kMost) json["first_slides"].push_back(job.slide.lexically_relative(folder).string());
    std::error_code unknown;
    if (const std::uintmax_t size = fs::file_size(job.slide, unknown); !unknown) bytes += size;
  }
  json["GB"] = std::round(static_cast<double>(bytes) / 1e7) / 100;
  for (const auto& [kind, files] : found.left_out) json["left_out"][kind] = files.size();
  json["use"] = "wsi-lpd batch " + folder.string();
  return json;
}

/// Null where there is no slide.
Json describe_archive_if_there(const fs::path& folder, const core::CancelFlag& cancel) {
  try {
    return describe_archive(folder, cancel);
  } catch (const core::UsageError&) {
    return {};
  }
}

/// Files of regions, and the slides beside them.
Json describe_corrections(const fs::path& folder, const std::vector<fs::path>& files, const core::CancelFlag& cancel) {
  Json json{{"kind", "folder of regions: corrections, or annotations"}, {"files", files.size()}};
  slide::RegionOrigins all;
  std::size_t with_persons = 0;
  std::vector<std::string> problems;
  for (const fs::path& file : files) {
    core::check(cancel);
    try {
      const slide::RegionOrigins origins = slide::count_origins(file);
      with_persons += !origins.persons.empty();
      all += origins;
    } catch (const core::Error& error) {
      problems.emplace_back(error.what());
    }
  }
  json["files_with_regions_of_a_person"] = with_persons;
  json["regions"] = json_of(all);
  if (!problems.empty()) json.update({{"damaged", problems.size()}, {"first_problem", problems.front()}});
  if (Json slides = describe_archive_if_there(folder, cancel); !slides.is_null()) {
    slides.erase("kind");
    json["slides"] = std::move(slides);
  }
  json["use"] = "wsi-lpd train PATCHES --from MODEL --corrections " + folder.string();
  return json;
}

bool has_patches(const fs::path& folder) {
  constexpr std::array kMarks{"labels.csv", "dataset.toml", "train", "test/img", "valid/img", "val/img"};
  return std::ranges::any_of(kMarks, [&](const char* mark) { return fs::exists(folder / mark); });
}

}  // namespace

Json describe_folder(const fs::path& folder, const core::CancelFlag& cancel) {
  if (fs::exists(folder / "state.safetensors") || fs::exists(folder / "model.safetensors")) return describe_run(folder, cancel);
  if (fs::exists(folder / output::kReportMark)) {
    const bool is_study = output::is_study(folder);
    return {{"kind", is_study ? "study" : "report"},
            {"open", (folder / "index.html").string()},
            {"use", is_study ? "wsi-lpd study RESULTS --groups TABLE writes it again" : "wsi-lpd report RESULTS writes it again"}};
  }
  if (has_patches(folder)) return describe_patches(folder);
  const output::ResultFolder results = output::read_results(folder);
  const std::size_t known = results.complete.size() + results.failed.size() + results.in_work.size() + results.unfinished.size();
  if (known > 0) return describe_results(results);
  if (const auto files = pipeline::training::correction_files(folder); !files.empty()) return describe_corrections(folder, files, cancel);
  if (Json archive = describe_archive_if_there(folder, cancel); !archive.is_null()) return archive;
  try {
    const pipeline::training::PatchFolder patches = scan(folder);
    if (!patches.train.empty()) return describe_patches(folder);
  } catch (const core::Error&) {
  }
  Json json{{"kind", "folder with nothing that wsi-lpd reads"}, {"files", 0}};
  std::map<std::string, int> endings;
  for (const auto& entry : fs::directory_iterator(folder)) ++endings[entry.is_directory() ? "folder" : entry.path().extension().string()];
  int files = 0;
  for (const auto& [ending, count] : endings) {
    files += count;
    json["of_kind"][ending.empty() ? "without ending" : ending] = count;
  }
  json["files"] = files;
  return json;
}

}  // namespace wsi_lpd::cli
