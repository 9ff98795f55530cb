#pragma once
// Private to src/output: strings from files on their way into pages. Nothing reaches a page but through these.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wsi_lpd::output {

/// `text` as text or attribute value of HTML or SVG: markup escaped, bytes that are not UTF-8 and control characters replaced.
std::string html(const std::string& text);
/// `path` as a relative link: every byte that is not plain in a URL becomes %XX; slashes stay.
std::string link(const std::filesystem::path& path);
/// JSON text as content of a <script> element: no "<" can end it.
std::string json_for_script(std::string json);

/// `value` with about three significant digits and no exponent: 0.0123, 1.23, 123, 12345.
std::string short_number(double value);
/// A fraction as "12.3 %"; "–" when there is none.
std::string percent(const std::optional<double>& fraction);
/// 12345678 as "12 345 678", with narrow spaces.
std::string grouped(std::int64_t count);
/// "3.2 s", "4 min 10 s", "2 h 5 min".
std::string duration(double seconds);

/// <dt>term</dt><dd>value</dd>; the value is HTML already.
std::string definition(const std::string& term, const std::string& value_html);

}  // namespace wsi_lpd::output
