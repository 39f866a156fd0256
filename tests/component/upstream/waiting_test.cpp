// Every stage of an exchange ends at its deadline and at a cancellation, and the provider sees it.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <latch>

#include "support/closed_port.hpp"
#include "upstream_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

// A port whose connections are never accepted: its queue is full, so that SYNs are dropped.
class DeafPort {
 public:
  DeafPort() {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, any, size), 0);
    EXPECT_EQ(::listen(listener_, 0), 0);
    EXPECT_EQ(::getsockname(listener_, any, &size), 0);
    port_ = ntohs(address.sin_port);
    for (int& fd : fillers_) {
      fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      ::connect(fd, any, size);
    }
  }
  ~DeafPort() {
    for (const int fd : fillers_) ::close(fd);
    ::close(listener_);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::array<int, 4> fillers_{};
};

// Look-ups that hang until the test is over.
class HungNames {
 public:
  ~HungNames() { over_->count_down(); }
  [[nodiscard]] transport::UpstreamSharedConfig config() {
    transport::UpstreamSharedConfig config;
    config.look_up = [this, over = over_](const std::string&) -> Result<std::vector<std::string>> {
      ++asked;
      over->wait();
      return std::vector<std::string>{"127.0.0.1"};
    };
    return config;
  }
  std::atomic<int> asked = 0;

 private:
  const std::shared_ptr<std::latch> over_ =
      std::make_shared<std::latch>(1);  // shared with the look-ups' threads
};

class Waiting : public UpstreamTest {};

Ask ask_of_port(std::uint16_t port) {
  Ask ask;
  ask.endpoint.tls = false;
  ask.endpoint.host = "127.0.0.1";
  ask.endpoint.port = port;
  return ask;
}

// --- deadlines
// ----------------------------------------------------------------------------------------------------

TEST_F(Waiting, ConnectingHasADeadline) {
  const DeafPort deaf;
  const auto call = begin(ask_of_port(deaf.port()));
  const Outcome outcome = outcome_as_time_passes(*call, 1s);
  EXPECT_EQ(outcome.error, ErrorKind::connect_failed) << outcome.message;
  EXPECT_NE(outcome.message.find("127.0.0.1:" + std::to_string(deaf.port())), std::string::npos)
      << outcome.message;
  EXPECT_EQ(outcome.times_sent, 0);
}

TEST_F(Waiting, ARefusedConnectionFailsAtOnce) {
  const ClosedPort nobody;
  const Outcome outcome = fetch(ask_of_port(nobody.port()));
  EXPECT_EQ(outcome.error, ErrorKind::connect_failed);
  EXPECT_NE(outcome.message.find("Connection refused"), std::string::npos) << outcome.message;
}

TEST_F(Waiting, TheHandshakeHasADeadline) {
  RawProvider silent([](RawConnection& peer) { peer.wait_for_close(); });
  Ask ask = ask_of(silent);
  ask.endpoint.tls = true;
  const auto call = begin(ask);
  ASSERT_TRUE(eventually([&] { return silent.connections() == 1; }));
  const Outcome outcome = outcome_as_time_passes(*call, 1s);
  EXPECT_EQ(outcome.error, ErrorKind::tls_failed) << outcome.message;
  EXPECT_TRUE(eventually([&] { return silent.open_connections() == 0; }));
}

TEST_F(Waiting, TheHeadHasADeadline) {
  RawProvider slow([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send("HTTP/1.1 200 OK\r\n");  // bytes alone don't move it
    peer.wait_for_close();
  });
  const auto call = begin(ask_of(slow));
  ASSERT_TRUE(eventually([&] { return slow.requests() == 1; }));
  advance(59s);
  EXPECT_FALSE(call->done());
  advance(2s);
  const Outcome outcome = call->outcome();
  EXPECT_EQ(outcome.error, ErrorKind::upstream_timeout) << outcome.message;
  EXPECT_EQ(outcome.times_sent, 1);
  EXPECT_TRUE(eventually([&] { return slow.open_connections() == 0; }));
}

