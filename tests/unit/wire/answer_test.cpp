#include "weir/wire/answer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::wire {
namespace {

TEST(AnswerFacts, SayWhatWasServed) {
  const AnswerFacts facts = read_answer(
      R"({"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",)"
      R"("content":"Hello\n","reasoning":"abc","refusal":null,)"
      R"("tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
      R"("finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}})");
  EXPECT_TRUE(facts.valid_json);
  EXPECT_FALSE(facts.error);
  EXPECT_EQ(facts.text_bytes, 6U + 3U + 2U);
  ASSERT_TRUE(facts.usage);
  EXPECT_EQ(facts.usage->total_tokens, 10U);
}

TEST(AnswerFacts, CountEveryChoiceAndEveryPart) {
  const AnswerFacts facts =
      read_answer(R"({"choices":[{"message":{"content":[{"type":"text","text":"ab"},{"type":"image_url",)"
                  R"("image_url":{"url":"xxxx"}}]}},{"message":{"content":"c"}}]})");
  EXPECT_EQ(facts.text_bytes, 3U);
  EXPECT_FALSE(facts.usage);
}

TEST(AnswerFacts, KnowAnErrorInsideA200) {
  for (const char* body : {R"({"error":{"message":"no"}})", R"([{"error":{"code":429}}])",
                           R"({"choices":[{"error":{"code":502},"message":{"content":""}}]})",
                           R"({"choices":[{"message":{"content":"x"},"finish_reason":"error"}]})",
                           R"({"error":"no","choices":[]})"}) {
    EXPECT_TRUE(read_answer(body).error) << body;
    EXPECT_TRUE(read_answer(body).valid_json) << body;
  }
}

TEST(AnswerFacts, KnowNothingOfWhatIsNotJson) {
  for (const char* body :
       {"", "<html></html>", R"({"choices":[{"message":{"content":"abc"}}],"usage":{"prompt_tokens":1})",
        R"({"error":1}})"}) {
    const AnswerFacts facts = read_answer(body);
    EXPECT_FALSE(facts.valid_json || facts.error || facts.usage || facts.text_bytes != 0) << body;
  }
  EXPECT_TRUE(read_answer("[]").valid_json);
}

TEST(AnswerFacts, ReadALargeAnswer) {
  const std::string body =
      R"({"choices":[{"message":{"content":")" + std::string(3'000'000, 'x') + R"("}}]})";
  EXPECT_EQ(read_answer(body).text_bytes, 3'000'000U);
}

}  // namespace
}  // namespace weir::wire
