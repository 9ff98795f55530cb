#pragma once
// Private to src/output: the files of src/output/report/ and Leaflet's, which the build puts into the library.
#include <span>
#include <string_view>

namespace wsi_lpd {

struct EmbeddedFile {
  std::string_view name, content;
};

namespace output {

/// What every report has in its folder assets/.
std::span<const EmbeddedFile> report_assets();

}  // namespace output
}  // namespace wsi_lpd
