// Requests and answers on plain connections: what is written, what is believed, what is pooled.
#include <array>
#include <latch>
#include <random>
#include <set>

#include "upstream_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

class Exchange : public UpstreamTest {};

// A text that shows whose it is, and where something is missing or comes twice.
std::string marked_text(std::size_t number) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += std::to_string(number) + ":" + std::to_string(i) + ",";
  return text;
}
std::string in_chunks(std::string_view text, std::mt19937_64& random) {
  std::string chunks;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, 1 + random() % 3'000);
    std::array<char, 16> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
    chunks.append(size.data()).append(piece).append("\r\n");
    text.remove_prefix(piece.size());
  }
  return chunks + "0\r\n\r\n";
}

TEST_F(Exchange, WritesTheRequestItWasGivenAndNothingElse) {
  std::promise<RawRequest> seen;
  RawProvider provider([&](RawConnection& peer) {
    if (auto request = peer.read_request()) seen.set_value(*request);
    peer.send(RawProvider::answer(200, "{}"));
  });
  const Outcome outcome = fetch(provider);
  EXPECT_EQ(outcome.status, 200) << outcome.message;
  EXPECT_EQ(outcome.times_sent, 1);
  const RawRequest request = seen.get_future().get();
  EXPECT_EQ(request.head,
            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(provider.port()) +
                "\r\nContent-Length: 13\r\ncontent-type: application/json\r\n\r\n");
  EXPECT_EQ(request.body, R"({"model":"m"})");
}

TEST_F(Exchange, GetHasNoLength) {
  std::promise<RawRequest> seen;
  RawProvider provider([&](RawConnection& peer) {
    if (auto request = peer.read_request()) seen.set_value(*request);
    peer.send(RawProvider::answer(200, "{}"));
  });
  Ask ask = ask_of(provider);
  ask.method = "GET";
  ask.body.clear();
  EXPECT_EQ(fetch(ask).status, 200);
  EXPECT_FALSE(seen.get_future().get().field("Content-Length"));
}

TEST_F(Exchange, ConnectionIsUsedAgainAfterAWholeAnswer) {
  RawProvider provider(RawProvider::always(RawProvider::answer(200, R"({"ok":true})")));
  for (int i = 0; i < 5; ++i) {
    const Outcome outcome = fetch(provider);
    EXPECT_FALSE(outcome.error) << outcome.message;
    EXPECT_EQ(outcome.body, R"({"ok":true})");
    EXPECT_EQ(outcome.reused, i > 0);
  }
  EXPECT_EQ(provider.connections(), 1U);
  EXPECT_EQ(provider.requests(), 5U);
}

TEST_F(Exchange, EveryFramingOfAWholeAnswerMayBePooled) {
  RawProvider provider([](RawConnection& peer) {
    const std::vector<std::string> answers = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow down\r\nContent-Length: 2\r\n\r\n{}"};
    for (const std::string& answer : answers) {
      if (!peer.read_request()) return;
      peer.send(answer);
    }
    peer.wait_for_close();
  });
  EXPECT_EQ(fetch(provider).body, "hello world");
  EXPECT_EQ(fetch(provider).status, 204);
  EXPECT_EQ(fetch(provider).status, 200);
  const Outcome redirect = fetch(provider);
  EXPECT_EQ(redirect.status, 307);
  EXPECT_EQ(redirect.fields.get("location"), "http://127.0.0.1:1/");
  EXPECT_EQ(fetch(provider).status, 429);
  EXPECT_EQ(provider.connections(), 1U);
}

