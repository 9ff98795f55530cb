#include "wsi_lpd/model/weights/pickle.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <optional>
#include <unordered_map>

#include "pickle_opcodes.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::weights {
namespace {

constexpr std::size_t kLongest = 8 << 20;  // bytes of one pickle: room for 50,000 tensors, at most 1 GB of values
constexpr std::size_t kLongestName = 256;

struct Name {
  const char* module;
  const char* name;  ///< "*": every name
};
/// Classes that checkpoints keep beside their weights: configurations, plain types, numbers of numpy.
constexpr Name kInert[] = {{"omegaconf.dictconfig", "*"},
                           {"omegaconf.listconfig", "*"},
                           {"omegaconf.base", "*"},
                           {"omegaconf.nodes", "*"},
                           {"typing", "*"},
                           {"collections", "defaultdict"},
                           {"collections", "Counter"},
                           {"argparse", "Namespace"},
                           {"yacs.config", "CfgNode"},
                           {"pathlib", "PosixPath"},
                           {"torch", "Size"},
                           {"torch", "device"},
                           {"numpy", "dtype"},
                           {"numpy.core.multiarray", "scalar"},
                           {"numpy._core.multiarray", "scalar"},
                           {"_codecs", "encode"}};
constexpr const char* kPlainTypes[] = {"dict", "list", "tuple",   "set",   "frozenset", "int",    "long",     "float",
                                       "bool", "str",  "unicode", "bytes", "complex",   "object", "bytearray"};

std::optional<PickleRole> role_of(const std::string& module, const std::string& name) {
  if (module == "collections" && name == "OrderedDict") return PickleRole::OrderedDict;
  if (module == "torch._utils" && (name == "_rebuild_tensor_v2" || name == "_rebuild_tensor")) return PickleRole::Tensor;
  if (module == "torch._utils" && name == "_rebuild_parameter") return PickleRole::Parameter;
  if ((module == "torch" || module == "torch.cuda") && name.ends_with("Storage")) return PickleRole::Storage;
  const bool plain_type = (module == "builtins" || module == "__builtin__") &&
                          std::any_of(std::begin(kPlainTypes), std::end(kPlainTypes), [&](const char* type) { return name == type; });
  const bool inert = plain_type || std::any_of(std::begin(kInert), std::end(kInert), [&](const Name& known) {
                       return module == known.module && (name == known.name || std::strcmp(known.name, "*") == 0);
                     });
  return inert ? std::optional(PickleRole::Inert) : std::nullopt;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result(text.substr(0, 100));
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < ' ' || c == 127; }, '?');  // UTF-8 goes, too
  return result + (text.size() > 100 ? "…" : "");
}

/// The stack machine that a pickle is a program for.
class PickleMachine {
 public:
  using Kind = PickleValue::Kind;

  PickleMachine(std::string_view bytes, Pickle& pickle) : bytes_(bytes.substr(0, kLongest)), pickle_(pickle) {}

