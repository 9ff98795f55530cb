#include "wsi_lpd/model/weights/checkpoint.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/model/runtime/torch_error.hpp"
#include "wsi_lpd/model/weights/pickle.hpp"
#include "zip_records.hpp"

namespace wsi_lpd::model::weights {
namespace {

using Kind = PickleValue::Kind;
using torch::Tensor;

constexpr int kDeepest = 16;               // dictionaries within dictionaries
constexpr std::size_t kMostAxes = 16;      // of a tensor
constexpr std::size_t kLongestKey = 1024;  // bytes of a key in a dictionary: a shared one is copied into the name of every tensor below it
constexpr std::uint64_t kUnfolding = 8;    // views of shared storages may take this many times the file's size
constexpr std::string_view kLegacyMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr std::int64_t kLegacyProtocol = 1001;

struct StorageType {
  const char* name;
  torch::ScalarType type;
};
constexpr StorageType kStorageTypes[] = {{"FloatStorage", torch::kFloat},       {"HalfStorage", torch::kHalf},
                                         {"BFloat16Storage", torch::kBFloat16}, {"DoubleStorage", torch::kDouble},
                                         {"LongStorage", torch::kLong},         {"IntStorage", torch::kInt},
                                         {"ShortStorage", torch::kShort},       {"CharStorage", torch::kChar},
                                         {"ByteStorage", torch::kByte},         {"BoolStorage", torch::kBool}};

/// Gives the bytes of the storage with this key.
using StorageBytes = std::function<std::string_view(const std::string& key)>;

torch::ScalarType storage_type(const std::string& global) {
  const auto* known = std::find_if(std::begin(kStorageTypes), std::end(kStorageTypes), [&](const StorageType& type) {
    return global == std::string("torch.") + type.name || global == std::string("torch.cuda.") + type.name;
  });
  if (known == std::end(kStorageTypes)) throw core::Error("has tensors of the type " + printable(global) + ", which is not read");
  return known->type;
}

std::vector<std::int64_t> integers(const PickleValue& value) {
  if (value.kind != Kind::Sequence || value.items.size() > kMostAxes) throw core::Error("has a tensor of an impossible shape");
  std::vector<std::int64_t> result;
  for (const PickleValue* item : value.items) {
    if (item->kind != Kind::Integer || item->integer < 0) throw core::Error("has a tensor of an impossible shape");
    result.push_back(item->integer);
  }
  return result;
}

std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  if (__builtin_mul_overflow(a, b, &a)) throw core::Error("has a tensor of an impossible shape");
  return a;
}

class TensorCollector {
 public:
  TensorCollector(StorageBytes bytes, std::uint64_t file_size, std::uint64_t pickle_size)
      : bytes_(std::move(bytes)),
        unread_(file_size),
        unfolded_(kUnfolding * file_size),
        visits_(pickle_size),
        named_(kUnfolding * pickle_size) {}

  TensorFile collect(const PickleValue& root) {
    if (root.kind != Kind::Dictionary) throw core::Error("holds no dictionary of tensors");
    enter(root, "", 0);
    if (file_.tensors.empty()) throw core::Error("holds no tensors");
    return std::move(file_);
  }

 private:
  void enter(const PickleValue& dictionary, const std::string& prefix, int depth) {
    if (depth > kDeepest) throw core::Error("has dictionaries in dictionaries without end");
    for (std::size_t i = 0; i + 1 < dictionary.items.size(); i += 2) {
      // a dictionary may be there many times, but each entry takes a byte of a pickle that was not made to harm
      if (visits_-- == 0) throw core::Error("has dictionaries that hold each other many times over");
      const PickleValue &key = *dictionary.items[i], &value = *dictionary.items[i + 1];
      if (key.kind != Kind::Text && key.kind != Kind::Integer) continue;
      if (key.text.size() > kLongestKey) throw core::Error("has a dictionary with a key of more than 1024 bytes: " + printable(key.text));
      const std::string name = prefix + (key.kind == Kind::Text ? key.text : std::to_string(key.integer));
      if (depth == 0 && name.starts_with("optimizer")) continue;
      if (value.kind == Kind::Dictionary) {
        enter(value, name + ".", depth + 1);
      } else if (value.kind == Kind::Tensor) {
        if (name.size() > named_) throw core::Error("has names of tensors that are longer than its pickle could spell");
        named_ -= name.size();
        Tensor tensor = core::with_context("tensor " + printable(name), [&] { return load(value); });
        if (!file_.tensors.emplace(name, std::move(tensor)).second) throw core::Error("has two tensors named " + printable(name));
      } else if (depth == 0) {
        note(name, value);
      }
    }
  }