TEST_F(Exchange, HeadGetsNoBody) {
  RawProvider provider(RawProvider::always("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
  Ask ask = ask_of(provider);
  ask.method = "HEAD";
  ask.body.clear();
  EXPECT_FALSE(fetch(ask).error);
  EXPECT_TRUE(fetch(ask).reused);
}

TEST_F(Exchange, PiecesOfAStreamArriveAsTheyAreSent) {
  RawProvider provider([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 100; ++i) peer.send("c\r\ndata: hello\n\r\n");
    peer.send("0\r\n\r\n");
    peer.wait_for_close();
  });
  const Outcome outcome = fetch(provider);
  EXPECT_FALSE(outcome.error) << outcome.message;
  EXPECT_EQ(outcome.body.size(), 1200U);
  EXPECT_TRUE(outcome.body.starts_with("data: hello\ndata: hello\n"));
}

// All of a loop read into the same memory, and each has a part of a head there before any has the rest.
TEST_F(Exchange, AnswersThatComeAtOnceInAnyPartsStayEachItsOwn) {
  constexpr std::size_t kAtOnce = 8;
  std::latch begun(kAtOnce + 1);
  std::latch go_on(1);
  RawProvider provider([&](RawConnection& peer) {
    if (!peer.read_request()) return;
    const std::string number = std::to_string(peer.number());
    peer.send("HTTP/1.1 200 OK\r\nx-number: " + number + number);
    begun.count_down();
    go_on.wait();
    std::mt19937_64 random(peer.number());
    const std::string rest =
        number + "\r\nTransfer-Encoding: chunked\r\n\r\n" + in_chunks(marked_text(peer.number()), random);
    for (std::string_view left = rest; !left.empty();) {
      const std::string_view part = left.substr(0, 1 + random() % 2'500);
      if (!peer.send(part)) break;
      left.remove_prefix(part.size());
    }
    peer.wait_for_close();
  });
  std::vector<std::shared_ptr<Call>> calls;
  for (std::size_t i = 0; i < kAtOnce; ++i) calls.push_back(begin(ask_of(provider)));
  begun.arrive_and_wait();
  take_turns(loop_);
  go_on.count_down();
  std::set<std::string> numbers;
  for (const auto& call : calls) {
    const Outcome outcome = call->outcome();
    const std::string number(outcome.fields.get("x-number").substr(0, 1));
    EXPECT_EQ(outcome.fields.get("x-number"), number + number + number);
    EXPECT_TRUE(outcome.body == marked_text(std::stoul("0" + number)));
    numbers.insert(number);
  }
  EXPECT_EQ(numbers.size(), kAtOnce);
}

TEST_F(Exchange, LargeBodiesGoThroughBothWays) {
  const std::string large(2'000'000, 'x');
  std::promise<std::size_t> seen;
  RawProvider provider([&](RawConnection& peer) {
    const auto request = peer.read_request();
    seen.set_value(request ? request->body.size() : 0);
    peer.send(RawProvider::answer(200, large));
    peer.wait_for_close();
  });
  Ask ask = ask_of(provider);
  ask.body = {"{", large, "}"};
  const Outcome outcome = fetch(ask);
  EXPECT_FALSE(outcome.error) << outcome.message;
  EXPECT_EQ(outcome.body.size(), large.size());
  EXPECT_EQ(outcome.times_sent, 1);
  EXPECT_EQ(seen.get_future().get(), large.size() + 2);
}

TEST_F(Exchange, AnswerBeforeTheWholeRequestIsReadAndTheConnectionDropped) {
  std::latch answered(1);
  RawProvider provider([&](RawConnection& peer) {
    if (!peer.read_head()) return;
    peer.send(RawProvider::answer(413, "too large"));
    if (peer.number() == 0) answered.wait();  // and never reads the body
  });
  Ask ask = ask_of(provider);
  ask.body = {std::string(32'000'000, 'x')};
  const Outcome outcome = fetch(ask);
  answered.count_down();
  EXPECT_EQ(outcome.status, 413) << outcome.message;
  EXPECT_EQ(outcome.body, "too large");
  EXPECT_FALSE(outcome.error) << outcome.message;
  EXPECT_EQ(outcome.times_sent, 0) << "the last byte never left";
  EXPECT_FALSE(fetch(provider).reused);
}

// Such heads come also where nobody asked for them, and are no answer.
TEST_F(Exchange, AnInterimHeadDoesNotEndAnUpload) {
  const std::string large(8'000'000, 'x');
  std::promise<std::size_t> seen;
  RawProvider provider([&](RawConnection& peer) {
    if (!peer.read_head()) return;
    for (const char* part :
         {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early", " Hints\r\nLink: x\r\n\r\n"}) {
      peer.send(part);
      take_turns(loop_);
    }
    const auto body = peer.read_head();  // it ends as heads do
    seen.set_value(body ? body->head.size() : 0);
    peer.send(RawProvider::answer(200, "taken"));
    peer.wait_for_close();
  });
  Ask ask = ask_of(provider);
  ask.body = {large, "\r\n\r\n"};
  ASSERT_EQ(fetch(ask).body, "taken");
  EXPECT_EQ(seen.get_future().get(), large.size() + 4);
}

// --- what isn't pooled
// --------------------------------------------------------------------------------------------

TEST_F(Exchange, NothingIsPooledThatMayCarryAnothersBytes) {
  struct Row {
    const char* why;
    const char* answer;
  };
  for (const Row& row : {
           Row{"the provider closes", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"},
           Row{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
           Row{"bytes behind a length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"},
           Row{"bytes behind chunks",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP"},
       }) {
    RawProvider provider([&](RawConnection& peer) {
      if (!peer.read_request()) return;
      peer.send(row.answer);
      peer.wait_for_close();
    });
    for (int i = 0; i < 2; ++i) {
      const Outcome outcome = fetch(provider);
      EXPECT_FALSE(outcome.error) << row.why << ": " << outcome.message;
      EXPECT_EQ(outcome.body, "ok") << row.why;
      EXPECT_FALSE(outcome.reused) << row.why;
    }
    EXPECT_EQ(provider.connections(), 2U) << row.why;
    EXPECT_TRUE(eventually([&] { return provider.open_connections() == 0; })) << row.why;
  }
}

TEST_F(Exchange, BytesThatComeWhileIdleEndAConnection) {
  std::latch sent(1);
  RawProvider provider([&](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(RawProvider::answer(200, "first"));
    if (peer.number() == 0) {
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
      sent.count_down();
    }
    peer.wait_for_close();
  });
  EXPECT_EQ(fetch(provider).body.substr(0, 5), "first");
  sent.wait();
  const Outcome second = fetch(provider);
  EXPECT_EQ(second.body, "first");
  EXPECT_FALSE(second.reused);
}

TEST_F(Exchange, AnAbandonedAnswerEndsItsConnection) {
  std::promise<bool> closed;
  RawProvider provider([&](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    if (peer.number() == 0) closed.set_value(peer.wait_for_close());
  });
  Ask ask = ask_of(provider);
  ask.read_body = false;
  EXPECT_EQ(fetch(ask).status, 200);
  EXPECT_TRUE(closed.get_future().get());
  EXPECT_FALSE(fetch(ask).reused);
}

TEST_F(Exchange, IdleConnectionsEndWithTheirTime) {
  RawProvider provider(RawProvider::always(RawProvider::answer(200, "{}")));
  EXPECT_EQ(fetch(provider).status, 200);
  EXPECT_EQ(provider.open_connections(), 1U);
  advance(56s);
  EXPECT_TRUE(eventually([&] { return provider.open_connections() == 0; }))
      << "closed without being asked for";
  EXPECT_FALSE(fetch(provider).reused);
}

TEST_F(Exchange, ASuspendedMachineDoesNotTrustItsConnections) {
  transport::UpstreamConfig config;
  config.idle_timeout = 30s;
  configure({}, config);
  RawProvider provider(RawProvider::always(RawProvider::answer(200, "{}")));
  EXPECT_EQ(fetch(provider).status, 200);
  advance(8h);
  EXPECT_FALSE(fetch(provider).reused);
}

TEST_F(Exchange, IdleConnectionsAreCapped) {
  transport::UpstreamConfig config;
  config.idle_max = 2;
  configure({}, config);
  std::latch all_here(4);
  RawProvider provider([&](RawConnection& peer) {
    if (!peer.read_request()) return;
    all_here.arrive_and_wait();
    peer.send(RawProvider::answer(200, "{}"));
    peer.wait_for_close();
  });
  std::vector<std::shared_ptr<Call>> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(begin(ask_of(provider)));
  for (const auto& call : calls) EXPECT_EQ(call->outcome().status, 200);
  EXPECT_TRUE(eventually([&] { return provider.open_connections() == 2; }));
}

TEST_F(Exchange, TheConnectionUsedLastIsUsedFirst) {
  std::latch both_here(2);
  RawProvider provider([&](RawConnection& peer) {
    for (int n = 0; peer.read_request(); ++n) {
      if (n == 0) both_here.arrive_and_wait();
      peer.send(RawProvider::answer(200, std::to_string(peer.number())));
    }
  });
  const auto a = begin(ask_of(provider));
  const auto b = begin(ask_of(provider));
  EXPECT_EQ(a->outcome().status, 200);
  EXPECT_EQ(b->outcome().status, 200);
  const std::string last = fetch(provider).body;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fetch(provider).body, last);
}

TEST_F(Exchange, EndpointsDoNotShareConnections) {
  RawProvider provider(RawProvider::always(RawProvider::answer(200, "{}")));
  EXPECT_EQ(fetch(provider).status, 200);
  Ask by_name = ask_of(provider);
  by_name.endpoint.host = "localhost";
  const Outcome outcome = fetch(by_name);
  EXPECT_EQ(outcome.status, 200) << outcome.message;
  EXPECT_FALSE(outcome.reused);
}

// --- retry on a fresh connection
// ----------------------------------------------------------------------------------

// Answers the first request of the first connection, and then does this.
RawProvider::Script first_then(std::function<void(RawConnection&)> then) {
  return [then = std::move(then)](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(RawProvider::answer(200, std::to_string(peer.number())));
    if (peer.number() == 0 && peer.read_request()) return then(peer);
    peer.wait_for_close();
  };
}

TEST_F(Exchange, AStaleConnectionIsReplacedOnce) {
  for (const bool by_reset : {false, true}) {
    RawProvider provider(first_then([&](RawConnection& peer) { by_reset ? peer.reset() : peer.close(); }));
    EXPECT_EQ(fetch(provider).body, "0");
    const Outcome second = fetch(provider);
    EXPECT_FALSE(second.error) << second.message;
    EXPECT_EQ(second.body, "1");
    EXPECT_FALSE(second.reused);
    EXPECT_EQ(second.times_sent, 2) << "both times the provider may have counted it";
    EXPECT_EQ(provider.connections(), 2U);
  }
}

TEST_F(Exchange, AConnectionClosedWhileIdleIsNotTried) {
  RawProvider provider([](RawConnection& peer) {
    if (peer.read_request()) peer.send(RawProvider::answer(200, "{}"));
  });
  EXPECT_EQ(fetch(provider).status, 200);
  EXPECT_TRUE(eventually([&] { return provider.open_connections() == 0; }));
  const Outcome second = fetch(provider);
  EXPECT_EQ(second.status, 200) << second.message;
  EXPECT_EQ(second.times_sent, 1);
}

TEST_F(Exchange, NothingIsRetriedOnceAByteOfTheAnswerCame) {
  RawProvider provider(first_then([](RawConnection& peer) {
    peer.send("H");
    peer.close();
  }));
  EXPECT_EQ(fetch(provider).body, "0");
  EXPECT_EQ(fetch(provider).error, ErrorKind::upstream_closed);
  EXPECT_EQ(provider.connections(), 1U);
  EXPECT_EQ(provider.requests(), 2U);
}

TEST_F(Exchange, AFreshConnectionThatFailsIsNotRetried) {
  for (const bool by_reset : {false, true}) {
    RawProvider provider([&](RawConnection& peer) {
      (void)peer.read_request();
      by_reset ? peer.reset() : peer.close();
    });
    EXPECT_EQ(fetch(provider).error, ErrorKind::upstream_closed);
    EXPECT_EQ(provider.connections(), 1U);
  }
}

TEST_F(Exchange, TheReplacementIsNotReplaced) {
  RawProvider provider([](RawConnection& peer) {
    if (peer.read_request() && peer.number() == 0) {
      peer.send(RawProvider::answer(200, "{}"));
      (void)peer.read_request();
    }
    peer.reset();
  });
  EXPECT_EQ(fetch(provider).status, 200);
  EXPECT_EQ(fetch(provider).error, ErrorKind::upstream_closed);
  EXPECT_EQ(provider.connections(), 2U);
}

// --- answers that can't be believed
// -------------------------------------------------------------------------------

TEST_F(Exchange, BrokenAnswersAreErrorsOfTheirKind) {
  struct Row {
    const char* answer;
    ErrorKind error;
  };
  const std::string huge =
      "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\nContent-Length: 0\r\n\r\n";
  for (const Row& row : {
           Row{"", ErrorKind::upstream_closed},
           Row{"HTTP/1.1 200 OK\r\nContent-", ErrorKind::upstream_closed},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", ErrorKind::upstream_closed},
           Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
               ErrorKind::upstream_closed},
           Row{"220 mail.test ESMTP\r\n", ErrorKind::upstream_protocol},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n", ErrorKind::upstream_protocol},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
               ErrorKind::upstream_protocol},
           Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", ErrorKind::upstream_protocol},
           Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", ErrorKind::upstream_protocol},
           Row{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
               ErrorKind::upstream_protocol},
           Row{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", ErrorKind::upstream_protocol},
           Row{huge.c_str(), ErrorKind::upstream_protocol},
       }) {
    RawProvider provider([&](RawConnection& peer) {
      if (peer.read_request()) peer.send(row.answer);
    });
    const Outcome outcome = fetch(provider);
    EXPECT_EQ(outcome.error, row.error) << std::string(row.answer).substr(0, 200) << "\n" << outcome.message;
    EXPECT_EQ(provider.connections(), 1U);
  }
}

TEST_F(Exchange, WhatCameBeforeTheBreakIsGivenOut) {
  RawProvider provider([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nworld\r\nnonsense\r\n");
    peer.wait_for_close();
  });
  Ask ask = ask_of(provider);
  for (const bool leaves : {false, true}) {
    ask.cancel_behind_piece = leaves;
    const Outcome outcome = fetch(ask);
    EXPECT_EQ(outcome.body, "helloworld");
    EXPECT_EQ(outcome.error, ErrorKind::upstream_protocol) << "of two failures the first is told";
  }
}

TEST_F(Exchange, AResetIsNeverACleanEnd) {
  RawProvider provider([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
    peer.reset();
  });
  EXPECT_EQ(fetch(provider).error, ErrorKind::upstream_closed);
}

TEST_F(Exchange, UntilCloseEndsWithAFin) {
  RawProvider provider([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send("HTTP/1.0 200 OK\r\n\r\nall of it");
  });
  const Outcome outcome = fetch(provider);
  EXPECT_FALSE(outcome.error) << outcome.message;
  EXPECT_EQ(outcome.body, "all of it");
}

}  // namespace
}  // namespace weir::test
