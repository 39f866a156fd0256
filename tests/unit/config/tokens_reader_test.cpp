#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fixture.hpp"

namespace weir::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(TokensSection, IsReadInFull) {
  const Loaded loaded =
      load_snippet("tokens: {estimator: exact, calibrate: false, quantile: 99.5%, overflow: truncate}\n" +
                   std::string(kLocal));
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config.tokens.estimator, tokens::Estimator::exact);
  EXPECT_FALSE(loaded.config.tokens.calibrate);
  EXPECT_DOUBLE_EQ(loaded.config.tokens.quantile, 0.995);
  EXPECT_EQ(loaded.config.tokens.overflow, tokens::Overflow::truncate);
}

TEST(TokensSection, HasItsDefaults) {
  const Loaded loaded = load_snippet(kLocal);
  EXPECT_EQ(loaded.config.tokens.estimator, tokens::Estimator::automatic);
  EXPECT_TRUE(loaded.config.tokens.calibrate);
  EXPECT_DOUBLE_EQ(loaded.config.tokens.quantile, 0.9);
  EXPECT_EQ(loaded.config.tokens.overflow, tokens::Overflow::reject);
}

TEST(TokensSection, SaysWhatAQuantileMayBe) {
  for (const char* const wrong : {"30%", "100%", "high", "1"}) {
    const Loaded loaded =
        load_snippet("tokens: {quantile: " + std::string(wrong) + "}\n" + std::string(kLocal));
    ASSERT_EQ(loaded.problems.size(), 1U) << wrong;
    EXPECT_THAT(loaded.problems.front().message,
                HasSubstr("tokens.quantile: expected a share from 50% to 99.9%, like 90%"));
  }
}

TEST(TokensSection, TakesAQuantileAtEitherEnd) {
  for (const char* const text : {"50%", "99.9%"}) {
    const Loaded loaded =
        load_snippet("tokens: {quantile: " + std::string(text) + "}\n" + std::string(kLocal));
    EXPECT_TRUE(loaded.ok()) << text;
    EXPECT_THAT(print_effective(loaded.config), HasSubstr("  quantile: " + std::string(text) + "\n"));
  }
}

TEST(TokensSection, IsPrintedAsItIs) {
  const Loaded loaded = load_snippet("tokens: {quantile: 95%}\n" + std::string(kLocal));
  EXPECT_THAT(print_effective(loaded.config), HasSubstr("tokens:\n  estimator: auto\n  calibrate: true\n"
                                                        "  quantile: 95%\n  overflow: reject\n"));
}

}  // namespace
}  // namespace weir::config
