// The header of a model file: what is taken is written, in a file, too, and reads as the same again. An input is lines KEY=VALUE, of which
// the values of structured keys are JSON.
#include "wsi_lpd/model/network/model_info.hpp"

#include <cmath>
#include <sstream>

#include "fuzz.hpp"
#include "wsi_lpd/model/network/model_metadata.hpp"
#include "wsi_lpd/model/weights/safetensors.hpp"

using namespace wsi_lpd;
using model::network::ModelInfo;
using Metadata = std::map<std::string, std::string>;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Metadata metadata;
  std::istringstream lines(fuzz::text_of(bytes, size));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos) metadata[line.substr(0, equals)] = line.substr(equals + 1);
  }
  ModelInfo info;
  if (!fuzz::accepts([&] { info = model::network::info_from_metadata(metadata); })) return 0;
  const std::size_t classes = info.classes.names.size();
  fuzz::check(classes > 0 && classes <= core::kMaxClasses && info.classes.colours.size() == classes + 1, "classes that cannot be");
  fuzz::check(info.calibration.empty() || info.calibration.score_width.size() == classes, "a calibration of other classes");
  fuzz::check(!info.mpp || (std::isfinite(*info.mpp) && *info.mpp > 0), "micrometres that cannot be");
  model::network::all_weights(info);

  const auto written_and_read = [path = fuzz::scratch_folder() / "m.safetensors"](const ModelInfo& written) {
    ModelInfo read;
    fuzz::must_accept("a header that was read", [&] {
      model::weights::write_safetensors(path, {.tensors = {}, .metadata = model::network::metadata_from_info(written)});
      read = model::network::read_model_info(path);
    });
    return read;
  };
  info = written_and_read(info);  // in UTF-8 from now on
  fuzz::check(model::network::metadata_from_info(written_and_read(info)) == model::network::metadata_from_info(info),
              "another header than was written");
  return 0;
}
