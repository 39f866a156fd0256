#include "transport/answer_reader.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "weir/transport/upstream.hpp"

namespace weir::transport {
namespace {

using Asked = AnswerReader::Asked;

struct Reading {
  std::optional<ErrorKind> error;
  std::string message;
  int status = 0;
  std::string body;
  bool done = false;
  bool keeps_alive = false;
  std::string behind;  // what wasn't consumed

  friend bool operator==(const Reading&, const Reading&) = default;
};

Reading failed(Reading reading, const Error& error) {
  reading.error = error.kind;
  reading.message = error.message;
  return reading;
}

// Reads `bytes` as they would come in pieces of that size, then the end of stream.
Reading read_in_pieces(std::string_view bytes, std::size_t piece, Asked asked) {
  AnswerReader reader(asked);
  Reading reading;
  std::string unread;
  while (!reader.done() && !bytes.empty()) {
    unread.append(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    if (!reader.has_head()) {
      const auto consumed = reader.read_head(unread);
      if (!consumed) return failed(reading, consumed.error());
      unread.erase(0, *consumed);
    }
    while (reader.has_head() && !reader.done() && !unread.empty()) {
      const auto step = reader.read_body(unread);
      if (!step) return failed(reading, step.error());
      reading.body += step->body;
      unread.erase(0, step->consumed);
    }
  }
  if (!reader.done()) {
    if (const auto end = reader.end(); !end) return failed(reading, end.error());
  }
  reading.done = reader.done();
  reading.status = reader.head().status;
  reading.keeps_alive = reader.keeps_alive();
  reading.behind = unread + std::string(bytes);
  return reading;
}

// The result must not depend on how the bytes are cut.
Reading read(std::string_view bytes, Asked asked = Asked::with_body) {
  const Reading whole = read_in_pieces(bytes, bytes.size(), asked);
  for (const std::size_t piece : {1U, 2U, 3U, 7U}) {
    if (bytes.size() > 8192 && piece < 7) continue;
    EXPECT_EQ(read_in_pieces(bytes, piece, asked), whole) << "in pieces of " << piece << ":\n"
                                                          << bytes.substr(0, 300);
  }
  return whole;
}

TEST(AnswerReader, ReadsABodyWithALength) {
  const Reading reading = read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_FALSE(reading.error) << reading.message;
  EXPECT_EQ(reading.status, 200);
  EXPECT_EQ(reading.body, "hello");
  EXPECT_TRUE(reading.done);
  EXPECT_TRUE(reading.keeps_alive);
}

TEST(AnswerReader, ReadsChunksAndDropsTrailers) {
  const Reading reading = read(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-Late: "
      "1\r\n\r\n");
  EXPECT_FALSE(reading.error) << reading.message;
  EXPECT_EQ(reading.body, "hello world");
  EXPECT_TRUE(reading.done);
  EXPECT_TRUE(reading.keeps_alive);
}

TEST(AnswerReader, ReadsUntilCloseAndKeepsNothingAlive) {
  const Reading reading = read("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nall of it");
  EXPECT_FALSE(reading.error) << reading.message;
  EXPECT_EQ(reading.body, "all of it");
  EXPECT_TRUE(reading.done);
  EXPECT_FALSE(reading.keeps_alive);
}

TEST(AnswerReader, LeavesWhatStandsBehindTheMessage) {
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n").behind,
            "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX").behind, "X");
  EXPECT_EQ(read("HTTP/1.1 204 No Content\r\n\r\nX").behind, "X");
}

TEST(AnswerReader, SomeAnswersHaveNoBodyWhateverTheySay) {
  for (const char* head : {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
                           "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
                           "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
                           "HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n"}) {
    const Reading reading = read(head);
    EXPECT_FALSE(reading.error) << head << reading.message;
    EXPECT_TRUE(reading.done) << head;
  }
  EXPECT_TRUE(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Asked::head).done);
  EXPECT_TRUE(read("HTTP/1.1 200 Connection established\r\n\r\n", Asked::connect).done);
  EXPECT_EQ(read("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", Asked::connect).body, "no");
}

