#include "weir/tokens/profile.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tokens/profile_readers.hpp"
#include "weir/base/random.hpp"

namespace weir::tokens {
namespace {

Profile profile_of(std::string_view text) {
  Profile profile{};
  add_traits(profile, text);
  return profile;
}

std::uint32_t trait(std::string_view text, Trait trait) {
  return profile_of(text)[static_cast<std::size_t>(trait)];
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The traits of ASCII without escapes, one byte after the other.
Profile slowly(std::string_view text) {
  Profile profile{};
  const auto add = [&](Trait trait, bool counts) {
    profile[static_cast<std::size_t>(trait)] += counts ? 1U : 0U;
  };
  enum class Kind { letter, digit, blank, newline, sign, none };
  Kind last = Kind::none;
  char before = '\0';
  for (const char c : text) {
    const Kind kind = is_letter(c)             ? Kind::letter
                      : c >= '0' && c <= '9'   ? Kind::digit
                      : c == ' ' || c == '\t'  ? Kind::blank
                      : c == '\n' || c == '\r' ? Kind::newline
                                               : Kind::sign;
    add(Trait::letters, kind == Kind::letter);
    add(Trait::words, kind == Kind::letter && last != Kind::letter);
    add(Trait::capitals, c >= 'A' && c <= 'Z');
    add(Trait::camel_humps, c >= 'A' && c <= 'Z' && before >= 'a' && before <= 'z');
    add(Trait::digits, kind == Kind::digit);
    add(Trait::digit_runs, kind == Kind::digit && last != Kind::digit);
    add(Trait::signs, kind == Kind::sign);
    add(Trait::sign_runs, kind == Kind::sign && last != Kind::sign);
    add(Trait::newlines, kind == Kind::newline);
    add(Trait::more_blanks, kind == Kind::blank && last == Kind::blank);
    last = kind;
    before = c;
  }
  return profile;
}

TEST(Profile, IsThatOfOneByteAfterTheOther) {
  SystemRandom random;
  constexpr std::string_view kSigns = "aZ09 \n\t.,{}\r~\x01 bC";
  for (std::size_t size = 0; size < 300; ++size) {
    std::string text;
    while (text.size() < size) text += kSigns[random.bits() % kSigns.size()];
    for (const ReadTraits read : trait_readers()) {
      Profile found{};
      read(found, text);
      ASSERT_EQ(found, slowly(text)) << testing::PrintToString(text);
    }
  }
}

// Of any bytes.
TEST(Profile, IsTheSameHoweverItIsRead) {
  SystemRandom random;
  for (std::size_t size = 0; size < 2000; ++size) {
    std::string text;
    while (text.size() < size) text += static_cast<char>(random.bits());
    Profile plainly{};
    trait_readers().back()(plainly, text);
    for (const ReadTraits read : trait_readers()) {
      Profile found{};
      read(found, text);
      ASSERT_EQ(found, plainly) << testing::PrintToString(text);
    }
  }
}

TEST(Profile, TellsScriptsApart) {
  EXPECT_EQ(trait("na\xC3\xAFve \xC3\xA9t\xC3\xA9", Trait::latin), 3U);
  EXPECT_EQ(trait("\xCE\xB1\xCF\x89", Trait::greek), 2U);
  EXPECT_EQ(trait("\xD0\x9F\xD1\x80\xD0\xB8", Trait::cyrillic), 3U);
  EXPECT_EQ(trait("\xD7\xA9\xD9\x85", Trait::semitic), 2U);
  EXPECT_EQ(trait("\xE0\xA4\xA8\xE0\xA5\x8D", Trait::devanagari), 2U);
  EXPECT_EQ(trait("\xE0\xAE\xA4", Trait::south_asian), 1U);
  EXPECT_EQ(trait("\xE0\xB8\x81", Trait::thai), 1U);
  EXPECT_EQ(trait("\xE2\x80\x94\xE2\x82\xAC", Trait::symbols), 2U);
  EXPECT_EQ(trait("\xE3\x81\x82\xE3\x82\xA2", Trait::kana), 2U);
  EXPECT_EQ(trait("\xE4\xBD\xA0\xE5\xA5\xBD", Trait::han), 2U);
  EXPECT_EQ(trait("\xEA\xB0\x80\xED\x9E\xA3", Trait::hangul), 2U);
  EXPECT_EQ(trait("\xF0\x9F\x98\x80", Trait::astral), 1U);
}

TEST(Profile, LettersOfAllScriptsMakeOneWord) {
  EXPECT_EQ(trait("na\xC3\xAFve", Trait::words), 1U);
  EXPECT_EQ(trait("\xD0\x9F"
                  "abc",
                  Trait::words),
            0U);  // not begun by a letter of ASCII
}

// A JSON string's escapes count as what they mean, wherever in a block they stand.
TEST(Profile, ReadsEscapes) {
  for (std::size_t before = 0; before < 56; ++before) {
    const std::string front(before, '.');
    EXPECT_EQ(trait(front + R"(a\nb\tc)", Trait::newlines), 1U) << before;
    EXPECT_EQ(trait(front + R"(a\nb)", Trait::letters), 2U) << before;
    EXPECT_EQ(trait(front + R"(a\nb)", Trait::words), 2U) << before;
    EXPECT_EQ(trait(front + R"(\u043f)", Trait::cyrillic), 1U) << before;
    EXPECT_EQ(trait(front + R"(\u043f)", Trait::digits), 0U) << before;
    EXPECT_EQ(trait(front + R"(\ud83d\ude00)", Trait::astral), 1U) << before;
  }
}

TEST(Profile, OfALongTextIsThatOfItsSamples) {
  std::string text;
  while (text.size() < 1'000'000) text += "Some words, 42 of them; and then some more.\n";
  const Profile whole = slowly(text);
  const Profile found = profile_of(text);
  for (std::size_t i = 0; i < kTraits; ++i) EXPECT_NEAR(found[i], whole[i], 0.02 * whole[i]) << i;
}

TEST(Profile, OfManyTextsIsThatOfSomeOfThem) {
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  Profile whole{};
  for (std::size_t i = 0; i < 5000; ++i) {
    texts.push_back(i % 3 == 0 ? "if (a[7] != b) { return 0; }"
                               : std::string(50 + i % 7 * 20, 'x') + " and more");
    bytes += texts.back().size();
    add_traits(whole, texts.back());
  }
  ProfileReader reader(bytes);
  for (const std::string& text : texts) reader.add(text);
  const Profile found = reader.profile();
  for (std::size_t i = 0; i < kTraits; ++i) EXPECT_NEAR(found[i], whole[i], 0.05 * whole[i]) << i;
}

TEST(Profile, AddsUpOverTexts) {
  Profile both{};
  add_traits(both, "two words");
  add_traits(both, "12");
  EXPECT_EQ(both[static_cast<std::size_t>(Trait::words)], 2U);
  EXPECT_EQ(both[static_cast<std::size_t>(Trait::digits)], 2U);
}

TEST(Profile, OutlivesBrokenUtf8) {
  for (const std::string_view text : {"\xFF", "\xC3", "\xE2\x82", "\x80\x80", "\\", "\\u", "\\u12", "a\\"})
    (void)profile_of(text);
}

}  // namespace
}  // namespace weir::tokens
