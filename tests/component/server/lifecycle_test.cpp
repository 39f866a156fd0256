// Connections and the server itself: who leaves, who is turned away, and how it all ends.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "component/server/server_fixture.hpp"
#include "support/no_more_descriptors.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

void send_and_wait_for_handler(TestServer& server, RawClient& client, const std::string& request) {
  client.send(request);
  ASSERT_TRUE(becomes_true([&] { return server.handler().waiting() == 1; }));
  server.settle();
  ASSERT_EQ(server.handler().cancelled(), 0U);
}

TEST(ClientLeaving, ByCloseCancelsItsRequest) {
  TestServer server;
  RawClient client = server.connect();
  send_and_wait_for_handler(server, client, get("/wait"));
  client.close();
  EXPECT_TRUE(becomes_true([&] { return server.handler().cancelled() == 1; }));
  EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 0; }));
}

TEST(ClientLeaving, ByResetCancelsItsRequest) {
  TestServer server;
  RawClient client = server.connect();
  send_and_wait_for_handler(server, client, get("/wait"));
  client.reset();
  EXPECT_TRUE(becomes_true([&] { return server.handler().cancelled() == 1; }));
  EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 0; }));
}

TEST(ClientLeaving, ByHalfCloseAfterItsRequestIsLeaving) {
  TestServer server;
  RawClient client = server.connect();
  send_and_wait_for_handler(server, client, post("/wait", "{}"));
  client.half_close();
  EXPECT_TRUE(becomes_true([&] { return server.handler().cancelled() == 1; }));
  EXPECT_TRUE(client.ends_silently());
}

TEST(ClientLeaving, IsNoticedBehindPipelinedBytes) {
  TestServer server;
  RawClient client = server.connect();
  send_and_wait_for_handler(server, client, get("/wait"));
  client.send(get("/never"));
  server.settle();
  EXPECT_EQ(server.handler().cancelled(), 0U);
  client.close();
  EXPECT_TRUE(becomes_true([&] { return server.handler().cancelled() == 1; }));
  EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 0; }));
  EXPECT_EQ(server.handler().calls(), 1U);
}

TEST(ClientLeaving, InTheMiddleOfAStreamStopsIt) {
  TestServer server;
  RawClient client = server.connect_narrow();
  client.send(get("/flood"));
  ASSERT_TRUE(becomes_true([&] { return client.has_input(); }));
  client.reset();
  EXPECT_TRUE(becomes_true([&] { return server.handler().cut_off() == 1; }));
  EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 0; }));
}

TEST(ClientLeaving, InTheMiddleOfARequestIsQuiet) {
  TestServer server;
  for (const char* beginning : {"", "GET", "POST / HTTP/1.1\r\nHost: localhost\r\n"}) {
    RawClient client = server.connect_and_settle();
    client.send(beginning);
    server.settle();
    client.reset();
    EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 0; }));
  }
  EXPECT_EQ(server.handler().calls(), 0U);
  EXPECT_EQ(server.escaped_exceptions(), 0U);
}

TEST(MaxConnections, OneMoreIsTurnedAwayAndAPlaceIsFreeAgain) {
  TestServer server({.max_connections = 2});
  RawClient first = server.connect_and_settle();
  RawClient second = server.connect_and_settle();
  RawClient third = server.connect();
  const RawAnswer answer = third.read_answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(answer.field("retry-after"), "1");
  EXPECT_TRUE(third.ends_silently());
  EXPECT_EQ(server.server().connections(), 2U);
  EXPECT_EQ(first.exchange(get("/a")).status, 200);

  first.close();
  ASSERT_TRUE(becomes_true([&] { return server.server().connections() == 1; }));
  RawClient fourth = server.connect();
  EXPECT_EQ(fourth.exchange(get("/b")).status, 200);
}

