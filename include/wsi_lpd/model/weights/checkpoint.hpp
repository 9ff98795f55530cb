#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::model::weights {

/// Reads the tensors of a safetensors file or of what torch.save wrote: zip archive, or the container before PyTorch 1.6. Nothing in the
/// file is run, and it is not trusted: see Pickle.
/// A tensor's name is the keys of the dictionaries that lead to it, joined by dots ("model.prototypes"); the optimiser's state is left
/// out. Types are as stored; views of shared storages become tensors of their own. Plain numbers and texts of the outermost dictionary
/// ("iter", "best_mIoU") become metadata. Throws Error: which file, what, why.
TensorFile read_checkpoint(const std::filesystem::path& path);

}  // namespace wsi_lpd::model::weights