TEST(AnswerReader, SkipsInterimHeads) {
  const Reading reading = read(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_FALSE(reading.error) << reading.message;
  EXPECT_EQ(reading.status, 200);
  EXPECT_EQ(reading.body, "ok");
}

TEST(AnswerReader, FieldsOfInterimHeadsAreNotTheAnswers) {
  AnswerReader reader(Asked::with_body);
  ASSERT_TRUE(
      reader.read_head("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n"));
  EXPECT_FALSE(reader.head().fields.find("link"));
  EXPECT_EQ(reader.head().fields.get("a"), "b");
}

TEST(AnswerReader, RedirectIsAnAnswerLikeAnyOther) {
  EXPECT_EQ(read("HTTP/1.1 307 Go\r\nLocation: http://evil/\r\nContent-Length: 0\r\n\r\n").status, 307);
}

TEST(AnswerReader, SaysWhetherTheConnectionGoesOn) {
  struct Row {
    const char* head;
    bool keeps_alive;
  };
  for (const Row& row : {
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n", false},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x\r\nConnection: close\r\n\r\n", false},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive, close\r\n\r\n", false},
           Row{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false},
           Row{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n", true},
       }) {
    EXPECT_EQ(read(row.head).keeps_alive, row.keeps_alive) << row.head;
  }
}

TEST(AnswerReader, RefusesWhatBreaksHttp) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  for (const std::string& bytes : {
           std::string("SSH-2.0-OpenSSH_9.2\r\n"),
           std::string("\x15\x03\x01\x00\x02\x02\x46", 7),  // a TLS alert
           std::string("\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
           std::string("HTTP/2 200\r\n\r\n"),
           std::string("HTTP/1.2 200 OK\r\n\r\n"),
           std::string("HTTP/1.1 20 OK\r\n\r\n"),
           std::string("HTTP/1.1 2000 OK\r\n\r\n"),
           std::string("HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n"),
           std::string("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
           ok + "Content-Length: 0\n\r\n",
           ok + "A: b\r\n folded\r\nContent-Length: 0\r\n\r\n",
           ok + "A: b\r\n\tfolded\r\nContent-Length: 0\r\n\r\n",
           ok + "A : b\r\nContent-Length: 0\r\n\r\n",
           ok + "no colon\r\nContent-Length: 0\r\n\r\n",
           ok + "A: b" + '\0' + "c\r\nContent-Length: 0\r\n\r\n",
           ok + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
           ok + "Content-Length: 3, 3\r\n\r\nabc",
           ok + "Content-Length: 3,4\r\n\r\nabc",
           ok + "Content-Length: +3\r\n\r\nabc",
           ok + "Content-Length: -3\r\n\r\nabc",
           ok + "Content-Length: 0x3\r\n\r\nabc",
           ok + "Content-Length: 3 \tx\r\n\r\nabc",
           ok + "Content-Length:\r\n\r\nabc",
           ok + "Content-Length: 18446744073709551616\r\n\r\nabc",
           ok + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
           ok + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
           ok + "Content-Length: 3\r\nTransfer-Encoding: gzip\r\n\r\nabc",
           ok + "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
           ok + "Transfer-Encoding: gzip\r\n\r\n",
           ok + "Transfer-Encoding: identity\r\n\r\nabc",
           ok + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
           ok + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
           ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           ok + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
           ok + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
           ok + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
           ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           ok + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           std::string("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
           ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
           ok + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
           ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
           ok + "Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
           ok + "Transfer-Encoding: chunked\r\n\r\n0;" + std::string(5000, 'x') + "\r\n\r\n",
           ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + std::string(9000, 'x') + ": y\r\n\r\n",
           ok + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
           ok + "Content-Encoding: identity, br\r\nContent-Length: 3\r\n\r\nabc",
           std::string("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"),
       }) {
    const Reading reading = read(bytes);
    EXPECT_EQ(reading.error, ErrorKind::upstream_protocol) << bytes.substr(0, 300) << "\n" << reading.message;
  }
}

TEST(AnswerReader, EqualLengthsTwiceAreOneLength) {
  const Reading reading = read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_FALSE(reading.error) << reading.message;
  EXPECT_EQ(reading.body, "ok");
}

TEST(AnswerReader, OfARefusalThatIsCodedTheHeadIsBelieved) {
  for (const char* framing :
       {"Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc", "\r\nabc"}) {
    const Reading reading =
        read(std::string("HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nContent-Encoding: gzip\r\n") + framing);
    EXPECT_FALSE(reading.error) << reading.message;
    EXPECT_EQ(reading.status, 429);
    EXPECT_EQ(reading.body, "");
    EXPECT_TRUE(reading.done);
    EXPECT_FALSE(reading.keeps_alive);
  }
}

TEST(AnswerReader, IdentityIsNoCoding) {
  EXPECT_FALSE(read("HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nok").error);
}

TEST(AnswerReader, CutShortIsNotWhole) {
  for (const char* bytes :
       {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"}) {
    EXPECT_EQ(read(bytes).error, ErrorKind::upstream_closed) << bytes;
  }
}

std::string head_of_size(std::size_t size) {
  std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Long: \r\n\r\n";
  return head.insert(head.size() - 4, size - head.size(), 'x');
}

TEST(AnswerReader, HeadsHaveACap) {
  EXPECT_FALSE(read(head_of_size(kMaxAnswerHead - 1)).error);
  EXPECT_EQ(read(head_of_size(kMaxAnswerHead + 1)).error, ErrorKind::upstream_protocol);
  // Without its end in sight it isn't waited for either.
  AnswerReader reader(Asked::with_body);
  EXPECT_FALSE(reader.read_head("HTTP/1.1 200 OK\r\nX: " + std::string(kMaxAnswerHead, 'x')));
}

TEST(AnswerReader, FieldsHaveACap) {
  const auto with_fields = [](std::size_t n) {
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    for (std::size_t i = 1; i < n; ++i) head += "X: y\r\n";
    return head + "\r\n";
  };
  EXPECT_FALSE(read(with_fields(kMaxAnswerFields)).error);
  EXPECT_EQ(read(with_fields(kMaxAnswerFields + 1)).error, ErrorKind::upstream_protocol);
}

TEST(AnswerReader, InterimHeadsHaveACap) {
  const auto with_interim = [](int n) {
    std::string bytes;
    for (int i = 0; i < n; ++i) bytes += "HTTP/1.1 100 Continue\r\n\r\n";
    return bytes + "HTTP/1.1 204 No Content\r\n\r\n";
  };
  EXPECT_FALSE(read(with_interim(AnswerReader::kMaxInterim)).error);
  EXPECT_EQ(read(with_interim(AnswerReader::kMaxInterim + 1)).error, ErrorKind::upstream_protocol);
  const std::string large = "HTTP/1.1 103 Early Hints\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n";
  EXPECT_EQ(read(large + large + large + large + "HTTP/1.1 204 No Content\r\n\r\n").error,
            ErrorKind::upstream_protocol);
}

}  // namespace
}  // namespace weir::transport