TEST(MaxConnections, TheAnswerReachesAClientThatHasSentItsRequest) {
  TestServer server({.max_connections = 1});
  RawClient first = server.connect_and_settle();
  for (int i = 0; i < 20; ++i) {
    RawClient extra = server.connect();
    if (extra.try_send(post("/", std::string(10'000, 'x')))) {
      EXPECT_EQ(extra.read_answer().status, 503);
    }
  }
  EXPECT_EQ(server.handler().calls(), 0U);
}

TEST(MaxConnections, CountsOverAllLoops) {
  TestServer server({.max_connections = 8}, 3);
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(server.connect_and_settle());
  EXPECT_EQ(server.connect().read_answer().status, 503);
  for (RawClient& client : clients) EXPECT_EQ(client.exchange(get("/a")).status, 200);
}

TEST(Accept, AllWhoCameWhileItsLoopWasBusyAreServed) {
  TestServer server;
  std::vector<RawClient> clients;
  {
    const auto busy = server.hold_loops();
    for (int i = 0; i < 30; ++i) {
      clients.push_back(server.connect());
      clients.back().send(get("/a"));
    }
  }
  for (RawClient& client : clients) EXPECT_EQ(client.read_answer().status, 200);
}

TEST(Accept, OutOfDescriptorsAnswersAndGoesOn) {
  if (kChecksNeedDescriptors) GTEST_SKIP() << "the sanitizer itself needs descriptors";
  TestServer server;
  RawClient before = server.connect_and_settle();
  RawClient during;
  RawClient after;
  {
    const NoMoreDescriptors none;
    during.connect(server.port());
    const RawAnswer refusal = during.read_answer();
    EXPECT_EQ(refusal.status, 503);
    EXPECT_NE(refusal.body.find("raise ulimit -n"), std::string::npos) << refusal.body;
    EXPECT_EQ(before.exchange(get("/a")).status, 200) << "who is in stays in";
  }
  after.connect(server.port());
  after.send(get("/b"));
  server.settle();
  server.advance(200ms);
  EXPECT_EQ(after.read_answer().body, "GET /b\n");
  EXPECT_EQ(server.escaped_exceptions(), 0U);
}

TEST(Drain, ClosesIdleConnectionsAndLetsTheOthersFinish) {
  TestServer server;
  RawClient fresh = server.connect_and_settle();
  RawClient idle = server.connect_and_settle();
  ASSERT_EQ(idle.exchange(get("/a")).status, 200);
  RawClient busy = server.connect();
  send_and_wait_for_handler(server, busy, get("/wait") + get("/never"));
  RawClient sending = server.connect_and_settle();
  sending.send(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{");
  server.settle();

  server.server().drain();
  EXPECT_TRUE(server.server().draining());
  EXPECT_TRUE(fresh.ends_silently());
  EXPECT_TRUE(idle.ends_silently());
  sending.send("}");
  const RawAnswer sent = sending.read_answer();
  EXPECT_EQ(sent.body, "POST /\n{}");
  EXPECT_EQ(sent.field("connection"), "close");
  server.advance(2h);
  const RawAnswer waited = busy.read_answer();
  EXPECT_EQ(waited.body, "waited");
  EXPECT_EQ(waited.field("connection"), "close");
  EXPECT_TRUE(busy.ends_silently());
  sending.close();
  busy.close();
  EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 0; }));
  EXPECT_THROW(RawClient(server.port()), std::exception);
}

TEST(Drain, AtItsEndRequestsAreAnsweredAndWhoCannotTakeThatHoldsNobodyUp) {
  TestServer server;
  RawClient stuck = server.connect_narrow();
  stuck.send(get("/flood"));
  ASSERT_TRUE(becomes_true([&] { return stuck.has_input(); }));
  RawClient waits = server.connect();
  send_and_wait_for_handler(server, waits, get("/wait"));

  server.server().drain();
  server.server().end_requests();
  EXPECT_EQ(waits.read_answer().body, "ended");
  EXPECT_TRUE(waits.ends_silently());
  waits.close();
  EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 1; }));
  EXPECT_EQ(server.handler().cancelled(), 0U);
  server.server().close_all();
  EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 0; }));
  EXPECT_EQ(server.handler().cut_off(), 1U);
}

TEST(Drain, AtItsEndAClientThatLeavesIsGoneAllTheSame) {
  TestServer server;
  RawClient leaves = server.connect();
  send_and_wait_for_handler(server, leaves, get("/wait"));
  {
    const auto busy = server.hold_loops();
    leaves.close();
    server.server().end_requests();
  }
  EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 0; }));
  EXPECT_EQ(server.escaped_exceptions(), 0U);
}

