#pragma once
// Private to src/output: attributes, tables and maps of an HDF5 file. All of it within a Hdf5Session.
#include <H5Cpp.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::output {

inline constexpr hsize_t kTilesPerChunk = 256;
inline constexpr hsize_t kMapRowsPerChunk = 64;
inline constexpr hsize_t kMapColumnsPerChunk = 512;

using Dimensions = std::vector<hsize_t>;

inline const H5::PredType& type_of(std::int64_t) { return H5::PredType::NATIVE_INT64; }
inline const H5::PredType& type_of(float) { return H5::PredType::NATIVE_FLOAT; }
inline const H5::PredType& type_of(std::uint8_t) { return H5::PredType::NATIVE_UINT8; }
inline const H5::PredType& type_of(double) { return H5::PredType::NATIVE_DOUBLE; }

template <class T>
void set_attribute(H5::H5Object& object, const std::string& name, const std::vector<T>& values) {
  const hsize_t count = values.size();
  const H5::DataSpace space = count == 1 ? H5::DataSpace(H5S_SCALAR) : H5::DataSpace(1, &count);
  object.createAttribute(name, type_of(T{}), space).write(type_of(T{}), values.data());
}

/// Variable length and UTF-8, as h5py writes and reads str.
inline void set_attribute(H5::H5Object& object, const std::string& name, const std::vector<std::string>& values) {
  H5::StrType type(H5::PredType::C_S1, H5T_VARIABLE);
  type.setCset(H5T_CSET_UTF8);
  std::vector<const char*> pointers;
  for (const std::string& value : values) pointers.push_back(value.c_str());
  const hsize_t count = pointers.size();
  object.createAttribute(name, type, H5::DataSpace(1, &count)).write(type, pointers.data());
}

inline void set_attribute(H5::H5Object& object, const std::string& name, const std::string& value) {
  H5::StrType type(H5::PredType::C_S1, H5T_VARIABLE);
  type.setCset(H5T_CSET_UTF8);
  const char* pointer = value.c_str();
  object.createAttribute(name, type, H5::DataSpace(H5S_SCALAR)).write(type, &pointer);
}

/// A compressed dataset of `extent` that may grow along any axis.
inline H5::DataSet create(H5::H5File& file, const std::string& name, const H5::PredType& type, const Dimensions& extent,
                          const Dimensions& chunk) {
  const Dimensions unlimited(extent.size(), H5S_UNLIMITED);
  H5::DSetCreatPropList properties;
  properties.setChunk(static_cast<int>(chunk.size()), chunk.data());
  properties.setShuffle();
  properties.setDeflate(4);
  H5Pset_obj_track_times(properties.getId(), false);  // the same slide makes the same bytes
  return file.createDataSet(name, type, H5::DataSpace(static_cast<int>(extent.size()), extent.data(), unlimited.data()), properties);
}

template <class T>
void write_block(H5::DataSet& dataset, const Dimensions& start, const Dimensions& count, const T* values) {
  H5::DataSpace space = dataset.getSpace();
  space.selectHyperslab(H5S_SELECT_SET, count.data(), start.data());
  dataset.write(values, type_of(T{}), H5::DataSpace(static_cast<int>(count.size()), count.data()), space);
}

/// Rows of one value shape per tile, appended chunk by chunk.
template <class T>
class Column {
 public:
  Column(H5::H5File& file, const std::string& name, const Dimensions& row) : row_(row) {
    Dimensions extent{0}, chunk{kTilesPerChunk};
    for (const hsize_t size : row) {
      extent.push_back(size);
      chunk.push_back(std::max<hsize_t>(size, 1));
      row_size_ *= size;
    }
    dataset_ = create(file, name, type_of(T{}), extent, chunk);
  }
  std::size_t row_size() const { return row_size_; }
  H5::DataSet& dataset() { return dataset_; }
  void add(const T* values) { pending_.insert(pending_.end(), values, values + row_size_); }
  /// Writes the `count` pending rows behind the `written` ones.
  void flush(hsize_t written, hsize_t count) {
    Dimensions start{written}, block{count}, extent{written + count};
    for (const hsize_t size : row_) start.push_back(0), block.push_back(size), extent.push_back(size);
    dataset_.extend(extent.data());
    write_block(dataset_, start, block, pending_.data());
    pending_.clear();
  }

 private:
  Dimensions row_;
  std::size_t row_size_ = 1;
  H5::DataSet dataset_;
  std::vector<T> pending_;
};

/// Rows of a map [height, width], or of `planes` of them [planes, height, width]; written in bands as high as a chunk, so that no chunk is
/// compressed twice.
class MapRows {
 public:
  MapRows(H5::H5File& file, const std::string& name, std::optional<hsize_t> planes, const core::Size& size)
      : flat_(!planes),
        planes_(planes.value_or(1)),
        width_(static_cast<hsize_t>(size.width)),
        height_(static_cast<hsize_t>(size.height)),
        pending_(planes_ * kMapRowsPerChunk * width_) {
    const Dimensions chunk{1, std::min(kMapRowsPerChunk, height_), std::min(kMapColumnsPerChunk, width_)};
    dataset_ = create(file, name, type_of(std::uint8_t{}), shaped({planes_, height_, width_}), shaped(chunk));
  }
  hsize_t rows() const { return written_ + count_; }
  H5::DataSet& dataset() { return dataset_; }

  /// `values` [planes, rows, width].
  void add(hsize_t rows, const std::uint8_t* values) {
    for (hsize_t row = 0; row < rows; ++row) {
      for (hsize_t plane = 0; plane < planes_; ++plane) {
        std::copy_n(values + (plane * rows + row) * width_, width_, pending_.data() + (plane * kMapRowsPerChunk + count_) * width_);
      }
      ++count_;
      if (count_ == kMapRowsPerChunk || written_ + count_ == height_) flush();
    }
  }

 private:
  Dimensions shaped(Dimensions dimensions) const {
    if (flat_) dimensions.erase(dimensions.begin());
    return dimensions;
  }

  void flush() {
    for (hsize_t plane = 0; plane < planes_; ++plane) {
      write_block(dataset_, shaped({plane, written_, 0}), shaped({1, count_, width_}), pending_.data() + plane * kMapRowsPerChunk * width_);
    }
    written_ += count_;
    count_ = 0;
  }

  bool flat_;
  hsize_t planes_, width_, height_;
  hsize_t written_ = 0, count_ = 0;
  H5::DataSet dataset_;
  std::vector<std::uint8_t> pending_;  ///< [planes, kMapRowsPerChunk, width]
};

}  // namespace wsi_lpd::output
