// Configurations: what is wrong is one line, and the options in force, written as a file, are the same options.
#include <CLI/CLI.hpp>

#include "config.hpp"
#include "fuzz.hpp"
#include "toml_file.hpp"
#include "usage_error.hpp"

using namespace wsi_lpd;

namespace {

/// A program with an option of each kind.
struct Program {
  CLI::App app;
  std::string output, blend = "window", config;
  int tile = 224;
  double overlap = 0.5;
  bool crf = false;
  std::vector<std::string> classes;

  Program() {
    app.option_defaults()->always_capture_default();
    CLI::App* cut = app.add_subcommand("cut");
    cut->add_option("-o,--output", output);
    cut->add_option("--tile", tile)->check(CLI::Range(0, 4096));
    cut->add_option("--overlap", overlap);
    cut->add_option("--blend", blend)->check(CLI::IsMember({"window", "crop"}));
    cut->add_option("--classes", classes)->delimiter(',');
    cut->add_flag("--crf,!--no-crf", crf)->default_str("false");
    cut->add_option("--config", config)->configurable(false);
    app.add_subcommand("sew")->add_option("--stitch", tile);
  }
  /// Whether the file at `path` is taken as a configuration.
  bool takes(const std::filesystem::path& path) {
    const std::vector<std::string> given{"cut", "--config", path.string()};
    cli::Arguments arguments;
    return fuzz::accepts([&] {
      try {
        arguments = cli::with_config_file(app, given);
        app.parse(std::vector<std::string>(arguments.all.rbegin(), arguments.all.rend()));
      } catch (const CLI::ParseError& error) {
        throw core::UsageError(cli::usage_error_line(app, given, arguments, error));
      }
    });
  }
  std::string resolved() const { return cli::resolved_config(*app.get_subcommand("cut")); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text = fuzz::text_of(bytes, size);
  std::vector<cli::TomlEntry> entries;
  if (fuzz::accepts([&] { entries = cli::parse_toml(text, "c.toml"); })) {
    for (const cli::TomlEntry& entry : entries) fuzz::check(!entry.path.empty() && entry.line > 0, "a key without a name or a line");
    for (const cli::TomlEntry& entry : entries) {
      for (const std::string& value : entry.values) {  // whatever a value is, as a text it comes back
        std::vector<cli::TomlEntry> again;
        fuzz::must_accept("a text in quotes", [&] { again = cli::parse_toml("a = " + cli::toml_text(value), "again"); });
        fuzz::check(again.size() == 1 && again[0].values == std::vector{value}, "another text than was written: " + value);
        fuzz::must_accept("a value", [&] { cli::parse_toml("a = " + cli::toml_value(value), "again"); });
      }
    }
  }
  Program program;
  if (!program.takes(fuzz::file_of(text, "c.toml"))) return 0;
  const std::string resolved = program.resolved();
  Program again;
  fuzz::check(again.takes(fuzz::file_of(resolved, "resolved.toml")), "the options in force are no configuration: " + resolved);
  fuzz::check(again.resolved() == resolved, "other options after a round: " + resolved + "and " + again.resolved());
  return 0;
}
