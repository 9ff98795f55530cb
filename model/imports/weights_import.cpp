#include "wsi_lpd/model/imports/weights_import.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "encoder_config.hpp"
#include "frozen_facts.hpp"
#include "weights_layout.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/model/imports/encoder_weights.hpp"
#include "wsi_lpd/model/network/model_metadata.hpp"
#include "wsi_lpd/model/network/prototype_bank.hpp"
#include "wsi_lpd/model/runtime/torch_error.hpp"
#include "wsi_lpd/model/weights/pickle.hpp"

namespace wsi_lpd::model::imports {
namespace {

using Kind = WeightsLayout::Kind;

struct OpenedWeights {
  weights::TensorFile file;
  std::map<std::string, std::string> names;
  WeightsLayout layout;
};

bool is_model_of_ours(const std::map<std::string, std::string>& metadata) {
  const auto format = metadata.find("format");
  return format != metadata.end() && format->second.starts_with("wsi-lpd");
}

OpenedWeights open_weights(const std::filesystem::path& path) {
  OpenedWeights weights{.file = weights::read_checkpoint(path), .names = {}, .layout = {}};
  // The frozen encoder in a model file has layers of its own, which are not the network's.
  if (is_model_of_ours(weights.file.metadata))
    std::erase_if(weights.file.tensors, [](const auto& item) { return item.first.starts_with(network::kPresencePrefix); });
  core::with_context(path.string(), [&] {
    weights.names = plain_names(weights.file);
    weights.layout = recognise(weights.file, weights.names);
  });
  return weights;
}

std::string kind_name(const WeightsLayout& layout) {
  if (layout.kind == Kind::Model) return "model";
  return layout.kind == Kind::Encoder ? "encoder" : "frozen-encoder";
}

/// Gives a PBIP checkpoint its prototypes, and the class names that the bank knows.
void add_bank(OpenedWeights& weights, const std::filesystem::path& path, std::vector<std::string>& classes) {
  if (path.empty()) {
    throw core::UsageError(
        "a PBIP checkpoint does not hold its prototypes: name its bank with --bank FILE (safetensors with `prototypes`)");
  }
  const weights::TensorFile bank = weights::read_safetensors(path);
  const auto prototypes = bank.tensors.find("prototypes");
  if (prototypes == bank.tensors.end()) throw core::Error(path.string() + ": holds no tensor named prototypes");
  weights.file.tensors["prototypes"] = prototypes->second;
  weights.names["prototypes"] = "prototypes";
  const std::vector<std::string> known = network::bank_classes(bank.metadata);
  if (classes.empty()) classes = known;
  // Other names rename the classes; the same ones in another order would exchange them.
  if (classes != known && std::is_permutation(classes.begin(), classes.end(), known.begin(), known.end()))
    throw core::UsageError(path.string() + ": its prototypes are of " + core::joined(known) + " in this order, and --classes says " +
                           core::joined(classes));
}

/// Everything that a model file says, from the shapes, the user and the file's own notes.
network::ModelInfo model_info(OpenedWeights& weights, const std::filesystem::path& path, const ImportOptions& options) {
  const bool pbip = !weights.names.contains("prototypes");
  std::vector<std::string> classes = options.classes;
  if (pbip) add_bank(weights, options.bank, classes);
  const torch::Tensor& prototypes = weights.file.tensors.at(weights.names.at("prototypes"));
  if (prototypes.dim() != 2 || prototypes.size(0) == 0 || prototypes.size(1) != network::kPrototypeWidth) {
    std::ostringstream shape;
    shape << prototypes.sizes();
    throw core::Error("its prototypes are " + shape.str() + " instead of [classes x prototypes per class, " +
                      std::to_string(network::kPrototypeWidth) + "]");
  }
  const std::int64_t rows = prototypes.size(0);
  if (classes.empty()) {
    throw core::UsageError("the file does not name the classes of its " + std::to_string(rows) +
                           " prototypes: give --classes A,B,C in their order");
  }
  network::ModelInfo info;
  const auto count = static_cast<std::int64_t>(classes.size());
  if (rows % count != 0) {
    throw core::UsageError(std::to_string(rows) + " prototypes can't be shared among " + std::to_string(count) +
                           " classes: --classes must name all");
  }
  info.method = pbip ? "pbip" : "lpd";
  info.encoder = weights.layout.encoder;
  info.prototypes_per_class = static_cast<int>(rows / count);
  if (count <= core::kMaxClasses) info.classes = core::default_class_scheme(static_cast<int>(count));
  info.classes.names = std::move(classes);
  core::validate(info.classes);
  info.mpp = options.mpp;
  for (const auto& [key, value] : weights.file.metadata) info.provenance[weights::printable(key)] = weights::printable(value);
  info.provenance["imported_from"] = weights::printable(path.filename().string());
  info.provenance["source"] = weights.layout.source;
  return info;
}

std::map<std::string, std::string> metadata_of(OpenedWeights& weights, const std::filesystem::path& path, const ImportOptions& options,
                                               const std::string& licence) {
  const WeightsLayout& layout = weights.layout;
  const std::string name = weights::printable(path.filename().string());
  if (layout.kind == Kind::Model) {
    network::ModelInfo info = model_info(weights, path, options);
    info.weights["network"] = {name, licence};
    return network::metadata_from_info(info);
  }
  std::map<std::string, std::string> metadata{{"kind", kind_name(layout)},
                                              {"channels", "RGB"},
                                              {"source", layout.source},
                                              {"imported_from", name},
                                              {layout.kind == Kind::Encoder ? "encoder" : "architecture", layout.encoder}};
  if (!licence.empty()) metadata["licence"] = licence;
  return metadata;
}

std::string licence_in(const std::map<std::string, std::string>& metadata) {
  for (const char* key : {"licence", "license"})
    if (const auto found = metadata.find(key); found != metadata.end()) return weights::printable(found->second);
  return {};
}

/// The licence that the user, the configuration or the file's own metadata states, and which of them.
std::pair<std::string, std::string> stated_licence(const std::filesystem::path& file, const weights::TensorFile& content,
                                                   const std::string& given) {
  if (!given.empty()) {
    if (weights::printable(given) != given)
      throw core::UsageError("--licence has more than 100 characters, or others than ASCII's: give the licence's name or address");
    return {given, "--licence"};
  }
  if (const std::string licence = configured_licence(file.parent_path()); !licence.empty())
    return {weights::printable(licence), "config.json"};
  const std::string licence = licence_in(content.metadata);
  return {licence, licence.empty() ? "" : "the file"};
}

/// What the state of a training says to people; the rest is for the program.
std::map<std::string, std::string> describe_state(const std::map<std::string, std::string>& metadata) {
  std::map<std::string, std::string> text{{"kind", "training state"}, {"use", "wsi-lpd train --resume goes on from it"}};
  for (const char* key : {"iteration", "class_names", "judged_by", "best_iteration", "device", "precision", "loss"}) {
    if (const auto found = metadata.find(key); found != metadata.end() && !found->second.empty())
      text[key] = weights::printable(found->second);
  }
  return text;
}

/// A zip archive whose directory, at its end, lists code: torch.save writes none.
bool is_torchscript(const std::filesystem::path& file) {
  constexpr std::streamoff kDirectory = 1 << 16;
  std::ifstream stream(file, std::ios::binary);
  std::string start(4, '\0');
  if (!stream.read(start.data(), 4) || start != "PK\x03\x04") return false;
  stream.seekg(0, std::ios::end);
  stream.seekg(-std::min<std::streamoff>(kDirectory, stream.tellg()), std::ios::end);
  const std::string end{std::istreambuf_iterator<char>(stream), {}};
  return end.find("/code/") != std::string::npos;
}

/// Tensors of no known layout: prototypes, or the first of them by name and shape.
void describe_unknown(const weights::TensorFile& file, const std::string& why, std::map<std::string, std::string>& text) {
  constexpr std::size_t kMost = 10;
  text["kind"] = file.tensors.contains("prototypes") ? "prototypes" : "tensors";
  text["use"] = file.tensors.contains("prototypes") ? "wsi-lpd weights import --bank, wsi-lpd train --method pbip --bank" : why;
  std::string names;
  std::size_t count = 0;
  for (const auto& [name, tensor] : file.tensors) {
    if (++count > kMost) break;
    std::ostringstream shape;
    shape << tensor.sizes();
    names.append(names.empty() ? "" : ", ").append(weights::printable(name)).append(" ").append(shape.str());
  }
  text[file.tensors.size() > kMost ? "first_tensors" : "all_tensors"] = names;
}

}  // namespace

ImportReport import_weights(const std::filesystem::path& file, const std::filesystem::path& output, const ImportOptions& options) {
  OpenedWeights weights = open_weights(file);
  return core::with_context(file.string(), [&] {
    return runtime::with_torch_errors("can't be imported", [&] {
      const WeightsLayout& layout = weights.layout;
      if (is_model_of_ours(weights.file.metadata) || layout.source == kOwnEncoder || layout.source == kOwnFrozenEncoder)
        throw core::Error("is a file of wsi-lpd already");
      if (!layout.frozen && !options.encoder.empty())
        throw core::UsageError("--heads, --pooling, --input-size, --mean and --std belong to vision transformers and ResNet50; this is a " +
                               layout.source);
      const auto [licence, licence_source] = stated_licence(file, weights.file, options.licence);
      auto metadata = metadata_of(weights, file, options, licence);
      const auto prototypes = weights.names.find("prototypes");
      const std::int64_t rows = prototypes == weights.names.end() ? 0 : weights.file.tensors.at(prototypes->second).size(0);
      TensorUse use = take_tensors(weights.file, weights.names, layout, wanted_tensors(layout, parameter_shapes(layout, rows)));
      ImportReport report{.source = layout.source,
                          .kind = kind_name(layout),
                          .architecture = layout.encoder,
                          .flipped = layout.bgr,
                          .facts = {},
                          .licence = licence,
                          .licence_source = licence_source,
                          .used = std::move(use.used),
                          .ignored = std::move(use.ignored),
                          .missing = std::move(use.missing),
                          .unexpected = std::move(use.unexpected),
                          .misshaped = std::move(use.misshaped)};
      if (!report.complete()) return report;
      if (layout.frozen) {
        FrozenFacts facts = frozen_facts(*layout.frozen, file, options.encoder);
        metadata.merge(encoders::metadata_from_encoder(facts.info));
        report.facts = std::move(facts.lines);
        finish_tensors(*layout.frozen, use.tensors);
      }
      weights::write_safetensors(output, {std::move(use.tensors), metadata});
      return report;
    });
  });
}

std::string licence_of_weights(const std::filesystem::path& file) {
  weights::TensorFile content;
  if (file.extension() == ".safetensors") content.metadata = weights::read_safetensors_metadata(file);
  const auto format = content.metadata.find("format");
  if (format != content.metadata.end() && format->second == network::kStateFormat) return {};
  if (is_model_of_ours(content.metadata)) {
    std::vector<std::string> licences;
    for (const auto& [use, used] : network::info_from_metadata(content.metadata).weights) {
      const std::string& licence = used.licence;
      if (!licence.empty() && std::ranges::find(licences, licence) == licences.end()) licences.push_back(licence);
    }
    return core::joined(licences, "; ");
  }
  if (content.metadata.contains("imported_from")) return licence_in(content.metadata);
  return stated_licence(file, content, "").first;
}

std::optional<std::map<std::string, std::string>> describe_weights(const std::filesystem::path& file) {
  if (file.extension() == ".safetensors") {
    const auto metadata = weights::read_safetensors_metadata(file);
    if (const auto format = metadata.find("format"); format != metadata.end() && format->second == network::kStateFormat)
      return describe_state(metadata);
    if (is_model_of_ours(metadata)) return {};
  }
  if (is_torchscript(file)) {
    return {{{"kind", "TorchScript module"},
             {"use", "a frozen encoder, where it takes [N, 3, 224, 224] to [N, D]: wsi-lpd train --frozen-encoder"}}};
  }
  const weights::TensorFile content = weights::read_checkpoint(file);
  std::int64_t parameters = 0;
  for (const auto& [name, tensor] : content.tensors) parameters += tensor.numel();
  std::map<std::string, std::string> text;
  for (const auto& [key, value] : content.metadata) text[weights::printable(key)] = weights::printable(value);
  text["tensors"] = std::to_string(content.tensors.size());
  text["parameters"] = std::to_string(parameters);
  try {
    const WeightsLayout layout = recognise(content, plain_names(content));
    text["kind"] = kind_name(layout);
    text["source"] = layout.source;
    text["architecture"] = layout.encoder;
  } catch (const core::Error& error) {
    describe_unknown(content, error.what(), text);
  }
  return text;
}

std::string load_encoder_weights(const std::filesystem::path& path, network::LpdNetwork& network) {
  OpenedWeights weights = open_weights(path);
  return core::with_context(path.string(), [&] {
    WeightsLayout& layout = weights.layout;
    if (layout.kind == Kind::FrozenEncoder)
      throw core::Error("holds a " + layout.source + ", which can be a frozen encoder only (--frozen-encoder)");
    std::map<std::string, std::vector<std::int64_t>> shapes;
    std::map<std::string, torch::Tensor> parameters;
    for (const auto& item : network->named_parameters()) {
      if (!item.key().starts_with("encoder.")) continue;
      shapes[item.key()] = item.value().sizes().vec();
      parameters[item.key()] = item.value();
    }
    if (layout.kind == Kind::Model) layout.ignored = {"prototypes", "l_fc", "logit_scale"};
    layout.kind = Kind::Encoder;
    const TensorUse use = take_tensors(weights.file, weights.names, layout, wanted_tensors(layout, shapes));
    const auto refuse = [&](const std::vector<std::string>& names, const std::string& what) {
      if (names.empty()) return;
      throw core::Error("its encoder (" + layout.encoder + ") is another one than the network's: " + what + " " + names.front() +
                        (names.size() > 1 ? " and " + std::to_string(names.size() - 1) + " more" : ""));
    };
    refuse(use.misshaped, "it has");
    refuse(use.missing, "it lacks");
    refuse(use.unexpected, "it has, unexpectedly,");
    const torch::NoGradGuard no_grad;
    for (const auto& [name, tensor] : use.tensors) parameters.at(name).copy_(tensor);
    return layout.source + " (" + layout.encoder + "): " + std::to_string(use.used.size()) + " tensors of the encoder" +
           (layout.bgr ? ", BGR turned to RGB" : "");
  });
}

}  // namespace wsi_lpd::model::imports
