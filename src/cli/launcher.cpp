// `wsi-lpd` of a bundle (scripts/bundle): starts lib/wsi-lpd with the bundle's own loader and libraries. Linked statically, so that it runs
// on any Linux. Where libraries are is told to the loader in words, not by LD_LIBRARY_PATH, which programs that wsi-lpd starts would see,
// too. Workers are started with the same words (worker_options.cpp).
//   wsi-lpd [--torch FOLDER] ARGUMENT...
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& reason, int code) {
  std::fprintf(stderr, "error: %s\n", reason.c_str());
  std::exit(code);
}

/// The version that a Python environment's PyTorch, in `torch`, gives of itself, without what follows '+'; empty if there is none.
std::string version_of(const fs::path& torch) {
  std::ifstream file(torch / "version.py");
  for (std::string line; std::getline(file, line);) {
    const std::size_t begin = line.find('\'');
    if (line.starts_with("__version__") && begin != std::string::npos)
      return line.substr(begin + 1, line.find_first_of("+'", begin + 1) - begin - 1);
  }
  return {};
}

/// Ends the program if `torch`, which `source` named, is not the folder of the LibTorch that the bundle was built with.
void check_torch(const fs::path& torch, const std::string& source, const fs::path& bundle) {
  const std::string where = source + torch.string() + ": ";
  if (!fs::exists(torch / "lib/libtorch_cpu.so"))
    refuse(where + "no lib/libtorch_cpu.so is in this folder; give site-packages/torch of a Python environment", 2);
  std::string needed;
  std::getline(std::ifstream(bundle / "share/wsi_lpd/bundle/libtorch-version"), needed);
  if (const std::string found = version_of(torch); found != needed)
    refuse(where + "LibTorch " + (found.empty() ? "of unknown version" : found) + " is there, and " + needed +
               " is needed; pip install torch==" + needed,
           2);
}

}  // namespace

int main(int argc, char** argv) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    refuse("this processor has no AVX2 and FMA, without which LibTorch can't run here: Intel's have them since 2013, AMD's since 2015", 1);
  std::error_code error;
  const fs::path bundle = fs::read_symlink("/proc/self/exe", error).parent_path();
  if (error) refuse("/proc/self/exe can't be read: " + error.message() + "; is /proc mounted?", 1);

  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const char* const variable = std::getenv("WSI_LPD_TORCH");
  fs::path torch = variable ? variable : "";
  std::string source = "WSI_LPD_TORCH=";
  if (!arguments.empty() && arguments[0].starts_with("--torch=")) {  // as two words
    arguments.insert(arguments.begin() + 1, arguments[0].substr(8));
    arguments[0].resize(7);
  }
  if (!arguments.empty() && arguments[0] == "--torch") {
    if (arguments.size() < 2 || arguments[1].empty()) refuse("--torch needs a folder", 2);
    torch = arguments[1];
    source = "--torch ";
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  for (const std::string& argument : arguments)
    if (argument == "--torch" || argument.starts_with("--torch="))
      refuse("--torch comes once, before the command: wsi-lpd --torch FOLDER COMMAND", 2);
  std::string libraries = (bundle / "lib").string();
  if (torch.empty()) {
    libraries += ":" + (bundle / "lib/wsi_lpd").string();
  } else {
    check_torch(torch, source, bundle);
    libraries += ":" + (fs::absolute(torch) / "lib").string();
  }
  if (libraries.find(';') != std::string::npos || std::count(libraries.begin(), libraries.end(), ':') != 1)
    refuse("a path of a library has ':' or ';' in it, which the loader can't take: " + libraries, 2);

  std::vector<std::string> words{bundle / "lib/ld-linux-x86-64.so.2", "--library-path", libraries, "--argv0",
                                 argc > 0 ? argv[0] : "wsi-lpd"};
  // The CUDA backend registers itself when it is loaded. The program is the same with it and without.
  if (!torch.empty() && fs::exists(torch / "lib/libtorch_cuda.so")) words.insert(words.end(), {"--preload", "libtorch_cuda.so"});
  words.push_back(bundle / "lib/wsi-lpd");
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers(words.size() + 1);  // ends with null
  std::transform(words.begin(), words.end(), pointers.begin(), [](std::string& word) { return word.data(); });
  execv(pointers[0], pointers.data());
  refuse(words[0] + " can't be started: " + std::strerror(errno), 1);
}
