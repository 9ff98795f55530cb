#pragma once
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/pipeline/segment.hpp"

namespace wsi_lpd::pipeline {

inline const RunIdentity kIdentity{"model", "0123", "4567"};
inline const CancelFlag kNever{false};

}  // namespace wsi_lpd::pipeline
