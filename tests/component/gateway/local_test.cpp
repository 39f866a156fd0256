#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "component/gateway/gateway_fixture.hpp"
#include "weir/base/digest.hpp"

namespace weir::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// What is answered without asking a provider.
class Local : public GatewayTest {};

TEST_F(Local, ModelsListsRoutesFirstWithTheirState) {
  start({provider_at("groq", 1), provider_at("gemini", 2, {requests_per_minute(0)})});
  const auto list = json::parse(get("/v1/models").body);
  EXPECT_EQ(list["object"], "list");
  ASSERT_EQ(list["data"].size(), 3U);
  EXPECT_EQ(list["data"][0]["id"], "smart");
  EXPECT_EQ(list["data"][0]["object"], "model");
  EXPECT_EQ(list["data"][0]["weir"]["state"], "ready");
  EXPECT_EQ(list["data"][1]["id"], "groq/m");
  EXPECT_EQ(list["data"][1]["owned_by"], "groq");
  EXPECT_EQ(list["data"][2]["weir"]["state"], "unavailable");
  EXPECT_TRUE(list["data"][2]["weir"]["context"].is_null());
}

TEST_F(Local, ModelsTellUnknownCapabilitiesFromNone) {
  providers::Provider nothing = provider_at("nothing", 1);
  nothing.models[0].capabilities_known = true;
  providers::Provider tools = provider_at("tools", 2);
  tools.models[0].capabilities_known = true;
  tools.models[0].capabilities = static_cast<providers::Capabilities>(providers::Capability::tools);
  start({provider_at("unknown", 3), nothing, tools});
  const auto capabilities = [this](const std::string& model) {
    return json::parse(get("/v1/models/" + model).body)["weir"]["capabilities"];
  };
  EXPECT_EQ(capabilities("unknown/m"), json());
  EXPECT_EQ(capabilities("nothing/m"), json::array());
  EXPECT_EQ(capabilities("tools/m"), json::array({"tools"}));
  EXPECT_EQ(capabilities("smart"), json::array({"tools"}));
}

TEST_F(Local, OneModelIsFoundEvenWhereTheSdkEscapesItsSlash) {
  start({provider_at("groq", 1)});
  EXPECT_EQ(json::parse(get("/v1/models/groq/m").body)["id"], "groq/m");
  EXPECT_EQ(json::parse(get("/v1/models/groq%2Fm").body)["id"], "groq/m");
  EXPECT_EQ(get("/v1/models/groq/none").status, 404);
  EXPECT_EQ(json::parse(get("/v1/models/auto").body)["id"], "auto");
  EXPECT_THAT(get("/v1/models/smrat").body, HasSubstr("did you mean"));
}

TEST_F(Local, ThePathsThatPeopleSetByMistakeWorkToo) {
  start({provider_at("groq", 1)});
  for (const char* path : {"/models", "/v1/models", "/openai/v1/models"})
    EXPECT_EQ(get(path).status, 200) << path;
}

TEST_F(Local, AnyOtherPathSaysWhatToUse) {
  start({provider_at("groq", 1)});
  for (const char* path : {"/v2/chat", "/v1", "/v1/models/", "/admin", "/favicon.ico"}) {
    const RawAnswer answer = get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.field("content-type"), "application/json");
    const auto error = json::parse(answer.body)["error"];
    EXPECT_EQ(error["code"], "unknown_url");
    EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("/v1/chat/completions"));
  }
}

TEST_F(Local, WhatIsNotBuiltYetSaysSo) {
  start({provider_at("groq", 1)});
  for (const char* path : {"/v1/embeddings", "/v1/files/f1", "/metrics"}) {
    const RawAnswer answer = get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(json::parse(answer.body)["error"]["message"].get<std::string>(),
                HasSubstr("not supported yet"));
  }
}

TEST_F(Local, AWrongMethodNamesTheRightOne) {
  start({provider_at("groq", 1)});
  const RawAnswer answer = get("/v1/chat/completions");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.field("allow"), "POST");
}

