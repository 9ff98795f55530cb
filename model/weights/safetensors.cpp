#include "wsi_lpd/model/weights/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/json_text.hpp"

namespace wsi_lpd::model::weights {
namespace {

using Json = nlohmann::json;
static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian, and are read as they are");

constexpr std::uint64_t kLargestHeader = 100'000'000;  // the limit of the format's own library

struct TypeName {
  const char* name;
  torch::ScalarType type;
};
constexpr TypeName kTypes[] = {{"F32", torch::kFloat}, {"F16", torch::kHalf}, {"BF16", torch::kBFloat16}, {"F64", torch::kDouble},
                               {"I64", torch::kLong},  {"I32", torch::kInt},  {"U8", torch::kByte}};

struct Entry {
  std::string name;
  torch::ScalarType type{};
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  ///< bytes from the end of the header
};

struct Header {
  std::ifstream stream;
  std::uint64_t data_start = 0;
  std::vector<Entry> entries;  ///< in file order
  std::map<std::string, std::string> metadata;
};

[[noreturn]] void fail(const std::string& why) { throw core::Error("not a sound safetensors file: " + why); }

Entry parse_entry(const std::string& name, const Json& json) {
  Entry entry;
  entry.name = name;
  const std::string type = json.at("dtype").get<std::string>();
  const auto* known = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& candidate) { return type == candidate.name; });
  if (known == std::end(kTypes)) fail("tensor " + name + " has the type " + type);
  entry.type = known->type;
  std::uint64_t bytes = c10::elementSize(entry.type), strides = 1;  // LibTorch multiplies the sides of empty tensors, too
  for (const Json& side : json.at("shape")) {
    if (!side.is_number_unsigned() || side.get<std::uint64_t>() > INT64_MAX) fail("tensor " + name + " has an impossible shape");
    const auto length = side.get<std::uint64_t>();
    if (__builtin_mul_overflow(bytes, length, &bytes) || __builtin_mul_overflow(strides, std::max<std::uint64_t>(1, length), &strides) ||
        strides > INT64_MAX)
      fail("tensor " + name + " has an impossible shape");
    entry.shape.push_back(side.get<std::int64_t>());
  }
  const Json& offsets = json.at("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned()) {
    fail("tensor " + name + " has no offsets");
  }
  entry.begin = offsets[0].get<std::uint64_t>();
  entry.end = offsets[1].get<std::uint64_t>();
  if (entry.begin > entry.end || entry.end - entry.begin != bytes) fail("tensor " + name + " has another size than its shape");
  return entry;
}

Header open_header(const std::filesystem::path& path) {
  Header header;
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw core::Error("is a folder, not a file");
  errno = 0;
  header.stream.open(path, std::ios::binary);
  if (!header.stream) throw core::Error(std::strerror(errno ? errno : EIO));
  const std::uint64_t size = std::filesystem::file_size(path);
  std::uint64_t length = 0;
  if (size < sizeof length) fail("it has only " + std::to_string(size) + " bytes");
  header.stream.read(reinterpret_cast<char*>(&length), sizeof length);
  header.data_start = sizeof length + length;
  if (length > kLargestHeader || length > size - sizeof length) fail("its header is said to be " + std::to_string(length) + " bytes long");
  std::string text(length, '\0');
  header.stream.read(text.data(), static_cast<std::streamsize>(length));
  if (!header.stream) throw core::Error(std::strerror(errno ? errno : EIO));
  try {
    const Json json = Json::parse(text);
    if (!json.is_object()) fail("its header is no JSON object");
    for (const auto& [name, value] : json.items()) {
      if (name == "__metadata__") {
        header.metadata = value.get<std::map<std::string, std::string>>();
      } else {
        header.entries.push_back(parse_entry(name, value));
      }
    }
  } catch (const Json::exception&) {
    fail("its header can't be read");
  }
  std::sort(header.entries.begin(), header.entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t position = 0;
  for (const Entry& entry : header.entries) {
    if (entry.begin != position) fail("tensor " + entry.name + (entry.begin < position ? " overlaps another" : " follows a gap"));
    position = entry.end;
  }
  if (position != size - header.data_start) {
    fail("it holds " + std::to_string(size - header.data_start) + " bytes of tensors instead of " + std::to_string(position) +
         (position > size - header.data_start ? "; it is cut short" : ""));
  }
  return header;
}

}  // namespace

TensorFile read_safetensors(const std::filesystem::path& path) {
  return core::with_context(path.string(), [&] {
    Header header = open_header(path);
    TensorFile file{.tensors = {}, .metadata = std::move(header.metadata)};
    for (const Entry& entry : header.entries) {
      torch::Tensor tensor = torch::empty(entry.shape, entry.type);
      header.stream.read(static_cast<char*>(tensor.data_ptr()), static_cast<std::streamsize>(entry.end - entry.begin));
      if (!header.stream) throw core::Error("can't be read to its end");
      file.tensors.emplace(entry.name, std::move(tensor));
    }
    return file;
  });
}

std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& path) {
  return core::with_context(path.string(), [&] { return open_header(path).metadata; });
}

void write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  Json header = Json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::uint64_t position = 0;
  for (const auto& entry : file.tensors) {  // not a structured binding: lambdas may not capture those everywhere
    const auto& name = entry.first;
    const torch::Tensor& tensor = entry.second;
    const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                    [&](const TypeName& candidate) { return tensor.scalar_type() == candidate.type; });
    if (type == std::end(kTypes)) throw core::Error("writing " + path.string() + ": tensor " + name + " is of a type that is not written");
    header[name] = {{"dtype", type->name}, {"shape", tensor.sizes().vec()}, {"data_offsets", {position, position + tensor.nbytes()}}};
    position += tensor.nbytes();
  }
  std::string text = core::json_text(header);   // paths in the metadata are bytes, JSON is UTF-8
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the tensors are aligned when the file is mapped
  const std::uint64_t length = text.size();

  core::PartFile part(path);
  errno = 0;
  std::ofstream stream(part.path(), std::ios::binary);
  stream.write(reinterpret_cast<const char*>(&length), sizeof length) << text;
  for (const auto& [name, tensor] : file.tensors) {
    const torch::Tensor packed = tensor.detach().cpu().contiguous();
    stream.write(static_cast<const char*>(packed.data_ptr()), static_cast<std::streamsize>(packed.nbytes()));
  }
  stream.close();
  if (!stream) throw core::Error("writing " + path.string() + ": " + std::strerror(errno ? errno : EIO));
  part.commit();
}

}  // namespace wsi_lpd::model::weights
