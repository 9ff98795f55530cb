#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <string>

namespace wsi_lpd::model::weights {

/// Named tensors and text, as Python's `safetensors` writes and opens them.
struct TensorFile {
  std::map<std::string, torch::Tensor> tensors;  ///< on the CPU, contiguous
  std::map<std::string, std::string> metadata;
};

/// Reads everything, types as stored. The file is not trusted: header length, types, shapes, offsets, gaps and overlaps are checked
/// before memory is taken. Throws Error: not there, truncated, not safetensors.
TensorFile read_safetensors(const std::filesystem::path& path);
/// The text alone, with the same checks.
std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& path);
/// Writes through a PartFile; tensors may lie on any device. Throws Error.
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);

}  // namespace wsi_lpd::model::weights
