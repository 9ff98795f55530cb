#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "wsi_lpd/pipeline/archive/workers.hpp"

namespace wsi_lpd::cli {

/// Names of the options that add_worker_options() adds: they change no result.
inline const std::vector<std::string> kWorkerOptions{"workers", "slide-timeout", "slide-memory"};

struct WorkerArguments {
  std::string workers = "auto";
  double timeout = 0;       ///< seconds; 0: by the tissue
  std::int64_t memory = 0;  ///< MiB; 0: nine tenths of the machine's, shared evenly
  bool is_worker = false;   ///< this process is one
};

void add_worker_options(CLI::App& command, WorkerArguments& arguments);

/// How many slides are done at once. Throws UsageError: the device is not there.
std::size_t worker_count(const WorkerArguments& arguments, const CommonOptions& common, std::size_t slides);

/// Worker processes of this program with the arguments of this command, which write their logs to `output`/journal. Nothing for
/// --workers 0. Throws UsageError: the device is not there.
std::unique_ptr<pipeline::archive::SlideRunner> start_workers(const WorkerArguments& arguments, const Context& context,
                                                              const std::filesystem::path& output,
                                                              const pipeline::segment::RunIdentity& identity, std::size_t slides);

}  // namespace wsi_lpd::cli
