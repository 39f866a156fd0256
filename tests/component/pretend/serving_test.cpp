// Pretend providers over real sockets.
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "component/pretend/pretend_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using pretend::Manner;

using pretend::kManners;

std::string error_code(const RawAnswer& answer) {
  return json::parse(answer.body)["error"].value("code", "");
}

TEST(Serving, AnswersWholeAndStreamedInEveryManner) {
  for (const Manner manner : kManners) {
    RunningPretend pretend(instant_spec(manner));
    const RawAnswer whole = pretend.ask(chat());
    EXPECT_EQ(whole.status, 200);
    EXPECT_EQ(json::parse(whole.body)["object"], "chat.completion");
    const RawAnswer stream = pretend.ask(chat(R"(,"stream":true)"));
    EXPECT_EQ(stream.status, 200);
    EXPECT_EQ(stream.field("content-type"), "text/event-stream");
    EXPECT_TRUE(stream.whole);
    EXPECT_TRUE(stream.body.ends_with("data: [DONE]\n\n")) << stream.body;
    EXPECT_EQ(pretend.providers().counts(0).served, 2U);
  }
}

TEST(Serving, ListsItsModels) {
  RunningPretend pretend(instant_spec(Manner::plain));
  const RawAnswer answer = pretend.ask("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body)["data"][0]["id"], "m:free");
}

TEST(Serving, ChecksTheKey) {
  pretend::ProviderSpec spec = instant_spec(Manner::groq);
  spec.api_key = "secret";
  RunningPretend pretend(spec);
  EXPECT_EQ(pretend.ask(chat()).status, 401);
  EXPECT_EQ(pretend.ask(chat("", "Authorization: Bearer wrong\r\n")).status, 401);
  EXPECT_EQ(pretend.ask(chat("", "Authorization: Bearer secret\r\n")).status, 200);
  EXPECT_EQ(pretend.providers().counts(0).failed, 2U);
}

TEST(Serving, RefusesWhatItDoesNotKnow) {
  RunningPretend pretend(instant_spec(Manner::plain));
  EXPECT_EQ(pretend.ask(post_chat("{")).status, 400);
  const RawAnswer unknown =
      pretend.ask(post_chat(R"({"model":"x","messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(error_code(unknown), "model_not_found");
  EXPECT_EQ(pretend.ask("GET /v1/other HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404);
  EXPECT_EQ(pretend.providers().counts(0).failed, 3U);
  EXPECT_EQ(pretend.providers().counts(0).refused, 0U);
}

TEST(Serving, CountsWhatItRefuses) {
  for (const Manner manner : kManners) {
    RunningPretend pretend(instant_spec(manner, {.requests_per_minute = 1}));
    EXPECT_EQ(pretend.ask(chat()).status, 200);
    EXPECT_EQ(pretend.ask(chat()).status, 429);
    EXPECT_EQ(pretend.providers().counts(0).served, 1U);
    EXPECT_EQ(pretend.providers().counts(0).refused, 1U);
    pretend.advance(60s);
    EXPECT_EQ(pretend.ask(chat()).status, 200);
  }
}

TEST(Serving, ACustomerWhoLeavesFreesItsPlace) {
  pretend::ProviderSpec spec = instant_spec(Manner::plain, {.concurrency = 1});
  spec.word_delay = 1h;  // of a clock that stands still
  RunningPretend pretend(spec);
  {
    RawClient client = pretend.connect();
    client.send(chat(R"(,"stream":true)"));
    ASSERT_TRUE(becomes_true([&] { return pretend.providers().counts(0).served == 1; }));
    EXPECT_EQ(pretend.ask(chat()).status, 429);
  }
  // The next in line is let in and waits for its words; until then it would be refused.
  const auto let_in = [&] {
    RawClient next = pretend.connect();
    next.send(chat(R"(,"stream":true)"));
    return becomes_true([&] { return next.has_input(); }) && pretend.providers().counts(0).served >= 2;
  };
  EXPECT_TRUE(becomes_true(let_in));
}

TEST(Serving, WordsComeWithTheClock) {
  pretend::ProviderSpec spec = instant_spec(Manner::plain);
  spec.word_delay = 10s;
  spec.words = 12;
  RunningPretend pretend(spec);
  RawClient client = pretend.connect();
  client.send(chat());
  ASSERT_TRUE(becomes_true([&] { return pretend.providers().counts(0).served == 1; }));
  EXPECT_FALSE(client.has_input());
  pretend.advance(10s * 20);
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(Serving, SeveralProvidersCountApart) {
  RunningPretend pretend(
      std::vector{instant_spec(Manner::plain, {.requests_per_minute = 1}), instant_spec(Manner::groq)});
  EXPECT_EQ(pretend.ask(chat(), 0).status, 200);
  EXPECT_EQ(pretend.ask(chat(), 0).status, 429);
  EXPECT_EQ(pretend.ask(chat(), 1).status, 200);
  EXPECT_EQ(pretend.providers().counts(1).served, 1U);
  EXPECT_EQ(pretend.providers().base_url(1),
            "http://127.0.0.1:" + std::to_string(pretend.providers().port(1)) + "/openai/v1");
}

}  // namespace
}  // namespace weir::test
