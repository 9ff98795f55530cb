#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace wsi_lpd::model::weights {

/// The roles of global names in a pickle. No name is ever called: its role only tells the reader how to continue.
enum class PickleRole : std::uint8_t { OrderedDict, Tensor, Parameter, Storage, Inert };

/// One value of a pickle. Values refer to each other as in the pickle, possibly in circles.
struct PickleValue {
  enum class Kind : std::uint8_t {
    None,
    Bool,
    Integer,
    LongInteger,  ///< more than 64 bits: `text` has the bytes, lowest first
    Real,
    Text,
    Sequence,    ///< list or tuple: `items`
    Dictionary,  ///< `items`: key, value, key, value, …
    Global,      ///< `text` is module.name; `role` is set
    Storage,     ///< `items` [kStorageItems], from the persistent identifier: "storage", type, key, device, elements
    Tensor,      ///< `items` [kTensorItems]: storage, offset, sizes, strides
    Inert        ///< an object of a class that holds no weights; its content is dropped
  };
  static constexpr std::size_t kStorageItems = 5, kTensorItems = 4;
  Kind kind = Kind::None;
  PickleRole role = PickleRole::Inert;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<const PickleValue*> items;
};

/// Reads one pickle without running any of it. It accepts opcodes that build data, and global names on a list; any other opcode or name is
/// refused and named in the error. Memory is at most a constant times the length of the pickle. Const members are thread-safe.
class Pickle {
 public:
  /// Reads from the start of `bytes` to the end of the first pickle. Throws Error (without a path).
  explicit Pickle(std::string_view bytes);
  Pickle(Pickle&&) = default;
  const PickleValue& root() const { return *root_; }
  /// All values, in the order of their creation.
  const std::deque<PickleValue>& values() const { return values_; }
  /// Length of the pickle in bytes.
  std::size_t size() const { return size_; }

 private:
  friend class PickleMachine;
  std::deque<PickleValue> values_;  // owns all values, also those in circles
  const PickleValue* root_ = nullptr;
  std::size_t size_ = 0;
};

/// Makes text from a file fit for an error line: printable and short. Thread-safe.
std::string printable(std::string_view text);

}  // namespace wsi_lpd::model::weights
