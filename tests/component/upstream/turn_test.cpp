// Streams of one loop that read and write in the same turn of it.
#include "transport/stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <memory>

#include "support/fake_clock.hpp"
#include "weir/net/loop.hpp"

namespace weir::test {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using transport::Stream;

// Two connections of one loop whose turns are the test's.
class TurnTest : public ::testing::Test {
 protected:
  struct Connection {
    std::unique_ptr<Stream> near;
    tcp::socket far;
  };
  Connection connect() {
    tcp::acceptor acceptor(far_io_, {boost::asio::ip::address_v4::loopback(), 0});
    error_code ec;
    transport::Socket near = transport::connect_to(acceptor.local_endpoint(), ec);
    EXPECT_FALSE(ec) << ec.message();
    return {std::make_unique<Stream>(loop_, std::move(near)), acceptor.accept()};
  }
  void turn() {
    for (int i = 0; i < 5; ++i) {
      loop_.io().restart();
      loop_.io().poll();
    }
  }
  static void ask(tcp::socket& far) { boost::asio::write(far, boost::asio::buffer("?", 1)); }
  static std::string told(tcp::socket& far) {
    std::string text(far.available(), '\0');
    boost::asio::read(far, boost::asio::buffer(text));
    return text;
  }

  // Answers what comes first with "yes".
  static net::Awaitable<void> answer(Stream* stream, std::string* end) {
    std::array<char, 8> byte{};
    error_code ec;
    (void)co_await stream->read_some(byte, ec);
    const std::array<boost::asio::const_buffer, 1> yes{boost::asio::buffer("yes", 3)};
    (void)co_await stream->write(yes, ec);
    *end = ec ? ec.message() : "written";
  }
  // By eights, until it fails.
  static net::Awaitable<void> read_on(Stream* stream, std::size_t* read, std::string* end) {
    std::array<char, 8> bytes{};
    error_code ec;
    while (!ec) {
      const std::size_t got = co_await stream->read_some(bytes, ec);
      *read += got;
    }
    *end = ec.message();
  }
  // The same as one that waits before it reads.
  static net::Awaitable<void> wait_and_read_on(Stream* stream, std::size_t* read) {
    std::array<char, 8> bytes{};
    error_code ec;
    while (!ec) {
      while (!stream->has_input()) (void)co_await stream->wait_for_input();
      *read += stream->try_read(bytes, ec);
    }
  }
  // Writes until it is answered, and waits for what comes behind that.
  static net::Awaitable<void> push_and_wait(Stream* stream, const std::string* much, std::string* log) {
    const std::array<boost::asio::const_buffer, 1> pieces{boost::asio::buffer(*much)};
    std::array<char, 8> bytes{};
    const std::function<bool()> answered = [] { return true; };
    error_code ec;
    const bool wrote_all = co_await stream->write_until_answered(pieces, answered, ec);
    while (stream->has_input()) (void)stream->try_read(bytes, ec);
    *log += wrote_all ? "wrote all, " : "is answered, ";
    (void)co_await stream->wait_for_input();
    *log += "has input";
  }
  static net::Awaitable<void> cancel_other(Stream* stream, Stream* other) {
    std::array<char, 8> byte{};
    error_code ec;
    (void)co_await stream->read_some(byte, ec);
    other->cancel();
  }

  FakeClock clock_;
  net::Loop loop_{clock_};
  boost::asio::io_context far_io_;
};

TEST_F(TurnTest, WritesOfOneTurnAllArrive) {
  Connection a = connect();
  Connection b = connect();
  turn();
  std::string a_end;
  std::string b_end;
  loop_.spawn("a", answer(a.near.get(), &a_end));
  loop_.spawn("b", answer(b.near.get(), &b_end));
  turn();
  ask(a.far);
  ask(b.far);
  turn();
  EXPECT_EQ(a_end + " " + b_end, "written written");
  EXPECT_EQ(told(a.far) + " " + told(b.far), "yes yes");
}

TEST_F(TurnTest, WhoWaitsForInputIsNotWokenByRoomToWrite) {
  Connection a = connect();
  const std::string much(16U << 20U, 'x');
  std::string log;
  loop_.spawn("a", push_and_wait(a.near.get(), &much, &log));
  turn();
  ask(a.far);
  turn();
  ASSERT_EQ(log, "is answered, ");
  while (!told(a.far).empty()) turn();
  EXPECT_EQ(log, "is answered, ");
  ask(a.far);
  turn();
  EXPECT_EQ(log, "is answered, has input");
}

// A reader that lets others go first waits for nothing that cancel() could end: its clock would be lost.
TEST_F(TurnTest, ACancelWhileAReadLetsOthersGoFirstEndsIt) {
  Connection a = connect();
  turn();
  boost::asio::write(a.far, boost::asio::buffer(std::string(4096, 'x')));
  std::size_t read = 0;
  std::string end;
  loop_.spawn("a", read_on(a.near.get(), &read, &end));
  loop_.io().restart();
  while (end.empty() && loop_.io().poll_one() > 0)
    if (read > 0) a.near->cancel();
  EXPECT_EQ(end, "Operation canceled");
  EXPECT_LT(read, 4096U) << "it went on to the last byte";
}

// A provider that never pauses has its turn, and no more of the loop than that.
TEST_F(TurnTest, OneThatAlwaysHasInputLetsOthersGoFirst) {
  constexpr std::size_t kSent = 4096;
  Connection a = connect();
  turn();
  boost::asio::write(a.far, boost::asio::buffer(std::string(kSent, 'x')));
  std::size_t read = 0;
  loop_.spawn("a", wait_and_read_on(a.near.get(), &read));
  loop_.io().restart();
  std::size_t most = 0;  // without a pause
  for (std::size_t before = 0; read < kSent && loop_.io().poll_one() > 0; before = read)
    most = std::max(most, read - before);
  EXPECT_EQ(read, kSent);
  EXPECT_LT(most, kSent / 4);
  a.near->close();
  turn();
}

// Otherwise a request whose client left in the same turn would still be spent.
TEST_F(TurnTest, AWriteThatIsCancelledInItsTurnIsNotSent) {
  Connection a = connect();
  Connection b = connect();
  turn();
  std::string a_end;
  loop_.spawn("a", answer(a.near.get(), &a_end));
  loop_.spawn("b", cancel_other(b.near.get(), a.near.get()));
  turn();
  ask(a.far);
  ask(b.far);
  turn();
  EXPECT_EQ(a_end, "Operation canceled");
  EXPECT_EQ(told(a.far), "");
}

}  // namespace
}  // namespace weir::test
