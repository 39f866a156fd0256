#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "unit/admin/admin_fixture.hpp"

namespace weir::admin {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST_F(Admin, QuotaIsTheAccountsAndEachModelsOwn) {
  auto taken = pool(0).reserve({.requests = 1, .tokens = 40}, clock_.now());
  std::get<quota::Reservation>(taken).send(clock_.now());
  auto held = pool(0).reserve({.requests = 1, .tokens = 7}, clock_.now());
  const json all = report();
  ASSERT_EQ(all["accounts"].size(), 3U);
  const json& account = all["accounts"][0];
  EXPECT_EQ(account["provider"], "p");
  EXPECT_EQ(account["keys"], (json{"main", "second"}));
  ASSERT_EQ(account["windows"].size(), 1U);  // once, though two models are counted by it
  EXPECT_EQ(account["windows"][0]["window"], "rpd");
  EXPECT_EQ(account["windows"][0]["used"], 1);
  EXPECT_EQ(account["windows"][0]["reserved"], 1);
  EXPECT_EQ(account["windows"][0]["left"], 48);
  ASSERT_EQ(account["models"].size(), 2U);
  const json& tokens = account["models"][0]["windows"][1];
  EXPECT_EQ(tokens["window"], "tpm");
  EXPECT_EQ(tokens["used"], 40);
  EXPECT_EQ(tokens["reserved"], 7);
  EXPECT_EQ(tokens["left"], 953);
  EXPECT_EQ(tokens["source"], "config");
  EXPECT_NEAR(tokens["reset_in_s"].get<double>(), 60, 0.1);
}

TEST_F(Admin, QuotaHasWhatClientKeysMayUseThemselves) {
  EXPECT_EQ(report()["clients"], json::array());
  const std::vector limits{requests_per_day(20)};
  const quota::Pool laptop = ledger_.bind("client key laptop", "", limits, {}, {});
  clients_ = {{.name = "laptop", .pool = &laptop}};
  auto taken = laptop.reserve({}, clock_.now());
  std::get<quota::Reservation>(taken).send(clock_.now());
  const json clients = report()["clients"];
  ASSERT_EQ(clients.size(), 1U);
  EXPECT_EQ(clients[0]["client"], "laptop");
  ASSERT_EQ(clients[0]["windows"].size(), 1U);
  EXPECT_EQ(clients[0]["windows"][0]["window"], "rpd");
  EXPECT_EQ(clients[0]["windows"][0]["used"], 1);
  EXPECT_EQ(clients[0]["windows"][0]["left"], 19);
}

TEST_F(Admin, WhatNobodyKnowsIsNull) {
  const json untold = report()["accounts"][0]["models"][1]["windows"][0];
  EXPECT_EQ(untold["window"], "rpm");
  EXPECT_TRUE(untold["limit"].is_null());
  EXPECT_TRUE(untold["left"].is_null());
  EXPECT_TRUE(untold["source"].is_null());
  EXPECT_EQ(untold["used"], 0);
}

TEST_F(Admin, StatesThatNoWaitEndsComeWithTheirRemedy) {
  pool(0).cool_down_model({quota::CooldownCause::not_on_plan, BootTime::max()}, clock_.now());
  pool(1).cool_down_model({quota::CooldownCause::capacity, clock_.now().boot + std::chrono::seconds(5)},
                          clock_.now());
  const json models = report()["accounts"][0]["models"];
  EXPECT_EQ(models[0]["blocked"][0]["cause"], "not_on_plan");
  EXPECT_TRUE(models[0]["blocked"][0]["until"].is_null());
  EXPECT_TRUE(models[0]["blocked"][0]["remedy"].is_string());
  EXPECT_EQ(models[1]["blocked"][0]["until_in_s"], 5);
  EXPECT_TRUE(models[1]["blocked"][0]["remedy"].is_null());
}

TEST_F(Admin, ABlockIsShownForTheKeyThatItIsOf) {
  pool(2).cool_down_key({quota::CooldownCause::auth, BootTime::max()}, clock_.now());
  const json account = report()["accounts"][0];
  for (const json& model : account["models"]) {
    ASSERT_EQ(model["blocked"].size(), 1U) << account;
    EXPECT_EQ(model["blocked"][0]["key"], "second");
    EXPECT_EQ(model["blocked"][0]["cause"], "auth");
  }
}

// Else the second key's turn would correct what is the fullest by then.
TEST_F(Admin, OneAccountIsCorrectedOnceHoweverManyKeysItHas) {
  EXPECT_TRUE(ask("PUT", "/admin/v1/quota/p/main/vendor%2Fm", R"({"rpm": 3})").json);
  EXPECT_TRUE(ask("PUT", "/admin/v1/quota/p/*/vendor%2Fm", R"({"rpm": 5})").json);
  EXPECT_EQ(report()["accounts"][0]["models"][0]["windows"][0]["used"], 5);
}

TEST_F(Admin, WhatHasBeenUsedCanBeSaid) {
  EXPECT_TRUE(ask("PUT", "/admin/v1/quota/p/main/vendor%2Fm", R"({"rpm": 10})").json);
  EXPECT_FALSE(has_room(0));
  EXPECT_TRUE(ask("PUT", "/admin/v1/quota/p/main/vendor/m", R"({"rpm": 0, "rpd": 50})").json);
  EXPECT_FALSE(has_room(0));
  EXPECT_TRUE(ask("PUT", "/admin/v1/quota/p/*/n", R"({"rpd": 49})").json);
  EXPECT_TRUE(has_room(0));
}

TEST_F(Admin, NothingIsCorrectedWhereOneWindowIsUnknown) {
  const auto answer = ask("PUT", "/admin/v1/quota/p/main/vendor%2Fm", R"({"rpm": 10, "tph": 5})");
  EXPECT_EQ(kind_of(answer), ErrorKind::model_not_found);
  EXPECT_EQ(answer.json.error().message, "there is no window \"tph\" here; there are: rpd, rpm, tpm");
  EXPECT_EQ(kind_of(ask("PUT", "/admin/v1/quota/p/main/vendor%2Fm", R"({"rpd, rpm": 10})")),
            ErrorKind::model_not_found);
  EXPECT_TRUE(has_room(0));
}

TEST_F(Admin, SeveralAccountsAreNeverCorrectedAtOnce) {
  const auto answer = ask("PUT", "/admin/v1/quota/q/*/m", R"({"rpd": 5})");
  EXPECT_EQ(kind_of(answer), ErrorKind::invalid_request);
  EXPECT_EQ(report()["accounts"][1]["windows"][0]["used"], 0);
  EXPECT_TRUE(ask("PUT", "/admin/v1/quota/q/second/m", R"({"rpd": 5})").json);
  EXPECT_EQ(report()["accounts"][1]["windows"][0]["used"], 0);
  EXPECT_EQ(report()["accounts"][2]["windows"][0]["used"], 5);
}

TEST_F(Admin, BodiesThatAreNoCountsAreRefused) {
  for (const std::string body : {"", "{", "[]", "{}", R"({"rpm":-1})", R"({"rpm":1.5})", R"({"rpm":"1"})"})
    EXPECT_EQ(kind_of(ask("PUT", "/admin/v1/quota/p/main/n", body)), ErrorKind::invalid_request) << body;
}

TEST_F(Admin, AWindowIsCorrectedOnceInABody) {
  EXPECT_EQ(kind_of(ask("PUT", "/admin/v1/quota/p/main/n", R"({"rpd":1,"rpd":50})")),
            ErrorKind::invalid_request);
  EXPECT_TRUE(has_room(1));
}

TEST_F(Admin, AProviderIsForgottenWhole) {
  EXPECT_TRUE(ask("PUT", "/admin/v1/quota/p/main/vendor%2Fm", R"({"rpm": 10, "rpd": 50})").json);
  pool(1).cool_down_model({quota::CooldownCause::not_on_plan, BootTime::max()}, clock_.now());
  EXPECT_TRUE(ask("DELETE", "/admin/v1/quota/p/*/*").json);
  EXPECT_TRUE(has_room(0));
  EXPECT_TRUE(has_room(1));
}

TEST_F(Admin, CooldownsEndAndCountsStay) {
  EXPECT_TRUE(ask("PUT", "/admin/v1/quota/p/main/vendor%2Fm", R"({"rpm": 3})").json);
  for (const std::size_t target : {0U, 1U})
    pool(target).cool_down_model({quota::CooldownCause::not_on_plan, BootTime::max()}, clock_.now());
  EXPECT_TRUE(ask("DELETE", "/admin/v1/cooldowns/p/main?model=vendor%2Fm").json);
  EXPECT_TRUE(has_room(0));
  EXPECT_FALSE(has_room(1));
  EXPECT_EQ(report()["accounts"][0]["models"][0]["windows"][0]["used"], 3);
  EXPECT_TRUE(ask("DELETE", "/admin/v1/cooldowns/p/*").json);
  EXPECT_TRUE(has_room(1));
}

TEST_F(Admin, WhatIsNotThereIsNamed) {
  EXPECT_EQ(ask("PUT", "/admin/v1/quota/x/main/n", "{\"rpm\":1}").json.error().message,
            "no provider \"x\" is in use");
  EXPECT_EQ(ask("PUT", "/admin/v1/quota/p/x/n", "{\"rpm\":1}").json.error().message,
            "p has no key named \"x\"");
  EXPECT_EQ(ask("PUT", "/admin/v1/quota/p/main/x", "{\"rpm\":1}").json.error().message,
            "p has no model \"x\"");
  for (const std::string target : {"/admin/v1/other", "/admin/v1/quotas", "/admin/"})
    EXPECT_EQ(kind_of(ask("GET", target)), ErrorKind::unknown_url) << target;
}

TEST_F(Admin, NothingIsDoneForAPathThatSaysMoreThanItMay) {
  pool(0).cool_down_model({quota::CooldownCause::not_on_plan, BootTime::max()}, clock_.now());
  EXPECT_EQ(kind_of(ask("DELETE", "/admin/v1/cooldowns/p/main/n")), ErrorKind::model_not_found);
  EXPECT_FALSE(has_room(0));
  EXPECT_EQ(kind_of(ask("PATCH", "/admin/v1/keys/p/main/n", R"({"enabled": false})")),
            ErrorKind::model_not_found);
  EXPECT_FALSE(catalogue_.targets()[1].is_off());
}

TEST_F(Admin, OtherMethodsAreToldWhichWouldDo) {
  const auto answer = ask("POST", "/admin/v1/quota");
  EXPECT_EQ(kind_of(answer), ErrorKind::method_not_allowed);
  EXPECT_EQ(answer.allow, "GET, HEAD");
  EXPECT_EQ(ask("GET", "/admin/v1/quota/p/main/n").allow, "PUT, DELETE");
  EXPECT_EQ(ask("GET", "/admin/v1/cooldowns/p/main").allow, "DELETE");
}

TEST_F(Admin, WithoutAKeyOnlyThisMachineIsServed) {
  for (const std::string_view peer : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(ask("GET", "/admin/v1/quota", "", peer).json) << peer;
  for (const std::string_view peer : {"192.0.2.7", "::", "2001:db8::127.0.0.1", "", "1270.0.0.1"})
    EXPECT_EQ(kind_of(ask("GET", "/admin/v1/quota", "", peer)), ErrorKind::forbidden) << peer;
}

// A proxy on this machine makes everybody look local.
TEST_F(Admin, WithoutAKeyNobodyIsServedThroughAProxy) {
  for (const std::string_view field :
       {"x-forwarded-for", "x-real-ip", "x-forwarded-host", "forwarded", "via"}) {
    head_.fields = {};
    head_.fields.add(field, "192.0.2.7");
    EXPECT_EQ(kind_of(ask("GET", "/admin/v1/quota")), ErrorKind::forbidden) << field;
  }
}

TEST_F(Admin, APageThatMayUseTheModelsIsNotLetInHere) {
  head_.fields.add("host", "127.0.0.1:8484");
  head_.fields.add("origin", "https://app.example.com");
  EXPECT_EQ(kind_of(ask("GET", "/admin/v1/quota")), ErrorKind::forbidden);
  head_.fields = {};
  head_.fields.add("host", "127.0.0.1:8484");
  head_.fields.add("origin", "http://127.0.0.1:8484");
  EXPECT_TRUE(ask("GET", "/admin/v1/quota").json);
}

TEST_F(Admin, AKeyIsAskedForFromEverywhere) {
  api_.configure({.key = sha256("admin-key")}, clock_.now().wall);
  EXPECT_EQ(kind_of(ask("GET", "/admin/v1/quota")), ErrorKind::unauthorized);
  head_.fields.add("authorization", "Bearer client-key");
  EXPECT_EQ(kind_of(ask("GET", "/admin/v1/quota")), ErrorKind::unauthorized);
  EXPECT_EQ(kind_of(ask("GET", "/admin/v1/other")), ErrorKind::unauthorized);
  head_.fields = {};
  head_.fields.add("authorization", "Bearer admin-key");
  EXPECT_TRUE(ask("GET", "/admin/v1/quota", "", kElsewhere).json);
  api_.configure({}, clock_.now().wall);
  EXPECT_EQ(kind_of(ask("GET", "/admin/v1/quota", "", kElsewhere)), ErrorKind::forbidden);
}

TEST_F(Admin, ExplainsWhoWouldServeAndWhoNotAndWhy) {
  auto answer = ask("POST", "/admin/v1/explain", R"({"model":"p/vendor/m","tokens":400})");
  ASSERT_TRUE(answer.json);
  json said = json::parse(*answer.json);
  EXPECT_EQ(said["strategy"], "headroom");
  ASSERT_EQ(said["targets"].size(), 2U);
  EXPECT_EQ(said["targets"][0]["target"], "p/vendor/m");
  EXPECT_EQ(said["targets"][0]["has_room"], true);
  EXPECT_GT(said["targets"][0]["score"], 0);
  // Nothing was taken, however often one asks.
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(ask("POST", "/admin/v1/explain", R"({"model":"p/vendor/m"})").json);

  answer = ask("POST", "/admin/v1/explain", R"({"model":"p/vendor/m","tokens":2000})");
  said = json::parse(*answer.json);
  EXPECT_EQ(said["targets"][0]["has_room"], false);
  EXPECT_EQ(said["targets"][0]["why"], "tpm");
  EXPECT_EQ(said["targets"][0]["too_large"], true);
  EXPECT_TRUE(said["targets"][0]["available_at"].is_null());

  pool(0).cool_down_model({quota::CooldownCause::capacity, clock_.now().boot + std::chrono::minutes(1)},
                          clock_.now());
  answer = ask("POST", "/admin/v1/explain",
               R"({"request":{"model":"p/vendor/m","messages":[{"role":"user","content":"hi"}]}})");
  said = json::parse(*answer.json);
  EXPECT_EQ(said["targets"][0]["why"], "capacity");
  EXPECT_EQ(said["targets"][0]["available_at"], "2026-11-24T00:01:00Z");
  EXPECT_TRUE(said["targets"][0]["changes"].empty());
}

TEST_F(Admin, ExplainGoesByTheConfigurationInForce) {
  const auto first_target = [this](std::string_view question) {
    const auto answer = ask("POST", "/admin/v1/explain", std::string(question));
    return json::parse(*answer.json)["targets"][0];
  };
  routing_.fit_max_tokens = true;
  routing_.min_output = 10;
  EXPECT_EQ(first_target(R"({"model":"p/vendor/m","tokens":400,"max_tokens":80000})")["max_tokens"], 500);
  routing_.fit_max_tokens = false;
  EXPECT_EQ(first_target(R"({"model":"p/vendor/m","tokens":400,"max_tokens":80000})")["why"], "tpm");
  routing_.peak.emplace(std::chrono::hours(0), std::chrono::hours(1), TimeZone::utc());
  EXPECT_EQ(first_target(R"({"model":"p/vendor/m","priority":"batch"})")["why"], "peak hours");
  EXPECT_EQ(first_target(R"({"model":"p/vendor/m"})")["has_room"], true);
  EXPECT_EQ(kind_of(ask("POST", "/admin/v1/explain", R"({"model":"p/vendor/m","priority":"low"})")),
            ErrorKind::invalid_request);
}

// A hundred thousand brackets would be a hundred thousand frames, or a tree of gigabytes.
TEST_F(Admin, DeepBodiesAreRefusedWhereverTheDepthIs) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const std::string open = std::string(1'000'000, '[');
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
  for (const std::string& value : {deep, open, objects}) {
    for (const char* member : {"tools", "tokens", "else"}) {
      const std::string body = std::string(R"({"model":"p/n",")") + member + "\":" + value + "}";
      const auto answer = ask("POST", "/admin/v1/explain", body);
      EXPECT_EQ(kind_of(answer), ErrorKind::invalid_request) << member;
      EXPECT_THAT(answer.json.error().message, HasSubstr("64 levels"));
    }
    EXPECT_EQ(kind_of(ask("POST", "/admin/v1/explain", R"({"request":)" + value + "}")),
              ErrorKind::invalid_request);
    EXPECT_FALSE(ask("POST", "/admin/v1/explain", value).json);
    EXPECT_FALSE(ask("PUT", "/admin/v1/quota/p/main/n", R"({"rpd":)" + value + "}").json);
    EXPECT_FALSE(ask("PUT", "/admin/v1/quota/p/main/n", value).json);
  }
}

// As a request would be.
TEST_F(Admin, ExplainReckonsWithTheConfiguredQuantile) {
  const auto prompt_tokens = [this] {
    const auto answer = ask("POST", "/admin/v1/explain",
                            R"({"request":{"model":"p/n","messages":[{"role":"user","content":"hello"}]}})");
    return json::parse(answer.json.value())["targets"][0]["prompt_tokens"].get<int>();
  };
  const int usually = prompt_tokens();
  quantile_ = 0.99;
  EXPECT_GT(prompt_tokens(), usually);
}

TEST_F(Admin, LargeBodiesAreRefusedWithWhatToSendInstead) {
  const std::string content(1'100'000, 'x');
  const std::string request =
      R"({"request":{"model":"p/n","messages":[{"role":"user","content":")" + content + R"("}]}})";
  auto answer = ask("POST", "/admin/v1/explain", request);
  EXPECT_EQ(kind_of(answer), ErrorKind::request_too_large);
  EXPECT_THAT(answer.json.error().message, HasSubstr(R"("tokens": 1200)"));
  answer = ask("PUT", "/admin/v1/quota/p/main/n", std::string(17'000, ' ') + R"({"rpd":1})");
  EXPECT_EQ(kind_of(answer), ErrorKind::request_too_large);
  EXPECT_THAT(answer.json.error().message, HasSubstr(R"({"rpd": 200})"));
}

// What is told back is short, whatever was sent.
TEST_F(Admin, HostileBodiesAreRefusedInFewWords) {
  const std::string long_name(10'000, 'n');
  const std::string model = R"({"model":")" + long_name + R"("})";
  for (const std::string& body :
       {std::string("\xEF\xBB\xBF{\"model\":\"p/n\"}"), std::string("{\"model\":\"\xFF\"}"),
        std::string(R"({"model":"p/n"} {})"), std::string(R"({"model":"p/n","model":"p/n"})"),
        std::string(R"({"model":"\ud800"})"), std::string(R"({"model":"p/n","tokens":1.5})"),
        std::string(R"({"model":"p/n","tokens":99999999999999999999})"), std::string(300'000, ' '),
        std::string(R"({"request":{"model":"p/n","model":"p/n","messages":[{"role":"user"}]}})"), model,
        R"({"request":)" + model + "}"}) {
    const auto answer = ask("POST", "/admin/v1/explain", body);
    EXPECT_EQ(kind_of(answer), ErrorKind::invalid_request) << body.substr(0, 80);
    EXPECT_LT(answer.json.error().message.size(), 400U);
  }
  const auto answer = ask("PUT", "/admin/v1/quota/p/main/n", R"({")" + long_name + R"(":1})");
  EXPECT_LT(answer.json.error().message.size(), 400U);
}

TEST_F(Admin, ANameIsGivenOnceHoweverItIsSpelled) {
  for (const char* body : {R"({"model":"p/vendor/m","model":"p/vendor/m"})",
                           R"({"model":"p/vendor/m","\u006dodel":"other"})", R"({"\u0061":1,"\u0061":2})"}) {
    const auto answer = ask("POST", "/admin/v1/explain", body);
    ASSERT_FALSE(answer.json) << body;
    EXPECT_NE(answer.json.error().message.find("stands twice"), std::string::npos) << body;
  }
}

TEST_F(Admin, ExplainSaysWhatIsWrongWithTheQuestion) {
  EXPECT_EQ(kind_of(ask("POST", "/admin/v1/explain", "[]")), ErrorKind::invalid_request);
  EXPECT_EQ(kind_of(ask("POST", "/admin/v1/explain", "{}")), ErrorKind::invalid_request);
  EXPECT_EQ(kind_of(ask("POST", "/admin/v1/explain", R"({"model":"p/n","tokens":-1})")),
            ErrorKind::invalid_request);
  EXPECT_EQ(kind_of(ask("POST", "/admin/v1/explain", R"({"request":{"model":"p/n"}})")),
            ErrorKind::invalid_request);
  EXPECT_EQ(kind_of(ask("POST", "/admin/v1/explain", R"({"model":"p/x"})")), ErrorKind::model_not_found);
  EXPECT_EQ(kind_of(ask("GET", "/admin/v1/explain")), ErrorKind::method_not_allowed);
}

}  // namespace
}  // namespace weir::admin
