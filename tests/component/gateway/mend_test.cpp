#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "component/gateway/gateway_fixture.hpp"
#include "weir/wire/sse.hpp"

namespace weir::test {
namespace {

using nlohmann::json;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

// Answers that lack what SDKs expect, through the whole gateway.
class Mend : public GatewayTest {
 protected:
  void serve(RawProvider::Script script, std::vector<quota::Limit> limits = {}) {
    provider_ = std::make_unique<RawProvider>(std::move(script));
    start({provider_at("groq", provider_->port(), std::move(limits))});
  }
  RawAnswer ask_stream_with_usage() {
    return chat(
        R"({"model":"smart","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]})");
  }
  [[nodiscard]] std::int64_t unix_seconds() const {
    return std::chrono::floor<std::chrono::seconds>(clock_.now().wall.time_since_epoch()).count();
  }

 private:
  std::unique_ptr<RawProvider> provider_;
};

std::string events(std::initializer_list<std::string_view> data) {
  std::string out;
  for (const auto one : data) out.append("data: ").append(one).append("\n\n");
  return out;
}

std::vector<json> chunks(const RawAnswer& answer) {
  wire::SseFramer framer;
  EXPECT_TRUE(framer.feed(answer.body));
  std::vector<json> all;
  while (const auto one = framer.next())
    if (one->data != "[DONE]") all.push_back(json::parse(one->data));
  return all;
}

TEST_F(Mend, APlainAnswerIsMadeWhole) {
  serve(answers(
      200, R"({"choices":[{"index":0,"message":{"role":"assistant","content":"hello","reasoning":"hm"}}]})"));
  const RawAnswer answer =
      chat(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})", "x-request-id: mine-1\r\n");
  ASSERT_EQ(answer.status, 200);
  const json body = json::parse(answer.body);
  EXPECT_EQ(body["id"], "chatcmpl-mine-1");
  EXPECT_EQ(body["object"], "chat.completion");
  EXPECT_EQ(body["created"], unix_seconds());
  EXPECT_EQ(body["model"], "upstream-m");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(body["choices"][0]["message"]["reasoning_content"], "hm");
  EXPECT_EQ(body["usage"]["estimated"], true);
  EXPECT_EQ(answer.field("content-length"), std::to_string(answer.body.size()));
}

TEST_F(Mend, EveryChunkOfAStreamIsMadeWhole) {
  serve(streams(events({R"({"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})",
                        R"({"choices":[{"index":0,"delta":{"reasoning":"hm"}}]})",
                        R"({"choices":[{"index":0,"delta":{"content":"hello"}}]})", "[DONE]"})));
  const RawAnswer answer = ask_stream();
  EXPECT_TRUE(answer.whole);
  EXPECT_THAT(answer.body, EndsWith("data: [DONE]\n\n"));
  const auto all = chunks(answer);
  ASSERT_EQ(all.size(), 4U);
  for (const json& chunk : all) {
    EXPECT_EQ(chunk["id"], "chatcmpl-" + answer.field("x-request-id"));
    EXPECT_EQ(chunk["object"], "chat.completion.chunk");
    EXPECT_EQ(chunk["created"], unix_seconds());
    EXPECT_EQ(chunk["model"], "upstream-m");
  }
  EXPECT_EQ(all[1]["choices"][0]["delta"]["reasoning_content"], "hm");
  EXPECT_EQ(all[3]["choices"][0]["finish_reason"], "stop");
}

TEST_F(Mend, AFinishedStreamThatEndsWithoutDoneIsGivenIt) {
  serve(streams(std::string(kTextEvent) + std::string(kStopEvent)));
  EXPECT_EQ(ask_stream().body, std::string(kTextEvent) + std::string(kStopEvent) + std::string(kDoneEvent));
  const RawAnswer asked = ask_stream_with_usage();
  EXPECT_THAT(asked.body, HasSubstr("\"estimated\":true"));
  EXPECT_THAT(asked.body, EndsWith("data: [DONE]\n\n"));
}

TEST_F(Mend, AStreamThatBreaksIsNotMadeToLookWhole) {
  serve(streams(events({R"({"choices":[{"index":0,"delta":{"role":"assistant","content":"hello"}}]})"})));
  const RawAnswer answer = ask_stream_with_usage();
  EXPECT_THAT(answer.body, HasSubstr("\"finish_reason\":\"error\""));
  EXPECT_THAT(answer.body, Not(HasSubstr("\"stop\"")));
  EXPECT_THAT(answer.body, Not(HasSubstr("\"usage\"")));
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
}

// Usage is told, once or as an estimate; what is charged doesn't depend on what the client is told.
TEST_F(Mend, TheLedgerCountsTheProvidersNumbersAndNoneOfOurs) {
  const std::string cumulative = events(
      {R"({"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":400,"completion_tokens":1,"total_tokens":401}})",
       R"({"choices":[{"index":0,"delta":{"content":"b"}}],"usage":{"prompt_tokens":400,"completion_tokens":200,"total_tokens":600}})",
       "[DONE]"});
  serve(streams(cumulative), {tokens_per_minute(1800)});
  const auto all = chunks(ask_stream_with_usage());
  ASSERT_EQ(all.size(), 4U);
  EXPECT_TRUE(all[0]["usage"].is_null());
  EXPECT_TRUE(all[1]["usage"].is_null());
  EXPECT_EQ(all[3]["usage"]["total_tokens"], 600);
  EXPECT_FALSE(all[3]["usage"].contains("estimated"));
  // 400 tokens for "hi" teach that the provider adds a prompt of its own: from now on about 950 are asked
  // for.
  EXPECT_EQ(ask_stream().status, 200);  // 600 of 1800 are used
  EXPECT_EQ(ask_stream().status, 429);  // 1200 of them
}

TEST_F(Mend, WhatWasCountedIsWhatIsTold) {
  const std::string text(4000, 'x');  // 1000 tokens
  serve(answers(200, R"({"choices":[{"message":{"content":")" + text + R"("}}]})"),
        {tokens_per_minute(2000)});
  const json usage = json::parse(ask().body)["usage"];
  EXPECT_EQ(usage["completion_tokens"], 1000);
  EXPECT_EQ(usage["total_tokens"], usage["prompt_tokens"].get<int>() + 1000);
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(ask().status, 429);
}

}  // namespace
}  // namespace weir::test
