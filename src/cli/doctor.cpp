#include <spdlog/version.h>
#include <unistd.h>

#include <CLI/Version.hpp>
#include <fstream>
#include <iostream>
#include <thread>

#include "command.hpp"
#include "machine_speed.hpp"
#include "table_row.hpp"
#include "wsi_lpd/image/library.hpp"
#include "wsi_lpd/model/runtime/device.hpp"
#include "wsi_lpd/output/result_file.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::cli {
namespace {

std::string first_field(const char* file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(key)) {
      const std::size_t value = line.find_first_not_of(" \t:", key.size());
      return value == std::string::npos ? "" : line.substr(value);
    }
  }
  return {};
}

int run_doctor() {
  int problems = 0;
  const auto wrong = [&](const std::string& line) {
    ++problems;
    std::cout << "  WRONG: " << line << "\n";
  };
  std::cout << "wsi-lpd " WSI_LPD_VERSION "\n\nLibraries\n";
  for (const std::string& library :
       {slide::library_version(), image::library_version(), output::hdf5_version(), model::runtime::library_version(),
        pipeline::segment::library_version(), std::string("CLI11 ") + CLI11_VERSION,
        "spdlog " + std::to_string(SPDLOG_VER_MAJOR) + "." + std::to_string(SPDLOG_VER_MINOR) + "." + std::to_string(SPDLOG_VER_PATCH)}) {
    const std::size_t space = library.find(' ');
    print_row(library.substr(0, space), library.substr(space + 1));
  }

  std::cout << "\nCodecs\n";
  for (const auto& [codec, present] : image::codecs()) {
    print_row(codec, present ? "yes" : "no");
    if (!present) wrong("libvips was built without " + codec);
  }

  std::cout << "\nMachine\n";
  print_row("processor", first_field("/proc/cpuinfo", "model name"));
  print_row("cores", std::to_string(std::thread::hardware_concurrency()));
  const std::string flags = " " + first_field("/proc/cpuinfo", "flags") + " ";
  std::string extensions;
  for (const char* flag : {"avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16"}) {
    if (flags.find(std::string(" ") + flag + " ") != std::string::npos) extensions += std::string(flag) + " ";
  }
  print_row("extensions", extensions.empty() ? "none of avx2 and later: the network will be slow" : extensions);
  print_row("memory", first_field("/proc/meminfo", "MemAvailable") + " available of " + first_field("/proc/meminfo", "MemTotal"));
  const std::vector<std::string> gpus = model::runtime::cuda_devices();
  for (const std::string& gpu : gpus) print_row("GPU", gpu);
  if (gpus.empty())
    print_row("GPU", model::runtime::has_cuda_backend() ? "none found" : "none used: no CUDA backend here (docs/install.md)");

  std::cout << "\nDisk\n";
  for (const std::filesystem::path& folder : {std::filesystem::current_path(), std::filesystem::temp_directory_path()}) {
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    if (error) {
      wrong(folder.string() + ": " + error.message());
      continue;
    }
    print_row(folder.string(), std::to_string(space.available >> 30) + " GiB free");
    if (access(folder.c_str(), W_OK) != 0) wrong(folder.string() + " is not writable");
    if ((space.available >> 30) < 2)
      wrong(folder.string() + " has less than 2 GiB free; a slide's label raster needs up to one byte a pixel");
  }
  std::cout << "\n" << (problems == 0 ? "nothing wrong was found" : std::to_string(problems) + " problem(s) found") << "\n";
  return problems == 0 ? kDone : kFailed;
}

}  // namespace

Command add_doctor(CLI::App& program) {
  CLI::App* command = program.add_subcommand("doctor", "What this machine has, and what is wrong with it");
  command->footer("\nExample:  wsi-lpd doctor   or   wsi-lpd doctor --bench --slide slide.svs --model lung.safetensors");
  auto speed = std::make_shared<SpeedArguments>();
  add_speed_options(*command, *speed);
  return {command,
          [speed](const Context& context) {
            const int code = run_doctor();
            if (speed->wanted) print_machine_speed(*speed, context);
            return code;
          },
          {.work = false}};
}

}  // namespace wsi_lpd::cli
