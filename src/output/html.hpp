#pragma once
// Private to src/output: strings from files on their way into pages. Nothing reaches a page but through these.
#include <filesystem>
#include <string>
#include <vector>

namespace wsi_lpd::output {

/// `text` as text or attribute value of HTML or SVG: markup escaped, bytes that are not UTF-8 and control characters replaced.
std::string html(const std::string& text);
/// `path` as a relative link: every byte that is not plain in a URL becomes %XX; slashes stay.
std::string link(const std::filesystem::path& path);
/// JSON text as content of a <script> element: no "<" can end it.
std::string json_for_script(std::string json);

/// <dt>term</dt><dd>value</dd>; the value is HTML already.
std::string definition(const std::string& term, const std::string& value_html);

}  // namespace wsi_lpd::output