TEST_F(Waiting, ATimeoutOnAUsedConnectionIsNotRetried) {
  RawProvider once([](RawConnection& peer) {
    if (peer.read_request()) peer.send(RawProvider::answer(200, "{}"));
    if (peer.read_request()) peer.wait_for_close();
  });
  EXPECT_EQ(fetch(once).status, 200);
  const auto call = begin(ask_of(once));
  ASSERT_TRUE(
      eventually([&] { return once.requests() == 2; }));  // before time passes and the pool gives it up
  EXPECT_EQ(outcome_as_time_passes(*call, 10s).error, ErrorKind::upstream_timeout);
  EXPECT_EQ(once.connections(), 1U);
}

// It may have worked on the request all the while, and counted it.
TEST_F(Waiting, AProviderThatClosesAUsedConnectionLateIsNotAskedAgain) {
  std::latch late(1);
  RawProvider provider([&](RawConnection& peer) {
    if (peer.read_request()) peer.send(RawProvider::answer(200, "{}"));
    if (peer.read_request()) late.wait();
  });
  EXPECT_EQ(fetch(provider).status, 200);
  const auto call = begin(ask_of(provider));
  ASSERT_TRUE(eventually([&] { return provider.requests() == 2; }));
  advance(12s);
  late.count_down();
  const Outcome outcome = call->outcome();
  EXPECT_EQ(outcome.error, ErrorKind::upstream_closed);
  EXPECT_EQ(outcome.times_sent, 1);
  EXPECT_EQ(provider.connections(), 1U);
}

TEST_F(Waiting, EachPieceOfTheBodyHasADeadline) {
  RawProvider stalling([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    peer.wait_for_close();
  });
  Ask ask = ask_of(stalling);
  ask.head_in = 1000h;
  const auto call = begin(ask);
  const Outcome outcome = outcome_as_time_passes(*call, 30s);
  EXPECT_EQ(outcome.error, ErrorKind::upstream_timeout) << outcome.message;
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.body, "some");
  EXPECT_TRUE(eventually([&] { return stalling.open_connections() == 0; }));
}

TEST_F(Waiting, ARequestThatIsNotTakenHasADeadline) {
  std::latch over(1);
  RawProvider stuck([&](RawConnection&) { over.wait(); });
  Ask ask = ask_of(stuck);
  ask.body = {std::string(32'000'000, 'x')};
  const auto call = begin(ask);
  const Outcome outcome = outcome_as_time_passes(*call, 10s);
  over.count_down();
  EXPECT_EQ(outcome.error, ErrorKind::upstream_timeout) << outcome.message;
  EXPECT_EQ(outcome.times_sent, 0);
}

TEST_F(Waiting, LookUpHasADeadline) {
  HungNames names;
  configure(names.config());
  Ask ask = ask_of_port(9);
  ask.endpoint.host = "provider.test";
  const auto call = begin(ask);
  ASSERT_TRUE(eventually([&] { return names.asked == 1; }));
  const Outcome outcome = outcome_as_time_passes(*call, 1s);
  EXPECT_EQ(outcome.error, ErrorKind::dns_failed) << outcome.message;
  EXPECT_NE(outcome.message.find("provider.test"), std::string::npos) << outcome.message;
}

// --- cancellation
// -------------------------------------------------------------------------------------------------

TEST_F(Waiting, CancellingEndsALookUp) {
  HungNames names;
  configure(names.config());
  Ask ask = ask_of_port(9);
  ask.endpoint.host = "provider.test";
  const auto call = begin(ask);
  ASSERT_TRUE(eventually([&] { return names.asked == 1; }));
  call->cancel(call);
  EXPECT_EQ(call->outcome().error, ErrorKind::cancelled);
}

TEST_F(Waiting, CancellingEndsAConnect) {
  const DeafPort deaf;
  const auto call = begin(ask_of_port(deaf.port()));
  on_loop([] {});  // it has begun
  call->cancel(call);
  EXPECT_EQ(call->outcome().error, ErrorKind::cancelled);
}

