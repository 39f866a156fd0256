// The stream under both directions: looking out for the peer's leaving, and writes that may be cut short.
#include "transport/stream.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <future>
#include <latch>
#include <memory>
#include <optional>

#include "support/fake_clock.hpp"
#include "support/raw_provider.hpp"
#include "support/test_certificates.hpp"
#include "transport/tls.hpp"
#include "weir/net/loop.hpp"

namespace weir::test {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using transport::Stream;

class StreamTest : public ::testing::Test {
 protected:
  StreamTest() : thread_([this] { loop_.run(); }) {}
  ~StreamTest() override {
    on_loop([this] { stream_.reset(); });
    EXPECT_TRUE(eventually([this] { return loop_.tasks() == 0; }));
    loop_.stop();
    thread_.join();
  }

  void connect(const RawProvider& peer) {
    error_code ec;
    transport::Socket socket =
        transport::connect_to({boost::asio::ip::address_v4::loopback(), peer.port()}, ec);
    ASSERT_FALSE(ec) << ec.message();
    on_loop([&] { stream_.emplace(loop_, std::move(socket)); });
    EXPECT_EQ(run(stand(&*stream_)), "");
  }

  void connect_over_tls(const RawProvider& peer, const Certificate& root) {
    auto context = transport::make_client_context(root.file);
    ASSERT_TRUE(context);
    context_ = std::shared_ptr<ssl_ctx_st>(std::move(context).value());
    connect(peer);
    EXPECT_EQ(run(shake_hands(&*stream_, context_)), "");
  }

  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  // Starts the coroutine; its text is the test's.
  std::future<std::string> start(net::Awaitable<std::string> task) {
    auto promise = std::make_shared<std::promise<std::string>>();
    auto future = promise->get_future();
    auto shared = std::make_shared<net::Awaitable<std::string>>(std::move(task));
    on_loop([&] { loop_.spawn("test", keep(std::move(*shared), promise)); });
    return future;
  }
  std::string run(net::Awaitable<std::string> task) {
    auto future = start(std::move(task));
    if (future.wait_for(std::chrono::seconds(10)) != std::future_status::ready) return "never ended";
    return future.get();
  }

  void watch() {
    on_loop([this] { stream_->watch([this] { ++gone_; }); });
  }
  [[nodiscard]] bool sees_it_leave() {
    return eventually([this] { return gone_ > 0; });
  }
  // The loop has gone round often enough for what was under way.
  void settle() {
    for (int i = 0; i < 100; ++i) on_loop([] {});
  }

  static net::Awaitable<void> keep(net::Awaitable<std::string> task,
                                   std::shared_ptr<std::promise<std::string>> promise) {
    std::string text = co_await std::move(task);
    promise->set_value(std::move(text));
  }
  static net::Awaitable<std::string> stand(Stream* stream) {
    error_code ec;
    co_await stream->connected(ec);
    co_return ec ? ec.message() : std::string();
  }
  static net::Awaitable<std::string> shake_hands(Stream* stream, std::shared_ptr<ssl_ctx_st> context) {
    transport::TlsPeer peer;
    peer.context = std::move(context);
    peer.host = "localhost";
    error_code ec;
    std::string reason;
    co_await stream->handshake_as_client(peer, ec, reason);
    co_return ec ? reason : std::string();
  }
  static net::Awaitable<std::string> read(Stream* stream, std::size_t size) {
    std::string text;
    std::string piece(4096, '\0');
    error_code ec;
    while (text.size() < size && !ec) {
      const std::size_t n = co_await stream->read_some(piece, ec);
      text.append(piece, 0, n);
    }
    co_return ec ? text + "|" + ec.message() : text;
  }
  static net::Awaitable<std::string> write(Stream* stream, std::string text) {
    const std::vector<boost::asio::const_buffer> pieces = {
        {text.data(), text.size() / 2}, {text.data() + text.size() / 2, text.size() - text.size() / 2}};
    error_code ec;
    (void)co_await stream->write(pieces, ec);
    co_return ec ? ec.message() : std::string("written");
  }
  static net::Awaitable<std::string> write_until_answered(Stream* stream, std::string text) {
    const std::vector<boost::asio::const_buffer> pieces = {{text.data(), text.size()}};
    std::array<char, 100> arrived{};
    std::size_t n = 0;
    error_code read_ec;
    const std::function<bool()> answered = [&] {
      n = stream->try_read(arrived, read_ec);
      return n > 0 || read_ec;
    };
    error_code ec;
    const bool whole = co_await stream->write_until_answered(pieces, answered, ec);
    if (ec) co_return ec.message();
    co_return whole ? std::string("written") : "answered: " + std::string(arrived.data(), n);
  }

