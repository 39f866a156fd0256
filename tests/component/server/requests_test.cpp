// What a well-behaved client may count on, and the odd things that are allowed.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "component/server/server_fixture.hpp"

namespace weir::test {
namespace {

TEST(Requests, AreEchoedOverOneKeptConnection) {
  TestServer server;
  RawClient client = server.connect();
  for (int i = 0; i < 5; ++i) {
    const RawAnswer answer = client.exchange(post("/v1/x?n=" + std::to_string(i), R"({"a":1})"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST /v1/x?n=" + std::to_string(i) + "\n{\"a\":1}");
    EXPECT_EQ(answer.field("connection"), "");
  }
  EXPECT_EQ(server.handler().calls(), 5U);
  EXPECT_EQ(server.server().connections(), 1U);
}

TEST(Requests, CarryTheClientsAddressAndFields) {
  TestServer server;
  RawClient client = server.connect();
  ASSERT_EQ(client.exchange(get("/", "X-Twice: a\r\nx-twice:  b \r\n")).status, 200);
  const auto seen = server.handler().seen().at(0);
  EXPECT_EQ(seen.peer, "127.0.0.1");
  const std::vector<std::pair<std::string, std::string>> fields{
      {"host", "localhost"}, {"x-twice", "a"}, {"x-twice", "b"}};
  EXPECT_EQ(seen.fields, fields);
}

TEST(Requests, ArePipelinedAndAnsweredInOrder) {
  TestServer server;
  RawClient client = server.connect();
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += i % 2 == 0 ? get("/" + std::to_string(i)) : post("/" + std::to_string(i), "{}");
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    const std::string expected =
        (i % 2 == 0 ? "GET /" : "POST /") + std::to_string(i) + (i % 2 == 0 ? "\n" : "\n{}");
    ASSERT_EQ(client.read_answer().body, expected);
  }
}

TEST(Requests, PipelinedBehindASlowOneWaitTheirTurn) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/wait") + get("/next"));
  ASSERT_TRUE(becomes_true([&] { return server.handler().waiting() == 1; }));
  server.settle();
  EXPECT_EQ(server.handler().calls(), 1U);
  EXPECT_EQ(server.handler().cancelled(), 0U) << "bytes sent ahead are no goodbye";
  client.send(get("/third"));
  server.settle();
  EXPECT_EQ(server.handler().waiting(), 1U);
  server.advance(std::chrono::hours(2));
  EXPECT_EQ(client.read_answer().body, "waited");
  EXPECT_EQ(client.read_answer().body, "GET /next\n");
  EXPECT_EQ(client.read_answer().body, "GET /third\n");
}

// A handler may give the body's memory back early: what stands behind it is the next request all the same.
TEST(Requests, FollowOneWhoseBodyWasDropped) {
  TestServer server;
  RawClient client = server.connect();
  const std::string large(100'000, 'x');
  client.send(post("/drop", "{}") + post("/drop", large) + post("/next", "{}"));
  EXPECT_EQ(client.read_answer().body, "POST /drop\n{}");
  EXPECT_EQ(client.read_answer().body, "POST /drop\n" + large);
  EXPECT_EQ(client.read_answer().body, "POST /next\n{}");
  client.send(post("/drop", "alone"));
  EXPECT_EQ(client.read_answer().body, "POST /drop\nalone");
  client.send(get("/last"));
  EXPECT_EQ(client.read_answer().body, "GET /last\n");
}

// The same bytes, cut at each place in turn: framing must not depend on how they arrive.
TEST(Requests, MayArriveInAnyPieces) {
  TestServer server;
  const std::string chunked =
      "POST /c HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "3;x\r\nabc\r\n2\r\nde\r\n0\r\nt: u\r\n\r\n";
  const std::string wire = get("/a") + post("/b", R"({"k":"v"})") + chunked + get("/d");
  const std::vector<std::string> expected{"GET /a\n", "POST /b\n{\"k\":\"v\"}", "POST /c\nabcde", "GET /d\n"};
  for (std::size_t cut = 1; cut < wire.size(); ++cut) {
    RawClient client = server.connect();
    client.send(std::string_view(wire).substr(0, cut));
    server.settle();
    client.send(std::string_view(wire).substr(cut));
    for (const std::string& body : expected) ASSERT_EQ(client.read_answer().body, body) << "cut at " << cut;
  }
}

TEST(Requests, MayArriveByteByByte) {
  TestServer server;
  RawClient client = server.connect();
  const std::string wire = post("/b", R"({"k":"v"})") + get("/d");
  for (const char byte : wire) {
    client.send(std::string_view(&byte, 1));
    server.settle();
  }
  EXPECT_EQ(client.read_answer().body, "POST /b\n{\"k\":\"v\"}");
  EXPECT_EQ(client.read_answer().body, "GET /d\n");
}

TEST(Requests, WithBodiesOfEverySizeAroundTheBuffers) {
  TestServer server;
  RawClient client = server.connect();
  for (const std::size_t size :
       {0U, 1U, 100U, 16'000U, 16'384U, 20'000U, 65'536U, 65'537U, 1'000'000U, 5'000'000U}) {
    std::string body(size, ' ');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i % 26);
    const RawAnswer answer = client.exchange(post("/", body));
    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST /\n" + body) << size;
  }
}

TEST(Requests, WithHeadsUpToTheLimit) {
  TestServer server;
  RawClient client = server.connect();
  for (int i = 0; i < 3; ++i) {  // a buffer that grew is as good as a fresh one
    std::string lines;
    for (int n = 0; n < 4; ++n) lines += "x-" + std::to_string(n) + ": " + std::string(7900, 'y') + "\r\n";
    EXPECT_EQ(client.exchange(post("/large", "{}", lines)).status, 200);
    EXPECT_EQ(client.exchange(get("/small")).body, "GET /small\n");
  }
  std::string many;
  for (int n = 0; n < 99; ++n) many += "x: y\r\n";
  EXPECT_EQ(client.exchange(get("/", many)).status, 200);
}

TEST(Requests, TheLimitOfABodyIsInclusive) {
  TestServer server({.max_body = 1000});
  RawClient client = server.connect();
  EXPECT_EQ(client.exchange(post("/", std::string(1000, 'x'))).status, 200);
  EXPECT_EQ(client.exchange(post("/", std::string(1001, 'x'))).status, 413);
}

TEST(Requests, InChunksComeWhole) {
  TestServer server;
  RawClient client = server.connect();
  std::string wire =
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n";
  std::string body;
  for (std::size_t size = 1; size < 3000; size += 37) {
    char line[16];
    std::snprintf(line, sizeof line, "%zx\r\n", size);
    const std::string piece(size, static_cast<char>('a' + size % 26));
    wire += line + piece + "\r\n";
    body += piece;
  }
  const RawAnswer answer = client.exchange(wire + "0\r\n\r\n");
  EXPECT_EQ(answer.body, "POST /\n" + body);
  EXPECT_EQ(client.exchange(get("/next")).body, "GET /next\n");
}

TEST(Requests, AnEmptyChunkedBodyIsABody) {
  TestServer server;
  RawClient client = server.connect();
  const RawAnswer answer = client.exchange(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "0\r\n\r\n");
  EXPECT_EQ(answer.body, "POST /\n");
}

TEST(Requests, TrailersNeverBecomeFields) {
  TestServer server;
  RawClient client = server.connect();
  const RawAnswer answer = client.exchange(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("connection"), "");
  EXPECT_EQ(client.exchange(get("/still-open")).status, 200);
  const auto seen = server.handler().seen().at(0);
  for (const auto& [name, value] : seen.fields) {
    EXPECT_NE(name, "authorization");
    EXPECT_NE(value, "evil.example");
  }
}

TEST(Requests, WaitForContinueOnlyWhereTheyAskForIt) {
  TestServer server;
  RawClient client = server.connect();
  const std::string head =
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
      "Expect: 100-continue\r\n\r\n";
  client.send(head);
  EXPECT_EQ(client.read_answer().status, 100);
  EXPECT_EQ(server.handler().calls(), 0U);
  client.send("{}");
  EXPECT_EQ(client.read_answer().body, "POST /\n{}");

  client.send(head + "{}");  // who didn't wait needs no invitation
  EXPECT_EQ(client.read_answer().status, 200);

  client.send(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("2\r\n{}\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "POST /\n{}");
}

TEST(Requests, OfVersion10AreClosedUnlessTheyAskToStay) {
  TestServer server;
  RawClient once = server.connect();
  const RawAnswer answer = once.exchange("GET /a HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(answer.body, "GET /a\n");
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_TRUE(once.ends_silently());

  RawClient staying = server.connect();
  for (int i = 0; i < 2; ++i) {
    const RawAnswer kept =
        staying.exchange("GET /b HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(kept.body, "GET /b\n");
    EXPECT_EQ(kept.field("connection"), "keep-alive");
  }
}

TEST(Requests, ThatSayCloseAreTheLast) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/a", "Connection: close\r\n") + get("/b"));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.body, "GET /a\n");
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_TRUE(client.ends_silently());
  EXPECT_EQ(server.handler().calls(), 1U);
}

TEST(Requests, FollowedByAHalfCloseStillGetTheirAnswer) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/a") + get("/b"));
  client.half_close();
  EXPECT_EQ(client.read_answer().body, "GET /a\n");
  EXPECT_EQ(client.read_answer().body, "GET /b\n");
  EXPECT_TRUE(client.ends_silently());
}

TEST(Requests, MayFollowOneEmptyLine) {
  TestServer server;
  RawClient client = server.connect();
  EXPECT_EQ(client.exchange("\r\n" + get("/a")).body, "GET /a\n");
  client.send(post("/b", "{}") + "\r\n" + get("/c"));
  EXPECT_EQ(client.read_answer().body, "POST /b\n{}");
  EXPECT_EQ(client.read_answer().body, "GET /c\n");
}

TEST(Requests, WithAnAbsoluteTargetArriveInOriginForm) {
  TestServer server;
  RawClient client = server.connect();
  EXPECT_EQ(
      client.exchange("GET http://localhost:8484/v1/models?a=b HTTP/1.1\r\nHost: localhost\r\n\r\n").body,
      "GET /v1/models?a=b\n");
  EXPECT_EQ(client.exchange("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").body, "OPTIONS *\n");
}

TEST(Requests, WithConfiguredHostAndOriginPass) {
  TestServer server;
  RawClient client = server.connect();
  EXPECT_EQ(client.exchange("GET / HTTP/1.1\r\nHost: WEIR.lan:1\r\n\r\n").status, 200);
  EXPECT_EQ(client.exchange("GET / HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n").status, 200);
  EXPECT_EQ(client.exchange("GET / HTTP/1.1\r\nHost: [::1]:8484\r\n\r\n").status, 200);
  EXPECT_EQ(client.exchange(get("/", "Origin: https://app.example\r\nSec-Fetch-Site: cross-site\r\n")).status,
            200);
  EXPECT_EQ(client.exchange(get("/", "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n")).status,
            200);
}

TEST(Requests, LeadingZerosInALengthAreADecimalNumber) {
  TestServer server;
  RawClient client = server.connect();
  const RawAnswer answer = client.exchange(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "0010\r\n\r\n0123456789");
  EXPECT_EQ(answer.body, "POST /\n0123456789");
}

}  // namespace
}  // namespace weir::test
