#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "command.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/model/model_info.hpp"
#include "wsi_lpd/model/weights_import.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::cli {
namespace {

using Json = nlohmann::ordered_json;

const std::set<std::string> kWeightExtensions{".safetensors", ".pth", ".pt", ".bin", ".ckpt"};

Json describe_model(const std::filesystem::path& path) {
  const model::ModelInfo info = model::read_model_info(path);
  Json json{{"kind", "model"},
            {"method", info.method},
            {"encoder", info.encoder},
            {"prototypes_per_class", info.prototypes_per_class},
            {"classes", info.classes.names},
            {"background", info.classes.background}};
  for (const Colour& colour : info.classes.colours) json["colours"].push_back(to_string(colour));
  json["mpp"] = info.mpp ? Json(*info.mpp) : Json();
  json["patch_size"] = info.patch_size;
  json["mean"] = info.mean;
  json["std"] = info.std;
  json["calibrated"] = !info.calibration.empty();
  if (!info.calibration.empty()) json["score_threshold"] = info.calibration.score_threshold;
  if (info.judged) {
    json["judged"]["by"] = info.judged->by;
    if (info.judged->by != "nothing") json["judged"].update({{"score", info.judged->score}, {"chance", info.judged->chance}});
    json["judged"]["iteration"] = info.judged->iteration;
  }
  json["stain"] = numbers_from_stain(info.stain);
  for (const auto& [key, value] : info.provenance) json["provenance"][key] = value;
  return json;
}

Json describe_slide(const std::filesystem::path& path) {
  const auto reader = slide::open(path);
  const slide::Properties& p = reader->properties();
  Json json{{"kind", "slide"}, {"vendor", p.vendor}};
  json["mpp"] = p.mpp ? Json(*p.mpp) : Json();
  json["mpp_source"] = p.mpp_source;
  json["objective_power"] = p.objective_power ? Json(*p.objective_power) : Json();
  json["bounds"] = {p.bounds.x, p.bounds.y, p.bounds.width, p.bounds.height};
  json["background"] = to_string(p.background);
  if (!p.note.empty()) json["note"] = p.note;
  for (const slide::Level& level : p.levels) {
    json["levels"].push_back({{"width", level.size.width}, {"height", level.size.height}, {"downsample", level.downsample_x}});
  }
  return json;
}

bool starts_with(const std::filesystem::path& path, const char* magic, std::size_t length) {
  char start[8] = {};
  std::ifstream(path, std::ios::binary).read(start, sizeof start);
  return std::memcmp(start, magic, length) == 0;
}

/// The description that segment leaves in its rasters; null for every other file.
Json describe_raster(const std::filesystem::path& path) {
  if (!starts_with(path, "II", 2) && !starts_with(path, "MM", 2)) return {};
  try {
    const auto reader = image::LabelReader::open(path);
    Json json = Json::parse(reader->description(), nullptr, false);
    if (!json.is_object() || json.value("software", "") != "wsi-lpd") return {};
    json["width"] = reader->size().width;
    json["height"] = reader->size().height;
    json["kind"] = json.contains("channels") ? "class probabilities" : "label raster";
    return json;
  } catch (const Error&) {  // a TIFF, but no raster of labels
    return {};
  }
}

Json describe(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) throw Error(path.string() + ": no such file");
  if (std::filesystem::is_directory(path)) throw Error(path.string() + ": is a folder; info describes a file");
  if (kWeightExtensions.contains(path.extension().string())) {
    if (const auto weights = model::describe_weights(path)) return *weights;
    return describe_model(path);
  }
  if (path.extension() == ".json") {
    Json json = Json::parse(read_text_file(path), nullptr, false);
    if (json.is_discarded()) throw Error(path.string() + ": is not valid JSON");
    return json;
  }
  if (starts_with(path, "\x89HDF", 4)) throw Error(path.string() + ": is HDF5; the statistics beside it (.json) describe the result");
  if (Json raster = describe_raster(path); !raster.is_null()) return raster;
  return describe_slide(path);
}

void print(const Json& json, const std::string& indent) {
  for (const auto& [key, value] : json.items()) {
    std::cout << indent << key << ": ";
    if (value.is_object()) {
      std::cout << "\n";
      print(value, indent + "  ");
    } else if (value.is_array() && !value.empty() && value[0].is_object()) {
      std::cout << "\n";
      for (const Json& item : value) std::cout << indent << "  " << item.dump() << "\n";
    } else if (value.is_string()) {
      std::string text = value.get<std::string>();
      for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos && at + 1 < text.size(); ++at)
        text.insert(at + 1, indent + "    ");
      std::cout << (text.find('\n') == std::string::npos ? "" : "\n" + indent + "    ") << text << "\n";
    } else {
      std::cout << (value.is_null() ? "unknown" : value.dump()) << "\n";
    }
  }
}

}  // namespace

Command add_info(CLI::App& program) {
  struct Arguments {
    std::filesystem::path file;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("info", "Describe a slide, a model, a checkpoint or a result");
  command->footer("\nExample:  wsi-lpd info slide.svs --json");
  command
      ->add_option("FILE", arguments->file, "slide, model or weights (.safetensors, .pth, .bin), label raster (.tif) or statistics (.json)")
      ->required();
  command->add_flag("--json", arguments->json, "one JSON object on stdout");
  return {command, [arguments](const Context&) {
            const Json json = describe(arguments->file);
            if (arguments->json) {
              std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
            } else {
              print(json, "");
            }
            return kDone;
          }, {.work = false}};
}

}  // namespace wsi_lpd::cli
