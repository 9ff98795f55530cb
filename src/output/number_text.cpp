#include "number_text.hpp"

#include <algorithm>
#include <cmath>

#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::output {
namespace {

constexpr const char* kSpace = "\u00a0";  // does not break

}  // namespace

std::string short_number(double value, int digits) {
  const double size = std::abs(value);
  const int decimals =
      size == 0 || !std::isfinite(value) ? 0 : std::clamp(digits - 1 - static_cast<int>(std::floor(std::log10(size))), 0, 12);
  std::string text = core::fixed(value, decimals);
  if (decimals > 0) text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string with_unit(const std::string& number, const std::string& unit) { return unit.empty() ? number : number + kSpace + unit; }

std::string area_text(double square_millimetres) {
  const bool small = square_millimetres > 0 && square_millimetres < 1e-3;
  return small ? with_unit(short_number(1e6 * square_millimetres), "µm²") : with_unit(short_number(square_millimetres), "mm²");
}

std::string percent(const std::optional<double>& fraction) {
  if (!fraction || !std::isfinite(*fraction)) return "–";
  const double value = 100 * *fraction;
  return with_unit(value > 0 && value < 0.05 ? short_number(value, 1) : core::fixed(value, 1), "%");
}

std::string grouped(std::int64_t count) {
  std::string digits = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (count < 0 ? 1 : 0); at -= 3)
    digits.insert(static_cast<std::size_t>(at), "\u202f");
  return digits;
}

std::string duration(double seconds) {
  const auto whole = [&](double unit, double within) { return core::fixed(std::floor(std::fmod(seconds, within) / unit), 0); };
  if (seconds < 60) return with_unit(core::fixed(seconds, 1), "s");
  if (seconds < 3600) return with_unit(whole(60, 3600), "min") + " " + with_unit(whole(1, 60), "s");
  return with_unit(core::fixed(std::floor(seconds / 3600), 0), "h") + " " + with_unit(whole(60, 3600), "min");
}

}  // namespace wsi_lpd::output
