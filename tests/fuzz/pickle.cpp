// Pickles: nothing points outside, values that are looked at have their parts, and memory stays within a constant times the length.
#include "wsi_lpd/model/weights/pickle.hpp"

#include "fuzz.hpp"

using namespace wsi_lpd;
using model::weights::Pickle;
using model::weights::PickleValue;

namespace {

constexpr std::size_t kMostBytes = 256;  // of values for each byte of a pickle

bool is(const PickleValue& value, PickleValue::Kind kind) { return value.kind == kind; }

void check_value(const PickleValue& value) {
  using Kind = PickleValue::Kind;
  for (const PickleValue* item : value.items) fuzz::check(item != nullptr, "an item that is nothing");
  if (is(value, Kind::Dictionary)) fuzz::check(value.items.size() % 2 == 0, "a key without a value");
  if (is(value, Kind::Tensor)) {
    fuzz::check(value.items.size() == PickleValue::kTensorItems && is(*value.items[0], Kind::Storage), "a tensor without a storage");
  }
  if (is(value, Kind::Storage)) {
    fuzz::check(value.items.size() == PickleValue::kStorageItems && is(*value.items[1], Kind::Global) && is(*value.items[2], Kind::Text) &&
                    is(*value.items[4], Kind::Integer),
                "a storage without its parts");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::accepts([&] {
    const Pickle pickle(std::string_view(reinterpret_cast<const char*>(bytes), size));
    fuzz::check(pickle.size() > 0 && pickle.size() <= size, "a pickle longer than its bytes");
    std::size_t total = 0;
    bool has_root = false;
    for (const PickleValue& value : pickle.values()) {
      check_value(value);
      total += sizeof value + value.text.capacity() + value.items.capacity() * sizeof(void*);
      has_root = has_root || &value == &pickle.root();
    }
    fuzz::check(has_root, "a root that is no value of the pickle");
    fuzz::check(total <= kMostBytes * pickle.size(), std::to_string(total) + " bytes of values from " + std::to_string(pickle.size()));
    const Pickle again(std::string_view(reinterpret_cast<const char*>(bytes), pickle.size()));
    fuzz::check(again.values().size() == pickle.values().size(), "other values without what follows the pickle");
  });
  return 0;
}
