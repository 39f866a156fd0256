#include "weir/base/json_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace weir {
namespace {

std::string in_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonText, QuotesPlainTextAsItIs) {
  EXPECT_EQ(in_json(""), R"("")");
  EXPECT_EQ(in_json("groq/openai/gpt-oss-120b"), R"("groq/openai/gpt-oss-120b")");
  EXPECT_EQ(in_json("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
  EXPECT_EQ(in_json("a\"b\\c\nd"), R"("a\"b\\c\nd")");
  std::string out = "x:";
  append_json_string(out, "y");
  EXPECT_EQ(out, R"(x:"y")");
}

TEST(JsonText, ReadsBackAsItWasForEveryAsciiByte) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  EXPECT_EQ(nlohmann::json::parse(in_json(all)).get<std::string>(), all);
  EXPECT_EQ(in_json(all).find('\n'), std::string::npos);
  EXPECT_EQ(in_json(all).find('\x7F'), std::string::npos);
}

TEST(JsonText, IsValidForAnyBytes) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string bytes{'x', static_cast<char>(a), static_cast<char>(b), 'y'};
      ASSERT_TRUE(nlohmann::json::accept(in_json(bytes))) << a << " " << b;
    }
  }
  EXPECT_EQ(in_json("\xFF"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(in_json("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace weir
