// The clocks, on a clock that the test moves. What must not end a connection is proved by using it
// afterwards.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "component/server/server_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

// Sends single bytes, `step` apart, until something comes back. How many it took.
int drip(TestServer& server, RawClient& client, Duration step, int at_most) {
  for (int i = 1; i <= at_most; ++i) {
    if (!client.try_send("x")) return i;
    server.settle();
    server.advance(step);
    if (client.has_input()) return i;
  }
  return at_most + 1;
}

TEST(HeadClock, ASilentConnectionIsClosedWithoutAWord) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  server.advance(11s);
  EXPECT_TRUE(client.ends_silently());
}

TEST(HeadClock, AStartedHeadIsAnswered408) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  client.send("GET / HTTP/1.1\r\nHost: ");
  server.settle();
  server.advance(11s);
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_TRUE(client.ends_silently());
  EXPECT_EQ(server.handler().calls(), 0U);
}

TEST(HeadClock, IsNotResetBySingleBytes) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  client.send("GET /");
  const int bytes = drip(server, client, 3s, 10);
  EXPECT_LE(bytes, 5) << "ten seconds are four steps of three";
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST(HeadClock, RunsFromAcceptForTheFirstHead) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  server.advance(9s);
  client.send("GET / HTT");
  server.settle();
  server.advance(2s);
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST(HeadClock, RunsFromTheFirstByteForTheNextHead) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  ASSERT_EQ(client.exchange(get("/a")).status, 200);
  server.settle();
  server.advance(60s);
  client.send("GET /b HTTP/1.1\r\n");
  server.settle();
  server.advance(9s);
  client.send("Host: localhost\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "GET /b\n");

  client.send("GET /c HTTP/1.1\r\n");
  server.settle();
  server.advance(11s);
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST(HeadClock, RunsForWhatIsPipelinedToo) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  client.send(get("/a") + "GET /b HTT");
  ASSERT_EQ(client.read_answer().status, 200);
  server.settle();
  server.advance(11s);
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST(KeepAliveClock, ClosesAnIdleConnectionWithoutAWord) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  ASSERT_EQ(client.exchange(get("/a")).status, 200);
  server.settle();
  server.advance(74s);
  ASSERT_EQ(client.exchange(get("/b")).status, 200);
  server.settle();
  server.advance(76s);
  EXPECT_TRUE(client.ends_silently());
}

TEST(KeepAliveClock, AnEmptyLineBehindABodyBeginsNothing) {
  for (const bool at_once : {true, false}) {
    TestServer server;
    RawClient client = server.connect_and_settle();
    client.send(post("/a", "{}") + (at_once ? "\r\n" : ""));
    ASSERT_EQ(client.read_answer().status, 200);
    if (!at_once) client.send("\r\n");
    server.settle();
    server.advance(74s);
    ASSERT_EQ(client.exchange(get("/b") + "\r\n").status, 200);
    server.settle();
    server.server().drain();
    EXPECT_TRUE(client.ends_silently());
  }
}

std::string post_head(int length) {
  return "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(length) + "\r\n\r\n";
}

TEST(BodyClock, AnIdleBodyIsAnswered408) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  client.send(post_head(100) + "{");
  server.settle();
  server.advance(31s);
  EXPECT_EQ(client.read_answer().status, 408);
  EXPECT_TRUE(client.ends_silently());
  EXPECT_EQ(server.handler().calls(), 0U);
}

TEST(BodyClock, BytesKeepASlowBodyAlive) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  client.send(post_head(4));
  for (int i = 0; i < 4; ++i) {
    server.settle();
    server.advance(29s);
    client.send("x");
  }
  EXPECT_EQ(client.read_answer().body, "POST /\nxxxx");
}

TEST(BodyClock, ButNotForEver) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  client.send(post_head(1000));
  server.settle();
  const int bytes = drip(server, client, 25s, 20);
  EXPECT_LE(bytes, 6) << "120 seconds are five steps of 25";
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST(BodyClock, RunsForChunksToo) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  client.send(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5\r\n");
  server.settle();
  server.advance(31s);
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST(BodyClock, RunsForAClientThatWasInvited) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  client.send(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\n"
      "Expect: 100-continue\r\n\r\n");
  ASSERT_EQ(client.read_answer().status, 100);
  server.settle();
  server.advance(31s);
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST(Clocks, NoneRunsWhileTheHandlerWorks) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  client.send(get("/wait"));
  ASSERT_TRUE(becomes_true([&] { return server.handler().waiting() == 1; }));
  server.advance(10min);
  server.settle();
  EXPECT_EQ(server.handler().waiting(), 1U);
  server.advance(1h);
  EXPECT_EQ(client.read_answer().body, "waited");
}

TEST(FarewellClock, AClientThatStaysAfterItsRefusalIsClosed) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  client.send("GET / HTTP/9.9\r\n");
  ASSERT_EQ(client.read_answer().status, 505);
  ASSERT_TRUE(client.ends_silently());  // half: we may still send
  ASSERT_TRUE(client.try_send("more"));
  server.settle();
  EXPECT_EQ(server.server().connections(), 1U);
  server.advance(3s);
  EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 0; }));
}

// A client that still sends its body hears why it is refused, however large the body is.
TEST(FarewellClock, WhoGoesOnSendingIsReadFrom) {
  TestServer server;
  RawClient client = server.connect_and_settle();
  client.send(
      "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
      "content-length: 100000000\r\n\r\n");
  ASSERT_EQ(client.read_answer().status, 413);
  const std::string piece(1U << 20U, 'x');
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(client.try_send(piece)) << i;
    server.settle();
    server.advance(1s);
  }
  EXPECT_EQ(server.server().connections(), 1U);
  for (int i = 0; i < 20 && server.server().connections() > 0; ++i) {
    (void)client.try_send("x");
    server.settle();
    server.advance(1s);
  }
  EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 0; })) << "but not for ever";
}

TEST(WriteClock, AReaderThatIsStuckIsCutOff) {
  TestServer server;
  RawClient client = server.connect_narrow();
  client.send(get("/flood"));
  ASSERT_TRUE(becomes_true([&] { return server.handler().calls() == 1; }));
  // It comes to a stop when all buffers are full. No step of the clock is enough by itself.
  for (int i = 0; i < 50 && server.handler().cut_off() == 0; ++i) server.advance(20s);
  EXPECT_TRUE(becomes_true([&] { return server.handler().cut_off() == 1; }));
  EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 0; }));
  const RawAnswer answer = client.read_answer();
  EXPECT_FALSE(answer.whole);
}

TEST(WriteClock, AReaderThatIsSlowIsServed) {
  TestServer server;
  RawClient client = server.connect_narrow();
  client.send(get("/large"));
  ASSERT_TRUE(becomes_true([&] { return server.handler().calls() == 1; }));
  server.settle();
  server.advance(59s);
  const RawAnswer answer = client.read_answer();
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body.size(), 3'000'000U);
}

}  // namespace
}  // namespace weir::test
