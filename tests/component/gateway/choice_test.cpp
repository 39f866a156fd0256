#include <gmock/gmock.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "component/gateway/gateway_fixture.hpp"

namespace weir::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr std::string_view kWithTools =
    R"({"model":"smart","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function"}]})";
constexpr std::string_view kWithImage =
    R"({"model":"smart","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]})";
constexpr std::string_view kWithSchema =
    R"({"model":"smart","messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema"}})";

std::string with_max_tokens(int tokens) {
  return R"({"model":"smart","messages":[{"role":"user","content":"hi"}],"max_tokens":)" +
         std::to_string(tokens) + "}";
}

// Two providers in order; what their models are is the test's to say.
class Choice : public GatewayTest {
 protected:
  template <class First, class Second>
  void start_two(First first, Second second) {
    gateway::Settings settings =
        settings_for({provider_at("first", first_.port()), provider_at("second", second_.port())});
    first(settings.providers[0].models[0]);
    second(settings.providers[1].models[0]);
    settings.routing.no_training = no_training_;
    start_with(std::move(settings));
  }
  static json error_of(const RawAnswer& answer) { return json::parse(answer.body)["error"]; }
  [[nodiscard]] std::size_t requests() { return first_.requests() + second_.requests(); }

  bool no_training_ = false;
  RawProvider first_{serves()};
  RawProvider second_{serves()};
};

void can(providers::Model& model, providers::Capabilities capabilities) {
  model.capabilities = capabilities;
  model.capabilities_known = true;
}
constexpr auto kNothing = [](providers::Model& model) { can(model, 0); };
constexpr auto kAnything = [](providers::Model&) {};
constexpr auto kTrains = [](providers::Model& model) { model.training = providers::Training::yes; };

TEST_F(Choice, AModelThatLacksWhatTheRequestUsesIsNotAsked) {
  start_two(kNothing, kAnything);
  for (const std::string_view body : {kWithTools, kWithImage, kWithSchema})
    EXPECT_EQ(chat(body).field("x-weir-served-by"), "second/m");
  EXPECT_EQ(ask().field("x-weir-served-by"), "first/m");
  const RawAnswer json_mode = chat(
      R"({"model":"smart","messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_object"}})");
  EXPECT_EQ(json_mode.field("x-weir-served-by"), "first/m");
}

TEST_F(Choice, WhereNoModelHasItTheClientIsToldWhichFieldAsksForIt) {
  start_two(kNothing, kNothing);
  const RawAnswer answer = chat(kWithImage);
  EXPECT_EQ(answer.status, 400);
  const json error = error_of(answer);
  EXPECT_EQ(error["type"], "invalid_request_error");
  EXPECT_EQ(error["param"], "messages");
  EXPECT_EQ(error["message"], "no target of \"smart\" takes images or audio");
  EXPECT_THAT(error["weir"]["attempts"].dump(), HasSubstr("no images"));
  EXPECT_EQ(error_of(chat(kWithTools))["param"], "tools");
  EXPECT_EQ(error_of(chat(kWithSchema))["param"], "response_format");
  EXPECT_EQ(requests(), 0U);
}

TEST_F(Choice, ARequestGoesWhereItsContextIsLargeEnough) {
  start_two([](providers::Model& model) { model.context = 100; },
            [](providers::Model& model) { model.context = 8192; });
  EXPECT_EQ(chat(with_max_tokens(50)).field("x-weir-served-by"), "first/m");
  EXPECT_EQ(chat(with_max_tokens(500)).field("x-weir-served-by"), "second/m");
  const RawAnswer answer = chat(with_max_tokens(9000));
  EXPECT_EQ(answer.status, 400);
  const json error = error_of(answer);
  EXPECT_EQ(error["type"], "invalid_request_error");
  EXPECT_EQ(error["code"], "context_length_exceeded");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("8192"));
  EXPECT_THAT(error["message"].get<std::string>(), ::testing::ContainsRegex("about 90[0-9][0-9] tokens"));
  EXPECT_EQ(answer.field("x-should-retry"), "false");
  EXPECT_EQ(requests(), 2U);
}