TEST_F(Waiting, CancellingEndsAHandshake) {
  RawProvider silent([](RawConnection& peer) { peer.wait_for_close(); });
  Ask ask = ask_of(silent);
  ask.endpoint.tls = true;
  const auto call = begin(ask);
  ASSERT_TRUE(eventually([&] { return silent.connections() == 1; }));
  call->cancel(call);
  EXPECT_EQ(call->outcome().error, ErrorKind::cancelled);
  EXPECT_TRUE(eventually([&] { return silent.open_connections() == 0; }));
}

// The kernel has the request, and before that is known to us the client leaves: the provider may count it.
TEST_F(Waiting, CancellingRightBehindAWriteStillSaysThatItWasSent) {
  RawProvider provider([](RawConnection& peer) {
    while (peer.read_request()) peer.send(RawProvider::answer(200, "{}"));
  });
  ASSERT_EQ(fetch(provider).status, 200);
  std::shared_ptr<Call> call;
  on_loop([&] {
    call = begin(ask_of(provider));
    call->cancel(call);
  });
  const Outcome outcome = call->outcome();
  EXPECT_EQ(outcome.error, ErrorKind::cancelled);
  EXPECT_EQ(outcome.times_sent, 1);
}

TEST_F(Waiting, CancellingEndsAWrite) {
  std::latch cancelled(1);
  RawProvider stuck([&](RawConnection& peer) {
    (void)peer.read_head();
    cancelled.wait();
    peer.wait_for_close();
  });
  Ask ask = ask_of(stuck);
  ask.body = {std::string(32'000'000, 'x')};
  const auto call = begin(ask);
  ASSERT_TRUE(eventually([&] { return stuck.requests() == 1; }));
  call->cancel(call);
  const Outcome outcome = call->outcome();
  cancelled.count_down();
  EXPECT_EQ(outcome.error, ErrorKind::cancelled);
  EXPECT_EQ(outcome.times_sent, 0);
  EXPECT_TRUE(eventually([&] { return stuck.open_connections() == 0; }));
}

TEST_F(Waiting, CancellingEndsTheWaitForTheHead) {
  RawProvider silent([](RawConnection& peer) {
    (void)peer.read_request();
    peer.wait_for_close();
  });
  const auto call = begin(ask_of(silent));
  ASSERT_TRUE(eventually([&] { return silent.requests() == 1; }));
  call->cancel(call);
  EXPECT_EQ(call->outcome().error, ErrorKind::cancelled);
  EXPECT_TRUE(eventually([&] { return silent.open_connections() == 0; }));
}

TEST_F(Waiting, CancellingEndsABody) {
  RawProvider stalling([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    peer.wait_for_close();
  });
  const auto call = begin(ask_of(stalling));
  ASSERT_TRUE(eventually([&] { return stalling.requests() == 1; }));
  call->cancel(call);
  EXPECT_EQ(call->outcome().error, ErrorKind::cancelled);
  EXPECT_TRUE(eventually([&] { return stalling.open_connections() == 0; }));
}

TEST_F(Waiting, ACancelledConnectionIsNeverPooled) {
  RawProvider provider([](RawConnection& peer) {
    while (peer.read_request()) {
      if (peer.number() == 0) {
        peer.wait_for_close();
        return;
      }
      peer.send(RawProvider::answer(200, "{}"));
    }
  });
  const auto call = begin(ask_of(provider));
  ASSERT_TRUE(eventually([&] { return provider.requests() == 1; }));
  call->cancel(call);
  EXPECT_EQ(call->outcome().error, ErrorKind::cancelled);
  EXPECT_FALSE(fetch(provider).reused);
  EXPECT_EQ(provider.connections(), 2U);
}

// --- names
// --------------------------------------------------------------------------------------------------------

