// Times dense_crf: dense_crf WIDTH HEIGHT LABELS THREADS REPEATS RGB PROBABILITIES LABELS_OUT
// RGB holds bytes [H, W, 3], PROBABILITIES floats [L, H, W]. Prints the seconds of each repeat, then the process's peak memory in MiB.
#include "wsi_lpd/crf/dense_crf.hpp"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>

namespace {

template <class T>
std::vector<T> read(const char* path, std::size_t count) {
  std::vector<T> values(count);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T)))) {
    std::cerr << path << ": too short\n";
    std::exit(1);
  }
  return values;
}

/// Not getrusage's, which begins at the peak of the process that started this one.
double peak_mebibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace wsi_lpd;
  if (argc != 9) return 2;
  const int width = std::atoi(argv[1]), height = std::atoi(argv[2]), labels = std::atoi(argv[3]);
  const std::size_t pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const auto rgb = read<std::uint8_t>(argv[6], 3 * pixels);
  std::vector<float> q;
  for (int i = 0; i < std::atoi(argv[5]); ++i) {
    q = read<float>(argv[7], static_cast<std::size_t>(labels) * pixels);
    const auto start = std::chrono::steady_clock::now();
    q = crf::dense_crf(std::move(q), labels, {rgb.data(), width, height, 3, 3L * width}, {.threads = std::atoi(argv[4])});
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << "\n";
  }
  const auto best = crf::most_probable_labels(q, labels);
  std::ofstream(argv[8], std::ios::binary).write(reinterpret_cast<const char*>(best.data()), static_cast<std::streamsize>(best.size()));
  std::cout << peak_mebibytes() << "\n";
}