TEST_F(Choice, NoRequestIsSpentWhereATokenWindowCanNeverHoldThePrompt) {
  start(
      {provider_at("first", first_.port(), {tokens_per_minute(100)}), provider_at("second", second_.port())});
  EXPECT_EQ(chat(with_max_tokens(500)).field("x-weir-served-by"), "second/m");
  const RawAnswer pinned = chat(with_max_tokens(500), "x-weir-provider: first\r\n");
  EXPECT_EQ(pinned.status, 400);
  EXPECT_EQ(error_of(pinned)["code"], "context_length_exceeded");
  EXPECT_EQ(first_.requests(), 0U);
}

TEST_F(Choice, NoTrainingNeverGoesWherePromptsAreTrainedOn) {
  no_training_ = true;
  start_two(kTrains, kAnything);
  EXPECT_EQ(ask().field("x-weir-served-by"), "second/m");
  // A client can't loosen it.
  const RawAnswer asked = chat(R"({"model":"first/m","messages":[{"role":"user","content":"hi"}]})",
                               "x-weir-no-training: false\r\n");
  EXPECT_EQ(asked.status, 400);
  EXPECT_THAT(error_of(asked)["message"].get<std::string>(), HasSubstr("trains on prompts"));
  EXPECT_EQ(first_.requests(), 0U);
}

TEST_F(Choice, AClientMayAskForNoTraining) {
  start_two(kTrains, kAnything);
  for (const std::string_view value : {"true", "1", "yes"})
    EXPECT_EQ(chat(with_max_tokens(9), "x-weir-no-training: " + std::string(value) + "\r\n")
                  .field("x-weir-served-by"),
              "second/m");
  for (const std::string_view value : {"false", "0"})
    EXPECT_EQ(chat(with_max_tokens(9), "x-weir-no-training: " + std::string(value) + "\r\n")
                  .field("x-weir-served-by"),
              "first/m");
}

TEST_F(Choice, EvenAFailureDoesNotLeadToWhatTheRequestForbids) {
  RawProvider fails(answers(401, "{}"));
  gateway::Settings settings =
      settings_for({provider_at("first", fails.port()), provider_at("second", second_.port())});
  settings.providers[1].models[0].training = providers::Training::yes;
  start_with(std::move(settings));
  EXPECT_EQ(chat(with_max_tokens(9), "x-weir-no-training: true\r\n").status, 502);
  EXPECT_EQ(fails.requests(), 1U);
  EXPECT_EQ(second_.requests(), 0U);
}

TEST_F(Choice, APinKeepsToOneProviderOfTheRoute) {
  start_two(kAnything, kAnything);
  EXPECT_EQ(chat(with_max_tokens(9), "x-weir-provider: second\r\n").field("x-weir-served-by"), "second/m");
  const RawAnswer unknown = chat(with_max_tokens(9), "x-weir-provider: secnod\r\n");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(error_of(unknown)["type"], "invalid_request_error");
  EXPECT_EQ(error_of(unknown)["param"], "x-weir-provider");
  EXPECT_THAT(error_of(unknown)["message"].get<std::string>(), HasSubstr("did you mean \"second\"?"));
  const RawAnswer elsewhere = chat(R"({"model":"first/m","messages":[{"role":"user","content":"hi"}]})",
                                   "x-weir-provider: second\r\n");
  EXPECT_EQ(elsewhere.status, 400);
  EXPECT_EQ(error_of(elsewhere)["param"], "x-weir-provider");
  EXPECT_EQ(requests(), 1U);
}

TEST_F(Choice, WhatTheClientTellsWeirStaysHere) {
  std::string seen;
  RawProvider watched([&seen](RawConnection& peer) {
    const auto request = peer.read_request();
    if (!request) return;
    seen = request->head;
    peer.send(RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\n"));
  });
  start({provider_at("first", watched.port())});
  const RawAnswer answer = chat(with_max_tokens(9),
                                "x-weir-provider: first\r\nx-weir-no-training: true\r\nx-weir-priority: "
                                "batch\r\nx-weir-timeout-ms: 5000\r\n");
  EXPECT_EQ(answer.status, 200);
  stop();
  EXPECT_THAT(seen, ::testing::Not(HasSubstr("x-weir")));
}

}  // namespace
}  // namespace weir::test