TEST_F(Waiting, ANameIsLookedUpOnceForManyAndKeptForItsTime) {
  std::atomic<int> asked = 0;
  transport::UpstreamSharedConfig shared;
  shared.look_up = [&](const std::string& host) -> Result<std::vector<std::string>> {
    EXPECT_EQ(host, "provider.test");
    ++asked;
    return std::vector<std::string>{"127.0.0.1"};
  };
  configure(shared);
  RawProvider provider(RawProvider::always(RawProvider::answer(200, "{}", "Connection: close\r\n")));
  Ask ask = ask_of(provider);
  ask.endpoint.host = "provider.test";
  std::vector<std::shared_ptr<Call>> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(begin(ask));
  for (const auto& call : calls) EXPECT_EQ(call->outcome().status, 200);
  EXPECT_EQ(asked, 1);
  advance(59s);
  EXPECT_EQ(fetch(ask).status, 200);
  EXPECT_EQ(asked, 1);
  advance(2s);
  EXPECT_EQ(fetch(ask).status, 200);
  EXPECT_TRUE(eventually([&] { return asked == 2; }));
}

TEST_F(Waiting, AnOldAddressServesWhileAndAfterANewOneCannotBeHad) {
  std::atomic<int> asked = 0;
  const auto over = std::make_shared<std::latch>(1);
  transport::UpstreamSharedConfig shared;
  shared.look_up = [&asked, over](const std::string& host) -> Result<std::vector<std::string>> {
    if (++asked == 1) return std::vector<std::string>{"127.0.0.1"};
    over->wait();
    return Error{ErrorKind::dns_failed, "cannot look up " + host};
  };
  configure(shared);
  RawProvider provider(RawProvider::always(RawProvider::answer(200, "{}", "Connection: close\r\n")));
  Ask ask = ask_of(provider);
  ask.endpoint.host = "provider.test";
  EXPECT_EQ(fetch(ask).status, 200);
  advance(61s);
  EXPECT_EQ(fetch(ask).status, 200) << "while the second look-up hangs";
  ASSERT_TRUE(eventually([&] { return asked == 2; }));
  over->count_down();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fetch(ask).status, 200) << "after it has failed";
}

TEST_F(Waiting, AFailedLookUpIsKeptForAShortWhile) {
  std::atomic<int> asked = 0;
  transport::UpstreamSharedConfig shared;
  shared.look_up = [&](const std::string& host) -> Result<std::vector<std::string>> {
    ++asked;
    return Error{ErrorKind::dns_failed, "cannot look up " + host + ": Name or service not known"};
  };
  configure(shared);
  Ask ask = ask_of_port(9);
  ask.endpoint.host = "nowhere.test";
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = fetch(ask);
    EXPECT_EQ(outcome.error, ErrorKind::dns_failed);
    EXPECT_EQ(outcome.message, "cannot look up nowhere.test: Name or service not known");
  }
  EXPECT_EQ(asked, 1);
  advance(6s);
  EXPECT_EQ(fetch(ask).error, ErrorKind::dns_failed);
  EXPECT_EQ(asked, 2);
}

TEST_F(Waiting, TheNextAddressIsTriedAndRemembered) {
  transport::UpstreamSharedConfig shared;
  shared.look_up = [](const std::string&) -> Result<std::vector<std::string>> {
    return std::vector<std::string>{"127.1.1.1", "127.0.0.1"};  // nothing listens on the first
  };
  configure(shared);
  RawProvider provider(RawProvider::always(RawProvider::answer(200, "{}")));
  Ask ask = ask_of(provider);
  ask.endpoint.host = "provider.test";
  EXPECT_EQ(fetch(ask).status, 200);
}

TEST_F(Waiting, ANameThatLeadsToMetadataIsRefused) {
  transport::UpstreamSharedConfig shared;
  shared.look_up = [](const std::string&) -> Result<std::vector<std::string>> {
    return std::vector<std::string>{"169.254.169.254"};
  };
  configure(shared);
  Ask ask = ask_of_port(80);
  ask.endpoint.host = "innocent.test";
  const Outcome outcome = fetch(ask);
  EXPECT_EQ(outcome.error, ErrorKind::connect_failed);
  EXPECT_NE(outcome.message.find("metadata service"), std::string::npos) << outcome.message;
}

}  // namespace
}  // namespace weir::test
