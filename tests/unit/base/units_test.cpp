#include "weir/base/units.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST(Units, ReadDurationsAsPeopleWriteThem) {
  const std::vector<std::pair<const char*, std::optional<Duration>>> rows = {
      {"45s", 45s},        {"2m30s", 150s},   {"1.5h", 90min},
      {"250ms", 250ms},    {"7d", 168h},      {"10us", 10us},
      {"3ns", 3ns},        {"90", 90s},       {"0", 0s},
      {"0.25", 250ms},     {"1h 30m", 90min}, {"5 s", 5s},
      {"36500d", 876000h}, {"", {}},          {"s", {}},
      {"-1s", {}},         {"+1s", {}},       {" 1s", {}},
      {"1x", {}},          {"1S", {}},        {"1m30", {}},
      {"1s1", {}},         {"1e3s", {}},      {"0x10", {}},
      {"nan", {}},         {"inf", {}},       {"1..5s", {}},
      {"1,5s", {}},        {"40000d", {}},    {"99999999999999999999999999d", {}},
      {"thirty", {}},
  };
  for (const auto& [text, duration] : rows) EXPECT_EQ(parse_duration(text), duration) << text;
}

TEST(Units, ReadSizesAsPeopleWriteThem) {
  const std::vector<std::pair<const char*, std::optional<std::uint64_t>>> rows = {
      {"32MiB", 33554432},
      {"64kB", 64000},
      {"64KiB", 65536},
      {"1GB", 1000000000},
      {"1GiB", 1073741824},
      {"17", 17},
      {"17B", 17},
      {"1.5k", 1500},
      {"2 MB", 2000000},
      {"0", 0},
      {"", {}},
      {"MB", {}},
      {"-1MB", {}},
      {"1.5", {}},
      {"1MiBs", {}},
      {"1M2", {}},
      {"1e30", {}},
      {"2000000000GB", {}},
  };
  for (const auto& [text, size] : rows) EXPECT_EQ(parse_size(text), size) << text;
}

TEST(Units, ReadCountsInThousands) {
  const std::vector<std::pair<const char*, std::optional<std::uint64_t>>> rows = {
      {"60", 60},         {"12k", 12000},   {"2M", 2000000}, {"1.5M", 1500000},
      {"1B", 1000000000}, {"14.4K", 14400}, {"0", 0},        {"", {}},
      {"k", {}},          {"1.5", {}},      {"0.0001k", {}}, {"-5", {}},
      {"12kk", {}},       {"12MiB", {}},    {"thirty", {}},  {"99999999999999999999", {}},
      {"1_000", {}},      {"1e6", {}},
  };
  for (const auto& [text, count] : rows) EXPECT_EQ(parse_count(text), count) << text;
}

TEST(Units, ReadPercentagesWithinTheirBounds) {
  EXPECT_DOUBLE_EQ(parse_percent("80%").value(), 0.8);
  EXPECT_DOUBLE_EQ(parse_percent("0%").value(), 0.0);
  EXPECT_DOUBLE_EQ(parse_percent("100%").value(), 1.0);
  EXPECT_DOUBLE_EQ(parse_percent("2.5%").value(), 0.025);
  for (const char* text : {"", "80", "%", "101%", "-1%", "80%%", "80%1", "0.8"})
    EXPECT_FALSE(parse_percent(text)) << text;
}

TEST(Units, WriteOpenAiDurationsNeverShorterThanTheTruth) {
  const std::vector<std::pair<Duration, const char*>> rows = {
      {0ns, "0ms"},      {-5s, "0ms"},
      {1ns, "1ms"},      {12ms, "12ms"},
      {999ms, "999ms"},  {999ms + 1ns, "1s"},
      {1s, "1s"},        {1500ms, "1.5s"},
      {7660ms, "7.66s"}, {59999ms + 1ns, "1m0s"},
      {6min, "6m0s"},    {86400ms + 6min, "7m26.4s"},
      {1h, "1h0m0s"},    {25h + 1ms, "25h0m0.001s"},
  };
  for (const auto& [duration, text] : rows) EXPECT_EQ(format_openai_duration(duration), text);
}

TEST(Units, WriteDurationsForPeople) {
  const std::vector<std::pair<Duration, const char*>> rows = {
      {-1s, "0ms"},       {0ns, "0ms"}, {350ms, "350ms"}, {999ms + 500us, "1s"},     {1s, "1s"},
      {11s + 1ms, "12s"}, {60s, "1m"},  {245s, "4m 5s"},  {59min + 59s + 1ns, "1h"}, {5h + 21min, "5h 21m"},
      {76h, "3d 4h"},     {72h, "3d"},
  };
  for (const auto& [duration, text] : rows) EXPECT_EQ(format_for_people(duration), text);
}

TEST(Units, WriteMomentsNoEarlierThanTheyAre) {
  const WallTime day = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);
  EXPECT_EQ(format_utc(day + 8h), "2026-11-24T08:00:00Z");
  EXPECT_EQ(format_utc(day + 8h + 1ns), "2026-11-24T08:00:01Z");
  EXPECT_EQ(format_utc(day + 24h - 1ns), "2026-11-25T00:00:00Z");
  EXPECT_EQ(format_utc(WallTime(std::chrono::sys_days(std::chrono::year(2028) / 2 / 28)) + 25h),
            "2028-02-29T01:00:00Z");
  EXPECT_EQ(format_utc(WallTime{}), "1970-01-01T00:00:00Z");
}

TEST(Units, WriteDurationsThatReadBackTheSame) {
  EXPECT_EQ(format_duration(45s), "45s");
  EXPECT_EQ(format_duration(90min), "1h30m");
  EXPECT_EQ(format_duration(0ns), "0s");
  for (const Duration duration :
       std::vector<Duration>{1ns, 1us, 1500us, 250ms, 1s, 61s, 10min, 24h, 8760h + 7min + 3ms}) {
    EXPECT_EQ(parse_duration(format_duration(duration)), duration) << format_duration(duration);
  }
}

}  // namespace
}  // namespace weir
