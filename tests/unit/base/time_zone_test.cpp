#include "weir/base/time_zone.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "weir/base/units.hpp"

namespace weir {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;
using testing::HasSubstr;

constexpr const char* kNowhere = "/nonexistent/zoneinfo";

WallTime utc(int y, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0) {
  return sys_days(year(y) / static_cast<int>(month) / static_cast<int>(day)) + hours(hour) + minutes(minute) +
         seconds(second);
}

std::string shown(const CivilWindow& window) {
  return format_utc(window.start) + " " + format_utc(window.end);
}

TimeZone system_zone(std::string_view name) {
  auto zone = TimeZone::find(name);
  if (zone) return *zone;
  ADD_FAILURE() << zone.error().message;
  return TimeZone::utc();
}

TimeZone posix_zone(std::string_view text) {
  auto zone = TimeZone::from_posix("here", text);
  if (zone) return *zone;
  ADD_FAILURE() << text << ": " << zone.error().message;
  return TimeZone::utc();
}

// ---- Windows ----

struct Window {
  const char* zone;
  WallTime at;
  const char* day;
};

TEST(CivilDay, HoldsWhatClocksShowOnDaysThatAreNotPlain) {
  const Window cases[] = {
      // 23 and 25 hours.
      {"America/Los_Angeles", utc(2026, 3, 8, 12), "2026-03-08T08:00:00Z 2026-03-09T07:00:00Z"},
      {"America/Los_Angeles", utc(2026, 11, 1, 12), "2026-11-01T07:00:00Z 2026-11-02T08:00:00Z"},
      // No midnight: at 24:00 it was 1:00.
      {"America/Sao_Paulo", utc(2018, 11, 4, 12), "2018-11-04T03:00:00Z 2018-11-05T02:00:00Z"},
      // Back from 24:00 to 23:00: midnight was only the second time.
      {"America/Sao_Paulo", utc(2018, 2, 18, 2), "2018-02-17T02:00:00Z 2018-02-18T03:00:00Z"},
      // Back from 1:00 to midnight, which came twice.
      {"America/Havana", utc(2024, 11, 3, 5, 30), "2024-11-03T04:00:00Z 2024-11-04T05:00:00Z"},
      // Back from 0:01 to 23:01: the day had begun, and the hour that showed yesterday belongs to it.
      {"America/St_Johns", utc(2010, 11, 7, 2, 45), "2010-11-07T02:30:00Z 2010-11-08T03:30:00Z"},
      // 30 December 2011 didn't happen.
      {"Pacific/Apia", utc(2011, 12, 30, 9, 59), "2011-12-29T10:00:00Z 2011-12-30T10:00:00Z"},
      {"Pacific/Apia", utc(2011, 12, 30, 10), "2011-12-30T10:00:00Z 2011-12-31T10:00:00Z"},
  };
  for (const Window& one : cases)
    EXPECT_EQ(shown(system_zone(one.zone).day_of(one.at)), one.day) << one.zone << " " << format_utc(one.at);
}

TEST(CivilMonth, EndsWhereTheFirstOfTheNextBegins) {
  const TimeZone paris = system_zone("Europe/Paris");
  EXPECT_EQ(shown(paris.month_of(utc(2026, 3, 15))), "2026-02-28T23:00:00Z 2026-03-31T22:00:00Z");
  EXPECT_EQ(shown(paris.month_of(utc(2028, 2, 29, 22, 59))), "2028-01-31T23:00:00Z 2028-02-29T23:00:00Z");
  EXPECT_EQ(shown(paris.month_of(utc(2028, 2, 29, 23))), "2028-02-29T23:00:00Z 2028-03-31T22:00:00Z");
  EXPECT_EQ(shown(paris.month_of(utc(2026, 12, 31, 23))), "2026-12-31T23:00:00Z 2027-01-31T23:00:00Z");
}

TEST(CivilDay, IsCutOffAtTheEndsOfTime) {
  for (const char* const name : {"UTC", "America/Los_Angeles", "Pacific/Kiritimati"}) {
    const TimeZone zone = system_zone(name);
    for (const auto window_of : {&TimeZone::day_of, &TimeZone::month_of}) {
      const CivilWindow first = (zone.*window_of)(WallTime::min());
      EXPECT_EQ(first.start, WallTime::min());
      EXPECT_GT(first.end, first.start);
      const CivilWindow last = (zone.*window_of)(WallTime::max());
      EXPECT_EQ(last.end, WallTime::max());
      EXPECT_LT(last.start, last.end);
    }
  }
}

// ---- POSIX rules ----

struct Offset {
  const char* rule;
  WallTime at;
  Duration offset;
};

TEST(PosixRule, IsReadInAllItsForms) {
  const Offset cases[] = {
      {"JST-9", utc(2040, 1, 1), hours(9)},
      {"<+0530>-5:30", utc(2040, 1, 1), hours(5) + minutes(30)},
      {"<-03>3", utc(2040, 1, 1), -hours(3)},
      {"LMT+0:01:15", utc(2040, 1, 1), -seconds(75)},
      // Northern: two in the morning by the clock that ends there.
      {"PST8PDT,M3.2.0,M11.1.0", utc(2040, 3, 11, 9, 59, 59), -hours(8)},
      {"PST8PDT,M3.2.0,M11.1.0", utc(2040, 3, 11, 10), -hours(7)},
      {"PST8PDT,M3.2.0,M11.1.0", utc(2040, 11, 4, 8, 59, 59), -hours(7)},
      {"PST8PDT,M3.2.0,M11.1.0", utc(2040, 11, 4, 9), -hours(8)},
      // Southern: summer time over the turn of the year. The last Sunday.
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", utc(2040, 12, 31, 23), hours(11)},
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", utc(2041, 7, 1), hours(10)},
      {"CET-1CEST,M3.5.0,M10.5.0/3", utc(2040, 3, 25, 1), hours(2)},
      {"CET-1CEST,M3.5.0,M10.5.0/3", utc(2040, 10, 28, 1), hours(1)},
      // A summer time of half an hour.
      {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", utc(2041, 1, 1), hours(11)},
      // "Summer" is the earlier clock, in winter.
      {"IST-1GMT0,M10.5.0,M3.5.0/1", utc(2040, 1, 1), hours(0)},
      {"IST-1GMT0,M10.5.0,M3.5.0/1", utc(2040, 7, 1), hours(1)},
      // Times before midnight and after the next one.
      {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", utc(2040, 3, 25, 0, 59), -hours(2)},
      {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", utc(2040, 3, 25, 1), -hours(1)},
      {"IST-2IDT,M3.4.4/26,M10.5.0", utc(2040, 3, 22, 23, 59), hours(2)},
      {"IST-2IDT,M3.4.4/26,M10.5.0", utc(2040, 3, 23), hours(3)},
      {"EET-2EEST,M3.4.4/50,M10.4.4/50", utc(2040, 3, 24), hours(3)},
      // J60 is 1 March each year, 59 is 29 February in a leap year.
      {"STD0DST,J60/0,J300/0", utc(2040, 2, 29, 23, 59), hours(0)},
      {"STD0DST,J60/0,J300/0", utc(2040, 3, 1), hours(1)},
      {"STD0DST,J60/0,J300/0", utc(2041, 3, 1), hours(1)},
      {"STD0DST,59/0,300/0", utc(2040, 2, 29), hours(1)},
      {"STD0DST,59/0,300/0", utc(2041, 2, 28, 23, 59), hours(0)},
      {"STD0DST,59/0,300/0", utc(2041, 3, 1), hours(1)},
      {"STD0DST,0/0,J59/0", utc(2041, 1, 1), hours(1)},
      // Summer time all year.
      {"EST5EDT,0/0,J365/25", utc(2040, 1, 1, 5), -hours(4)},
      {"EST5EDT,0/0,J365/25", utc(2041, 1, 1, 4, 30), -hours(4)},
      {"EST5EDT,0/0,J365/25", utc(2040, 7, 1), -hours(4)},
      {"XXX3EDT4,0/0,J365/23", utc(2040, 12, 31, 23, 59), -hours(4)},
  };
  for (const Offset& one : cases)
    EXPECT_EQ(posix_zone(one.rule).offset_at(one.at), one.offset) << one.rule << " " << format_utc(one.at);
}

TEST(PosixRule, IsRefusedWhereItMakesNoSense) {
  for (const char* const text : {"",
                                 "X",
                                 "XY3",
                                 "PST",
                                 "PST8PDT",
                                 "PST8PDT,M3.2.0",
                                 "PST8PDT,M3.2.0,",
                                 "PST8PDT,M3.2.0,M11.1.0,",
                                 "PST8PDT,M3.2.0,M11.1.0 ",
                                 "PST25",
                                 "PST8:60",
                                 "PST8:00:60",
                                 "PST8:",
                                 "PST+-8",
                                 "<PST8",
                                 "<+3>",
                                 "<>3",
                                 "<+03>",
                                 "PST8PDT,M0.2.0,M11.1.0",
                                 "PST8PDT,M13.2.0,M11.1.0",
                                 "PST8PDT,M3.0.0,M11.1.0",
                                 "PST8PDT,M3.6.0,M11.1.0",
                                 "PST8PDT,M3.2.7,M11.1.0",
                                 "PST8PDT,J0,M11.1.0",
                                 "PST8PDT,J366,M11.1.0",
                                 "PST8PDT,366,M11.1.0",
                                 "PST8PDT,-1,M11.1.0",
                                 "PST8PDT,M3.2.0/168,M11.1.0",
                                 "PST8PDT,M3.2.0/,M11.1.0",
                                 "PST8PDT,M3.2,M11.1.0",
                                 "PST8PDT;M3.2.0,M11.1.0",
                                 "PST99999999999999999999"})
    EXPECT_FALSE(TimeZone::from_posix("here", text)) << text;
}

// ---- Names ----

TEST(FindingAZone, NeedsNoDataForUtc) {
  for (const char* const name : {"", "UTC", "GMT", "Etc/UTC", "Etc/GMT"}) {
    const auto zone = TimeZone::find(name, kNowhere);
    ASSERT_TRUE(zone) << name;
    EXPECT_EQ(zone->name(), "UTC");
    EXPECT_FALSE(zone->is_built_in());
    EXPECT_EQ(zone->offset_at(utc(2026, 7, 1)), Duration::zero());
  }
}

TEST(FindingAZone, NeverLeavesTheDirectory) {
  for (const char* const name :
       {"../UTC", "America/../../../etc/passwd", "/etc/localtime", "America//Los_Angeles", "America/",
        "./UTC", "..", "Los Angeles", "tzdata.zi", "America/Los_Angeles\n",
        "A/very/long/name/that/no/zone/will/ever/have/0123456789/0123456789"}) {
    const auto zone = TimeZone::find(name);
    ASSERT_FALSE(zone) << name;
    EXPECT_EQ(zone.error().kind, ErrorKind::config);
    EXPECT_EQ(zone.error().message, "this can't be a time zone; write one like America/Los_Angeles") << name;
  }
  EXPECT_FALSE(TimeZone::find(std::string_view("UTC\0", 4)));
}

TEST(FindingAZone, SaysWhatIsWrongWithANameThatIsNone) {
  EXPECT_EQ(TimeZone::find("Mars/Olympus").error().message, "there is no time zone Mars/Olympus");
  EXPECT_EQ(TimeZone::find("America").error().message, "there is no time zone America");
  EXPECT_EQ(TimeZone::find("Asia/Kolkata", kNowhere).error().message,
            "the system has no data of time zones, so Asia/Kolkata isn't known; install tzdata");
  EXPECT_EQ(TimeZone::find("leapseconds").error().message,
            "the system's data of time zone leapseconds can't be used: it is not a TZif file");
}

TEST(FindingAZone, RefusesAFileThatIsTooLarge) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "weir_time_zone_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "Large", std::ios::binary) << std::string(1U << 17U, 'x');
  EXPECT_THAT(TimeZone::find("Large", folder.string()).error().message, HasSubstr("too large"));
  std::filesystem::remove_all(folder);
}

// ---- Built-in rules ----

// Fails once a government has changed its mind: then the table wants the new rule.
TEST(BuiltInZones, AreTheSystemsFrom2024To2049) {
  for (const char* const name : {"America/Los_Angeles", "America/New_York", "Europe/Paris", "Europe/London",
                                 "Europe/Berlin", "Asia/Shanghai", "Asia/Tokyo", "Asia/Singapore"}) {
    const auto built_in = TimeZone::find(name, kNowhere);
    ASSERT_TRUE(built_in) << name;
    EXPECT_TRUE(built_in->is_built_in());
    EXPECT_EQ(built_in->name(), name);
    const TimeZone system = system_zone(name);
    EXPECT_FALSE(system.is_built_in());
    for (WallTime at = utc(2024, 1, 2); at < utc(2050, 1, 1); at += minutes(30)) {
      ASSERT_EQ(built_in->offset_at(at), system.offset_at(at)) << name << " " << format_utc(at);
      ASSERT_EQ(built_in->offset_at(at - nanoseconds(1)), system.offset_at(at - nanoseconds(1))) << name;
    }
    for (WallTime at = utc(2024, 1, 2); at < utc(2050, 1, 1); at += hours(12)) {
      ASSERT_EQ(shown(built_in->day_of(at)), shown(system.day_of(at))) << name;
      ASSERT_EQ(shown(built_in->month_of(at)), shown(system.month_of(at))) << name;
    }
  }
}

// ---- TZif files ----

std::string big_endian(std::int64_t value, int size) {
  std::string bytes;
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

// Two changes, to types 1 and 0 of three, and a rule; what a case breaks is a member.
struct File {
  std::string magic = "TZif";
  char version = '2';
  std::int64_t leap_seconds = 0;
  std::int64_t types = 3;
  std::vector<std::int64_t> times{1'000'000'000, 2'000'000'000};
  std::string indices{'\1', '\0'};
  std::int64_t first_offset = 3600;
  std::string footer = "\nCET-1\n";

  [[nodiscard]] std::string bytes() const {
    const auto count = static_cast<std::int64_t>(times.size());
    const std::string head = magic + version + std::string(15, '\0');
    std::string out = head + big_endian(0, 4) + big_endian(0, 4) + big_endian(0, 4) + big_endian(0, 4) +
                      big_endian(1, 4) + big_endian(4, 4) + std::string(10, '\0');
    out += head + big_endian(0, 4) + big_endian(0, 4) + big_endian(leap_seconds, 4) + big_endian(count, 4) +
           big_endian(types, 4) + big_endian(4, 4);
    for (const std::int64_t time : times) out += big_endian(time, 8);
    out += indices;
    for (const std::int64_t offset : {first_offset, std::int64_t{-7200}, std::int64_t{0}})
      out += big_endian(offset, 4) + std::string(2, '\0');
    out += std::string("CET\0", 4);
    for (std::int64_t i = 0; i < leap_seconds; ++i) out += std::string(12, '\0');
    return out + footer;
  }
};

TEST(TzifFile, GivesOffsetsBeforeBetweenAndAfterItsChanges) {
  File file;
  const auto offset_at = [&file](std::int64_t time) {
    const auto zone = TimeZone::from_tzif("here", file.bytes());
    if (!zone) ADD_FAILURE() << zone.error().message;
    return zone ? zone->offset_at(WallTime(seconds(time))) : Duration::zero();
  };
  EXPECT_EQ(offset_at(999'999'999), hours(1));
  EXPECT_EQ(offset_at(1'000'000'000), -hours(2));
  EXPECT_EQ(offset_at(1'999'999'999), -hours(2));
  file.footer = "\n<+05>-5\n";
  EXPECT_EQ(offset_at(1'999'999'999), -hours(2));
  EXPECT_EQ(offset_at(2'000'000'000), hours(5));
  file.footer = "\n\n";  // no rule: the last offset stays
  EXPECT_EQ(offset_at(3'000'000'000), hours(1));
  file.times = {-(std::int64_t{1} << 59), 2'000'000'000};
  EXPECT_EQ(offset_at(0), -hours(2));
  file.times.clear();
  file.indices.clear();
  EXPECT_EQ(offset_at(0), hours(1));
  file.footer = "\n<+05>-5\n";
  EXPECT_EQ(offset_at(0), hours(5));
  file.footer += "what a later version may add";
  EXPECT_EQ(offset_at(0), hours(5));
}

TEST(TzifFile, IsRefusedWhereItIsBroken) {
  const auto message_of = [](auto change) {
    File file;
    change(file);
    const auto zone = TimeZone::from_tzif("here", file.bytes());
    return zone ? std::string("taken") : zone.error().message;
  };
  EXPECT_EQ(message_of([](File& file) { file.magic = "TZIF"; }), "it is not a TZif file");
  EXPECT_THAT(message_of([](File& file) { file.version = '\0'; }), HasSubstr("version 1"));
  EXPECT_THAT(message_of([](File& file) { file.leap_seconds = 1; }), HasSubstr("leap seconds"));
  EXPECT_THAT(message_of([](File& file) { file.types = 0; }), HasSubstr("no type of time"));
  EXPECT_THAT(message_of([](File& file) { file.types = 0xFFFFFFFF; }), HasSubstr("cut short"));
  EXPECT_THAT(message_of([](File& file) { file.indices[0] = '\3'; }), HasSubstr("type of time"));
  EXPECT_THAT(message_of([](File& file) { file.times[1] = 1'000'000'000; }), HasSubstr("order"));
  EXPECT_THAT(message_of([](File& file) { file.first_offset = 26 * 3600; }), HasSubstr("offset"));
  EXPECT_THAT(message_of([](File& file) { file.first_offset = -26 * 3600; }), HasSubstr("offset"));
  EXPECT_THAT(message_of([](File& file) { file.first_offset = 0x80000000; }), HasSubstr("offset"));
  EXPECT_THAT(message_of([](File& file) { file.footer = "CET-1\n"; }), HasSubstr("footer"));
  EXPECT_THAT(message_of([](File& file) { file.footer = "\nPST\n"; }), HasSubstr("rule"));
}

TEST(TzifFile, IsRefusedWhereverItIsCut) {
  std::ifstream file("/usr/share/zoneinfo/America/Los_Angeles", std::ios::binary);
  const std::string real((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (const std::string& bytes : {File().bytes(), real}) {
    ASSERT_TRUE(TimeZone::from_tzif("here", bytes));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      ASSERT_FALSE(TimeZone::from_tzif("here", {cut.data(), cut.size()})) << size;
    }
  }
}

}  // namespace
}  // namespace weir
