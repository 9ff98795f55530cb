#pragma once
// Private to pipeline/: image labels of training patches, from a table, from names, from folders.
#include <filesystem>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/patch_folder.hpp"

namespace wsi_lpd::pipeline {

struct LabelledPatches {
  std::vector<Patch> patches;
  int classes = 0;
  std::vector<std::string> class_names;  ///< empty where nothing names them
  std::vector<std::string> notes;        ///< what was taken in a way that the user should know
};

// Each adds a line to `problems` for what is wrong with an image or a line.

/// Labels in the names, one digit a class: NAME[101].png, NAME[1 0 1].png, NAME[1, 0, 1].png. The number of digits that most images have is
/// taken as the number of classes. Where no name has digits and every image lies in one of at least two folders of `root`, the folders
/// are the classes, in alphabetical order.
LabelledPatches labels_from_names(const std::filesystem::path& root, const std::vector<std::filesystem::path>& images,
                                  std::vector<std::string>& problems);

/// Labels in a table (parse_table). Either the columns file,CLASS,CLASS,… with 0 or 1, or the columns file,label with names of classes,
/// several of them separated by `|`, `;` or `,`, or in lines of their own; the classes are then in alphabetical order. A file is found
/// below the table's folder, below `root`, or, where its name is there once, anywhere among `images`. Throws UsageError where columns are
/// wrong.
LabelledPatches labels_from_table(const std::filesystem::path& table, const std::filesystem::path& root,
                                  const std::vector<std::filesystem::path>& images, std::vector<std::string>& problems);

}  // namespace wsi_lpd::pipeline