TEST_F(Local, HealthNeverAsksAProviderAndReadinessEndsWithTheDrain) {
  RawProvider provider(serves());
  start({provider_at("groq", provider.port())});
  for (const char* path : {"/livez", "/healthz", "/readyz"}) EXPECT_EQ(get(path).status, 200) << path;
  RawClient kept = connect();
  gateway_->drain();
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/readyz").status, 503);
  const RawAnswer refused =
      kept.exchange(post(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.field("retry-after"), "1");
  EXPECT_EQ(json::parse(refused.body)["error"]["code"], "overloaded");
  EXPECT_EQ(provider.connections(), 0U);
}

TEST_F(Local, BadRequestsNameTheField) {
  start({provider_at("groq", 1)});
  struct Case {
    const char* body;
    const char* param;
  };
  for (const Case& c :
       {Case{"{", nullptr}, Case{R"({"messages":[{}]})", "model"},
        Case{R"({"model":7,"messages":[{}]})", "model"}, Case{R"({"model":"smart"})", "messages"},
        Case{R"({"model":"smart","messages":{}})", "messages"},
        Case{R"({"model":"smart","messages":[{}],"stream":"yes"})", "stream"}}) {
    const RawAnswer answer = chat(c.body);
    EXPECT_EQ(answer.status, 400) << c.body;
    const auto error = json::parse(answer.body)["error"];
    EXPECT_EQ(error["type"], "invalid_request_error");
    if (c.param == nullptr)
      EXPECT_TRUE(error["param"].is_null());
    else
      EXPECT_EQ(error["param"], c.param);
  }
}

TEST_F(Local, AnUnknownModelIsA404WithCloseNames) {
  start({provider_at("groq", 1)});
  const RawAnswer answer = chat(R"({"model":"smrat","messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(answer.status, 404);
  const auto error = json::parse(answer.body)["error"];
  EXPECT_EQ(error["code"], "model_not_found");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("did you mean \"smart\""));
}

TEST_F(Local, TheClientsRequestIdComesBack) {
  start({provider_at("groq", 1)});
  RawClient client = connect();
  const RawAnswer answer =
      client.exchange("GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nx-request-id: mine-1\r\n\r\n");
  EXPECT_EQ(answer.field("x-request-id"), "mine-1");
}

TEST_F(Local, ARequestThatIsTurnedAwayAtTheDoorHasAnIdToo) {
  start({provider_at("groq", 1)});
  RawClient client = connect();
  const RawAnswer known = client.exchange(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nx-request-id: mine-2\r\n"
      "content-type: application/json\r\n"
      "content-length: 100000000\r\n\r\n");
  EXPECT_EQ(known.status, 413);
  EXPECT_EQ(known.field("x-request-id"), "mine-2");
  EXPECT_NE(known.field("openai-processing-ms"), "");
  EXPECT_EQ(nlohmann::json::parse(known.body)["error"]["weir"]["request_id"], "mine-2");
  RawClient other = connect();
  const RawAnswer unread = other.exchange("GET / HTTP/9.9\r\n\r\n");
  EXPECT_EQ(unread.status, 505);
  EXPECT_NE(unread.field("x-request-id"), "");
}

TEST_F(Local, AConfiguredOriginGetsItsPreflightAndAnyOtherIsRefused) {
  start({provider_at("groq", 1)});
  const auto preflight = [this](const std::string& origin) {
    RawClient client = connect();
    return client.exchange(
        "OPTIONS /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\norigin: " + origin +
        "\r\naccess-control-request-method: POST\r\naccess-control-request-headers: authorization\r\n\r\n");
  };
  const RawAnswer allowed = preflight("https://page.example");
  EXPECT_EQ(allowed.status, 204);
  EXPECT_EQ(allowed.field("access-control-allow-origin"), "https://page.example");
  EXPECT_EQ(allowed.field("access-control-allow-headers"), "authorization");
  const RawAnswer refused = preflight("https://evil.example");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.field("access-control-allow-origin"), "");
}

class ClientKeys : public GatewayTest {
 protected:
  void SetUp() override {
    gateway::Settings settings = settings_for({provider_at("groq", provider_.port())});
    settings.client_keys.push_back({.name = "laptop", .digest = sha256("secret-1"), .models = {"smart"}});
    start_with(std::move(settings));
  }
  RawProvider provider_{serves()};
};

TEST_F(ClientKeys, BothHeadersAreAccepted) {
  const std::string body = R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})";
  EXPECT_EQ(chat(body, "authorization: Bearer secret-1\r\n").status, 200);
  EXPECT_EQ(chat(body, "x-api-key: secret-1\r\n").status, 200);
}

TEST_F(ClientKeys, NoKeyOrAWrongOneIsA401AndIsNotEchoed) {
  const std::string body = R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})";
  EXPECT_EQ(chat(body).status, 401);
  const RawAnswer wrong = chat(body, "authorization: Bearer secret-wrong\r\n");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(json::parse(wrong.body)["error"]["code"], "invalid_api_key");
  EXPECT_THAT(wrong.body, ::testing::Not(HasSubstr("secret-wrong")));
  EXPECT_EQ(get("/v1/models").status, 401);
  EXPECT_EQ(provider_.connections(), 0U);
}

TEST_F(ClientKeys, AModelThatTheKeyMayNotUseIsA403) {
  const RawAnswer answer = chat(R"({"model":"groq/m","messages":[{"role":"user","content":"hi"}]})",
                                "authorization: Bearer secret-1\r\n");
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(json::parse(answer.body)["error"]["code"], "model_not_allowed");
}

}  // namespace
}  // namespace weir::test
