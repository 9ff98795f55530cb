#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "frozen_layout.hpp"
#include "wsi_lpd/model/encoders/encoder_info.hpp"
#include "wsi_lpd/model/imports/weights_import.hpp"

namespace wsi_lpd::model::imports {

/// What shapes don't tell of a frozen encoder, and for the report where each fact is from: "heads 12 (assumed from the width 768)".
struct FrozenFacts {
  encoders::EncoderInfo info;
  std::vector<std::string> lines;
};

/// Takes each fact from the user's options, else from the configuration beside `file`, else from the layout. Thread-safe. Throws
/// UsageError: an option does not fit; Error: the configuration can't be read, or is of another encoder.
FrozenFacts frozen_facts(const FrozenLayout& layout, const std::filesystem::path& file, const EncoderOptions& options);

}  // namespace wsi_lpd::model::imports
