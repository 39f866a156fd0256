#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "weir/base/log.hpp"
#include "weir/wire/answer.hpp"

namespace weir::wire {
namespace {

struct Row {
  const char* body;
  const char* message;
  const char* type = "";
  const char* code = "";
};

TEST(ErrorText, ReadsEveryShapeThatProvidersUse) {
  const std::vector<Row> rows = {
      {R"({"error":{"message":"Too fast","type":"requests","code":"rate_limit_exceeded"}})", "Too fast",
       "requests", "rate_limit_exceeded"},
      {R"([{"error":{"code":429,"message":"Over quota","status":"RESOURCE_EXHAUSTED",)"
       R"("details":[{"@type":"x"}]}}])",
       "Over quota", "RESOURCE_EXHAUSTED", "429"},
      {R"({"message":"Tokens gone","type":"too_many_tokens_error","param":"quota",)"
       R"("code":"token_quota_exceeded"})",
       "Tokens gone", "too_many_tokens_error", "token_quota_exceeded"},
      {R"({"object":"error","message":"Slow down","type":"rate_limited","param":null,"code":"1300",)"
       R"("raw_status_code":429})",
       "Slow down", "rate_limited", "1300"},
      {R"({"error":"Too Many Requests","message":"You used it up."})", "You used it up."},
      {R"({"error":"You have no credits."})", "You have no credits."},
      {R"({"detail":"Unauthorized"})", "Unauthorized"},
      {R"({"detail":[{"loc":["body","seed"],"msg":"Extra input"},{"loc":["body"],"msg":"No","type":"x"}]})",
       "Extra input; No"},
      {R"({"message":{"detail":[{"loc":["body"],"msg":"Extra input","type":"extra_forbidden"}]}})",
       "Extra input", "extra_forbidden"},
      {R"({"status":404,"title":"Not Found","detail":"Function not found"})", "Function not found"},
      {R"({"status":429,"title":"Too Many Requests"})", "Too Many Requests"},
      {R"({"errors":[{"message":"Out of neurons","code":4006}],"success":false,"result":{},"messages":[]})",
       "Out of neurons", "", "4006"},
      {R"({"id":"1","message":"Gone"})", "Gone"},
      {R"({"error":{"message":"Provider returned error","code":429,)"
       R"("metadata":{"raw":"model is busy upstream","provider_name":"P"}}})",
       "Provider returned error: model is busy upstream", "", "429"},
      {R"({"error":{"message":"{\"error\":{\"message\":\"inner\",\"code\":\"c\"}}","type":"outer"}})",
       "inner", "outer", "c"},
      {R"("{\"error\":{\"message\":\"twice\"}}")", "twice"},
      {R"({"error":{"message":"{not json"}})", "{not json"},
      {R"({"error":{"code":400,"type":"t"}})", "", "t", "400"},
      {"error code: 1010", "error code: 1010"},
      {"  over  capacity \r\n", "over capacity"},
      {"<html><head><TITLE>502 Bad Gateway</TITLE></head><body><h1>no</h1></body></html>", "502 Bad Gateway"},
      {"<p>gone<br/>away</p>", "gone away"},
      {"", ""},
      {"{}", ""},
      {"[]", ""},
      {"null", ""},
      {"7", ""},
  };
  for (const Row& row : rows) {
    const ErrorText text = read_error_body(row.body);
    EXPECT_EQ(text.message, row.message) << row.body;
    EXPECT_EQ(text.type, row.type) << row.body;
    EXPECT_EQ(text.code, row.code) << row.body;
  }
}

TEST(ErrorText, CutsBetweenCharacters) {
  std::string euros;
  for (int i = 0; i < 600; ++i) euros += "\xE2\x82\xAC";
  EXPECT_EQ(read_error_body(R"({"error":")" + euros + "\"}").message, euros.substr(0, 1500));
  EXPECT_EQ(read_error_body(std::string(700, 'x')).message.size(), 500U);
  EXPECT_EQ(read_error_body("broken \xFF byte").message, "broken \xEF\xBF\xBD byte");
}

TEST(ErrorText, MasksAKeyAcrossTheCut) {
  const std::string key = "gsk-planted-across-the-cut";
  log::hide(Secret(key));
  for (std::size_t before = 470; before <= 500; ++before) {
    const std::string words = std::string(before, '.') + key + std::string(100, '.');
    for (const std::string& body : {words, R"({"error":{"message":")" + words + R"("}})",
                                    R"({"error":{"message":"x","type":")" + words + R"("}})",
                                    R"({"error":{"message":"x","code":")" + words + R"("}})"}) {
      const ErrorText text = read_error_body(body);
      EXPECT_EQ((text.message + text.type + text.code).find("gs"), std::string::npos) << before;
    }
  }
}

TEST(ErrorText, SurvivesHostileBodies) {
  EXPECT_EQ(read_error_body(std::string(900'000, '[')).message.size(), 500U);
  EXPECT_EQ(read_error_body(std::string(3'000'000, 'x')).message.size(), 500U);
  std::string objects;
  for (int i = 0; i < 50'000; ++i) objects += R"({"error":)";
  EXPECT_EQ(read_error_body(objects + "1" + std::string(50'000, '}')).message, "");
  std::string list = R"({"detail":[)";
  for (int i = 0; i < 20'000; ++i) list += R"({"msg":"bad field"},)";
  EXPECT_EQ(read_error_body(list + "0]}").message.size(), 500U);
  EXPECT_EQ(read_error_body("<title").message, "");
  EXPECT_EQ(read_error_body("<title>open").message, "open");
}

}  // namespace
}  // namespace weir::wire
