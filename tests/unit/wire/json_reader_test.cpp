#include "wire/json_reader.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "wire/json_scalar.hpp"

namespace weir::wire {
namespace {

bool accepts(std::string_view text) {
  JsonReader reader(text);
  reader.skip();
  return reader.finish();
}

JsonFlaw flaw_of(std::string_view text) {
  JsonReader reader(text);
  reader.skip();
  EXPECT_FALSE(reader.finish()) << text;
  return reader.flaw().value_or(JsonFlaw{});
}

std::string nested(std::size_t depth, char open, char close) {
  return std::string(depth, open) + std::string(depth, close);
}

const std::vector<std::string> kValid = {
    "{}",
    "[]",
    "0",
    "-0",
    "true",
    "false",
    "null",
    R"("")",
    " \t\r\n{ } \n",
    "1e5",
    "1E+5",
    "-1.5e-3",
    "0.0",
    R"({"a":1,"b":[1,2,{"c":null}],"d":"x"})",
    R"(["\"\\\/\b\f\n\r\t\u0041\ud83d\ude00"])",
    R"("\ud800")",
    R"("\u0000")",
    "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
    R"({"":0})",
    R"({"a":1,"a":2})",
    "[[[[[]]]]]",
    R"([1,"]",{"}":"{"}])",
    "[123456789012345678901234567890,1e999]",
    R"("\u00e9\uDBFF\uDFFF")",
    "\"\x7F\"",
    "[0,-1,1.0]",
};

const std::vector<std::string> kInvalid = {
    "",
    " ",
    "{",
    "}",
    "[",
    "]",
    "[}",
    "{]",
    ",",
    ":",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1,,2]",
    R"({"a":1,})",
    R"({,})",
    R"({"a"})",
    R"({"a":})",
    R"({"a" 1})",
    R"({a:1})",
    R"({1:1})",
    R"({"a":1 "b":2})",
    R"({"a":1}})",
    R"({"a":1}{})",
    "[1]]",
    "[[1]",
    "tru",
    "True",
    "truex",
    "true false",
    "nul",
    "nulll",
    "fals",
    "01",
    "-",
    "-01",
    "+1",
    "1.",
    ".1",
    "1e",
    "1e+",
    "0x10",
    "1_000",
    "NaN",
    "Infinity",
    "--1",
    "1.2.3",
    R"("a)",
    R"("a""b")",
    R"("a"b)",
    R"("\x")",
    R"("\u12")",
    R"("\u12G4")",
    R"("\u+123")",
    R"("\)",
    "'a'",
    "\"\n\"",
    "\"\x01\"",
    "[1]\x01",
    "\"\xC3\"",
    "\"\xFF\"",
    "\"\xED\xA0\x80\"",
    "\"\xC0\xAF\"",
    "\xEF\xBB\xBF{}",
    "// c\n{}",
    "[1]/**/",
    R"({"a":tru})",
    R"([true,fals])",
    R"({"a":"b":"c"})",
    "[1\v]",
};

TEST(JsonReader, TakesWhatJsonIs) {
  for (const std::string& text : kValid) EXPECT_TRUE(accepts(text)) << text;
}

TEST(JsonReader, RefusesWhatJsonIsNot) {
  for (const std::string& text : kInvalid) EXPECT_FALSE(accepts(text)) << text;
  EXPECT_FALSE(accepts(std::string_view("{}\0", 3)));
  EXPECT_FALSE(accepts(std::string_view("\"\0\"", 3)));
}

TEST(JsonReader, JudgesAsAnotherParserDoes) {
  for (const auto& list : {kValid, kInvalid}) {
    for (const std::string& text : list) {
      // The other one takes a byte order mark, and refuses lone surrogates and numbers beyond double.
      if (text.starts_with("\xEF\xBB\xBF") || text == R"("\ud800")" ||
          text.find("1e999") != std::string::npos)
        continue;
      EXPECT_EQ(accepts(text), nlohmann::json::accept(text)) << text;
    }
  }
}

TEST(JsonReader, FindsEveryBrokenByteOfADocument) {
  const std::string text = R"({"k":[1,-2.5e3,true,false,null,"s\n\u00e9",{"x":{}}],"last":"end"})";
  ASSERT_TRUE(accepts(text));
  for (std::size_t cut = 0; cut < text.size(); ++cut) EXPECT_FALSE(accepts(text.substr(0, cut))) << cut;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char byte :
         {'\0', '\x01', '"', '\\', '{', '}', '[', ']', ',', ':', 'x', '0', '-', '\n', '\xFF', ' '}) {
      std::string broken = text;
      broken[at] = byte;
      EXPECT_EQ(accepts(broken), nlohmann::json::accept(broken)) << broken << " at " << at;
    }
  }
}

