#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace wsi_lpd::cli {

/// One key of a TOML file, with its value or its list of values.
struct TomlEntry {
  enum class Type { Text, Number, Bool, Date };
  std::vector<std::string> path{};    ///< the sections and the key: {"segment", "tile"} of `tile = 96` below `[segment]`
  std::vector<std::string> values{};  ///< as text, numbers in their shortest form; one value, or those of a list
  Type type = Type::Text;             ///< of the values; Text only where all are texts
  bool is_list = false;
  int line = 0;  ///< of the file, from 1

  /// The path with dots between its parts.
  std::string key() const;
};

/// The keys of a TOML 1.0 document in their order, with those of sections and nested tables. `where` names the document. Throws
/// UsageError (file and line): no TOML, a key that is given twice, lists that hold lists or tables.
std::vector<TomlEntry> parse_toml(const std::string& text, const std::string& where);

/// The same of a file. Throws UsageError where it can't be read, too.
std::vector<TomlEntry> read_toml(const std::filesystem::path& path);

/// A text, or a list of texts, in quotes as TOML wants them.
std::string toml_text(const std::string& text);
std::string toml_text(const std::vector<std::string>& texts);

/// Numbers and booleans without quotes, where TOML can hold them as they are, all else as a text. Fractions have one form, 1e-3 is 0.001,
/// so that equal configurations are equal texts.
std::string toml_value(const std::string& text);

}  // namespace wsi_lpd::cli
