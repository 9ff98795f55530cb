#pragma once
// What `batch --dry-run` says.
#include <string>

#include "wsi_lpd/pipeline/archive/batch_plan.hpp"

namespace wsi_lpd::cli {

/// Lines for people; `workers` is how many slides are done at once.
std::string text_of(const pipeline::archive::BatchPlan& plan, std::size_t workers);
/// One JSON object (docs/archives.md).
std::string json_of(const pipeline::archive::BatchPlan& plan, std::size_t workers);

}  // namespace wsi_lpd::cli
