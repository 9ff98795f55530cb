#include "config.hpp"

#include <gmock/gmock.h>

#include "test_data.hpp"
#include "toml_file.hpp"
#include "usage_error.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

/// A program with two commands and an option of each kind.
class Config : public ::testing::Test {
 protected:
  Config() {
    program_.option_defaults()->always_capture_default();
    CLI::App* cut = program_.add_subcommand("cut");
    cut->add_option("SLIDE", slides_)->required();
    cut->add_option("-o,--output", output_);
    cut->add_option("--tile", tile_)->check(CLI::Range(0, 4096));
    cut->add_option("--overlap", overlap_);
    cut->add_option("--shift", shift_);
    cut->add_option("--blend", blend_)->check(CLI::IsMember({"window", "crop"}));
    cut->add_option("--classes", classes_)->delimiter(',');
    cut->add_flag("--crf,!--no-crf", crf_)->default_str("false");
    cut->add_option("--config", config_)->configurable(false);
    CLI::App* sew = program_.add_subcommand("sew");
    sew->add_option("--stitch", tile_);
    sew->add_option("--config", config_)->configurable(false);
  }

  /// The program's line about what is wrong; empty where nothing is.
  std::string parse(const std::vector<std::string>& given) {
    Arguments arguments;
    try {
      arguments = with_config_file(program_, given);
      program_.parse(std::vector<std::string>(arguments.all.rbegin(), arguments.all.rend()));
    } catch (const CLI::ParseError& error) {
      return usage_error_line(program_, given, arguments, error);
    } catch (const core::UsageError& error) {
      return error.what();
    }
    return {};
  }
  /// Parses `cut a.svs`, more arguments, and a configuration with this text.
  std::string cut(const std::string& toml, const std::vector<std::string>& more = {}) {
    core::write_text_file(file_, toml);
    std::vector<std::string> given{"cut", "a.svs"};
    given.insert(given.end(), more.begin(), more.end());
    given.insert(given.end(), {"--config", file_});
    return parse(given);
  }
  const CLI::App& command() { return *program_.get_subcommand("cut"); }

  TemporaryFolder folder_;
  std::string file_ = folder_ / "night.toml";
  CLI::App program_{"", "wsi-lpd"};
  std::vector<std::string> slides_, classes_;
  std::string output_ = "results", blend_ = "window", config_;
  int tile_ = 224;
  double overlap_ = 0.5, shift_ = 0;
  bool crf_ = false;
};

TEST_F(Config, TakesEveryTypeOfToml) {
  EXPECT_EQ(cut("# a night\noutput = 'a # b'  # with a comment\ntile = 448\noverlap = 2.5e-1\nshift = -1\ncrf = true\n"
                "classes = [\n  \"TUM\",  # tumour\n  \"it's\", 'b\\s', \"\\u00e9\"\n]\n"),
            "");
  EXPECT_EQ(output_, "a # b");
  EXPECT_EQ(tile_, 448);
  EXPECT_EQ(overlap_, 0.25);
  EXPECT_EQ(shift_, -1);
  EXPECT_TRUE(crf_);
  EXPECT_THAT(classes_, ElementsAre("TUM", "it's", "b\\s", "é"));
  EXPECT_THAT(slides_, ElementsAre("a.svs")) << "a list takes no slide for its own, and gives none away";
}

TEST_F(Config, TheCommandLineWinsHoweverItIsWritten) {
  for (const std::vector<std::string>& given : std::vector<std::vector<std::string>>{
           {"-o", "mine"}, {"-omine"}, {"--output", "mine"}, {"--output=mine"}, {"--output", "mine", "--crf"}}) {
    EXPECT_EQ(cut("output = \"night\"\n", given), "") << given[0];
    EXPECT_EQ(output_, "mine") << given[0];
  }
  EXPECT_EQ(cut("crf = true\n", {"--no-crf"}), "");
  EXPECT_FALSE(crf_);
  EXPECT_EQ(cut("no-crf = true\n", {"--crf"}), "");
  EXPECT_TRUE(crf_);
  EXPECT_EQ(cut("classes = [\"A\", \"B\"]\n", {"--classes", "C,D"}), "");
  EXPECT_THAT(classes_, ElementsAre("C", "D"));
}

TEST_F(Config, StaysBeforeTheArgumentsThatAreNoOptions) {
  core::write_text_file(file_, "output = \"night\"\nclasses = [\"A\", \"B\"]\n");
  EXPECT_EQ(parse({"cut", "--config", file_, "--", "a.svs", "b.svs"}), "");
  EXPECT_EQ(output_, "night");
  EXPECT_THAT(classes_, ElementsAre("A", "B"));
  EXPECT_THAT(slides_, ElementsAre("a.svs", "b.svs"));
}

TEST_F(Config, ASectionIsForItsCommandAndWinsOverTheTop) {
  EXPECT_EQ(cut("tile = 96\n[cut]\ntile = 128\n[sew]\nstitch = 5\n"), "");
  EXPECT_EQ(tile_, 128);
  EXPECT_EQ(cut("cut.tile = 160\nsew = { stitch = 7 }\n"), "") << "dotted keys and inline tables are sections, too";
  EXPECT_EQ(tile_, 160);
  EXPECT_EQ(cut("[seww]\nstitch = 5\n"), file_ + " line 2: section [seww] is no command; did you mean sew?");
  EXPECT_THAT(cut("[cut.deep]\ntile = 5\n"), HasSubstr("line 2: unknown key 'deep.tile'"));
}

