// Every way to be refused before the handler is asked. Each case stands on the wire with a second, good
// request right behind it: the answer must be the refusal, the connection must close, and nothing may have
// been run.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "component/server/refused.hpp"
#include "component/server/server_fixture.hpp"

namespace weir::test {
namespace {

TEST_P(Refused, AnswersClosesAndRunsNothing) {
  TestServer server;
  RawClient client = server.connect();
  client.send(GetParam().bytes + get("/smuggled"));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, GetParam().status) << answer.body;
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(answer.field("cache-control"), "no-store");
  EXPECT_EQ(answer.field("x-content-type-options"), "nosniff");
  EXPECT_TRUE(answer.body.starts_with(R"({"error":)")) << answer.body;
  const auto [rest, end] = client.read_to_end();
  EXPECT_EQ(rest, "") << "something was answered behind the refusal";
  EXPECT_EQ(end, RawClient::End::closed);
  EXPECT_EQ(server.handler().calls(), 0U);
  EXPECT_EQ(server.escaped_exceptions(), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    TransferEncoding, Refused,
    testing::Values(
        Refusal{"WithLength", 400, with_framing("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")},
        Refusal{"BehindLength", 400, with_framing("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")},
        Refusal{"GzipThenLength", 400, with_framing("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n")},
        Refusal{"LengthThenGzip", 400, with_framing("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n")},
        Refusal{"Unknown", 400, with_framing("Transfer-Encoding: xchunked\r\n")},
        Refusal{"Identity", 400, with_framing("Transfer-Encoding: identity\r\n")},
        Refusal{"Quoted", 400, with_framing("Transfer-Encoding: \"chunked\"\r\n")},
        Refusal{"IdentityLast", 400, with_framing("Transfer-Encoding: chunked, identity\r\n")},
        Refusal{"GzipFirst", 400, with_framing("Transfer-Encoding: gzip, chunked\r\n")},
        Refusal{"TwoLines", 400,
                with_framing("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n")},
        Refusal{"TwoEqualLines", 400,
                with_framing("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
        Refusal{"Parameter", 400, with_framing("Transfer-Encoding: chunked;q=1\r\n")},
        Refusal{"Twice", 400, with_framing("Transfer-Encoding: chunked, chunked\r\n")},
        Refusal{"Empty", 400, with_framing("Transfer-Encoding:\r\n")},
        Refusal{"VerticalTab", 400,
                with_framing("Transfer-Encoding: \x0b"
                             "chunked\r\n")},
        Refusal{"SpaceBeforeColon", 400, with_framing("Transfer-Encoding : chunked\r\n")},
        Refusal{"Folded", 400, with_framing("Transfer-Encoding:\r\n chunked\r\n")},
        Refusal{"In10", 400, with_framing("Transfer-Encoding: chunked\r\n", "HTTP/1.0")}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    ContentLength, Refused,
    testing::Values(Refusal{"Twice", 400, with_framing("Content-Length: 5\r\nContent-Length: 5\r\n")},
                    Refusal{"TwiceAndDifferent", 400,
                            with_framing("Content-Length: 5\r\nContent-Length: 0\r\n")},
                    Refusal{"List", 400, with_framing("Content-Length: 5, 5\r\n")},
                    Refusal{"Plus", 400, with_framing("Content-Length: +5\r\n")},
                    Refusal{"Minus", 400, with_framing("Content-Length: -5\r\n")},
                    Refusal{"Hex", 400, with_framing("Content-Length: 0x5\r\n")},
                    Refusal{"Empty", 400, with_framing("Content-Length:\r\n")},
                    Refusal{"TwentyDigits", 400, with_framing("Content-Length: 18446744073709551616\r\n")},
                    Refusal{"NineteenDigits", 413, with_framing("Content-Length: 9999999999999999999\r\n")},
                    Refusal{"OverTheLimit", 413, with_framing("Content-Length: 33554433\r\n")}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Chunks, Refused,
    testing::Values(Refusal{"NoSize", 400, with_chunks("\r\nhello\r\n0\r\n\r\n")},
                    Refusal{"HexPrefix", 400, with_chunks("0x5\r\nhello\r\n0\r\n\r\n")},
                    Refusal{"Plus", 400, with_chunks("+5\r\nhello\r\n0\r\n\r\n")},
                    Refusal{"Minus", 400, with_chunks("-1\r\nhello\r\n0\r\n\r\n")},
                    Refusal{"SpaceBehindSize", 400, with_chunks("5 \r\nhello\r\n0\r\n\r\n")},
                    Refusal{"BareLf", 400, with_chunks("5\nhello\n0\n\n")},
                    Refusal{"BareLfBehindData", 400, with_chunks("5\r\nhello\n0\r\n\r\n")},
                    Refusal{"TooLongData", 400, with_chunks("5\r\nhello!\r\n0\r\n\r\n")},
                    Refusal{"Overflow", 400, with_chunks("ffffffffffffffff0\r\nhello\r\n0\r\n\r\n")},
                    Refusal{"LfInQuotedExtension", 400, with_chunks("5;a=\"\n\"\r\nhello\r\n0\r\n\r\n")},
                    Refusal{"LongExtension", 400,
                            with_chunks("5;" + std::string(100'000, 'a') + "\r\nhello\r\n0\r\n\r\n")},
                    Refusal{"LongTrailer", 400,
                            with_chunks("0\r\nx: " + std::string(100'000, 'a') + "\r\n\r\n")},
                    Refusal{"FoldedTrailer", 400, with_chunks("0\r\nx: a\r\n b\r\n\r\n")},
                    Refusal{"RequestInPlaceOfTrailers", 400,
                            with_chunks("0\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n")}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Host, Refused,
    testing::Values(Refusal{"None", 400, with_host_lines("Accept: */*\r\n")},
                    Refusal{"NoneIn10", 400, "GET / HTTP/1.0\r\n\r\n"},
                    Refusal{"Two", 400, with_host_lines("Host: localhost\r\nHost: localhost\r\n")},
                    Refusal{"TwoThatDiffer", 400,
                            with_host_lines("Host: localhost\r\nHost: evil.example\r\n")},
                    Refusal{"Empty", 400, with_host_lines("Host:\r\n")},
                    Refusal{"Malformed", 400, with_host_lines("Host: local host\r\n")},
                    Refusal{"BadPort", 400, with_host_lines("Host: localhost:x\r\n")},
                    Refusal{"Path", 400, with_host_lines("Host: localhost/x\r\n")},
                    Refusal{"Foreign", 403, with_host_lines("Host: evil.example\r\n")},
                    Refusal{"ForeignWithOurPort", 403, with_host_lines("Host: rebind.evil.example:8484\r\n")},
                    Refusal{"ForeignByTarget", 400, with_request_line("GET http://evil.example/ HTTP/1.1")}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Origin, Refused,
    testing::Values(
        Refusal{"Foreign", 403, with_line("Origin: https://evil.example")},
        Refusal{"Null", 403, with_line("Origin: null")},
        Refusal{"OtherLocalPort", 403, with_line("Origin: http://localhost:3000")},
        Refusal{"CrossSite", 403, with_line("Sec-Fetch-Site: cross-site")},
        Refusal{"Preflight", 403,
                "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n"
                "Access-Control-Request-Method: POST\r\n\r\n"},
        Refusal{
            "SimplePost", 415,
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"},
        Refusal{"FormPost", 415,
                "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                "Content-Length: 2\r\n\r\n{}"},
        Refusal{"PostWithoutType", 415, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"},
        Refusal{"PostWithoutAnything", 415, "POST / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
        Refusal{"Coded", 415, post("/", "{}", "Content-Encoding: gzip\r\n")}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    RequestLine, Refused,
    testing::Values(Refusal{"Connect", 501, "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n"},
                    Refusal{"Trace", 501, with_request_line("TRACE / HTTP/1.1")},
                    Refusal{"LowerCaseMethod", 501, with_request_line("get / HTTP/1.1")},
                    Refusal{"UnknownMethod", 501, with_request_line("BREW / HTTP/1.1")},
                    Refusal{"BadMethod", 400, with_request_line("G(T / HTTP/1.1")},
                    Refusal{"NoSlash", 400, with_request_line("GET livez HTTP/1.1")},
                    Refusal{"Asterisk", 400, with_request_line("GET * HTTP/1.1")},
                    Refusal{"Fragment", 400, with_request_line("GET /#a HTTP/1.1")},
                    Refusal{"HighByte", 400, with_request_line("GET /\xff HTTP/1.1")},
                    Refusal{"ControlByte", 400, with_request_line("GET /\x01 HTTP/1.1")},
                    Refusal{"Space", 400, with_request_line("GET /a b HTTP/1.1")},
                    Refusal{"TwoSpaces", 400, with_request_line("GET  / HTTP/1.1")},
                    Refusal{"Tab", 400, with_request_line("GET\t/\tHTTP/1.1")},
                    Refusal{"Version09", 400, "GET /\r\n\r\n"},
                    Refusal{"Version12", 505, with_request_line("GET / HTTP/1.2")},
                    Refusal{"Version20", 505, with_request_line("GET / HTTP/2.0")},
                    Refusal{"LowerCaseVersion", 400, with_request_line("GET / http/1.1")},
                    Refusal{"TwoEmptyLinesFirst", 400, "\r\n\r\n" + get("/")},
                    Refusal{"TlsHello", 400, std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)},
                    Refusal{"LongTarget", 414,
                            with_request_line("GET /" + std::string(9000, 'a') + " HTTP/1.1")}),
    case_name);

std::string with_many_fields(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "x-" + std::to_string(i) + ": y\r\n";
  return get("/", lines);
}

std::string with_large_head() {
  std::string lines;
  for (int i = 0; i < 10; ++i) lines += "x-" + std::to_string(i) + ": " + std::string(4000, 'y') + "\r\n";
  return get("/", lines);
}

INSTANTIATE_TEST_SUITE_P(Head, Refused,
                         testing::Values(Refusal{"Fold", 400, with_line("X: a\r\n b")},
                                         Refusal{"BareLf", 400, "GET / HTTP/1.1\nHost: localhost\n\n"},
                                         Refusal{"BareCr", 400, with_line("X: a\rb")},
                                         Refusal{"Nul", 400, with_line(std::string("X: a\0b", 6))},
                                         Refusal{"Control", 400, with_line("X: \x02")},
                                         Refusal{"SpaceBeforeColon", 400, with_line("X : a")},
                                         Refusal{"NoColon", 400, with_line("X")},
                                         Refusal{"NoName", 400, with_line(": a")},
                                         Refusal{"Expectation", 417, with_line("Expect: 200-ok")},
                                         Refusal{"LongLine", 431, with_line("X: " + std::string(9000, 'a'))},
                                         Refusal{"ManyFields", 431, with_many_fields(120)},
                                         Refusal{"Large", 431, with_large_head()}),
                         case_name);

TEST(Refusal, OfAHeadRequestHasNoBody) {
  TestServer server;
  RawClient client = server.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  const RawAnswer answer = client.read_answer(RawClient::Expect::no_body);
  EXPECT_EQ(answer.status, 403);
  EXPECT_TRUE(client.ends_silently());
}

TEST(Refusal, ComesWithoutWaitingForTheRestOfTheRequest) {
  TestServer server;
  for (const std::string_view beginning : {"GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nX: a\rb",
                                           "GET / HTTP/1.1\r\n fold", "GET / HTTP/3.0\r\n", "\x16\x03\x01"}) {
    RawClient client = server.connect();
    client.send(beginning);
    EXPECT_GE(client.read_answer().status, 400) << beginning;
  }
}

TEST(Refusal, OfALargeBodyReachesAClientThatIsStillSending) {
  TestServer server({.max_body = 1U << 20U});
  RawClient client = server.connect();
  client.send(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "2000000\r\n\r\n");
  client.send(std::string(900'000, 'x'));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(server.handler().calls(), 0U);
}

TEST(Refusal, OfALargeBodyComesBeforeTheClientIsInvitedToSendIt) {
  TestServer server;
  RawClient client = server.connect();
  client.send(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 413);
}

TEST(Refusal, ChunksAreCountedAgainstTheSameLimit) {
  TestServer server({.max_body = 1000});
  RawClient client = server.connect();
  client.send(with_chunks("1f4\r\n" + std::string(500, 'x') + "\r\n1f4\r\n" + std::string(500, 'x') +
                          "\r\n0\r\n\r\n"));
  EXPECT_EQ(client.read_answer().status, 200);
  client.send(with_chunks("1f4\r\n" + std::string(500, 'x') + "\r\n1f5\r\n" + std::string(501, 'x') +
                          "\r\n0\r\n\r\n"));
  EXPECT_EQ(client.read_answer().status, 413);
  EXPECT_TRUE(client.ends_silently());
  EXPECT_EQ(server.handler().calls(), 1U);
}

TEST(Refusal, OfAChunkThatIsTooLargeComesBeforeItsBytes) {
  TestServer server({.max_body = 1000});
  RawClient client = server.connect();
  client.send(with_chunks("3e9\r\n"));
  EXPECT_EQ(client.read_answer().status, 413);
  EXPECT_EQ(server.handler().calls(), 0U);
}

TEST(Refusal, StopsWhatIsPipelinedBehindAGoodRequest) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/first") + with_line("X : a") + get("/third"));
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_answer().status, 400);
  EXPECT_TRUE(client.ends_silently());
  EXPECT_EQ(server.handler().calls(), 1U);
}

TEST(Refusal, ARequestThatIsCutShortIsToldSo) {
  TestServer server;
  for (const std::string& beginning :
       {std::string("GET / HTT"), std::string("GET / HTTP/1.1\r\nHost: localhost\r\n"),
        std::string("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                    "9\r\n\r\n{"),
        with_chunks("5\r\nhel")}) {
    RawClient client = server.connect();
    client.send(beginning);
    client.half_close();
    EXPECT_EQ(client.read_answer().status, 400) << beginning;
    EXPECT_TRUE(client.ends_silently());
  }
  EXPECT_EQ(server.handler().calls(), 0U);
}

}  // namespace
}  // namespace weir::test