  FakeClock clock_;
  net::Loop loop_{clock_};
  std::shared_ptr<ssl_ctx_st> context_;
  std::optional<Stream> stream_;  // loop's thread only
  std::atomic<int> gone_ = 0;

 private:
  std::thread thread_;
};

TEST_F(StreamTest, SeesAFin) {
  std::latch leave(1);
  RawProvider peer([&](RawConnection&) { leave.wait(); });
  connect(peer);
  watch();
  settle();
  EXPECT_EQ(gone_, 0);
  leave.count_down();
  EXPECT_TRUE(sees_it_leave());
  settle();
  EXPECT_EQ(gone_, 1);
}

TEST_F(StreamTest, SeesAReset) {
  std::latch leave(1);
  RawProvider peer([&](RawConnection& connection) {
    leave.wait();
    connection.reset();
  });
  connect(peer);
  watch();
  leave.count_down();
  EXPECT_TRUE(sees_it_leave());
}

TEST_F(StreamTest, SeesALeavingBehindUnreadBytesAndLeavesThem) {
  for (const bool by_reset : {false, true}) {
    gone_ = 0;
    std::latch leave(1);
    RawProvider peer([&](RawConnection& connection) {
      connection.send("pipelined");
      leave.wait();
      by_reset ? connection.reset() : connection.close();
      connection.wait_for_close();
    });
    connect(peer);
    watch();
    settle();
    EXPECT_EQ(gone_, 0) << "bytes are no leaving";
    leave.count_down();
    EXPECT_TRUE(sees_it_leave());
    if (!by_reset) {
      EXPECT_EQ(run(read(&*stream_, 9)), "pipelined");
    }
    on_loop([this] { stream_.reset(); });
  }
}

// Between two looks at the kernel: a timer or a posted handler may take a connection from the pool.
TEST_F(StreamTest, IsNotQuietWithBytesThatTheLoopHasNotHeardOf) {
  for (const bool leaves : {false, true}) {
    std::latch go(1);
    std::latch gone(1);
    RawProvider peer([&](RawConnection& connection) {
      go.wait();
      if (leaves)
        connection.close();
      else
        connection.send("forged");
      gone.count_down();
      connection.wait_for_close();
    });
    connect(peer);
    settle();
    on_loop([&] {
      EXPECT_TRUE(stream_->is_quiet());
      go.count_down();
      gone.wait();
      EXPECT_FALSE(stream_->is_quiet()) << leaves;
      stream_->close();
    });
  }
}

TEST_F(StreamTest, SeesALeavingFromBeforeItLooked) {
  RawProvider peer([](RawConnection&) {});
  connect(peer);
  EXPECT_TRUE(eventually([&] { return peer.open_connections() == 0; }));
  watch();
  EXPECT_TRUE(sees_it_leave());
}

TEST_F(StreamTest, AfterStoppingNothingIsTold) {
  std::latch leave(1);
  RawProvider peer([&](RawConnection& connection) {
    connection.send("x");
    leave.wait();
  });
  connect(peer);
  watch();
  settle();
  on_loop([this] { stream_->stop_watching(); });
  leave.count_down();
  EXPECT_TRUE(eventually([&] { return peer.open_connections() == 0; }));
  EXPECT_EQ(run(read(&*stream_, 100)), "x|End of file");
  settle();
  EXPECT_EQ(gone_, 0);
}

TEST_F(StreamTest, ClosingEndsAWatchInSilence) {
  RawProvider peer([&](RawConnection& connection) { connection.wait_for_close(); });
  connect(peer);
  watch();
  on_loop([this] { stream_->close(); });
  settle();
  EXPECT_EQ(gone_, 0);
}

TEST_F(StreamTest, StoppingAWatchLeavesAWriteAlone) {
  std::latch drain(1);
  RawProvider peer([&](RawConnection& connection) {
    drain.wait();
    connection.wait_for_close();
  });
  connect(peer);
  auto written = start(write(&*stream_, std::string(16'000'000, 'x')));
  watch();
  settle();
  on_loop([this] { stream_->stop_watching(); });
  settle();
  EXPECT_NE(written.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  drain.count_down();
  ASSERT_EQ(written.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(written.get(), "written");
}

TEST_F(StreamTest, ClosingEndsAReadAndAWrite) {
  std::latch over(1);
  RawProvider peer([&](RawConnection&) { over.wait(); });
  connect(peer);
  auto written = start(write(&*stream_, std::string(16'000'000, 'x')));
  auto was_read = start(read(&*stream_, 1));
  on_loop([this] { stream_->close(); });
  EXPECT_EQ(written.get(), "Operation canceled");
  EXPECT_EQ(was_read.get(), "|Operation canceled");
  over.count_down();
}

TEST_F(StreamTest, AWriteGivesWayToAnAnswerAndToAnEnd) {
  for (const char* answer : {"no", ""}) {
    std::latch over(1);
    RawProvider peer([&](RawConnection& connection) {
      connection.send(answer);
      connection.close();
      over.wait();
    });
    connect(peer);
    EXPECT_EQ(run(write_until_answered(&*stream_, std::string(16'000'000, 'x'))),
              "answered: " + std::string(answer));
    EXPECT_EQ(run(read(&*stream_, 100)), "|End of file");
    over.count_down();
    on_loop([this] { stream_.reset(); });
  }
}

TEST_F(StreamTest, AWriteThatNobodyAnswersEndsWhole) {
  RawProvider peer([](RawConnection& connection) { connection.wait_for_close(); });
  connect(peer);
  EXPECT_EQ(run(write_until_answered(&*stream_, std::string(16'000'000, 'x'))), "written");
}

// --- the same under TLS
// -------------------------------------------------------------------------------------------

class TlsStreamTest : public StreamTest {
 protected:
  TlsStreamTest() {
    CertificateWish ca;
    ca.is_ca = true;
    root_ = certificates_.issue("root", ca);
    leaf_ = certificates_.issue("leaf", {}, &root_);
  }
  [[nodiscard]] RawProvider::Tls tls() const {
    return {.chain_file = leaf_.file, .key_file = leaf_.key_file};
  }

  TestCertificates certificates_;
  Certificate root_;
  Certificate leaf_;
};

TEST_F(TlsStreamTest, TicketsAreNoLeavingAndCloseNotifyIs) {
  std::latch leave(1);
  RawProvider peer(
      [&](RawConnection& connection) {
        leave.wait();
        connection.close();
        connection.wait_for_close();
      },
      tls());
  connect_over_tls(peer, root_);
  bool quiet = false;
  on_loop([&] { quiet = stream_->is_quiet(); });
  EXPECT_TRUE(quiet) << "session tickets are no bytes";
  watch();
  settle();
  EXPECT_EQ(gone_, 0);
  leave.count_down();
  EXPECT_TRUE(sees_it_leave());
}

TEST_F(TlsStreamTest, SeesALeavingBehindUnreadBytesAndLeavesThem) {
  std::latch leave(1);
  RawProvider peer(
      [&](RawConnection& connection) {
        connection.send("pipelined");
        connection.send("more");
        leave.wait();
      },
      tls());
  connect_over_tls(peer, root_);
  watch();
  settle();
  EXPECT_EQ(gone_, 0);
  leave.count_down();
  EXPECT_TRUE(sees_it_leave());
  EXPECT_EQ(run(read(&*stream_, 100)), "pipelinedmore|End of file");
}

TEST_F(TlsStreamTest, BytesReadAheadDoNotHideALeaving) {
  std::latch leave(1);
  RawProvider peer(
      [&](RawConnection& connection) {
        connection.send("first");
        connection.send("second");
        leave.wait();
      },
      tls());
  connect_over_tls(peer, root_);
  settle();
  EXPECT_EQ(run(read(&*stream_, 1)), "first");  // the second record may lie in OpenSSL's buffer now
  watch();
  settle();
  EXPECT_EQ(gone_, 0);
  leave.count_down();
  EXPECT_TRUE(sees_it_leave());
}

TEST_F(TlsStreamTest, BothDirectionsWorkAtOnce) {
  RawProvider peer(
      [](RawConnection& connection) {
        connection.send(std::string(2'000'000, 'y'));
        connection.wait_for_close();
      },
      tls());
  connect_over_tls(peer, root_);
  auto was_read = start(read(&*stream_, 2'000'000));
  EXPECT_EQ(run(write(&*stream_, std::string(2'000'000, 'x'))), "written");
  ASSERT_EQ(was_read.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(was_read.get().size(), 2'000'000U);
}

TEST_F(TlsStreamTest, ACutStreamIsNoCleanEnd) {
  RawProvider peer(
      [](RawConnection& connection) {
        connection.send("some");
        connection.cut();
      },
      tls());
  connect_over_tls(peer, root_);
  EXPECT_EQ(run(read(&*stream_, 100)), "some|Connection reset by peer");
}

TEST_F(TlsStreamTest, AWriteGivesWayToAnAnswer) {
  std::latch over(1);
  RawProvider peer(
      [&](RawConnection& connection) {
        connection.send("no");
        over.wait();
      },
      tls());
  connect_over_tls(peer, root_);
  EXPECT_EQ(run(write_until_answered(&*stream_, std::string(16'000'000, 'x'))), "answered: no");
  over.count_down();
}

}  // namespace
}  // namespace weir::test
