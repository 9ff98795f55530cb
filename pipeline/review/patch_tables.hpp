#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "wsi_lpd/output/uncertain_page.hpp"

namespace wsi_lpd::pipeline::review {

/// How little a result is to be trusted at a patch.
struct Uncertainty {
  double entropy = 0;       ///< of the classes and the background, mean over the patch, of the largest possible
  double distance = 0;      ///< largest distance of its tiles from the training images, 1 at the limit; NaN: not known
  std::string chosen_by{};  ///< "entropy" or "distance"
};

/// A patch that was cut out of a slide.
struct CutPatch {
  std::string file{};  ///< relative to the folder, with /
  std::string slide;   ///< path as given
  std::string slide_fingerprint;
  std::int64_t x = 0, y = 0;                 ///< top left, level-0 pixels
  std::int64_t side = 0;                     ///< level-0 pixels, rounded
  int size = 0;                              ///< pixels of the patch
  double mpp = 0;                            ///< µm/px of the patch; 0 when unknown
  double tissue = 0;                         ///< share of tissue in the patch
  std::string class_name{};                  ///< the wanted class; empty: none
  double of_class = 0;                       ///< share of `class_name` in the patch
  std::optional<Uncertainty> uncertainty{};  ///< has a line in uncertain.csv
  std::int64_t output_x = 0, output_y = 0;   ///< top left, output pixels; not in the tables
};

/// The two tables of a folder of patches: labels.csv, which the user edits, and patches.csv with the origin of each patch. Lines are only
/// ever added. Not thread-safe; add() is safe between processes.
class PatchTables {
 public:
  /// A new or empty folder gets a column for each of `classes`. A folder with tables keeps its columns; `classes`, if given, must be equal
  /// to them. Throws UsageError: a folder of other content, other classes; Error: a table is damaged.
  PatchTables(std::filesystem::path folder, const std::vector<std::string>& classes);

  /// Creates the folder and an empty patches.csv, which marks it as a folder of patches.
  void begin() const;

  const std::vector<std::string>& classes() const { return classes_; }
  /// Side and µm/px of the patches; not set as long as there is no patch.
  std::optional<int> size() const { return size_; }
  std::optional<double> mpp() const { return mpp_; }
  /// Whether one of the tables lists `file`.
  bool has(const std::string& file) const { return listed_.contains(file); }
  /// The start of the names of a slide's files: the slide's name without extension, with a number if another slide has the same name.
  std::string name_of(const std::filesystem::path& slide, const std::string& fingerprint) const;
  /// Adds lines to both tables, to labels.csv with empty cells. Lines that were changed or added by hand in the meantime are kept.
  void add(const std::vector<CutPatch>& patches);

 private:
  void note(const CutPatch& patch);

  std::filesystem::path folder_;
  std::vector<std::string> classes_;
  std::optional<int> size_;
  std::optional<double> mpp_;
  std::set<std::string> listed_;
  std::map<std::string, std::pair<std::string, std::string>> slides_;  ///< start of the files' names to the slide's name and fingerprint
};

/// A line of uncertain.csv, and where its patch was cut out.
struct UncertainPlace {
  output::UncertainPatch patch;
  CutPatch origin;
};
/// Those of a folder that `tile --uncertain` wrote. Throws Error: a table is not there, or damaged.
std::vector<UncertainPlace> uncertain_places(const std::filesystem::path& folder);

/// "train/NAME_x1024_y2048_w448.png"
std::string patch_file(const std::string& name, std::int64_t x, std::int64_t y, std::int64_t side);

}  // namespace wsi_lpd::pipeline::review
