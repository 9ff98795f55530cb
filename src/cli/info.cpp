#include <iostream>
#include <memory>

#include "command.hpp"
#include "describe.hpp"
#include "wsi_lpd/core/json_text.hpp"

namespace wsi_lpd::cli {
namespace {

void print(const Json& json, const std::string& indent) {
  for (const auto& [key, value] : json.items()) {
    std::cout << indent << key << ": ";
    if (value.is_object()) {
      std::cout << "\n";
      print(value, indent + "  ");
    } else if (value.is_array() && !value.empty() && value[0].is_object()) {
      std::cout << "\n";
      for (const Json& item : value) std::cout << indent << "  " << core::json_text(item) << "\n";
    } else if (value.is_string()) {
      std::string text = value.get<std::string>();
      for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos && at + 1 < text.size(); ++at)
        text.insert(at + 1, indent + "    ");
      std::cout << (text.find('\n') == std::string::npos ? "" : "\n" + indent + "    ") << text << "\n";
    } else {
      std::cout << (value.is_null() ? "unknown" : core::json_text(value)) << "\n";
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
  CLI::App* command = program.add_subcommand("info", "Say what a file or folder is, with its main facts: slide, model, mask, result, …");
  command->footer("\nExample:  wsi-lpd info slide.svs --json");
  command
      ->add_option("PATH", arguments->file,
                   "slide, model or weights, label raster, mask, HDF5, GeoJSON, statistics, table, or a folder: patches, results, a "
                   "training run, corrections, an archive of slides")
      ->required();
  command->add_flag("--json", arguments->json, "one JSON object on stdout");
  return {command,
          [arguments](const Context& context) {
            const Json json = describe(arguments->file, context.cancel);
            if (arguments->json) {
              std::cout << core::json_text(json, 2) << "\n";
            } else {
              print(json, "");
            }
            return kDone;
          },
          {.work = false}};
}

}  // namespace wsi_lpd::cli
