#include "weir/base/text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace weir {
namespace {

TEST(Text, ComparesWithoutCase) {
  EXPECT_TRUE(equals_ignoring_case("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{")) << "32 apart, but no letters";
  EXPECT_EQ(lower("ABC-xyz\xC3\x89"), "abc-xyz\xC3\x89");
}

TEST(Text, TrimsSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim("\ra"), "\ra");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, MatchesGlobs) {
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("*:free", "openai/gpt-oss-20b:free"));
  EXPECT_FALSE(matches_glob("*:free", "openai/gpt-oss-20b"));
  EXPECT_TRUE(matches_glob("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(matches_glob("a*b*c", "a-c-b"));
  EXPECT_TRUE(matches_glob("exact", "exact"));
  EXPECT_FALSE(matches_glob("exact", "exactly"));
  EXPECT_FALSE(matches_glob("", "x"));
  EXPECT_TRUE(matches_glob("", ""));
  EXPECT_TRUE(matches_glob("**a**", "xxaxx"));
  // Not timed: matching by trying every run would not end.
  EXPECT_FALSE(matches_glob("*a*a*a*a*a*a*a*a*a*a*b", std::string(20'000, 'a')));
}

TEST(Text, MeasuresWhatATyperGetsWrong) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("targets", "targets"), 0U);
  EXPECT_EQ(edit_distance("target", "targets"), 1U);
  EXPECT_EQ(edit_distance("tragets", "targets"), 1U) << "neighbours swapped";
  EXPECT_EQ(edit_distance("fallback", "targets"), edit_distance("targets", "fallback"));
}

TEST(Text, SuggestsOnlyWhatIsNear) {
  const std::array<std::string_view, 4> keys{"strategy", "targets", "tier", "weight"};
  EXPECT_EQ(closest("stratgy", keys), "strategy");
  EXPECT_EQ(closest("target", keys), "targets");
  EXPECT_EQ(closest("wieght", keys), "weight");
  EXPECT_EQ(closest("colour", keys), "");
  EXPECT_EQ(closest("x", {}), "");
}

TEST(Text, MeasuresUtf8AndRefusesWhatIsNone) {
  EXPECT_EQ(utf8_length("a", 0), 1U);
  EXPECT_EQ(utf8_length("x\xC3\xA9", 1), 2U);
  EXPECT_EQ(utf8_length("\xE2\x82\xAC", 0), 3U);
  EXPECT_EQ(utf8_length("\xF0\x9F\x98\x80", 0), 4U);
  for (const char* none : {"\x80", "\xC0\xAF", "\xC1\x81", "\xC3", "\xC3(", "\xE0\x80\x80", "\xED\xA0\x80",
                           "\xE2\x82", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_EQ(utf8_length(none, 0), 0U) << none;
  }
}

TEST(Text, ReplacesWhatIsNoUtf8AsDecodersOfTheWebDo) {
  const std::string_view replaced = "\xEF\xBF\xBD";
  const auto n = [&](int count) {
    std::string text = "a";
    while (count-- > 0) text += replaced;
    return text + "b";
  };
  EXPECT_EQ(to_utf8("a\xE2\x82\xAC"
                    "b"),
            "a\xE2\x82\xAC"
            "b");
  EXPECT_EQ(to_utf8("a\xFF"
                    "b"),
            n(1));
  EXPECT_EQ(to_utf8("a\xE2\x82"
                    "b"),
            n(1));  // cut short: one
  EXPECT_EQ(to_utf8("a\xF0\x9F\x98"
                    "b"),
            n(1));
  EXPECT_EQ(to_utf8("a\xED\xA0\x80"
                    "b"),
            n(3));  // a surrogate: each byte is wrong by itself
  EXPECT_EQ(to_utf8("a\xE0\x80\xAF"
                    "b"),
            n(3));  // overlong
  EXPECT_EQ(to_utf8("a\xE2\xE2\x82"
                    "b"),
            n(2));
  EXPECT_EQ(to_utf8("\xC3"), replaced);
  EXPECT_EQ(to_utf8(""), "");
}

TEST(Text, TellsWhatIsUtf8) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("plain, \xC3\xA9, \xF0\x9F\x98\x80"));
  EXPECT_FALSE(is_utf8("\xC3"));
  EXPECT_FALSE(is_utf8("long enough to hide it \x80 in the middle"));
}

TEST(PlainRun, EndsAtTheFirstByteThatNeedsALook) {
  for (unsigned odd = 0; odd < 256; ++odd) {
    const char c = static_cast<char>(odd);
    const bool plain = odd >= 0x20 && odd < 0x7F && c != '"' && c != '\\';
    for (std::size_t before = 0; before < 20; ++before) {
      const std::string text = std::string(before, 'a') + c + std::string(before, '"');
      EXPECT_EQ(plain_run(text), plain ? before + 1 : before) << odd << " behind " << before;
    }
    EXPECT_EQ(plain_run(std::string(16, ' ') + c), plain ? 17 : 16) << odd;
  }
  EXPECT_EQ(plain_run(""), 0U);
}

}  // namespace
}  // namespace weir
