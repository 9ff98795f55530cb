#include "wsi_lpd/model/weights/pickle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "model/weights/checkpoint_bytes.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::weights {
namespace {

using namespace std::string_literals;
using testing::global;
using ::testing::HasSubstr;
using testing::integer;
using testing::pickle;
using testing::text;
using Kind = PickleValue::Kind;

/// The line that reading ends with.
std::string refusal(const std::string& bytes) {
  try {
    Pickle{bytes};
  } catch (const core::Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  return "read without complaint";
}

TEST(Pickle, ReadsData) {
  const std::string bytes = pickle("}("s + text("a") + "\x8a\x02\xfe\xff" + text("b") + "G\x40\x09\x00\x00\x00\x00\x00\x00"s + text("c") +
                                   "(" + integer(-7) + "K\x05" + "\x88" + "Nt" + text("d") + "](K\x01K\x02" + "eu");
  const Pickle read(bytes + "rest");
  EXPECT_EQ(read.size(), bytes.size());
  ASSERT_EQ(read.root().kind, Kind::Dictionary);
  const auto& items = read.root().items;
  ASSERT_EQ(items.size(), 8U);
  EXPECT_EQ(items[0]->text, "a");
  EXPECT_EQ(items[1]->integer, -2);
  EXPECT_EQ(items[3]->real, 3.125);
  ASSERT_EQ(items[5]->items.size(), 4U);
  EXPECT_EQ(items[5]->items[0]->integer, -7);
  EXPECT_EQ(items[5]->items[1]->integer, 5);
  EXPECT_EQ(items[5]->items[2]->kind, Kind::Bool);
  EXPECT_EQ(items[5]->items[3]->kind, Kind::None);
  ASSERT_EQ(items[7]->items.size(), 2U);
}

TEST(Pickle, ReadsProtocol4) {
  const std::string body =
      "}\x94(\x8c\x01"s + "a\x94\x8c\x0b" + "collections\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94\x8c\x01" + "bh\x00u."s;
  const Pickle read("\x80\x04\x95" + std::string(8, '\0') + body);
  const auto& items = read.root().items;
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(items[1]->kind, Kind::Dictionary);
  EXPECT_EQ(items[3], &read.root()) << "a circle";
}

TEST(Pickle, RefusesByNameWhatCouldRun) {
  for (const auto& [module, name] : std::initializer_list<std::pair<const char*, const char*>>{{"os", "system"},
                                                                                               {"posix", "system"},
                                                                                               {"nt", "system"},
                                                                                               {"builtins", "eval"},
                                                                                               {"__builtin__", "exec"},
                                                                                               {"builtins", "getattr"},
                                                                                               {"builtins", "__import__"},
                                                                                               {"io", "open"},
                                                                                               {"subprocess", "Popen"},
                                                                                               {"runpy", "_run_code"},
                                                                                               {"torch", "load"},
                                                                                               {"torch.storage", "_load_from_bytes"},
                                                                                               {"torch.hub", "load"},
                                                                                               {"numpy", "load"},
                                                                                               {"collections", "namedtuple"},
                                                                                               {"omegaconf.resolvers", "anything"},
                                                                                               {"functools", "partial"}}) {
    const std::string full = std::string(module) + "." + name;
    EXPECT_THAT(refusal(pickle(global(module, name) + "(" + text("touch x") + "tR")), HasSubstr(full));
    EXPECT_THAT(refusal(pickle(text(module) + text(name) + "\x93(tR")), HasSubstr(full)) << "protocol 4";
    EXPECT_THAT(refusal(pickle(global("omegaconf.dictconfig", "DictConfig") + ")\x81}(" + text("x") + global(module, name) + ")Rub")),
                HasSubstr(full))
        << "within an object that is dropped";
  }
  EXPECT_THAT(refusal(pickle(global("o\033[31ms\x01", "system"))), HasSubstr("o?[31ms?.system"));
}

TEST(Pickle, RefusesOpcodesThatBuildNoData) {
  for (const char opcode : "ioPISFVLlpgd\x82\x83\x84\x92\x96\x97\x98\xff"s) {
    EXPECT_THAT(refusal("\x80\x02"s + opcode + "os\nsystem\n."), HasSubstr("the opcode ")) << static_cast<int>(opcode);
  }
}

TEST(Pickle, DropsObjectsThatHoldNoWeights) {
  const std::string config = global("omegaconf.dictconfig", "DictConfig") + ")\x81}" + text("_content") + "}sb";
  const std::string counts = global("collections", "defaultdict") + global("builtins", "int") + "\x85R" + text("a") + "K\x01s";
  const std::string number = global("numpy.core.multiarray", "scalar") + global("numpy", "dtype") + text("f8") +
                             "\x89\x88\x87R(K\x03K\x00tb"s + global("_codecs", "encode") + text("12345678") + text("latin1") + "\x86R\x86R";
  const Pickle read(pickle(testing::dictionary({{"cfg", config}, {"counts", counts}, {"best_mIoU", number}})));
  const auto& items = read.root().items;
  ASSERT_EQ(items.size(), 6U);
  for (const std::size_t i : {1U, 3U, 5U}) EXPECT_EQ(items[i]->kind, Kind::Inert);
}

TEST(Pickle, UnsoundStacksAreErrors) {
  for (const std::string& body : {""s,
                                  "0"s,
                                  "t"s,
                                  "u"s,
                                  "K\x01t"s,
                                  "}K\x01u"s,
                                  "}(K\x01u"s,
                                  "](e0a"s,
                                  "K\x01](eK\x02"s + "sa"s,
                                  "h\x07"s,
                                  "q\x01"s,
                                  "(R"s,
                                  "NNR"s,
                                  "(t(tR"s,
                                  "K\x01Q"s,
                                  "(tQ"s,
                                  ")\x81"s,
                                  "N)\x81"s,
                                  "K\x01}b"s,
                                  "(0"s,
                                  "(2"s,
                                  "K\x01(\x86"s,
                                  "NN\x93"s,
                                  global("torch", "FloatStorage") + ")R",
                                  global("torch", "FloatStorage") + ")\x81",
                                  global("torch._utils", "_rebuild_tensor_v2") + ")R",
                                  global("torch._utils", "_rebuild_parameter") + ")R",
                                  global("collections", "OrderedDict") + "](K\x01" + "e\x85R",
                                  "\x8b\xff\xff\xff\xff"s,
                                  "X\xff\xff\xff\xff"s,
                                  "\x8d\xff\xff\xff\xff\xff\xff\xff\xff"s,
                                  "c" + std::string(1000, 'a') + "\nb\n"}) {
    EXPECT_NE(refusal(pickle(body)), "read without complaint") << ::testing::PrintToString(body);
  }
}

TEST(Pickle, DamagedBytesNeverCrash) {
  const std::string sound =
      pickle(testing::dictionary({{"a", testing::tensor(testing::storage("0", 6), 0, {2, 3}, {3, 1})},
                                  {"cfg", global("omegaconf.nodes", "AnyNode") + ")\x81}(" + text("x") + "K\x01ub"}}));
  EXPECT_EQ(refusal(sound), "read without complaint");
  for (std::size_t length = 0; length < sound.size(); ++length) EXPECT_NE(refusal(sound.substr(0, length)), "read without complaint");
  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = sound;
    for (int i = 0; i < 3; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
    refused += refusal(damaged) != "read without complaint";
  }
  EXPECT_GT(refused, 10000);
}

TEST(Pickle, DeepNestingIsCheap) {
  std::string nested;
  for (int i = 0; i < 200000; ++i) nested += "]";
  for (int i = 0; i < 199999; ++i) nested += "a";
  EXPECT_EQ(Pickle(pickle(nested)).root().items.size(), 1U);
}

/// A long list that is named again and again, two or five bytes each time, by everything that looks at a list.
TEST(Pickle, MemoryGrowsWithTheLengthAlone) {
  constexpr int kLong = 20000, kTimes = 2000;
  const std::string rest = std::string(kLong, 'N') + "e";
  const std::string storage = testing::storage("0", 6);
  const std::string storage_id = "](" + text("storage") + global("torch", "FloatStorage") + text("0") + text("cpu") + integer(6) + rest;
  const std::string tensor_arguments = "](" + storage + integer(0) + testing::tuple({6}) + testing::tuple({1}) + rest;
  const std::string made = global("torch._utils", "_rebuild_tensor_v2") + tensor_arguments + "R";
  for (const auto& [list, called, use] : {std::tuple{storage_id, ""s, "h\x01Q"s},
                                          {tensor_arguments, global("torch._utils", "_rebuild_tensor_v2"), "h\x02h\x01R"s},
                                          {"](" + made + rest, global("torch._utils", "_rebuild_parameter"), "h\x02h\x01R"s},
                                          {"](" + rest, global("collections", "defaultdict"), "h\x02h\x01R"s},
                                          {"](" + rest, ""s, "h\x01\x85"s},
                                          {"](" + rest, ""s, "]h\x01" + "a"s},
                                          {"](" + rest, ""s, "}K\x01h\x01s"s},
                                          {"](" + rest, ""s, "h\x01q\x03"s}}) {
    SCOPED_TRACE(::testing::PrintToString(use));
    std::string body = list + "q\x01" + (called.empty() ? "" : called + "q\x02") + "(";
    for (int i = 0; i < kTimes; ++i) body += use;
    const std::string bytes = pickle(body + "t");
    const Pickle read(bytes);
    EXPECT_EQ(read.root().items.size(), kTimes);
    std::size_t items = 0, characters = 0;
    for (const PickleValue& value : read.values()) {
      items += value.items.capacity();
      characters += value.text.size();
    }
    EXPECT_LT(items, 2 * bytes.size());
    EXPECT_LT(characters, bytes.size());
  }
}

TEST(Pickle, LongNamesAreRefused) {
  const std::string name = text(std::string(100000, 'a'));
  EXPECT_THAT(refusal(pickle(text("omegaconf.nodes") + "q\x01" + name + "q\x02(h\x01h\x02\x93t")), HasSubstr("a name too long"));
  EXPECT_THAT(refusal(pickle("comegaconf.nodes\n" + std::string(300, 'a') + "\n")), HasSubstr("a name too long"));
}

}  // namespace
}  // namespace wsi_lpd::model::weights
