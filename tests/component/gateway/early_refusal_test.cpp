// Who may not ask, or asks for what there isn't, is told so before its body is asked for or read.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "component/gateway/gateway_fixture.hpp"
#include "weir/base/digest.hpp"

namespace weir::test {
namespace {

using nlohmann::json;

constexpr std::string_view kRightKey = "authorization: Bearer right-key\r\n";
constexpr std::string_view kBody = R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})";

std::string head_of(std::string_view line, std::string_view more_fields) {
  return std::string(line) + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
         std::string(more_fields) + "\r\n";
}

class EarlyRefusal : public GatewayTest {
 protected:
  void start_with_key() {
    gateway::Settings settings = settings_for({provider_at("groq", provider_.port())});
    settings.client_keys = {{.name = "laptop", .digest = sha256("right-key"), .models = {"*"}}};
    start_with(std::move(settings));
  }
  // The answer to a head behind which nothing, or only the beginning of a body, is sent.
  RawAnswer answer_to(std::string_view line, std::string_view more_fields, std::string_view begun = "") {
    RawClient client = connect();
    client.send(head_of(line, more_fields) + std::string(begun));
    RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_EQ(answer.field("content-type"), "application/json");
    EXPECT_NE(answer.field("x-request-id"), "");
    client.half_close();
    EXPECT_TRUE(client.ends_silently());
    return answer;
  }

  RawProvider provider_{serves()};
};

TEST_F(EarlyRefusal, NobodyIsInvitedToSendWhatWillBeRefused) {
  start_with_key();
  constexpr std::string_view kWaits = "Expect: 100-continue\r\nContent-Length: 100\r\n";
  const std::string right = std::string(kRightKey) + std::string(kWaits);
  EXPECT_EQ(answer_to("POST /v1/chat/completions", kWaits).status, 401);
  EXPECT_EQ(answer_to("GET /v1/models", kWaits).status, 401);
  EXPECT_EQ(answer_to("POST /v1/nowhere", right).status, 404);
  EXPECT_EQ(answer_to("POST /admin/v1/explain", right).status, 404) << "there is no admin surface here";
  const RawAnswer wrong_method = answer_to("PUT /v1/chat/completions", right);
  EXPECT_EQ(wrong_method.status, 405);
  EXPECT_EQ(wrong_method.field("allow"), "POST");
  EXPECT_EQ(provider_.requests(), 0U);
}

TEST_F(EarlyRefusal, ALargeBodyIsNotWaitedFor) {
  start_with_key();
  constexpr std::string_view kLarge = "Content-Length: 33554432\r\n";
  const RawAnswer stranger = answer_to("POST /v1/chat/completions", kLarge, kBody);
  EXPECT_EQ(stranger.status, 401);
  EXPECT_EQ(json::parse(stranger.body)["error"]["code"], "invalid_api_key");
  EXPECT_EQ(answer_to("POST /v1/nowhere", kLarge, kBody).status, 404);
  EXPECT_EQ(answer_to("POST /v1/chat/completions", "Transfer-Encoding: chunked\r\n", "4\r\n{\"mo").status,
            401);
}

TEST_F(EarlyRefusal, WhoMayAskIsInvited) {
  start_with_key();
  RawClient client = connect();
  client.send(head_of("POST /v1/chat/completions", std::string(kRightKey) +
                                                       "Expect: 100-continue\r\nContent-Length: " +
                                                       std::to_string(kBody.size()) + "\r\n"));
  EXPECT_EQ(client.read_answer().status, 100);
  client.send(kBody);
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(EarlyRefusal, ASmallBodyInPiecesKeepsTheConnection) {
  start_with_key();
  RawClient client = connect();
  client.send(head_of("POST /v1/chat/completions", "Content-Length: 2\r\n"));
  client.send("{}");
  EXPECT_EQ(client.read_answer().status, 401);
  EXPECT_EQ(client.exchange(post(kBody, kRightKey)).status, 200);
}

TEST_F(EarlyRefusal, WhileDrainingNothingMoreIsAskedFor) {
  start_with_key();
  gateway_->drain();
  const RawAnswer answer = answer_to(
      "POST /v1/chat/completions", std::string(kRightKey) + "Expect: 100-continue\r\nContent-Length: 9\r\n");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.field("retry-after"), "1");
  EXPECT_EQ(answer_to("GET /v1/chat/completions", "Expect: 100-continue\r\nContent-Length: 9\r\n").status,
            503);
}

}  // namespace
}  // namespace weir::test