  void run() {
    while (step(static_cast<Opcode>(number<std::uint8_t>()))) continue;
    pickle_.root_ = pop();
    pickle_.size_ = position_;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw core::Error("not a sound pickle: " + why + " before byte " + std::to_string(position_));
  }

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - position_) {
      throw core::Error(bytes_.size() == kLongest ? "holds a pickle of more than 8 MiB"
                                                  : "the file is cut short: its pickle ends too early");
    }
    position_ += count;
    return bytes_.substr(position_ - count, count);
  }
  template <class T>
  T number() {
    T value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string line() {
    const std::size_t end = bytes_.find('\n', position_);
    std::string text(take(std::min(end, bytes_.size()) - position_));
    take(1);
    return text;
  }

  PickleValue* push(Kind kind) {
    stack_.push_back(&pickle_.values_.emplace_back());
    stack_.back()->kind = kind;
    return stack_.back();
  }
  void push_text(std::uint64_t length) { push(Kind::Text)->text = take(length); }
  void push_bytes(std::uint64_t length) {
    take(length);
    push(Kind::Inert);
  }
  void push_integer(std::int64_t value) { push(Kind::Integer)->integer = value; }
  void push_long(std::uint32_t length) {
    const std::string_view text = take(length);
    if (length > sizeof(std::int64_t)) {
      push(Kind::LongInteger)->text = text;
      return;
    }
    std::int64_t value = length > 0 && (text.back() & 0x80) ? -1 : 0;  // the sign goes on to the left
    std::memcpy(&value, text.data(), length);
    push_integer(value);
  }
  PickleValue& top() {
    if (stack_.size() <= floor()) fail("nothing on the stack");
    return *stack_.back();
  }
  PickleValue* pop() {
    PickleValue* value = &top();
    stack_.pop_back();
    return value;
  }
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  /// Everything above the last mark, which goes.
  std::vector<const PickleValue*> pop_to_mark() {
    if (marks_.empty()) fail("no mark on the stack");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const PickleValue*> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
  }
  void push_tuple(std::size_t count) {
    std::vector<const PickleValue*> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    push(Kind::Sequence)->items = std::move(items);
  }
  /// The items of `source` that are looked at. A few bytes can name a long list again and again: a copy of all of it would have no bound.
  void push_first(Kind kind, const PickleValue& source, std::size_t count) {
    push(kind)->items.assign(source.items.begin(), source.items.begin() + static_cast<std::ptrdiff_t>(count));
  }
  void push_global(const std::string& module, const std::string& name) {
    if (module.size() > kLongestName || name.size() > kLongestName) fail("a name too long");  // it is copied wherever it is named again
    const auto role = role_of(module, name);
    if (!role) {
      throw core::Error("refused: it names " + printable(module + "." + name) +
                        ", which is no part of weights and might run a program in Python (nothing was run)");
    }
    PickleValue* global = push(Kind::Global);
    global->role = *role;
    global->text = module + "." + name;
  }

  /// What calling a global with `arguments` would have made.
  void reduce() {
    const PickleValue& arguments = *pop();
    const PickleValue& called = *pop();
    if (called.kind != Kind::Global || arguments.kind != Kind::Sequence) fail("a call of something that is no name");
    switch (called.role) {
      case PickleRole::OrderedDict:
        if (!arguments.items.empty()) fail("an ordered dictionary made of something");
        push(Kind::Dictionary);
        return;
      case PickleRole::Tensor:
        if (arguments.items.size() < PickleValue::kTensorItems || arguments.items[0]->kind != Kind::Storage)
          fail("a tensor without a storage");
        push_first(Kind::Tensor, arguments, PickleValue::kTensorItems);
        return;
      case PickleRole::Parameter:
        if (arguments.items.empty() || arguments.items[0]->kind != Kind::Tensor) fail("a parameter without a tensor");
        push_first(Kind::Tensor, *arguments.items[0], PickleValue::kTensorItems);
        return;
      case PickleRole::Storage:
        fail("a storage where none can be");
      case PickleRole::Inert:
        push(Kind::Inert);
    }
  }
  void new_object() {
    pop();
    const PickleValue& type = *pop();
    if (type.kind != Kind::Global || (type.role != PickleRole::Inert && type.role != PickleRole::OrderedDict))
      fail("an object of no class");
    push(type.role == PickleRole::Inert ? Kind::Inert : Kind::Dictionary);
  }
  void persistent_id() {
    const PickleValue& id = *pop();
    const bool storage = id.kind == Kind::Sequence && id.items.size() >= PickleValue::kStorageItems && id.items[0]->kind == Kind::Text &&
                         id.items[0]->text == "storage" && id.items[1]->kind == Kind::Global && id.items[1]->role == PickleRole::Storage &&
                         id.items[2]->kind == Kind::Text && id.items[4]->kind == Kind::Integer;
    if (!storage) fail("a reference to something that is no storage");
    if (id.items.size() > 5 && id.items[5]->kind != Kind::None) fail("a view of a storage, as PyTorch before 0.4 had them,");
    push_first(Kind::Storage, id, PickleValue::kStorageItems);
  }
  void append(const std::vector<const PickleValue*>& items, Kind kind) {
    PickleValue& target = top();
    if (target.kind == Kind::Inert) return;
    if (target.kind != kind || (kind == Kind::Dictionary && items.size() % 2 != 0)) fail("items for something that has none");
    target.items.insert(target.items.end(), items.begin(), items.end());
  }
  void put(std::uint64_t index) { memo_[index] = &top(); }
  void get(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail("a reference to nothing");
    stack_.push_back(found->second);
  }

  /// False after the last one.
  bool step(Opcode opcode);

  std::string_view bytes_;
  std::size_t position_ = 0;
  Pickle& pickle_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;  // sizes of the stack
  std::unordered_map<std::uint64_t, PickleValue*> memo_;
};