TEST(JsonReader, HoldsTheDepthToItsLimit) {
  EXPECT_TRUE(accepts(nested(64, '[', ']')));
  EXPECT_FALSE(accepts(nested(65, '[', ']')));
  EXPECT_FALSE(accepts(std::string(1'000'000, '[')));
  std::string objects;
  for (int i = 0; i < 64; ++i) objects += R"({"a":)";
  EXPECT_TRUE(accepts(objects + "1" + std::string(64, '}')));
  EXPECT_FALSE(accepts(R"({"a":)" + objects + "1" + std::string(65, '}')));
  EXPECT_EQ(flaw_of(nested(65, '[', ']')).reason, "deeper than 64 levels");
  EXPECT_EQ(flaw_of(nested(65, '[', ']')).at, 64U);
}

TEST(JsonReader, SaysWhere) {
  EXPECT_EQ(flaw_of(R"({"a": tru})").at, 6U);
  EXPECT_EQ(flaw_of(R"({"a": 1 "b": 2})").at, 8U);
  EXPECT_EQ(flaw_of(R"({"a": 1 "b": 2})").reason, "expected ',' or '}'");
  EXPECT_EQ(flaw_of(R"(["ok","a\qb"])").at, 8U);
  EXPECT_EQ(flaw_of("[\"ok\",\"a\nb\"]").at, 8U);
  EXPECT_EQ(flaw_of("[\"ok\",\"a\xC3(\"]").at, 8U);
  EXPECT_EQ(flaw_of(R"(["ok","never ends])").at, 6U);
  EXPECT_EQ(flaw_of("[1] 2").at, 4U);
  EXPECT_EQ(flaw_of("[1").at, 2U);
}

TEST(JsonReader, ReadsMembersInOrderAndReturnsTheirBytes) {
  const std::string text =
      R"( { "a" : [ 1 , { "b" : "]" } ] , "m\u006fdel" : "x\ny" , "n" : -1.50 , "z" : { } } )";
  JsonReader reader(text);
  ASSERT_EQ(reader.kind(), JsonReader::Kind::object);
  reader.enter();
  EXPECT_EQ(reader.behind(), 2U);
  ASSERT_TRUE(reader.next_member());
  EXPECT_EQ(reader.key(), "a");
  EXPECT_EQ(reader.skip(), R"([ 1 , { "b" : "]" } ])");
  ASSERT_TRUE(reader.next_member());
  EXPECT_EQ(reader.key(), "model");
  EXPECT_EQ(reader.take_string(), "x\ny");
  ASSERT_TRUE(reader.next_member());
  EXPECT_EQ(reader.skip(), "-1.50");
  ASSERT_TRUE(reader.next_member());
  reader.enter();
  EXPECT_FALSE(reader.next_member());
  EXPECT_FALSE(reader.next_member());
  EXPECT_TRUE(reader.finish());
}

TEST(JsonReader, IsSilentAfterAFlaw) {
  JsonReader reader(R"({"a": tru, "b": 1})");
  reader.enter();
  ASSERT_TRUE(reader.next_member());
  EXPECT_EQ(reader.skip(), "");
  EXPECT_FALSE(reader.next_member());
  EXPECT_FALSE(reader.next_element());
  EXPECT_EQ(reader.kind(), JsonReader::Kind::none);
  EXPECT_EQ(reader.take_string(), std::nullopt);
  EXPECT_FALSE(reader.finish());
  EXPECT_EQ(reader.flaw()->at, 6U);
}

TEST(JsonReader, LivesBesideAnotherOnOneThread) {
  JsonReader outer(R"([1,"two",3])");
  outer.enter();
  ASSERT_TRUE(outer.next_element());
  EXPECT_TRUE(accepts(R"({"inner":[[],[],[]]})"));
  EXPECT_EQ(outer.skip(), "1");
  ASSERT_TRUE(outer.next_element());
  EXPECT_EQ(outer.take_string(), "two");
}

// What a simdjson kernel finds in a text; nothing where it refuses it.
std::vector<std::uint32_t> starts_by(const simdjson::implementation& kernel, std::string_view text) {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1;
  if (kernel.create_dom_parser_implementation(4096, 1, stage1) != simdjson::SUCCESS) return {};
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  if (stage1->stage1(bytes, text.size(), simdjson::stage1_mode::regular) != simdjson::SUCCESS) return {};
  const auto* first = stage1->structural_indexes.get();
  return {first, first + stage1->n_structural_indexes};
}