// The head is out already without "close"; the connection must end all the same.
TEST(Drain, EndsAConnectionWhoseAnswerHadBegun) {
  for (const char* behind : {"", "\r\n"}) {
    TestServer server;
    RawClient client = server.connect();
    client.send(get("/flood") + behind);
    ASSERT_TRUE(becomes_true([&] { return client.has_input(); }));
    server.server().drain();
    server.settle();
    const RawAnswer answer = client.read_answer();
    EXPECT_TRUE(answer.whole);
    EXPECT_EQ(answer.field("connection"), "");
    EXPECT_TRUE(client.ends_silently());
  }
}

TEST(Drain, MayBeAskedForTwiceAndCloseAllEndsTheRest) {
  TestServer server;
  RawClient busy = server.connect();
  send_and_wait_for_handler(server, busy, get("/wait"));
  server.server().drain();
  server.server().drain();
  server.settle();
  EXPECT_EQ(server.server().connections(), 1U);
  server.server().close_all();
  EXPECT_TRUE(becomes_true([&] { return server.server().connections() == 0; }));
  EXPECT_EQ(server.handler().cancelled(), 1U);
  EXPECT_TRUE(busy.ends_silently());
}

TEST(Start, APortInUseIsSaid) {
  TestServer server;
  for (const std::size_t loops : {1U, 2U}) {
    FakeClock clock;
    net::Loop one(clock);
    net::Loop two(clock);
    std::vector<net::Loop*> all{&one, &two};
    all.resize(loops);
    const http::HostGuard guard({}, {}, {});
    EchoHandler handler;
    transport::Server second({.port = server.port()}, guard, handler);
    const auto started = second.start(all);
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().kind, ErrorKind::io);
    EXPECT_NE(started.error().message.find("127.0.0.1:" + std::to_string(server.port())), std::string::npos);
  }
}

TEST(Start, APortSharedByLoopsIsInUseForOthers) {
  TestServer server({}, 2);
  FakeClock clock;
  net::Loop one(clock);
  net::Loop two(clock);
  const std::vector<net::Loop*> all{&one, &two};
  const http::HostGuard guard({}, {}, {});
  EchoHandler handler;
  transport::Server second({.port = server.port()}, guard, handler);
  EXPECT_FALSE(second.start(all).has_value());
}

TEST(Start, BadAddressesAndCertificatesAreConfigurationErrors) {
  FakeClock clock;
  net::Loop loop(clock);
  const std::vector<net::Loop*> all{&loop};
  const http::HostGuard guard({}, {}, {});
  EchoHandler handler;
  transport::Server name({.address = "localhost", .port = 0}, guard, handler);
  const auto by_name = name.start(all);
  ASSERT_FALSE(by_name.has_value());
  EXPECT_EQ(by_name.error().kind, ErrorKind::config);
  transport::Server tls({.port = 0, .tls_cert_file = "/nonexistent.pem", .tls_key_file = "/nonexistent.pem"},
                        guard, handler);
  const auto without_certificate = tls.start(all);
  ASSERT_FALSE(without_certificate.has_value());
  EXPECT_EQ(without_certificate.error().kind, ErrorKind::config);
}

TEST(Loops, AllAcceptOnOnePort) {
  TestServer server({}, 2);
  std::vector<RawClient> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(server.connect());
  for (RawClient& client : clients) client.send(get("/a"));
  for (RawClient& client : clients) EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(server.handler().calls(), 40U);
}

// A stop without a drain: suspended sessions die with their loops, in any order, and touch nothing that is
// gone.
TEST(Stop, WithSessionsStillOpenIsClean) {
  FakeClock clock;
  const http::HostGuard guard({}, {}, {});
  EchoHandler handler;
  net::Loop loop(clock, 2ms);
  std::thread thread;
  std::vector<RawClient> clients;
  {
    transport::Server server({.port = 0}, guard, handler);
    const std::vector<net::Loop*> all{&loop};
    ASSERT_TRUE(server.start(all).has_value());
    thread = std::thread([&loop] { loop.run(); });
    for (const char* bytes : {"", "GET / HT", "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"}) {
      clients.emplace_back(server.port());
      clients.back().send(bytes);
    }
    ASSERT_TRUE(becomes_true([&] { return server.connections() == 3 && handler.waiting() == 1; }));
    loop.stop();
    thread.join();
  }
}

}  // namespace
}  // namespace weir::test
