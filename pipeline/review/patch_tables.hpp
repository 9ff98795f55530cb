#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace wsi_lpd::pipeline::review {

/// A patch that was cut out of a slide.
struct CutPatch {
  std::string file{};  ///< relative to the folder, with /
  std::string slide;   ///< path as given
  std::string slide_fingerprint;
  std::int64_t x = 0, y = 0;                ///< top left, level-0 pixels
  std::int64_t side = 0;                    ///< level-0 pixels, rounded
  int size = 0;                             ///< pixels of the patch
  double mpp = 0;                           ///< µm/px of the patch; 0 when unknown
  double tissue = 0;                        ///< share of it
  std::string class_name{};                 ///< the class that was looked for; empty where none
  double of_class = 0;                      ///< share of it
  std::int64_t output_x = 0, output_y = 0;  ///< top left, output pixels; not in the tables
};

/// The two tables of a folder of patches: labels.csv, which belongs to its user from the moment it is written, and patches.csv, which says
/// where each patch comes from. Lines are only ever added. Not thread-safe.
class PatchTables {
 public:
  /// A new or empty folder gets columns for `classes`; one with tables keeps its own, and `classes`, where given, must be the same. Throws
  /// UsageError: files of something else, other classes; Error: a table is damaged.
  PatchTables(std::filesystem::path folder, const std::vector<std::string>& classes);

  /// Makes the folder known as one of patches before any is there.
  void begin() const;

  const std::vector<std::string>& classes() const { return classes_; }
  /// Nothing as long as there is no patch.
  std::optional<int> size() const { return size_; }
  std::optional<double> mpp() const { return mpp_; }
  /// Is it in one of the tables?
  bool has(const std::string& file) const { return listed_.contains(file); }
  /// What a slide's files start with: its name without the ending, with a number where another slide has that.
  std::string name_of(const std::filesystem::path& slide, const std::string& fingerprint) const;
  /// Adds lines to both tables, to labels.csv with empty cells. Lines that were changed or added meanwhile by hand stay.
  void add(const std::vector<CutPatch>& patches);

 private:
  void read_origins();
  void note(const CutPatch& patch);

  std::filesystem::path folder_;
  std::vector<std::string> classes_;
  std::optional<int> size_;
  std::optional<double> mpp_;
  std::set<std::string> listed_;
  std::map<std::string, std::pair<std::string, std::string>> slides_;  ///< start of the files' names to the slide's name and fingerprint
};

/// "train/NAME_x1024_y2048_w448.png"
std::string patch_file(const std::string& name, std::int64_t x, std::int64_t y, std::int64_t side);

}  // namespace wsi_lpd::pipeline::review
