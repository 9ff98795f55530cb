// The main of a target in a build without libFuzzer: runs it on files and folders of files, so that inputs that once did harm stay tests.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "fuzz.hpp"

namespace fs = std::filesystem;

int main(int count, char** arguments) {
  std::set<fs::path> files;
  for (const std::string& argument : std::vector<std::string>(arguments + 1, arguments + count)) {
    if (argument.starts_with('-')) continue;  // libFuzzer's options
    if (fs::is_directory(argument)) {
      for (const auto& entry : fs::directory_iterator(argument)) files.insert(entry.path());
    } else {
      files.insert(argument);
    }
  }
  for (const fs::path& file : files) {
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    std::ifstream stream(file, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    if (!stream) return std::fprintf(stderr, "replay: %s can't be read\n", file.c_str()), 1;
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  if (files.empty()) std::fprintf(stderr, "replay: no input; give files or folders of them\n");
  return files.empty() ? 1 : 0;
}
