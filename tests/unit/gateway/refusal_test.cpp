#include "gateway/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/fake_clock.hpp"
#include "support/providers.hpp"
#include "weir/base/log.hpp"

namespace weir::gateway {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

// Skips of as many targets as are asked for, of one route "smart".
struct Fixture {
  Fixture() : model(test::make_model("flash")), route{.name = "smart", .candidates = {}} {
    for (const char* name : {"gemini", "groq", "mistral"}) providers.push_back(test::make_provider(name, {}));
    for (const auto& provider : providers)
      targets.push_back({.provider = &provider, .model = &model, .key = &provider.keys[0], .pool = {}});
  }
  routing::Skip skip(std::size_t target, std::string reason, Duration in) {
    return {.target = &targets[target], .reason = std::move(reason), .available_at = clock.now().boot + in};
  }
  Refusal refuse(std::vector<routing::Skip> skips) { return no_room(route, {std::move(skips)}, clock.now()); }

  test::FakeClock clock;  // stands at 2026-11-24T00:00:00Z
  providers::Model model;
  std::vector<providers::Provider> providers;
  std::vector<routing::Target> targets;
  routing::Route route;
};

http::Fields fields_of(const Refusal& refusal) {
  http::Fields fields;
  write_fields(refusal, fields);
  return fields;
}

TEST(Refusal, TellsTheFirstTargetThatIsBackAndWhen) {
  Fixture f;
  const Refusal refusal =
      f.refuse({f.skip(1, "rpd", 9h), f.skip(0, "rpd", 5h + 21min), f.skip(2, "tpd", 20h)});
  EXPECT_EQ(refusal.error.message,
            "all 3 targets of \"smart\" are out of quota; the first is back at 2026-11-24T05:21:00Z (gemini, "
            "in 5h 21m)");
}

// What fails is no matter of quota, and there is a moment from which a retry has a chance.
TEST(Refusal, OfTargetsThatFailIsA502WithTheMomentOfTheNextTry) {
  Fixture f;
  const Refusal refusal = f.refuse({f.skip(0, "failing", 90s), f.skip(1, "failing", 12'345ms)});
  EXPECT_EQ(status_of(refusal), 502);
  EXPECT_EQ(refusal.error.message,
            "all 2 targets of \"smart\" are failing again and again; the first is tried again at "
            "2026-11-24T00:00:13Z (groq, in 13s)");
  const http::Fields fields = fields_of(refusal);
  EXPECT_EQ(fields.get("retry-after"), "13");
  EXPECT_FALSE(fields.find("x-should-retry"));
  EXPECT_EQ(fields_of(f.refuse({f.skip(0, "failing", 10min)})).get("x-should-retry"), "false");
}

TEST(Refusal, WhereSomeFailAndOthersHaveNoQuotaSaysBoth) {
  Fixture f;
  const Refusal quota_first = f.refuse({f.skip(0, "failing", 50s), f.skip(1, "rpm", 20s)});
  EXPECT_EQ(status_of(quota_first), 429);
  EXPECT_THAT(quota_first.error.message, HasSubstr("are out of quota or failing; the first is back at"));
  const Refusal probe_first = f.refuse({f.skip(0, "failing", 5s), f.skip(1, "rpd", 9h)});
  EXPECT_EQ(status_of(probe_first), 429);
  EXPECT_THAT(probe_first.error.message, HasSubstr("the first is tried again at"));
}

TEST(Refusal, OfTargetsThatAreOverloadedSaysNothingOfQuota) {
  Fixture f;
  const Refusal soon = f.refuse({f.skip(0, "capacity", 10s)});
  EXPECT_EQ(soon.error.kind, ErrorKind::rate_limited);
  EXPECT_THAT(soon.error.message, HasSubstr("the only target of \"smart\" is overloaded; it is back at"));
  const Refusal later = f.refuse({f.skip(0, "capacity", 90s), f.skip(1, "failing", 95s)});
  EXPECT_EQ(status_of(later), 502);
  EXPECT_THAT(later.error.message, HasSubstr("are overloaded or failing; the first is back at"));
  EXPECT_EQ(fields_of(later).get("x-should-retry"), "false");
  EXPECT_EQ(fields_of(later).get("retry-after"), "90");
  EXPECT_EQ(f.refuse({f.skip(0, "capacity", 90s), f.skip(1, "rpd", 9h)}).error.kind,
            ErrorKind::quota_exhausted);
}

TEST(Refusal, WhatARuleOfOursKeepsIsToldAsThat) {
  Fixture f;
  routing::Skip kept = f.skip(0, "rpd", 9h);
  kept.held_by = routing::HeldBy::day_rule;
  const Refusal refusal = f.refuse({kept});
  EXPECT_EQ(refusal.error.kind, ErrorKind::quota_exhausted);
  EXPECT_THAT(refusal.error.message,
              HasSubstr("is kept for other requests by routing.reserve or routing.spread; it is back at"));
}

TEST(Refusal, AClientsOwnLimitThatNoWaitEndsIsNotTheProviders) {
  Fixture f;
  routing::Skip spent = f.skip(0, "requests credit", 0s);
  spent.available_at = BootTime::max();
  spent.held_by = routing::HeldBy::client;
  const Refusal refusal = f.refuse({spent});
  EXPECT_EQ(refusal.error.kind, ErrorKind::quota_exhausted);
  EXPECT_EQ(refusal.error.message,
            "the client key's own limits don't allow this request, and waiting won't change that");
}

TEST(Refusal, AShortWaitIsA429ThatSdksWaitFor) {
  Fixture f;
  const Refusal refusal = f.refuse({f.skip(0, "rpm", 12'345ms)});
  EXPECT_EQ(status_of(refusal), 429);
  const http::Fields fields = fields_of(refusal);
  EXPECT_EQ(fields.get("retry-after-ms"), "12345");
  EXPECT_EQ(fields.get("retry-after"), "13");
  EXPECT_FALSE(fields.find("x-should-retry"));
  const auto body = nlohmann::json::parse(body_of(refusal, {}));
  EXPECT_EQ(body["error"]["type"], "rate_limit_error");
  EXPECT_EQ(body["error"]["code"], "rate_limit_exceeded");
}

// A window of a minute that has just been filled is held for 50 ms more.
TEST(Refusal, AWholeMinuteAndItsCareIsAShortWait) {
  Fixture f;
  EXPECT_EQ(f.refuse({f.skip(0, "rpm", 60'050ms)}).error.kind, ErrorKind::rate_limited);
  EXPECT_EQ(f.refuse({f.skip(0, "rpm", 62s)}).error.kind, ErrorKind::quota_exhausted);
}

// openai 4 and the AI SDK believe less than a minute, openai 7 no more than one, LangChain the seconds up to
// sixty.
TEST(Refusal, AShortWaitIsToldAsLessThanAMinuteWhichIsWhatSdksBelieve) {
  Fixture f;
  for (const auto wait : {60'000ms, 60'050ms, 61'000ms}) {
    const http::Fields fields = fields_of(f.refuse({f.skip(0, "rpm", wait)}));
    EXPECT_EQ(fields.get("retry-after-ms"), "59999");
    EXPECT_EQ(fields.get("retry-after"), "60");
  }
  EXPECT_EQ(fields_of(f.refuse({f.skip(0, "rpm", 59'998ms)})).get("retry-after-ms"), "59998");
}

TEST(Refusal, ALongWaitTellsSdksNotToRetry) {
  Fixture f;
  const Refusal refusal = f.refuse({f.skip(0, "rpd", 8h)});
  EXPECT_EQ(status_of(refusal), 429);
  const http::Fields fields = fields_of(refusal);
  EXPECT_EQ(fields.get("x-should-retry"), "false");
  EXPECT_EQ(fields.get("retry-after"), "28800");
  EXPECT_FALSE(fields.find("retry-after-ms"));
  EXPECT_EQ(nlohmann::json::parse(body_of(refusal, {}))["error"]["code"], "insufficient_quota");
}

TEST(Refusal, TheDeadlineIsToldAsItWasSet) {
  EXPECT_THAT(deadline_spent(2100ms).error.message, HasSubstr("within the deadline of 2s100ms"));
  EXPECT_THAT(deadline_spent(120s).error.message, HasSubstr("within the deadline of 2m"));
}

TEST(Refusal, WhereWaitingDoesNotHelpNoTimeIsInvented) {
  Fixture f;
  routing::Skip never = f.skip(0, "rpd", 0s);
  never.available_at = BootTime::max();
  const Refusal refusal = f.refuse({never});
  EXPECT_FALSE(refusal.retry_after);
  EXPECT_EQ(fields_of(refusal).get("x-should-retry"), "false");
}

TEST(Refusal, ARequestThatNoWindowCanHoldIsTheClientsToShorten) {
  Fixture f;
  routing::Skip large = f.skip(0, "tpm", 0s);
  large.available_at = BootTime::max();
  large.too_large = true;
  const Refusal refusal = f.refuse({large});
  EXPECT_EQ(status_of(refusal), 400);
  EXPECT_EQ(nlohmann::json::parse(body_of(refusal, {}))["error"]["code"], "context_length_exceeded");
}

// Of a fixture's target, that can't serve the request.
routing::Skip unfit(Fixture& f, std::size_t target, routing::Unfit reason, std::string words) {
  routing::Skip skip = f.skip(target, std::move(words), 0s);
  skip.available_at = BootTime::max();
  skip.unfit = reason;
  return skip;
}

TEST(Refusal, WhereNoTargetCanServeTheRequestSaysWhatTheyLackAndWhichFieldAsksForIt) {
  struct Case {
    routing::Unfit reason;
    std::string_view param;
    std::string_view message;
  };
  const Case cases[] = {
      {routing::Unfit::tools, "tools", "no target of \"smart\" takes tools"},
      {routing::Unfit::images, "messages", "no target of \"smart\" takes images or audio"},
      {routing::Unfit::json_schema, "response_format", "no target of \"smart\" takes a JSON schema"},
      {routing::Unfit::other_provider, "x-weir-provider",
       "no target of \"smart\" is at the provider that x-weir-provider names"},
      {routing::Unfit::training, "model",
       "every target of \"smart\" trains on prompts, which routing.no_training or x-weir-no-training "
       "forbids"},
  };
  for (const Case& one : cases) {
    Fixture f;
    const Refusal refusal = f.refuse({unfit(f, 0, one.reason, "x"), unfit(f, 1, one.reason, "x")});
    EXPECT_EQ(status_of(refusal), 400);
    EXPECT_EQ(refusal.error.message, one.message);
    EXPECT_EQ(refusal.param, one.param);
    EXPECT_EQ(fields_of(refusal).get("x-should-retry"), "false");
    EXPECT_EQ(refusal.notes.size(), 2U);
  }
}

TEST(Refusal, TargetsThatLackDifferentThingsAreToldOneByOne) {
  Fixture f;
  const Refusal refusal = f.refuse({unfit(f, 0, routing::Unfit::training, "trains on prompts"),
                                    unfit(f, 1, routing::Unfit::tools, "no tools")});
  EXPECT_EQ(refusal.error.message,
            "no target of \"smart\" can serve this request: gemini/flash: trains on prompts; groq/flash: no "
            "tools");
  EXPECT_EQ(refusal.param, "tools");
}

TEST(Refusal, APromptTooLongForEveryTargetIsToldInNumbers) {
  Fixture f;
  f.model.context = 8192;
  routing::Skip skip = unfit(f, 0, routing::Unfit::context, "context 8192 < 9000");
  skip.needed = 9000;
  const Refusal refusal = f.refuse({skip, unfit(f, 1, routing::Unfit::tools, "no tools")});
  EXPECT_EQ(refusal.error.kind, ErrorKind::context_length_exceeded);
  EXPECT_THAT(refusal.error.message, HasSubstr("9000 tokens"));
  EXPECT_THAT(refusal.error.message, HasSubstr("is 8192;"));
  EXPECT_EQ(refusal.param, "messages");
}

TEST(Refusal, WhereNothingIsFreeSaysHowToSpendMoney) {
  Fixture f;
  const Refusal refusal = f.refuse({unfit(f, 0, routing::Unfit::costs, "paid")});
  EXPECT_EQ(status_of(refusal), 404);
  EXPECT_EQ(refusal.error.message,
            "every target of \"smart\" costs money; ask for \"gemini/flash\" by its name, or set "
            "routing.allow_paid: true");
}

TEST(Refusal, SaysNothingOfWhatCostsWhereSomethingFreeWillBeBack) {
  Fixture f;
  const Refusal refusal = f.refuse({f.skip(1, "rpm", 30s), unfit(f, 0, routing::Unfit::costs, "paid")});
  EXPECT_THAT(refusal.error.message, HasSubstr("the only target of \"smart\" is out of quota; it is back"));
  EXPECT_EQ(refusal.notes.size(), 1U);
}

TEST(Refusal, CountsOnlyTargetsThatCanServeTheRequest) {
  Fixture f;
  const Refusal refusal = f.refuse({unfit(f, 0, routing::Unfit::tools, "no tools"), f.skip(1, "rpm", 30s)});
  EXPECT_THAT(
      refusal.error.message,
      HasSubstr("the only target of \"smart\" that can serve this request is out of quota; it is back"));
  routing::Skip large = f.skip(1, "tpm", 0s);
  large.available_at = BootTime::max();
  large.too_large = true;
  EXPECT_EQ(f.refuse({unfit(f, 0, routing::Unfit::tools, "no tools"), large}).error.kind,
            ErrorKind::context_length_exceeded);
}

TEST(Refusal, EverySkippedTargetStandsInTheBodyWithItsReason) {
  Fixture f;
  const Refusal refusal = f.refuse({f.skip(1, "rpm", 30s), f.skip(0, "tpd", 9h)});
  const auto attempts = nlohmann::json::parse(body_of(refusal, {}))["error"]["weir"]["attempts"];
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_THAT(attempts.dump(), HasSubstr("groq/flash"));
  EXPECT_THAT(attempts.dump(), HasSubstr("2026-11-24T09:00:00Z"));
}

TEST(Refusal, AllFailedSaysHowEachFailedAndIsNotWorthRetrying) {
  Fixture f;
  const std::vector<telemetry::AttemptRecord> attempts{
      {.target = "groq/m", .key = "main", .outcome = "500", .took = 210ms},
      {.target = "gemini/m", .key = "main", .outcome = "connect_failed", .took = 3ms}};
  const Refusal refusal = all_failed(f.route, attempts, std::nullopt);
  EXPECT_EQ(status_of(refusal), 502);
  EXPECT_THAT(refusal.error.message, HasSubstr("groq/m#main=500(210ms); gemini/m#main=connect_failed(3ms)"));
  EXPECT_EQ(fields_of(refusal).get("x-should-retry"), "false");
  EXPECT_EQ(status_of(all_failed(f.route, attempts, routing::Point::timed_out)), 504);
}

TEST(Refusal, OwnShortageIsSaidToBeOurs) {
  Fixture f;
  const std::vector<telemetry::AttemptRecord> attempts{{.target = "groq/m", .outcome = "own_shortage"}};
  const Refusal refusal = all_failed(f.route, attempts, routing::Point::own_shortage);
  EXPECT_EQ(status_of(refusal), 503);
  EXPECT_EQ(traits(refusal.error.kind).code, "overloaded");
  EXPECT_EQ(fields_of(refusal).get("retry-after"), "1");
  EXPECT_EQ(fields_of(refusal).get("x-should-retry"), "");
}

TEST(Refusal, AKeyThatAProviderQuotedNeverReachesTheClient) {
  log::hide(Secret("sk-planted-12345"));
  const Refusal refusal{.error = {ErrorKind::invalid_request, "bad key sk-planted-12345 given"}};
  EXPECT_THAT(body_of(refusal, {}), ::testing::Not(HasSubstr("sk-planted-12345")));
}

}  // namespace
}  // namespace weir::gateway
