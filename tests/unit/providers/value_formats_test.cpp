#include "providers/value_formats.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>

#include "weir/base/random.hpp"
#include "weir/providers/signals.hpp"

namespace weir::providers {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 10 / 2) + 17h;

TEST(GoDuration, MillisecondsAreNotMinutes) {
  EXPECT_EQ(parse_go_duration("644ms"), Duration(644ms));
  EXPECT_EQ(parse_go_duration("290.979975ms"), Duration(290'979'975ns));
}

TEST(GoDuration, ReadsEveryUnitToTheNanosecond) {
  EXPECT_EQ(parse_go_duration("2m59.56s"), Duration(2min + 59'560ms));
  EXPECT_EQ(parse_go_duration("1h30m"), Duration(90min));
  EXPECT_EQ(parse_go_duration("9m38.016s"), Duration(9min + 38'016ms));
  EXPECT_EQ(parse_go_duration("1m0.363142857s"), Duration(60'363'142'857ns));
  EXPECT_EQ(parse_go_duration("156h14m36.752463453s"), Duration(156h + 14min + 36'752'463'453ns));
  EXPECT_EQ(parse_go_duration("6m0s"), Duration(6min));
  EXPECT_EQ(parse_go_duration("1.5h"), Duration(90min));
  EXPECT_EQ(parse_go_duration("15us"), Duration(15us));
  EXPECT_EQ(parse_go_duration("15\xC2\xB5s"), Duration(15us));
  EXPECT_EQ(parse_go_duration("15\xCE\xBCs"), Duration(15us));
  EXPECT_EQ(parse_go_duration("7ns"), Duration(7ns));
  EXPECT_EQ(parse_go_duration("0s"), Duration::zero());
  EXPECT_EQ(parse_go_duration("0"), Duration::zero());
}

TEST(GoDuration, RefusesWhatIsNotOne) {
  for (const char* text : {"", "s", "1", "-1s", "+1s", "1s ", " 1s", "1d", "1sm", "1m2", "1..5s", ".s",
                           "1e3s", "nan", "infs", "1s,2s", "1M", "\xC2s"})
    EXPECT_EQ(parse_go_duration(text), std::nullopt) << text;
}

TEST(GoDuration, RefusesWhatOverflows) {
  for (const char* text : {"87601h", "99999999999999999999s", "18446744073709551615h",
                           "9223372036854775808ns", "87600h87600h", "315360001s"})
    EXPECT_EQ(parse_go_duration(text), std::nullopt) << text;
  EXPECT_EQ(parse_go_duration("87600h"), Duration(87600h));  // ten years, the longest
}

TEST(GoDuration, EndsWhereTheTextGoesOn) {
  const auto prefix = read_go_duration("9m38.016s. Need more tokens?");
  ASSERT_TRUE(prefix);
  EXPECT_EQ(prefix->duration, Duration(9min + 38'016ms));
  EXPECT_EQ(prefix->size, 9U);
}

TEST(HttpDate, IsReadToTheSecond) {
  EXPECT_EQ(parse_http_date("Wed, 21 Oct 2026 07:28:00 GMT"),
            WallTime(std::chrono::sys_days(std::chrono::year(2026) / 10 / 21)) + 7h + 28min);
}

TEST(HttpDate, RefusesOtherForms) {
  for (const char* text :
       {"", "Wed, 21 Oct 2026 07:28:00 UTC", "Wed, 21 Oct 2026 07:28:00", "21 Oct 2026 07:28:00 GMT",
        "Wed, 31 Feb 2026 07:28:00 GMT", "Wed, 21 Oct 1826 07:28:00 GMT", "Wed, 21 Oct 2026 24:28:00 GMT",
        "Wed, 21 Xyz 2026 07:28:00 GMT", "Wed, 2a Oct 2026 07:28:00 GMT", "Foo, 21 Oct 2026 07:28:00 GMT"})
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
}

TEST(Wait, ReadsEachForm) {
  EXPECT_EQ(parse_wait("1.5", ValueFormat::seconds, kNow), Duration(1500ms));
  EXPECT_EQ(parse_wait("33011.382867097855", ValueFormat::seconds, kNow), Duration(33'011'382'867'098ns));
  EXPECT_EQ(parse_wait("0", ValueFormat::seconds, kNow), Duration::zero());
  EXPECT_EQ(parse_wait("1m26.4s", ValueFormat::go_duration, kNow), Duration(86'400ms));
  EXPECT_EQ(parse_wait("1790964000", ValueFormat::unix_s, kNow), Duration(1h));
  EXPECT_EQ(parse_wait("1790964000250", ValueFormat::unix_ms, kNow), Duration(1h + 250ms));
  EXPECT_EQ(parse_wait("2026-10-02T18:00:00Z", ValueFormat::rfc3339, kNow), Duration(1h));
  EXPECT_EQ(parse_wait("2026-10-02T20:00:00.250+02:00", ValueFormat::rfc3339, kNow), Duration(1h + 250ms));
}

TEST(Wait, IsNeverNegativeNorAbsurd) {
  for (const char* text : {"-1", "nan", "inf", "-0.5", "1e9", "0x10", "315360001", "1 ", ""})
    EXPECT_EQ(parse_wait(text, ValueFormat::seconds, kNow), std::nullopt) << text;
  for (const char* text : {"1790960399", "99999999999999", "-1790964000", "2106320401"})
    EXPECT_EQ(parse_wait(text, ValueFormat::unix_s, kNow), std::nullopt) << text;
  EXPECT_EQ(parse_wait("18446744073709551615", ValueFormat::unix_ms, kNow), std::nullopt);
  for (const char* text : {"2026-10-02T16:59:59Z", "2026-13-02T18:00:00Z", "2026-10-02T18:00:00",
                           "2026-10-02", "2026-10-02T18:00:00.Z", "2026-10-02T18:00:00+2:00"})
    EXPECT_EQ(parse_wait(text, ValueFormat::rfc3339, kNow), std::nullopt) << text;
  EXPECT_EQ(parse_wait("5", ValueFormat::count, kNow), std::nullopt);
}

TEST(Wait, OfUnknownFormIsToldByItsShape) {
  EXPECT_EQ(parse_wait_of_any_form("1790964000250", kNow), Duration(1h + 250ms));
  EXPECT_EQ(parse_wait_of_any_form("1790964000", kNow), Duration(1h));
  EXPECT_EQ(parse_wait_of_any_form("11.5", kNow), Duration(11'500ms));
  EXPECT_EQ(parse_wait_of_any_form("6m0s", kNow), Duration(6min));
  EXPECT_EQ(parse_wait_of_any_form("2026-10-02T18:00:00Z", kNow), Duration(1h));
  EXPECT_EQ(parse_wait_of_any_form("-1", kNow), std::nullopt);
  EXPECT_EQ(parse_wait_of_any_form("soon", kNow), std::nullopt);
}

TEST(CountValue, IsAWholeNumberThatCanBeTrue) {
  EXPECT_EQ(parse_count_value("0"), 0U);
  EXPECT_EQ(parse_count_value("1000000000000"), 1'000'000'000'000U);
  for (const char* text :
       {"", "-1", "+1", "1.0", "1e3", " 1", "1k", "1000000000000001", "99999999999999999999"})
    EXPECT_EQ(parse_count_value(text), std::nullopt) << text;
}

// Whatever a provider sends, a wait is none or lies within its bounds.
TEST(Wait, OfAnyTextStaysWithinItsBounds) {
  constexpr std::string_view kAlphabet = "0123456789.-+:hmsun TZe\xC2\xB5";
  constexpr std::array kFormats{ValueFormat::count,  ValueFormat::seconds, ValueFormat::go_duration,
                                ValueFormat::unix_s, ValueFormat::unix_ms, ValueFormat::rfc3339};
  SystemRandom random;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    const std::uint64_t size = random.bits() % 24;
    for (std::uint64_t j = 0; j < size; ++j) text += kAlphabet[random.bits() % kAlphabet.size()];
    for (const ValueFormat format : kFormats) {
      const auto wait = parse_wait(text, format, kNow);
      ASSERT_TRUE(!wait || (*wait >= Duration::zero() && *wait <= kLongestWait)) << text;
    }
    const auto any = parse_wait_of_any_form(text, kNow);
    ASSERT_TRUE(!any || (*any >= Duration::zero() && *any <= kLongestWait)) << text;
  }
}

}  // namespace
}  // namespace weir::providers
