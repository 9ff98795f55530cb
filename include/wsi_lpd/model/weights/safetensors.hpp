#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <string>

// All functions here are thread-safe.
namespace wsi_lpd::model::weights {

/// Named tensors and metadata, as Python's `safetensors` writes and opens them.
struct TensorFile {
  std::map<std::string, torch::Tensor> tensors;  ///< on the CPU, contiguous
  std::map<std::string, std::string> metadata;
};

/// Reads all tensors, types as stored. The file is not trusted: header length, types, shapes, offsets, gaps and overlaps are checked before
/// memory is allocated. Throws Error: no such file, truncated, not safetensors.
TensorFile read_safetensors(const std::filesystem::path& path);
/// Reads only the metadata, with the same checks.
std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& path);
/// Writes a file through a PartFile. Tensors may be on any device. Throws Error.
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);

}  // namespace wsi_lpd::model::weights
