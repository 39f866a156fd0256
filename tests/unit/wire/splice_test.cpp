#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "weir/wire/chat_request.hpp"

namespace weir::wire {
namespace {

using Json = nlohmann::json;

std::string join(const SplicedBody& spliced) {
  std::string out;
  for (const std::string_view piece : spliced.pieces()) {
    EXPECT_FALSE(piece.empty());
    out += piece;
  }
  EXPECT_EQ(out.size(), spliced.size());
  return out;
}

std::string edited(const std::string& body, std::string_view model, bool ask_for_usage) {
  ChatRequest request;
  EXPECT_FALSE(read_chat_request(body, request)) << body;
  const SplicedBody spliced(body, edits_for(request, body, model, ask_for_usage));
  return join(spliced);
}

TEST(AppendSpliced, IsTheSameInOnePiece) {
  std::string out = "so: ";
  const std::vector<Edit> edits = {
      {{0, 0}, "<"}, {{1, 2}, "BC"}, {{3, 0}, "|"}, {{3, 1}, "D"}, {{6, 0}, ">"}};
  append_spliced(out, "abcdef", edits);
  EXPECT_EQ(out, "so: <aBC|Def>");
  append_spliced(out, "!", {});
  EXPECT_EQ(out, "so: <aBC|Def>!");
}

TEST(SplicedBody, ReplacesAndInserts) {
  const std::string body = "abcdef";
  EXPECT_EQ(join(SplicedBody(body, {})), "abcdef");
  EXPECT_EQ(
      join(SplicedBody(body, {{{0, 0}, "<"}, {{1, 2}, "BC"}, {{3, 0}, "|"}, {{5, 1}, ""}, {{6, 0}, ">"}})),
      "<aBC|de>");
  EXPECT_EQ(join(SplicedBody("", {})), "");
}

TEST(Edits, ReplaceOnlyTheModel) {
  const std::string before = R"({ "messages":[{"content":"\u00e9 \ud83d\ude00 1.50"}],)"
                             R"(  "big":123456789012345678901234567890,"model" : )";
  const std::string after = " ,\n\"seed\" : 1.0e2, \"unknown\":{\"z\":1,\"a\":2} } \n";
  EXPECT_EQ(edited(before + R"("smart")" + after, "openai/gpt-oss-120b", true),
            before + R"("openai/gpt-oss-120b")" + after);
  EXPECT_EQ(edited(before + R"("sm\u0061rt")" + after, "x", false), before + R"("x")" + after);
}

TEST(Edits, LeaveARequestAloneThatNeedsNone) {
  const std::string body = R"({"model":"same","messages":[{}]})";
  ChatRequest request;
  ASSERT_FALSE(read_chat_request(body, request));
  EXPECT_TRUE(edits_for(request, body, "same", true).empty());
  const SplicedBody spliced(body, edits_for(request, body, "same", true));
  ASSERT_EQ(spliced.pieces().size(), 1U);
  EXPECT_EQ(spliced.pieces()[0].data(), body.data());
}

TEST(Edits, EscapeAModelThatNeedsIt) {
  const std::string name = "a\"b\\c\n\xC3\xA9";
  const Json json = Json::parse(edited(R"({"model":"m","messages":[{}]})", name, false));
  EXPECT_EQ(json["model"], name);
}

TEST(Edits, AskForUsageWhereTheClientDidNot) {
  const std::string model = R"("model":"m","messages":[{}],"stream":true)";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"{" + model + "}", R"({"stream_options":{"include_usage":true},)" + model + "}"},
      {"{ " + model + R"(,"stream_options":null})",
       "{ " + model + R"(,"stream_options":{"include_usage":true}})"},
      {"{" + model + R"(,"stream_options": { }})",
       "{" + model + R"(,"stream_options": {"include_usage":true }})"},
      {"{" + model + R"(,"stream_options":{ "x":1}})",
       "{" + model + R"(,"stream_options":{"include_usage":true, "x":1}})"},
      {"{" + model + R"(,"stream_options":{"x":1,"include_usage" : false }})",
       "{" + model + R"(,"stream_options":{"x":1,"include_usage" : true }})"},
      {R"({"stream_options":{"include_usage":null},)" + model + "}",
       R"({"stream_options":{"include_usage":true},)" + model + "}"},
      {R"({"stream_options":{"include_usage":true},)" + model + "}",
       R"({"stream_options":{"include_usage":true},)" + model + "}"},
  };
  for (const auto& [body, expected] : rows) {
    EXPECT_EQ(edited(body, "m", true), expected);
    EXPECT_EQ(edited(body, "m", false), body);
    const Json json = Json::parse(edited(body, "other", true));
    EXPECT_EQ(json["model"], "other");
    EXPECT_EQ(json["stream_options"]["include_usage"], true);
  }
}

TEST(Edits, AskNothingOfAPlainAnswer) {
  const std::string body = R"({"model":"m","messages":[{}],"stream":false})";
  EXPECT_EQ(edited(body, "m", true), body);
}

}  // namespace
}  // namespace weir::wire
