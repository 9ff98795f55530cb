#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::archive {

/// What a source of slides holds.
struct FoundSlides {
  std::vector<segment::SlideJob>
      jobs;  ///< sorted by path; with those that have a slide's ending and can't be one, which fail when they are opened
  std::map<std::string, std::vector<std::filesystem::path>> left_out;  ///< files that are no slides, by their kind (slide::left_out_as())
  std::vector<std::string> notes;                                      ///< one line for each slide that was reached twice, and is done once
};

/// The slides of `source`: a folder, a glob pattern, a .txt list (one path a line, # starts a comment) or a .csv manifest (CsvTable)
/// with the columns slide and, if wanted, mpp and name; relative paths in lists are relative to the list.
///
///  - Folders are searched through, linked ones too, each once; hidden folders, `output` and reports are passed over.
///    slide::left_out_as() tells what is left out of these, and of what a pattern matches. A pattern that spells out an ending (`*.png`), a
///    list or a manifest names its files: they are attempted whatever they are.
///  - A file that is reached twice, by links or by name, is one slide. Two lines of a manifest that contradict each other are refused.
///  - Results go to `output` under the name that the manifest gives, or under the slide's place below the folder and its name without
///    extension. Slides of a list or pattern that would share a name keep their place below the folder that is common to all, and slides
///    of one folder that would share one keep their extension.
///
/// Throws UsageError when there are no slides, a list is malformed (file and line), or a result would overwrite a slide.
FoundSlides find_slides(const std::string& source, const std::filesystem::path& output);

/// The same for slides named one by one.
FoundSlides name_results(const std::vector<std::filesystem::path>& slides, const std::filesystem::path& output);

/// "2 .png, 1 hidden": how many files are left out, by their kind. Empty where none is.
std::string left_out_text(const FoundSlides& found);

}  // namespace wsi_lpd::pipeline::archive