  void note(const std::string& name, const PickleValue& value) {
    if (value.kind == Kind::Integer) file_.metadata[name] = std::to_string(value.integer);
    if (value.kind == Kind::Text) file_.metadata[name] = printable(value.text);
    if (value.kind == Kind::Real) {
      std::ostringstream text;
      text << value.real;
      file_.metadata[name] = text.str();
    }
  }

  Tensor load(const PickleValue& value) {
    if (value.items[1]->kind != Kind::Integer || value.items[1]->integer < 0) throw core::Error("has no offset");
    const std::int64_t offset = value.items[1]->integer;
    const std::vector<std::int64_t> sizes = integers(*value.items[2]), strides = integers(*value.items[3]);
    if (sizes.size() != strides.size()) throw core::Error("has another number of strides than of sizes");
    const Tensor storage = load_storage(*value.items[0]);
    std::uint64_t count = 1, last = static_cast<std::uint64_t>(offset);
    for (const std::int64_t size : sizes) count = product(count, static_cast<std::uint64_t>(size));
    for (std::size_t axis = 0; count > 0 && axis < sizes.size(); ++axis) {
      const std::uint64_t reach = product(static_cast<std::uint64_t>(sizes[axis] - 1), static_cast<std::uint64_t>(strides[axis]));
      if (__builtin_add_overflow(last, reach, &last)) throw core::Error("has an impossible shape");
    }
    if (count == 0) return torch::empty(sizes, storage.options());
    if (last >= static_cast<std::uint64_t>(storage.numel())) throw core::Error("reaches beyond its storage");
    const std::uint64_t bytes = product(count, storage.element_size());
    if (bytes > unfolded_) throw core::Error("unfolds a small storage to a huge tensor");
    unfolded_ -= bytes;
    const Tensor view = storage.as_strided(sizes, strides, offset);
    return view.is_contiguous() && view.numel() == storage.numel() ? view : view.clone(at::MemoryFormat::Contiguous);
  }

  Tensor load_storage(const PickleValue& id) {
    const std::string &type_name = id.items[1]->text, &key = id.items[2]->text;
    const auto [found, is_new] = storages_.try_emplace({type_name, key});
    if (!is_new) return found->second;
    const torch::ScalarType type = storage_type(type_name);
    const std::string_view bytes = bytes_(key);
    if (id.items[4]->integer < 0 || product(static_cast<std::uint64_t>(id.items[4]->integer), c10::elementSize(type)) != bytes.size()) {
      throw core::Error("its storage has " + std::to_string(bytes.size()) + " bytes instead of " + std::to_string(id.items[4]->integer) +
                        " elements");
    }
    if (bytes.size() > unread_) throw core::Error("its storage overlaps others");
    unread_ -= bytes.size();
    Tensor storage = torch::empty({id.items[4]->integer}, type == torch::kBool ? torch::kByte : type);
    if (!bytes.empty()) std::memcpy(storage.data_ptr(), bytes.data(), bytes.size());
    return found->second = type == torch::kBool ? storage.ne(0) : storage;
  }

