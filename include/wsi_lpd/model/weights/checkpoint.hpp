#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::model::weights {

/// Reads the tensors of a safetensors file or of a file that torch.save wrote: a zip archive, or the container used before PyTorch 1.6. The
/// file is not trusted, and nothing in it is run: see Pickle.
/// A tensor's name is made of the keys of the dictionaries that lead to it, joined by dots ("model.prototypes"). The optimiser's state is
/// left out. Types are as stored; views of shared storages become separate tensors. Numbers and texts of the outermost dictionary ("iter",
/// "best_mIoU") become metadata. Thread-safe. Throws Error: which file, what, why.
TensorFile read_checkpoint(const std::filesystem::path& path);

}  // namespace wsi_lpd::model::weights
