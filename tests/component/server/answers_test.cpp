// How answers stand on the wire.
#include <gtest/gtest.h>

#include <string>

#include "component/server/server_fixture.hpp"

namespace weir::test {
namespace {

TEST(Answers, HaveTheirFramingAndADate) {
  TestServer server;
  RawClient client = server.connect();
  const RawAnswer answer = client.exchange(get("/a"));
  EXPECT_EQ(answer.field("content-length"), "7");
  EXPECT_EQ(answer.field("content-type"), "text/plain");
  EXPECT_EQ(answer.field("date"), "Tue, 24 Nov 2026 00:00:00 GMT");
  EXPECT_EQ(answer.count("content-length"), 1U);
  EXPECT_FALSE(answer.chunked);
}

TEST(Answers, AreForOneClientAndWhatTheirTypeSays) {
  TestServer server;
  RawClient client = server.connect();
  for (const char* path : {"/a", "/stream", "/no-content"}) {
    client.send(get(path));
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.field("cache-control"), "no-store") << path;
    EXPECT_EQ(answer.field("x-content-type-options"), "nosniff") << path;
    EXPECT_EQ(answer.count("cache-control"), 1U) << path;
  }
}

TEST(Answers, InPiecesAreChunkedFor11) {
  TestServer server;
  RawClient client = server.connect();
  for (int i = 0; i < 2; ++i) {
    const RawAnswer answer = client.exchange(get("/stream"));
    EXPECT_TRUE(answer.chunked);
    EXPECT_TRUE(answer.whole);
    EXPECT_EQ(answer.body, "data: 1\n\ndata: 2\n\n");
    EXPECT_EQ(answer.count("content-length"), 0U);
  }
}

TEST(Answers, InPiecesEndWithTheConnectionFor10) {
  TestServer server;
  RawClient client = server.connect();
  const RawAnswer answer =
      client.exchange("GET /stream HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(answer.chunked);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(answer.body, "data: 1\n\ndata: 2\n\n");
  EXPECT_TRUE(answer.whole);
}

TEST(Answers, ToHeadHaveTheFieldsAndNoBody) {
  TestServer server;
  RawClient client = server.connect();
  client.send("HEAD /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawAnswer whole = client.read_answer(RawClient::Expect::no_body);
  EXPECT_EQ(whole.field("content-length"), "8");
  client.send("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawAnswer pieces = client.read_answer(RawClient::Expect::no_body);
  EXPECT_EQ(pieces.status, 200);
  EXPECT_EQ(client.exchange(get("/b")).body, "GET /b\n");
}

TEST(Answers, WithoutContentHaveNoFraming) {
  TestServer server;
  RawClient client = server.connect();
  const RawAnswer answer = client.exchange(get("/no-content"));
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.count("content-length"), 0U);
  EXPECT_EQ(answer.count("transfer-encoding"), 0U);
  EXPECT_EQ(client.exchange(get("/b")).body, "GET /b\n");
}

TEST(Answers, LargerThanEveryBufferArriveWhole) {
  TestServer server;
  RawClient client = server.connect();
  EXPECT_EQ(client.exchange(get("/large")).body, std::string(3'000'000, 'x'));
  const RawAnswer flood = client.exchange(get("/flood"));
  EXPECT_TRUE(flood.whole);
  EXPECT_EQ(flood.body.size(), 20'100'000U);
}

TEST(Answers, NoFieldBreaksOutOfItsLineOrOverridesTheFraming) {
  TestServer server;
  RawClient client = server.connect();
  const RawAnswer answer = client.exchange(get("/inject"));
  EXPECT_EQ(answer.body, "body");
  EXPECT_EQ(answer.field("x-good"), "kept");
  EXPECT_EQ(answer.field("content-length"), "4");
  EXPECT_EQ(answer.count("content-length"), 1U);
  EXPECT_EQ(answer.count("date"), 1U);
  EXPECT_NE(answer.field("date"), "never");
  for (const char* name : {"set-cookie", "x-crlf", "x-lf", "x-nul", "x-na", "me", "x-colon", "",
                           "transfer-encoding", "connection"}) {
    EXPECT_EQ(answer.count(name), 0U) << name;
  }
  EXPECT_EQ(client.exchange(get("/b")).body, "GET /b\n");
}

TEST(Answers, AThrowingHandlerGives500AndTheServerLives) {
  TestServer server;
  for (const char* target : {"/throw", "/throw-number", "/silent"}) {
    RawClient client = server.connect();
    const RawAnswer answer = client.exchange(get(target));
    EXPECT_EQ(answer.status, 500) << target;
    EXPECT_EQ(answer.field("content-type"), "application/json");
    EXPECT_EQ(answer.body.find("on purpose"), std::string::npos) << "the client must not see our insides";
    EXPECT_TRUE(client.ends_silently());
  }
  RawClient client = server.connect();
  EXPECT_EQ(client.exchange(get("/a")).status, 200);
  EXPECT_EQ(server.escaped_exceptions(), 0U);
}

TEST(Answers, CutInTheMiddleNeverLookWhole) {
  TestServer server;
  for (const char* target : {"/throw-late", "/abort-late", "/leave-late"}) {
    RawClient client = server.connect();
    const RawAnswer answer = client.exchange(get(target));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "begun") << "what was sent before arrives";
    EXPECT_FALSE(answer.whole) << target;

    RawClient old = server.connect();
    old.send("GET " + std::string(target) + " HTTP/1.0\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(old.read_to_end().second, RawClient::End::reset) << target;
  }
}

TEST(Answers, AbortedBeforeTheirBeginningAreNone) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/abort"));
  EXPECT_TRUE(client.ends_silently());
}

}  // namespace
}  // namespace weir::test