// The library asks for room behind a text; its first stage, all that we use, reads none of it. Each text here
// ends where the process may no longer read. Every kernel that this machine can run.
TEST(JsonIndex, ReadsNothingBehindTheText) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const pages = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  char* const end = static_cast<char*>(pages) + page;
  ASSERT_EQ(::mprotect(end, page, PROT_NONE), 0);
  for (const auto* kernel : simdjson::get_available_implementations()) {
    if (!kernel->supported_by_runtime_system()) continue;
    for (std::size_t size = 2; size < 300; ++size) {
      const std::string string = "\"" + std::string(size - 2, 'a') + "\"";
      std::memcpy(end - size, string.data(), size);
      EXPECT_EQ(starts_by(*kernel, {end - size, size}).size(), 1U) << kernel->name() << size;
      const std::string open = "[" + std::string(size - 1, '\\');
      std::memcpy(end - size, open.data(), size);
      EXPECT_EQ(starts_by(*kernel, {end - size, size}).size(), 2U) << kernel->name() << size;
    }
  }
  EXPECT_TRUE(accepts({static_cast<char*>(std::memcpy(end - 2, "[]", 2)), 2}));
  ::munmap(pages, 2 * page);
}

TEST(JsonIndex, FindsTheSameOnEveryKernel) {
  const std::string text = R"({"t":")" + std::string(100, 'x') + R"(\"\\","n":[1,2,3],"u":"\u00e9"})";
  JsonIndex index;
  ASSERT_EQ(index.build(text), JsonIndex::Fault::none);
  const std::vector<std::uint32_t> ours(index.starts().begin(), index.starts().end());
  for (const auto* kernel : simdjson::get_available_implementations()) {
    if (!kernel->supported_by_runtime_system()) continue;
    EXPECT_EQ(ours, starts_by(*kernel, text)) << kernel->name();
  }
}

TEST(JsonIndex, GrowsAndShrinksWithItsTexts) {
  JsonIndex index;
  for (const std::size_t size : {10UL, 100'000UL, 2UL, 3'000'000UL, 50UL}) {
    const std::string text = "[" + std::string(size, ' ') + "]";
    ASSERT_EQ(index.build(text), JsonIndex::Fault::none);
    ASSERT_EQ(index.starts().size(), 2U);
    EXPECT_EQ(index.starts()[1], size + 1);
  }
  EXPECT_EQ(index.build("\"a"), JsonIndex::Fault::open_string);
  EXPECT_TRUE(index.starts().empty());
}

TEST(JsonScalar, UnescapesToUtf8) {
  EXPECT_EQ(unescape("plain"), "plain");
  EXPECT_EQ(unescape(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(unescape(R"(a\u0041\u00e9\u20AC\uD83D\uDE00z)"), "aA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z");
  EXPECT_EQ(unescape(R"(\u0000)"), std::string(1, '\0'));
  for (const char* lone :
       {R"(\ud800)", R"(\udc00)", R"(\ud800x)", R"(\ud800\ud800)", R"(\ud800\u0041)", R"(\udc00\ud800)"}) {
    EXPECT_EQ(unescape(lone), std::nullopt) << lone;
    EXPECT_EQ(find_bad_escape(lone), std::string_view::npos) << lone;
  }
}

TEST(BadEscape, IsFoundWhereverItStands) {
  for (std::size_t before = 0; before < 30; ++before) {
    const std::string plain(before, ']');  // next to a backslash in ASCII
    const std::string escapes = plain + R"(\\n\"\u00e9)";
    for (std::size_t behind = 0; behind < 20; ++behind) {
      const std::string tail(behind, '[');
      EXPECT_EQ(find_bad_escape(escapes + tail), std::string_view::npos) << before << " " << behind;
      EXPECT_EQ(find_bad_escape(escapes + "\\q" + tail), escapes.size()) << before << " " << behind;
    }
    EXPECT_EQ(find_bad_escape(plain + "\\"), before) << "cut off";
  }
}

TEST(JsonScalar, CountsWhatUnescapingGives) {
  for (const char* inside :
       {"", "plain", R"(\n\t\"\\)", R"(a\u0041\u00e9\u20AC\uD83D\uDE00z)", "\xC3\xA9\\n"}) {
    EXPECT_EQ(unescaped_size(inside), unescape(inside)->size()) << inside;
  }
  EXPECT_EQ(unescaped_size(R"(\ud800)"), 3U);
}

TEST(JsonScalar, ReadsWholeNumbersAndNoOthers) {
  const std::vector<std::pair<const char*, std::optional<std::uint64_t>>> rows = {
      {"0", 0},
      {"-0", 0},
      {"12", 12},
      {"12.0", 12},
      {"1e3", 1000},
      {"9007199254740992", 9007199254740992},
      {"9007199254740994", {}},
      {"18446744073709551617", {}},
      {"1e999", {}},
      {"-1", {}},
      {"1.5", {}},
      {"", {}},
      {"nan", {}},
      {"inf", {}},
      {"01", {}},
      {"1 ", {}},
      {"0x1", {}},
      {"123456789012345678901234567890", {}},
  };
  for (const auto& [text, value] : rows) EXPECT_EQ(whole_number(text), value) << text;
}

}  // namespace
}  // namespace weir::wire
