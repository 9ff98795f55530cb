#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/work_lock.hpp"
#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::output {

// The endings of a slide's rasters: what follows the stem in their names.
inline constexpr const char* kLabels = ".tif";
inline constexpr const char* kOmeLabels = ".ome.tif";
inline constexpr const char* kProbabilities = ".probabilities.ome.tif";
/// The annotations that `measure` has measured: a copy, of which the statistics know nothing.
inline constexpr const char* kOutlines = ".regions.geojson";

/// The endings of a slide's files, without that of the statistics. Of two endings that fit one name the longer comes first.
inline constexpr const char* kSuffixes[] = {kProbabilities, kOmeLabels,        kLabels,   ".h5",     ".overlay.jpg",
                                            ".tissue.jpg",  ".prototypes.jpg", kOutlines, ".geojson"};

/// Endings of stems that may share a file with the stem before the ending: a.probabilities.ome.tif are the probabilities of `a`, or the
/// labels of `a.probabilities`.
std::vector<std::string> shared_endings();

/// The label pyramid of a slide: kLabels, or kOmeLabels where that is there instead.
std::filesystem::path label_pyramid(const std::filesystem::path& stem);
/// The lock of a slide that a process has in work.
std::filesystem::path lock_path(const std::filesystem::path& stem);

/// A file of a complete slide that is gone, or has another size or other bytes than `slide.json` says.
struct ChangedFile {
  std::string name;
  std::optional<std::int64_t> bytes;     ///< nothing where it is gone
  std::optional<std::int64_t> recorded;  ///< nothing in statistics of older versions
  /// "slide.h5 is gone", "slide.tif has 10 bytes instead of 4000", "slide.tif has other bytes than were written"
  std::string text() const;
};
enum class Compare : bool { Sizes, Bytes };
/// All changed files of a complete slide; with Compare::Bytes every file is read. Statistics of older versions have no sizes: then only a
/// missing label pyramid and a missing HDF5 file are found.
std::vector<ChangedFile> changed_files(const std::filesystem::path& stem, const SlideStatistics& statistics,
                                       Compare compare = Compare::Sizes);
/// "a is gone, b has 1 bytes instead of 2"
std::string text_of(const std::vector<ChangedFile>& files);

/// A slide's files under construction, in a hidden folder beside their place: until commit() nothing of an earlier result is touched.
/// Not thread-safe.
class StagedResult {
 public:
  /// Makes the folder that the stem lies in, too. Throws Error.
  explicit StagedResult(std::filesystem::path stem);
  /// Where the files are to be written.
  const std::filesystem::path& stem() const { return staged_; }
  /// Puts the files in their place, and `statistics` last, with their sizes and hashes; removes what an earlier result has beyond them.
  /// Where there is a `lock`, its loss stops that before any step. Throws Error or LockLost.
  void commit(SlideStatistics& statistics, const core::WorkLock* lock);

 private:
  std::filesystem::path stem_;
  core::PartFolder folder_;
  std::filesystem::path staged_;
};

/// The slide's stem of a file or folder that is, or was left, under construction; empty for other names.
std::filesystem::path unfinished_stem(const std::filesystem::path& path);
/// Is `path` a file or folder that belongs to the slide of `stem` while it is under construction? Long names are recognised, too.
bool is_unfinished_of(const std::filesystem::path& path, const std::filesystem::path& stem);
/// Removes files and folders under construction that earlier runs left of a slide. Only the holder of the slide's lock may call it.
void remove_unfinished(const std::filesystem::path& stem);

}  // namespace wsi_lpd::output
