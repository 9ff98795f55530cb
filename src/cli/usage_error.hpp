#pragma once
#include <string>
#include <vector>

#include "config.hpp"

namespace wsi_lpd::cli {

/// One line that says what is wrong with `given`, the arguments of the command line, for which the parser threw `error`: with the nearest
/// known command, option or choice where a word is near to one, and the file and line of --config where the option comes from there
/// (`arguments`, as with_config_file() made them of `given`).
std::string usage_error_line(const CLI::App& program, const std::vector<std::string>& given, const Arguments& arguments,
                             const CLI::ParseError& error);

/// Throws UsageError for an option of numbers with the value NaN, which is in every range.
void refuse_not_a_number(const CLI::App& command, const Arguments& arguments);

/// Throws UsageError for an argument without characters: mostly a shell variable that is not set.
void refuse_empty_arguments(const std::vector<std::string>& given);

}  // namespace wsi_lpd::cli
