#pragma once
#include <algorithm>
#include <cctype>

#include "command.hpp"

namespace wsi_lpd::cli {

/// What every --seed takes: no negative number, which CLI11 would make another of.
inline CLI::Validator seed_range() {
  const auto problem = [](std::string& text) {
    const bool is_number =
        !text.empty() && text.size() < 20 && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
    return is_number ? std::string() : text + " is no whole number from 0 on, of at most 19 digits";
  };
  return {problem, "", "seed"};
}

}  // namespace wsi_lpd::cli
