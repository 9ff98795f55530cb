#pragma once
// Private to src/output: the files of src/output/report/ and Leaflet's, which the build puts into the library.
#include <span>
#include <string_view>

namespace wsi_lpd::output {

struct EmbeddedFile {
  std::string_view name, content;
};

/// What every report has in its folder assets/.
std::span<const EmbeddedFile> report_assets();

}  // namespace wsi_lpd::output
