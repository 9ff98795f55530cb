#include "wsi_lpd/output/hdf5_summary.hpp"

#include <algorithm>

#include "hdf5.hpp"

namespace wsi_lpd::output {
namespace {

std::string type_name(const H5::DataSet& dataset) {
  const std::string bits = std::to_string(8 * dataset.getDataType().getSize());
  switch (dataset.getTypeClass()) {
    case H5T_INTEGER:
      return (dataset.getIntType().getSign() == H5T_SGN_NONE ? "uint" : "int") + bits;
    case H5T_FLOAT:
      return "float" + bits;
    case H5T_STRING:
      return "text";
    default:
      return "other";
  }
}

void collect(const H5::Group& group, const std::string& prefix, std::vector<Hdf5Dataset>& datasets) {
  for (hsize_t i = 0; i < group.getNumObjs(); ++i) {
    const std::string name = group.getObjnameByIdx(i);
    const H5G_obj_t kind = group.getObjTypeByIdx(i);
    if (kind == H5G_GROUP) collect(group.openGroup(name), prefix + name + "/", datasets);
    if (kind != H5G_DATASET) continue;
    const H5::DataSet dataset = group.openDataSet(name);
    const H5::DataSpace space = dataset.getSpace();
    std::vector<hsize_t> shape(static_cast<std::size_t>(space.getSimpleExtentNdims()));
    if (!shape.empty()) space.getSimpleExtentDims(shape.data());
    datasets.push_back({prefix + name, {shape.begin(), shape.end()}, type_name(dataset)});
  }
}

}  // namespace

Hdf5Summary summarise_hdf5(const std::filesystem::path& path) {
  Hdf5Summary summary;
  with_hdf5(path.string(), [&] {
    const H5::H5File file(path.string(), H5F_ACC_RDONLY);
    const H5::Group root = file.openGroup("/");
    collect(root, "", summary.datasets);
    for (unsigned i = 0; i < static_cast<unsigned>(root.getNumAttrs()); ++i) {
      const H5::Attribute attribute = root.openAttribute(i);
      if (attribute.getTypeClass() != H5T_STRING || attribute.getSpace().getSimpleExtentNpoints() != 1) continue;
      std::string text;
      attribute.read(attribute.getDataType(), text);
      summary.attributes[attribute.getName()] = text;
    }
  });
  std::ranges::sort(summary.datasets, {}, &Hdf5Dataset::name);
  return summary;
}

}  // namespace wsi_lpd::output