// More than 60 lines: one switch, a case for each opcode, none of which is more than a few lines.
bool PickleMachine::step(Opcode opcode) {
  switch (opcode) {
    case kStop:
      return false;
    case kProtocol:
      if (const int protocol = number<std::uint8_t>(); protocol < 2 || protocol > 5) fail("protocol " + std::to_string(protocol));
      break;
    case kFrame:
      take(sizeof(std::uint64_t));
      break;
    case kMark:
      marks_.push_back(stack_.size());
      break;
    case kPop:
      pop();
      break;
    case kPopMark:
      pop_to_mark();
      break;
    case kDup:
      stack_.push_back(&top());
      break;
    case kNone:
      push(Kind::None);
      break;
    case kTrue:
      push(Kind::Bool)->integer = 1;
      break;
    case kFalse:
      push(Kind::Bool);
      break;
    case kBinInt:
      push_integer(number<std::int32_t>());
      break;
    case kBinInt1:
      push_integer(number<std::uint8_t>());
      break;
    case kBinInt2:
      push_integer(number<std::uint16_t>());
      break;
    case kLong1:
      push_long(number<std::uint8_t>());
      break;
    case kLong4:
      push_long(number<std::uint32_t>());
      break;
    case kBinFloat:
      push(Kind::Real)->real = std::bit_cast<double>(__builtin_bswap64(number<std::uint64_t>()));
      break;
    case kBinUnicode:
    case kBinString:
      push_text(number<std::uint32_t>());
      break;
    case kShortBinUnicode:
    case kShortBinString:
      push_text(number<std::uint8_t>());
      break;
    case kBinUnicode8:
      push_text(number<std::uint64_t>());
      break;
    case kBinBytes:
      push_bytes(number<std::uint32_t>());
      break;
    case kShortBinBytes:
      push_bytes(number<std::uint8_t>());
      break;
    case kBinBytes8:
      push_bytes(number<std::uint64_t>());
      break;
    case kEmptyDict:
      push(Kind::Dictionary);
      break;
    case kEmptyList:
    case kEmptyTuple:
      push(Kind::Sequence);
      break;
    case kEmptySet:
      push(Kind::Inert);
      break;
    case kTuple: {
      auto items = pop_to_mark();
      push(Kind::Sequence)->items = std::move(items);
      break;
    }
    case kTuple1:
      push_tuple(1);
      break;
    case kTuple2:
      push_tuple(2);
      break;
    case kTuple3:
      push_tuple(3);
      break;
    case kFrozenSet:
      pop_to_mark();
      push(Kind::Inert);
      break;
    case kAppend: {
      const PickleValue* item = pop();
      append({item}, Kind::Sequence);
      break;
    }
    case kAppends:
      append(pop_to_mark(), Kind::Sequence);
      break;
    case kSetItem: {
      const PickleValue* value = pop();
      const PickleValue* key = pop();
      append({key, value}, Kind::Dictionary);
      break;
    }
    case kSetItems:
      append(pop_to_mark(), Kind::Dictionary);
      break;
    case kAddItems:
      pop_to_mark();
      if (top().kind != Kind::Inert) fail("items for something that is no set");
      break;
    case kGlobal: {
      const std::string module = line();
      push_global(module, line());
      break;
    }
    case kStackGlobal: {
      const PickleValue& name = *pop();
      const PickleValue& module = *pop();
      if (name.kind != Kind::Text || module.kind != Kind::Text) fail("a name that is no text");
      push_global(module.text, name.text);
      break;
    }
    case kReduce:
      reduce();
      break;
    case kNewObject:
      new_object();
      break;
    case kBuild:  // attributes: of objects that are dropped, or of dictionaries, which carry nothing of use there
      pop();
      if (top().kind != Kind::Inert && top().kind != Kind::Dictionary) fail("attributes for something that has none");
      break;
    case kBinPersistentId:
      persistent_id();
      break;
    case kBinPut:
      put(number<std::uint8_t>());
      break;
    case kLongBinPut:
      put(number<std::uint32_t>());
      break;
    case kMemoise:
      put(memo_.size());
      break;
    case kBinGet:
      get(number<std::uint8_t>());
      break;
    case kLongBinGet:
      get(number<std::uint32_t>());
      break;
    default:
      fail("the opcode " + std::to_string(static_cast<int>(opcode)) + ", which builds no data,");
  }
  return true;
}

Pickle::Pickle(std::string_view bytes) { PickleMachine(bytes, *this).run(); }

}  // namespace wsi_lpd::model::weights
