// Requests that are meant to hurt: JSON that costs a careless reader its stack or its memory, paths that lead
// elsewhere in other servers, fields that would steer where the key goes. None reaches a provider as an
// attack, and the daemon serves on.

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "component/gateway/gateway_fixture.hpp"

namespace weir::test {
namespace {

using nlohmann::json;
using namespace std::string_view_literals;
using ::testing::HasSubstr;

constexpr std::string_view kGood = R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})";

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  all.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

// A good request but for this further member.
std::string with(std::string_view member) {
  return R"({"model":"smart","messages":[{"role":"user","content":"hi"}],)" + std::string(member) + "}";
}
std::string with_content(std::string_view text) {
  return R"({"model":"smart","messages":[{"role":"user","content":")" + std::string(text) + R"("}]})";
}

struct Body {
  std::string name;
  int status;
  std::string bytes;
};

void PrintTo(const Body& body, std::ostream* out) {
  *out << body.name;
}

std::vector<Body> deep_and_wide() {
  std::string keys;
  for (int i = 0; i < 200'000; ++i) keys += "\"k" + std::to_string(i) + "\":0,";
  keys += "\"k\":0";
  return {
      {"DeepArrays", 400, repeated("[", 1'000'000)},
      {"DeepArraysThatClose", 400, repeated("[", 500'000) + repeated("]", 500'000)},
      {"DeepObjects", 400, repeated("{\"a\":", 200'000)},
      {"DeepMember", 400, with("\"x\":" + repeated("[", 100'000) + repeated("]", 100'000))},
      {"DeepMessages", 400, R"({"model":"smart","messages":)" + repeated("[", 100'000)},
      {"DeepTools", 400, with("\"tools\":" + repeated("[{\"a\":", 50'000))},
      {"DepthOfOneTooMany", 400, with("\"x\":" + repeated("[", 64) + repeated("]", 64))},
      {"DepthAtItsLimit", 200, with("\"x\":" + repeated("[", 63) + repeated("]", 63))},
      {"ManyKeys", 400, with(keys)},
      {"ManyKeysDeeper", 200, with("\"x\":{" + keys + "}")},
      {"ManyEqualKeys", 400, with(repeated("\"k\":0,", 200'000) + "\"k\":0")},
      {"ManyElements", 200, with("\"x\":[" + repeated("0,", 1'000'000) + "0]")},
      {"ManyEmptyArrays", 200, with("\"x\":[" + repeated("[],", 500'000) + "[]]")},
      {"ManyEscapes", 200, with_content(repeated("\\u00e9", 10'000'000 / 6))},
      {"ManyQuotes", 200, with_content(repeated("\\\"", 2'000'000))},
      {"ManyBackslashes", 200, with_content(repeated("\\\\", 2'000'000))},
      {"ManyBlanks", 200, repeated(" ", 5'000'000) + std::string(kGood)},
      {"LongModel", 400,
       R"({"messages":[{"role":"user","content":"hi"}],"model":")" + repeated("m", 1'000'000) + "\"}"},
      {"LongKey", 200, with("\"" + repeated("k", 2'000'000) + "\":0")},
      {"LongNumber", 200, with("\"x\":" + repeated("9", 1'000'000))},
      {"LongNumberOfTokens", 400, with("\"max_tokens\":" + repeated("9", 1'000'000))},
  };
}

std::vector<Body> malformed() {
  return {
      {"Empty", 400, ""},
      {"Blank", 400, " \r\n\t "},
      {"Null", 400, "null"},
      {"Text", 400, "\"hello\""},
      {"Number", 400, "42"},
      {"Array", 400, "[]"},
      {"CutShort", 400, std::string(kGood.substr(0, kGood.size() - 1))},
      {"CutInText", 400, std::string(kGood.substr(0, 12))},
      {"CutInEscape", 400, R"({"model":"smart\)"},
      {"TwoDocuments", 400, std::string(kGood) + std::string(kGood)},
      {"Trailing", 400, std::string(kGood) + "x"},
      {"TrailingNul", 400, std::string(kGood) + '\0'},
      {"TrailingComma", 400, with("\"x\":1,")},
      {"CommaInArray", 400, with("\"x\":[1,]")},
      {"NoColon", 400, with("\"x\" 1")},
      {"NoComma", 400, with("\"x\":1 \"y\":2")},
      {"SingleQuotes", 400, "{'model':'smart'}"},
      {"BareKeys", 400, R"({model:"smart"})"},
      {"NumberAsKey", 400, with("1:2")},
      {"Comment", 400, "/* */" + std::string(kGood)},
      {"ByteOrderMark", 400, "\xef\xbb\xbf" + std::string(kGood)},
      {"Utf16", 400, std::string("{\0\"\0m\0\"\0:\0"sv)},
      {"NotANumber", 400, with("\"x\":NaN")},
      {"InfiniteNumber", 400, with("\"x\":Infinity")},
      {"HexNumber", 400, with("\"x\":0x10")},
      {"LeadingZero", 400, with("\"x\":01")},
      {"LeadingPlus", 400, with("\"x\":+1")},
      {"LonePoint", 400, with("\"x\":1.")},
      {"LoneMinus", 400, with("\"x\":-")},
      {"HalfExponent", 400, with("\"x\":1e")},
      {"LiteralInCapitals", 400, with("\"x\":True")},
      {"LiteralCut", 400, with("\"x\":tru")},
      {"RawNul", 400, with_content("a\0b"sv)},
      {"RawLineEnd", 400, with_content("a\nb")},
      {"RawControl", 400,
       with_content("a\x01"
                    "b")},
      {"BadEscape", 400, with_content("\\x41")},
      {"ShortEscape", 400, with_content("\\u12")},
      {"EscapeThatIsNoHex", 400, with_content("\\u12zz")},
      {"LoneContinuation", 400, with_content("\x80")},
      {"CutSequence", 400, with_content("\xe2\x82")},
      {"OverlongSlash", 400, with_content("\xc0\xaf")},
      {"OverlongNul", 400, with_content("\xc0\x80")},
      {"SurrogateBytes", 400, with_content("\xed\xa0\x80")},
      {"BeyondUnicode", 400, with_content("\xf4\x90\x80\x80")},
      {"Latin1", 400, with_content("caf\xe9")},
      {"HighByteInKey", 400, with("\"\xff\":1")},
      {"HighByteOutside", 400, std::string(kGood) + "\xff"},
  };
}

std::vector<Body> ambiguous() {
  return {
      {"ModelTwice", 400, with(R"("model":"other")")},
      {"ModelTwiceByEscape", 400, with(R"("\u006dodel":"other")")},
      {"MessagesTwice", 400, with(R"("messages":[])")},
      {"StreamTwice", 400, with(R"("stream":true,"stream":false)")},
      {"TokensTwice", 400, with(R"("max_tokens":1,"max_tokens":2)")},
      {"UnknownTwice", 400, with(R"("x":1,"x":2)")},
      {"ModelOfANumber", 400, R"({"model":1,"messages":[{"role":"user","content":"hi"}]})"},
      {"ModelOfAList", 400, R"({"model":["smart"],"messages":[{"role":"user","content":"hi"}]})"},
      {"ModelEmpty", 400, R"({"model":"","messages":[{"role":"user","content":"hi"}]})"},
      {"ModelWithNul", 404, R"({"model":"smart\u0000","messages":[{"role":"user","content":"hi"}]})"},
      {"ModelOfAPath", 404, R"({"model":"../../etc/passwd","messages":[{"role":"user","content":"hi"}]})"},
      {"ModelWithLineEnd", 404,
       R"({"model":"smart\r\nX-Evil: 1","messages":[{"role":"user","content":"hi"}]})"},
      {"StreamOfANumber", 400, with(R"("stream":1)")},
      {"StreamOfAText", 400, with(R"("stream":"true")")},
      {"TokensNegative", 400, with(R"("max_tokens":-1)")},
      {"TokensOfAFraction", 400, with(R"("max_tokens":1.5)")},
      {"TokensBeyondRange", 400, with(R"("max_tokens":1e400)")},
      {"TokensOfSixtyFiveBits", 400, with(R"("max_tokens":18446744073709551616)")},
      {"TokensOfAText", 400, with(R"("max_tokens":"10")")},
      {"MessagesOfAnObject", 400, R"({"model":"smart","messages":{"0":{}}})"},
      {"MessagesOfAText", 400, R"({"model":"smart","messages":"hi"})"},
      {"NumberBeyondRange", 200, with(R"("x":1e999999)")},
      {"NumberNearZero", 200, with(R"("x":1e-999999)")},
      {"NumberOfManyDigits", 200, with(R"("x":123456789012345678901234567890.5)")},
      {"LoneHighSurrogate", 200, with_content("\\ud800")},
      {"LoneLowSurrogate", 200, with_content("\\udc00")},
      {"SurrogatesReversed", 200, with_content("\\udc00\\ud800")},
      {"EscapedNul", 200, with_content("a\\u0000b")},
      {"NonCharacter", 200, with_content("\xef\xbf\xbf")},
  };
}

class HostileBody : public GatewayTest, public ::testing::WithParamInterface<Body> {};

// One that is only odd goes up byte for byte, so that both sides read the same.
TEST_P(HostileBody, IsRefusedOrGoesUpAsItIs) {
  std::mutex mutex;
  std::string seen;
  RawProvider provider([&](RawConnection& peer) {
    while (const auto request = peer.read_request()) {
      {
        const std::lock_guard lock(mutex);
        seen = request->body;
      }
      peer.send(RawProvider::answer(200, kGoodAnswer));
    }
  });
  auto configured = provider_at("only", provider.port());
  configured.models[0].id = "smart";  // so that nothing needs to change
  start({configured});
  RawClient client = connect();
  const RawAnswer answer = client.exchange(post(GetParam().bytes));
  EXPECT_EQ(answer.status, GetParam().status) << answer.body.substr(0, 500);
  EXPECT_TRUE(answer.whole);
  EXPECT_LT(answer.body.size(), 4000U) << "what is refused isn't echoed";
  if (GetParam().status == 200) {
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(seen == GetParam().bytes);
  } else {
    EXPECT_EQ(provider.connections(), 0U);
    EXPECT_EQ(json::parse(answer.body)["error"]["type"], "invalid_request_error");
  }
  EXPECT_EQ(client.exchange(post(kGood)).status, 200) << "the connection is still good";
}

const auto body_name = [](const auto& body) { return body.param.name; };
INSTANTIATE_TEST_SUITE_P(Large, HostileBody, ::testing::ValuesIn(deep_and_wide()), body_name);
INSTANTIATE_TEST_SUITE_P(Malformed, HostileBody, ::testing::ValuesIn(malformed()), body_name);
INSTANTIATE_TEST_SUITE_P(Ambiguous, HostileBody, ::testing::ValuesIn(ambiguous()), body_name);

class HostileRequest : public GatewayTest {};

TEST_F(HostileRequest, ForAnOddPathFindsNothing) {
  RawProvider provider(serves());
  start({provider_at("only", provider.port())});
  RawClient client = connect();
  const std::string longest = "/" + std::string(8000, 'a');
  for (const std::string_view path : {"//"sv,
                                      "/.."sv,
                                      "/../../etc/passwd"sv,
                                      "/%2e%2e/%2e%2e/etc/passwd"sv,
                                      "/..%2f..%2fetc%2fpasswd"sv,
                                      "/%00"sv,
                                      "/v1/models%00"sv,
                                      "//v1/models"sv,
                                      "/v1//models"sv,
                                      "/v1/../v1/models"sv,
                                      "/./v1/models"sv,
                                      "/v1%2fmodels"sv,
                                      "/%76%31/models"sv,
                                      "/V1/MODELS"sv,
                                      "/v1/models;x=1"sv,
                                      "/v1/models\\"sv,
                                      "/v1/models/..%2f..%2fadmin"sv,
                                      "/v1/models/%"sv,
                                      "/v1/models/%zz"sv,
                                      "/v1/models/%2"sv,
                                      "/%c0%ae%c0%ae/"sv,
                                      "/admin/../v1/models"sv,
                                      "/v1/chat/completions/../../models"sv,
                                      "/.env"sv,
                                      "/weir.yaml"sv,
                                      std::string_view(longest)}) {
    for (const std::string_view method : {"GET"sv, "POST"sv}) {
      const bool sends = method == "POST";
      const RawAnswer answer = client.exchange(
          std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nhost: 127.0.0.1\r\n" +
          (sends
               ? "content-type: application/json\r\ncontent-length: " + std::to_string(kGood.size()) + "\r\n"
               : "") +
          "\r\n" + (sends ? std::string(kGood) : ""));
      EXPECT_TRUE(answer.status == 404 || answer.status == 405)
          << method << path.substr(0, 100) << answer.status;
      EXPECT_EQ(answer.field("content-type"), "application/json");
      EXPECT_EQ(json::parse(answer.body)["error"]["type"], "invalid_request_error");
    }
  }
  EXPECT_EQ(provider.connections(), 0U);
}

// The address comes from the configuration, whatever a request says.
TEST_F(HostileRequest, CannotChooseWhereTheKeyGoes) {
  RawProvider provider(serves());
  RawProvider thief(serves());
  start({provider_at("only", provider.port())});
  const std::string url = "http://127.0.0.1:" + std::to_string(thief.port());
  std::size_t asked = 0;
  for (const char* name :
       {"api_base", "base_url", "baseURL", "api_url", "endpoint", "proxy", "provider", "extra_body"}) {
    EXPECT_EQ(chat(with("\"" + std::string(name) + "\":\"" + url + "\"")).status, 200) << name;
    EXPECT_EQ(chat(with(R"("tools":[{"type":"function",")" + std::string(name) + "\":\"" + url +
                        R"(","function":{"name":"f"}}])"))
                  .status,
              200)
        << name;
    EXPECT_EQ(chat(with(R"("metadata":{")" + std::string(name) + "\":\"" + url + "\"}")).status, 200) << name;
    asked += 3;
  }
  const std::string authority = url.substr(7);
  for (const std::string& field :
       {"x-forwarded-host: " + authority, "forwarded: host=" + authority, "x-original-url: " + url,
        "x-rewrite-url: " + url, "proxy: " + url, "x-api-base: " + url, "x-forwarded-server: " + authority}) {
    EXPECT_EQ(chat(kGood, field + "\r\n").status, 200) << field;
    ++asked;
  }
  RawClient client = connect();
  const std::string request = post(kGood);
  const std::string by_query =
      "POST /v1/chat/completions?api_base=" + url + request.substr(request.find(" HTTP/1.1"));
  EXPECT_EQ(client.exchange(by_query).status, 200);
  EXPECT_EQ(provider.requests(), asked + 1);
  EXPECT_EQ(thief.connections(), 0U);
}

TEST_F(HostileRequest, ARedirectIsNotFollowed) {
  RawProvider thief(serves());
  RawProvider provider(
      answers(307, "", "location: http://127.0.0.1:" + std::to_string(thief.port()) + "/\r\n"));
  RawProvider good(serves());
  start({provider_at("only", provider.port()), provider_at("good", good.port())});
  EXPECT_EQ(ask().field("x-weir-served-by"), "good/m");
  EXPECT_EQ(thief.connections(), 0U);
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// 2,000 of them after the first 200 leave no memory behind.
TEST_F(HostileRequest, ManyLeaveNoMemoryBehind) {
#ifdef WEIR_SANITIZED
  GTEST_SKIP() << "the sanitizer keeps what is freed";
#endif
  start({provider_at("only", 1)});
  const std::string request_line = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n";
  const std::string json_type = "content-type: application/json\r\n";
  const std::vector<std::string> attacks{
      post(repeated("[", 200'000)),
      post(with("\"x\":" + repeated("{\"a\":", 40'000))),
      post(with(repeated("\"k\":0,", 30'000) + "\"k\":0")),
      post(with_content(repeated("\\u00e9", 30'000) + "\xff")),
      request_line + json_type + "content-length: 33554433\r\n\r\n" + repeated("x", 100'000),
      request_line + json_type + "transfer-encoding: chunked\r\n\r\n7fffffff\r\n" + repeated("x", 100'000),
      request_line + "x: " + repeated("y", 100'000),
      request_line + json_type + "content-encoding: gzip\r\ncontent-length: 100000\r\n\r\n" +
          repeated("x", 100'000),
  };
  const auto attack = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      RawClient client = connect();
      (void)client.try_send(attacks[i % attacks.size()]);
      EXPECT_GE(client.read_answer().status, 400);
      client.reset();
    }
    EXPECT_TRUE(eventually([this] { return server_->connections() == 0; }));
  };
  attack(200);
  const std::size_t before = resident_bytes();
  attack(2000);
  EXPECT_LT(resident_bytes(), before + (16U << 20U));
}

}  // namespace
}  // namespace weir::test
