#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace wsi_lpd::testing {

/// A folder of this test alone, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "wsi-lpd-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The folder of real slides and patches, empty where there is none: then call GTEST_SKIP().
inline std::filesystem::path real_data() {
  const char* given = std::getenv("WSI_LPD_TEST_DATA");
  const auto folder = given ? std::filesystem::path(given) : std::filesystem::path(WSI_LPD_SOURCE_DIR) / "../shared/data";
  return std::filesystem::is_directory(folder) ? std::filesystem::weakly_canonical(folder) : std::filesystem::path{};
}

/// The Python that has other people's readers, empty where there is none: then call GTEST_SKIP().
inline std::filesystem::path python_readers() {
  const std::filesystem::path folder = std::filesystem::path(WSI_LPD_SOURCE_DIR) / ".deps/python";
  return std::filesystem::exists(folder / ".tests-3") ? folder / "bin/python" : std::filesystem::path{};
}

/// Runs SCRIPT (below tests/) of Python on `arguments`, each quoted for the shell. True when it succeeds.
inline bool run_python(const std::string& script, const std::vector<std::string>& arguments) {
  std::string command("'");  // g++ 12 warns of nothing where it is put in front
  command += python_readers().string() + "' '" WSI_LPD_SOURCE_DIR "/tests/" + script + "'";
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  return std::system(command.c_str()) == 0;
}

#define WSI_LPD_NEEDS_PYTHON() \
  if (wsi_lpd::testing::python_readers().empty()) GTEST_SKIP() << "no Python readers here (scripts/setup --tests)"

#define WSI_LPD_NEEDS_DATA(variable)                                    \
  const std::filesystem::path variable = wsi_lpd::testing::real_data(); \
  if (variable.empty()) GTEST_SKIP() << "no real data here (WSI_LPD_TEST_DATA)"

}  // namespace wsi_lpd::testing
