#pragma once
// Private to src/output: numbers as pages and pictures show them. Files that programs read have their own (core/text.hpp, csv.hpp).
// A number and its unit are never torn apart by a line's end. What is not finite is shown as "–".
#include <cstdint>
#include <optional>
#include <string>

namespace wsi_lpd::output {

/// `value` with up to `digits` significant digits, no exponent and no zeros at the end: 0.0123, 0.5, 123, 12345.
std::string short_number(double value, int digits = 3);
/// "1.23 mm"; the number alone where `unit` is empty.
std::string with_unit(const std::string& number, const std::string& unit);
/// "0.35 mm²", "540 µm²".
std::string area_text(double square_millimetres);
/// A fraction as "12.3 %", and as "0.02 %" where one decimal would hide it; "–" when there is none.
std::string percent(const std::optional<double>& fraction);
/// 12345678 as "12 345 678", with narrow spaces.
std::string grouped(std::int64_t count);
/// "3.2 s", "4 min 10 s", "2 h 5 min".
std::string duration(double seconds);

}  // namespace wsi_lpd::output
