#pragma once
// The options that segment and batch share, and what a process needs to act on them.
#include <filesystem>
#include <optional>
#include <string>

#include "command.hpp"
#include "wsi_lpd/pipeline/archive/workers.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::cli {

struct SegmentArguments {
  std::filesystem::path output = "results";
  std::string model;
  std::filesystem::path annotations;  ///< to be measured when all slides are done; empty: none
  std::optional<double> mpp;
  std::string normalisation = "calibrated", presence = "calibrated", features = "own";
  std::string blend = "window";
  std::string precision = "auto";
  std::string stain = "none";
  bool crf = false, force = false;
  pipeline::segment::SegmentOptions options{.tile = 0};  ///< tile 0: as in training
};

void add_segment_options(CLI::App& command, SegmentArguments& arguments);

/// Reads the whole model file.
pipeline::segment::RunIdentity identity_of(const std::filesystem::path& model, const SegmentArguments& arguments, const Context& context);

/// The model, loaded to `device`, and the options of a process that computes with `threads`.
pipeline::archive::WorkerRun load_run(const std::filesystem::path& model, const SegmentArguments& arguments, const Context& context,
                                      const std::string& device, int threads);

}  // namespace wsi_lpd::cli
