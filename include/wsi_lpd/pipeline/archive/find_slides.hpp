#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/archive/job_list.hpp"

namespace wsi_lpd::pipeline::archive {

/// The slides found in a source, and the files left out.
struct FoundSlides {
  JobList jobs;  ///< sorted by path; includes files that have the extension of a slide but are none, which fail when they are opened
  std::map<std::string, std::vector<std::filesystem::path>> left_out;  ///< files that are not slides, by kind (slide::left_out_as())
  std::vector<std::string> notes;  ///< one line for each slide or linked folder that was reached twice and is used once
};

/// The slides of `source`: a folder, a glob pattern, a .txt list or a .csv manifest. A list has one path a line; # starts a comment. A
/// manifest is a CsvTable with the column slide and the optional columns mpp and name. Relative paths in lists and manifests are relative
/// to the file.
///
///  - Folders are searched recursively. Linked folders are searched, too, each once. Hidden folders, `output` and reports are skipped.
///    slide::left_out_as() decides which files of a folder, or of a pattern's matches, are left out. A pattern that spells out an extension
///    (`*.png`), a list and a manifest name their files: each of these is attempted, whatever its kind.
///  - A file that is reached twice, by links or by name, is one slide. Two lines of a manifest that contradict each other are refused.
///  - Results go to `output`, under the name that the manifest gives. Without one, the name is the slide's path below the folder, without
///    extension. Slides of a list or pattern that would share a name keep their path below the deepest folder that is common to all. Slides
///    of one folder that would share a name keep their extension.
///
/// Reads file headers, opens no slide. Throws Cancelled, and UsageError when there are no slides, a list is malformed (file and line), two
/// slides would share the name of their results, or a result would overwrite a slide. Thread-safe.
FoundSlides find_slides(const std::string& source, const std::filesystem::path& output, const core::CancelFlag& cancel);

/// Whether `source` names several slides: a folder, a list, a manifest or a pattern. Anything else is one slide, existing or not.
bool is_collection(const std::string& source);
/// The same for slides that are given one by one.
FoundSlides name_results(const std::vector<std::filesystem::path>& slides, const std::filesystem::path& output,
                         const core::CancelFlag& cancel);

/// "2 .png, 1 hidden": the number of files left out, by kind. Empty when no file was left out.
std::string left_out_text(const FoundSlides& found);

}  // namespace wsi_lpd::pipeline::archive