TEST_F(Config, RefusesWithFileAndLine) {
  const auto refused = [&](const std::string& toml, const std::string& words) {
    EXPECT_THAT(cut(toml), AllOf(HasSubstr(file_), HasSubstr(words), Not(HasSubstr("\n")))) << toml;
  };
  refused("tile = 96\ntilee = 96\n", "line 2: unknown key 'tilee'; did you mean tile?");
  refused("zzzzzzzzz = 1\n", "line 1: unknown key 'zzzzzzzzz'; cut knows: output, tile, overlap");
  refused("config = \"other.toml\"\n", "line 1: unknown key 'config'");
  refused("tile = 96\n\ntile = 128\n", "line 3: is not valid TOML");
  refused("[cut]\ntile = 1\n[cut]\nblend = \"crop\"\n", "line 3: is not valid TOML");
  refused("output = results\n", "line 1: is not valid TOML");
  refused("output = \"results\n", "line 1: is not valid TOML");
  refused("classes = [\"A\"\ntile = 96\n", "is not valid TOML");
  refused("tile = [96, 128]\n", "line 1: 'tile' takes one value");
  refused("[[cut]]\ntile = 1\n", "line 1: the list 'cut' holds lists or tables");
  refused("classes = [[\"A\"]]\n", "line 1: the list 'classes' holds lists or tables");
  refused("\nblend = \"windw\"\n", "line 2: --blend: 'windw' is none of window, crop; did you mean window?");
  refused("tile = 9999\n", "line 1: --tile: 9999 is no number from 0 to 4096");
  refused("tile = \"much\"\n", "line 1: --tile");
  refused(std::string("tile = 1\0", 9), "is no text, but a TOML file is wanted");
  EXPECT_THAT(parse({"cut", "a.svs", "--config", folder_ / "absent.toml"}), HasSubstr("absent.toml"));
  EXPECT_THAT(cut("tile = 96\n", {"--tile", "9999"}), HasSubstr("cut: --tile: 9999 is no number")) << "that is no fault of the file";
  EXPECT_THAT(parse({"cut", "a.svs", "--config", file_, "--tile"}), HasSubstr("cut: --tile needs a value"));
}

TEST_F(Config, TakesBackWhatItWrites) {
  const std::string odd = "a \"b\" 'c' \\ \t\x01 é #";
  ASSERT_EQ(cut("", {"-o", odd, "--classes", "1,02,true,1.50", "--overlap", "1e-3", "--crf"}), "");
  const std::string text = resolved_config(command());
  EXPECT_THAT(text, AllOf(HasSubstr("overlap = 0.001\n"), HasSubstr("crf = true\n"), HasSubstr("tile = 224\n")));
  const std::vector<std::string> classes = classes_;
  output_.clear(), classes_.clear(), overlap_ = 0, crf_ = false;
  ASSERT_EQ(cut(text), "");
  EXPECT_EQ(output_, odd);
  EXPECT_EQ(classes_, classes);
  EXPECT_EQ(overlap_, 0.001);
  EXPECT_TRUE(crf_);
  EXPECT_EQ(resolved_config(command()), text);
}

TEST_F(Config, NamesWhatChanged) {
  ASSERT_EQ(cut("", {"--overlap", "1e-3", "--classes", "1,2"}), "");
  write_resolved_config(command(), folder_ / "run");
  EXPECT_THAT(config_changes(command(), folder_ / "run", {}), ElementsAre());
  ASSERT_EQ(cut("", {"--overlap", "0.25", "--tile", "96", "--classes", "1,2"}), "");
  EXPECT_THAT(config_changes(command(), folder_ / "run", {"tile"}), ElementsAre("overlap was 0.001, is 0.25"));
  core::write_text_file(folder_ / "run" / "config.toml", "overlap = 2.5e-1\nclasses = [1, 2]\ngone = 'x'\n");
  EXPECT_THAT(config_changes(command(), folder_ / "run", {"tile", "output", "shift", "blend", "crf"}),
              ElementsAre("gone was \"x\", is not set"))
      << "numbers in another form, with quotes or without, are the same";
}

TEST(TomlFile, KeepsTheOrderOfTheFileAndKnowsTypes) {
  const auto entries = parse_toml("b = 1\na = ['x', 'y']\n[s]\nc.d = 1.50\nt = 2026-01-02\nm = ['x', 1]\ne = []\n", "f");
  std::vector<std::string> keys;
  for (const TomlEntry& entry : entries) keys.push_back(entry.key());
  ASSERT_THAT(keys, ElementsAre("b", "a", "s.c.d", "s.t", "s.m", "s.e"));
  EXPECT_EQ(entries[0].type, TomlEntry::Type::Number);
  EXPECT_TRUE(entries[1].is_list);
  EXPECT_THAT(entries[1].values, ElementsAre("x", "y"));
  EXPECT_THAT(entries[2].values, ElementsAre("1.5"));
  EXPECT_EQ(entries[2].line, 4);
  EXPECT_EQ(entries[3].type, TomlEntry::Type::Date);
  EXPECT_EQ(entries[4].type, TomlEntry::Type::Number) << "not all of it is text";
  EXPECT_TRUE(entries[5].values.empty());
}

}  // namespace
}  // namespace wsi_lpd::cli
