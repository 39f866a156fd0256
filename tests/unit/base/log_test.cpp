#include "weir/base/log.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace weir {
namespace {

using namespace std::string_literals;
using Json = nlohmann::json;

// The process's one log, into a file of this test's own.
class Log : public ::testing::Test {
 protected:
  Log() {
    const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            ("weir-log-" + std::to_string(::getpid()) + "-" + test->name() + ".log");
  }
  ~Log() override {
    log::open({.level = log::Level::off, .format = log::Format::text, .file = {}});
    std::filesystem::remove(path_);
    std::filesystem::remove(rotated());
  }

  void open(log::Format format, log::Level level = log::Level::info) {
    log::open({.level = level, .format = format, .file = path_.string()});
  }
  [[nodiscard]] std::filesystem::path rotated() const { return path_.string() + ".1"; }
  [[nodiscard]] static std::vector<std::string> lines_of(const std::filesystem::path& path) {
    log::flush();
    std::ifstream in(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  [[nodiscard]] std::string only_line() const {
    const auto lines = lines_of(path_);
    EXPECT_EQ(lines.size(), 1U);
    return lines.empty() ? "" : lines.front();
  }

  std::filesystem::path path_;
};

TEST_F(Log, WritesOneJsonObjectALine) {
  open(log::Format::json);
  log::info("request_served", {{"request_id", "req_1"},
                               {"status", 200},
                               {"ttfb_ms", 1.5},
                               {"stream", true},
                               {"bytes_in", std::uint64_t{18446744073709551615U}},
                               {"drift", std::int64_t{-3}}});
  const Json line = Json::parse(only_line());
  EXPECT_EQ(line["event"], "request_served");
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["request_id"], "req_1");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["ttfb_ms"], 1.5);
  EXPECT_EQ(line["stream"], true);
  EXPECT_EQ(line["bytes_in"], 18446744073709551615U);
  EXPECT_EQ(line["drift"], -3);
  const auto time = line["time"].get<std::string>();
  EXPECT_EQ(time.size(), 24U);
  EXPECT_EQ(time.back(), 'Z');
}

TEST_F(Log, NamesLevelsAsTheConfigurationDoes) {
  open(log::Format::json, log::Level::debug);
  for (const log::Level level : {log::Level::debug, log::Level::info, log::Level::warn, log::Level::error})
    log::write(level, "said", {});
  std::vector<std::string> levels;
  for (const std::string& line : lines_of(path_)) levels.push_back(Json::parse(line)["level"]);
  EXPECT_EQ(levels, (std::vector<std::string>{"debug", "info", "warn", "error"}));
}

TEST_F(Log, StaysOneValidObjectWhateverTheFieldsHold) {
  open(log::Format::json);
  const std::string nasty = "\"},\n\r\t\\\x01\x1b[31m\xFF{}%v%n\0end"s;
  log::info("odd", {{"text", nasty},
                    {"nan", std::nan("")},
                    {"inf", -std::numeric_limits<double>::infinity()},
                    {"huge", std::numeric_limits<double>::max()},
                    {"tiny", std::numeric_limits<double>::denorm_min()}});
  const Json line = Json::parse(only_line());
  EXPECT_TRUE(line["nan"].is_null());
  EXPECT_TRUE(line["inf"].is_null());
  EXPECT_EQ(line["huge"], std::numeric_limits<double>::max());
}

TEST_F(Log, QuotesInTextWhatCouldDeceiveAReader) {
  open(log::Format::text);
  log::warn("odd", {{"plain", "groq/m:free"},
                    {"space", "a b"},
                    {"line", "a\nb event=forged"},
                    {"escape", "\x1b[2J"},
                    {"none", ""}});
  const std::string line = only_line();
  EXPECT_NE(
      line.find(R"(odd plain=groq/m:free space="a b" line="a\nb event=forged" escape="\u001b[2J" none="")"),
      std::string::npos)
      << line;
}

TEST_F(Log, LeavesOutWhatIsBelowTheLevel) {
  open(log::Format::json, log::Level::warn);
  EXPECT_FALSE(log::enabled(log::Level::info));
  log::debug("no");
  log::info("no");
  log::warn("yes");
  log::set_level(log::Level::error);
  log::warn("no");
  EXPECT_EQ(Json::parse(only_line())["event"], "yes");
}

TEST_F(Log, MasksEverySecretWhereverItStands) {
  log::hide(Secret("sk-planted"));  // begins the next
  log::hide(Secret("sk-planted-key-1"));
  log::hide(Secret("quo\"te\\key"));
  for (const log::Format format : {log::Format::json, log::Format::text}) {
    std::filesystem::remove(path_);
    open(format);
    log::info("leak", {{"a", "Bearer sk-planted-key-1"},
                       {"b", "sk-planted-key-1sk-planted-key-1"},
                       {"c", "xquo\"te\\keyx"}});
    const std::string line = only_line();
    EXPECT_EQ(line.find("planted"), std::string::npos) << line;
    EXPECT_EQ(line.find("key-1"), std::string::npos) << line;
    EXPECT_EQ(line.find("te\\"), std::string::npos) << line;
    EXPECT_NE(line.find("x***x"), std::string::npos) << line;
  }
}

TEST_F(Log, RedactsTextThatLeavesAnotherWay) {
  log::hide(Secret("sk-planted-key-2"));
  log::hide(Secret("******"));
  EXPECT_EQ(log::redact("wrong key sk-planted-key-2, sk-planted-key-2!"), "wrong key ***, ***!");
  EXPECT_EQ(log::redact("nothing here"), "nothing here");
  EXPECT_EQ(log::redact(""), "");
}

TEST_F(Log, MasksAShortSecretOnlyAsAWordOfItsOwn) {
  log::hide(Secret("abc1"));
  log::hide(Secret(""));
  EXPECT_EQ(log::redact("abc1"), "***");
  EXPECT_EQ(log::redact("wrong key: abc1, \"abc1\" (abc1)."), "wrong key: ***, \"***\" (***).");
  for (const char* name : {"xabc1", "abc12", "groq/abc1#main", "abc1-large", "my_abc1"})
    EXPECT_EQ(log::redact(name), name);
  EXPECT_EQ(log::redact("xabc1 abc1"), "xabc1 ***");
}

TEST_F(Log, GoesOnInANewFileAfterARotation) {
  open(log::Format::json);
  log::info("before");
  std::filesystem::rename(path_, rotated());
  log::info("still_before");
  log::reopen();
  log::info("after");
  EXPECT_EQ(lines_of(rotated()).size(), 2U);
  EXPECT_EQ(Json::parse(only_line())["event"], "after");
}

TEST_F(Log, GoesOnInItsFileWhereItCantBeOpenedAgain) {
  open(log::Format::json);
  std::filesystem::rename(path_, rotated());
  std::filesystem::create_directory(path_);
  log::reopen();
  log::info("after");
  const auto lines = lines_of(rotated());
  ASSERT_EQ(lines.size(), 2U);
  const Json warning = Json::parse(lines[0]);
  EXPECT_EQ(warning["event"], "log_not_reopened");
  EXPECT_EQ(warning["why"], "log.file: can't open " + path_.string() + ": Is a directory");
  EXPECT_EQ(Json::parse(lines[1])["event"], "after");
}

TEST_F(Log, MakesItsFileForItsOwnerAlone) {
  open(log::Format::json);
  log::info("before");
  EXPECT_EQ(std::filesystem::status(path_).permissions(), static_cast<std::filesystem::perms>(0600));
}

TEST_F(Log, KeepsItsLastRecordsForThoseWhoLook) {
  open(log::Format::json);
  log::set_level(log::Level::error);
  log::hide(Secret("sk-kept-secret"));
  const std::uint64_t before = log::last_kept();
  log::warn("key_refused", {{"key", "main"}, {"said", "sk-kept-secret \"quoted\""}, {"count", 3}});
  log::debug("detail");
  log::access("request", {{"path", "/v1"}});
  const auto kept = log::kept_since(before);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].event, "key_refused");
  EXPECT_EQ(kept[0].level, log::Level::warn);
  EXPECT_EQ(kept[0].number, before + 1);
  EXPECT_EQ(Json::parse(kept[0].fields), (Json{{"key", "main"}, {"said", "*** \"quoted\""}, {"count", 3}}));
  EXPECT_TRUE(log::kept_since(log::last_kept()).empty());
}

TEST_F(Log, KeepsNoMoreThanItsLastRecords) {
  open(log::Format::json);
  const std::uint64_t before = log::last_kept();
  for (int i = 0; i < 300; ++i) log::info("event", {{"i", i}});
  const auto kept = log::kept_since(before);
  ASSERT_EQ(kept.size(), 200U);
  EXPECT_EQ(kept.front().number, before + 101);
  EXPECT_EQ(Json::parse(kept.back().fields)["i"], 299);
}

TEST_F(Log, SaysSoWhenItsFileCannotBeOpened) {
  EXPECT_THROW(
      log::open({.level = log::Level::info, .format = log::Format::json, .file = "/proc/no/such/file.log"}),
      std::runtime_error);
}

}  // namespace
}  // namespace weir
