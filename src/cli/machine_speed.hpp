#pragma once
// doctor --bench.
#include <filesystem>
#include <string>

#include "command.hpp"

namespace wsi_lpd::cli {

struct SpeedArguments {
  bool wanted = false;
  std::filesystem::path slide;  ///< empty: a synthetic one is made
  std::string model;
};

void add_speed_options(CLI::App& command, SpeedArguments& arguments);

/// Segments the slide and prints how fast, and what bounds it. Throws as `segment` does.
void print_machine_speed(const SpeedArguments& arguments, const Context& context);

}  // namespace wsi_lpd::cli
