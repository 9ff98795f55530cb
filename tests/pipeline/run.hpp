#pragma once
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline {

inline const segment::RunIdentity kIdentity{"model", "0123", "4567"};
inline const core::CancelFlag kNever{false};

}  // namespace wsi_lpd::pipeline