  StorageBytes bytes_;
  std::uint64_t unread_, unfolded_, visits_, named_;  // what is left of each
  std::map<std::pair<std::string, std::string>, Tensor> storages_;
  TensorFile file_;
};

TensorFile read_zip(std::string_view file) {
  const ZipRecords records(file);
  const std::string& folder = records.folder();
  if (records.has(folder + "byteorder") && records.read(folder + "byteorder") != "little")
    throw core::Error("was written by a big-endian machine");
  const Pickle pickle(records.read(folder + "data.pkl"));
  return TensorCollector([&](const std::string& key) { return records.read(folder + "data/" + key); }, file.size(), pickle.size())
      .collect(pickle.root());
}

/// Five pickles (magic number, protocol, machine, content, keys of the storages), then for each key: number of elements, elements.
class LegacyFile {
 public:
  explicit LegacyFile(std::string_view file) : rest_(file) {
    const Pickle magic = next();
    if (magic.root().kind != Kind::LongInteger || magic.root().text != kLegacyMagic) {
      throw core::Error("is a pickle, but not one that torch.save wrote");
    }
    const Pickle protocol = next(), machine = next();
    if (protocol.root().integer != kLegacyProtocol) throw core::Error("is of an unknown version of PyTorch's old container");
    const auto& facts = machine.root().items;
    for (std::size_t i = 0; machine.root().kind == Kind::Dictionary && i + 1 < facts.size(); i += 2) {
      if (facts[i]->text == "little_endian" && facts[i + 1]->integer == 0) throw core::Error("was written by a big-endian machine");
    }
  }

  TensorFile read(std::uint64_t file_size) {
    const Pickle content = next();
    const Pickle keys = next();
    find_storages(content, keys.root());
    const auto bytes = [&](const std::string& key) {
      const auto found = storages_.find(key);
      if (found == storages_.end()) throw core::Error("its storage is not in the file");
      return found->second;
    };
    return TensorCollector(bytes, file_size, content.size()).collect(content.root());
  }

 private:
  Pickle next() {
    Pickle pickle(rest_);
    rest_.remove_prefix(pickle.size());
    return pickle;
  }

  /// The size of an element stands with the storage's type, in the content only.
  void find_storages(const Pickle& content, const PickleValue& keys) {
    std::map<std::string, std::uint64_t> element_sizes;
    for (const PickleValue& value : content.values()) {
      if (value.kind == Kind::Storage) element_sizes[value.items[2]->text] = c10::elementSize(storage_type(value.items[1]->text));
    }
    for (const PickleValue* key : keys.items) {
      const auto known = element_sizes.find(key->text);
      if (known == element_sizes.end()) throw core::Error("holds a storage that no tensor names");
      std::uint64_t count = 0;
      if (rest_.size() < sizeof count) throw core::Error("the file is cut short: storages are missing");
      std::memcpy(&count, rest_.data(), sizeof count);
      rest_.remove_prefix(sizeof count);
      const std::uint64_t bytes = product(count, known->second);
      if (bytes > rest_.size()) throw core::Error("the file is cut short: it ends within a storage");
      storages_[key->text] = rest_.substr(0, bytes);
      rest_.remove_prefix(bytes);
    }
  }

  std::string_view rest_;
  std::map<std::string, std::string_view> storages_;
};

}  // namespace

TensorFile read_checkpoint(const std::filesystem::path& path) {
  return core::with_context(path.string(), [&] {
    if (std::filesystem::is_directory(path)) throw core::Error("is a folder, not a file");
    char start[9] = {};
    std::ifstream(path, std::ios::binary).read(start, sizeof start);
    if (start[8] == '{') return read_safetensors(path);
    const std::string file = core::read_text_file(path);
    return runtime::with_torch_errors("can't be read", [&] {
      if (file.starts_with("PK\x03\x04")) return read_zip(file);
      if (file.starts_with('\x80')) return LegacyFile(file).read(file.size());
      throw core::Error("is neither a safetensors file nor a checkpoint that torch.save wrote");
    });
  });
}

}  // namespace wsi_lpd::model::weights
