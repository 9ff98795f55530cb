#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <ATen/autocast_mode.h>

namespace wsi_lpd::model::runtime {

/// If `wanted`, matrix products and convolutions on `device` run in bfloat16 in this thread while the object lives. Weights and gradients
/// stay float32. No effect if autocast is on already.
class Autocast {
 public:
  Autocast(const c10::Device& device, bool wanted)
      : type_(device.type()), before_(at::autocast::is_autocast_enabled(type_)), wanted_(wanted && !before_) {
    if (!wanted_) return;
    at::autocast::set_autocast_enabled(type_, true);
    at::autocast::set_autocast_dtype(type_, at::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (!wanted_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(type_, before_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::DeviceType type_;
  bool before_, wanted_;
};

}  // namespace wsi_lpd::model::runtime
