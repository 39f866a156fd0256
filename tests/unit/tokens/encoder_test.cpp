#include "weir/tokens/encoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "weir/base/random.hpp"

namespace weir::tokens {
namespace {

std::vector<std::uint32_t> ranks_of(std::string_view text) {
  std::vector<std::uint32_t> ranks;
  encode(text, ranks);
  return ranks;
}

// tests/e2e/tokens.test.js compares two thousand texts with the reference; here is what needs none.
class EncoderTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_encoder()) GTEST_SKIP() << "built without a vocabulary";
  }
};

TEST_F(EncoderTest, KnowsTheReferencesRanks) {
  EXPECT_EQ(ranks_of(""), (std::vector<std::uint32_t>{}));
  EXPECT_EQ(ranks_of("hello world"), (std::vector<std::uint32_t>{24912, 2375}));
  EXPECT_EQ(ranks_of("1234567"), (std::vector<std::uint32_t>{7633, 19354, 22}));
}

TEST_F(EncoderTest, ControlTokensAreText) {
  EXPECT_GT(count("<|endoftext|>"), 1U);
}

TEST_F(EncoderTest, CountsWhatItEncodes) {
  for (const std::string_view text :
       {"", "a", "It's 12:30.\r\n\r\n  Go!", "\xF0\x9F\x98\x80\xE4\xBD\xA0", "\xFF\xFE"})
    EXPECT_EQ(count(text), ranks_of(text).size()) << text;
}

TEST_F(EncoderTest, BytesThatAreNoUtf8CountAsTheirReplacement) {
  EXPECT_EQ(ranks_of("a\xFF z"), ranks_of("a\xEF\xBF\xBD z"));
  EXPECT_EQ(ranks_of("\xE2\x82"), ranks_of("\xEF\xBF\xBD"));
  EXPECT_EQ(ranks_of("\xED\xA0\x80"), ranks_of("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"));
}

// Long pieces take another way than short ones; both are the same encoding.
TEST_F(EncoderTest, ALongPieceIsEncodedAsItsReferenceDoes) {
  // A word of 65 to 300 letters encodes the same in front of text that isn't part of its piece.
  std::string word;
  for (int i = 0; i < 300; ++i) {
    word += static_cast<char>('a' + (i * i + i / 7) % 26);
    if (word.size() < 60) continue;
    std::vector<std::uint32_t> with = ranks_of(word + "!");
    ASSERT_FALSE(with.empty());
    with.pop_back();
    EXPECT_EQ(ranks_of(word), with) << word.size();
  }
}

// What stands in one text can't take more tokens than bytes, nor fewer than its longest token allows; and two
// texts joined take at most as many as both, but for the pieces that meet.
TEST_F(EncoderTest, HoldsItsBounds) {
  SystemRandom random;
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const std::size_t size = 1 + random.bits() % 400;
    while (text.size() < size)
      text += static_cast<char>(round % 2 == 0 ? 32 + random.bits() % 95 : random.bits() % 256);
    const std::uint64_t tokens = count(text);
    EXPECT_LE(tokens, 3 * text.size());  // a byte that isn't UTF-8 becomes three
    EXPECT_GE(tokens * 128, text.size());
  }
}

TEST_F(EncoderTest, ManyOfOneLetterTakeTheirTimeOnlyOnce) {
  for (const std::string_view unit :
       {"a", " ", "\n", "=", "7", "A", "\xCC\x81", "\xE4\xBD\xA0", "a ", " \n", "\r"}) {
    std::string text;
    while (text.size() < (1U << 20U)) text += unit;
    const std::uint64_t tokens = count(text);
    EXPECT_GE(tokens * 128, text.size()) << unit;
    EXPECT_LE(tokens, text.size()) << unit;
  }
}

}  // namespace
}  // namespace weir::tokens
