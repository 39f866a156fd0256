// Through an HTTP proxy by CONNECT.
#include "support/test_certificates.hpp"
#include "upstream_fixture.hpp"

namespace weir::test {
namespace {

class Tunnel : public UpstreamTest {
 protected:
  [[nodiscard]] static Ask ask_through(const RawProvider& proxy) {
    Ask ask;
    ask.endpoint.tls = false;
    ask.endpoint.host = "provider.test";
    ask.endpoint.port = 80;
    ask.endpoint.proxy.host = "127.0.0.1";
    ask.endpoint.proxy.port = proxy.port();
    return ask;
  }
};

TEST_F(Tunnel, APlainProviderIsReachedThroughIt) {
  std::promise<RawRequest> seen;
  RawProvider proxy([&](RawConnection& peer) {
    if (auto connect = peer.read_head()) seen.set_value(*connect);
    peer.send("HTTP/1.1 200 Connection established\r\nProxy-Agent: x\r\n\r\n");
    while (peer.read_request()) peer.send(RawProvider::answer(200, "through"));
  });
  Ask ask = ask_through(proxy);
  ask.endpoint.proxy.authorization = "Basic dTpw";
  const Outcome outcome = fetch(ask);
  EXPECT_EQ(outcome.body, "through") << outcome.message;
  const RawRequest connect = seen.get_future().get();
  EXPECT_EQ(connect.head,
            "CONNECT provider.test:80 HTTP/1.1\r\nHost: provider.test:80\r\nProxy-Authorization: Basic "
            "dTpw\r\n\r\n");
  EXPECT_TRUE(fetch(ask).reused);
}

TEST_F(Tunnel, TlsIsSpokenToTheProviderInsideIt) {
  TestCertificates certificates;
  CertificateWish wish;
  wish.is_ca = true;
  const Certificate root = certificates.issue("root", wish);
  wish.is_ca = false;
  wish.names = {"DNS:provider.test"};
  const Certificate leaf = certificates.issue("leaf", wish, &root);
  const auto context = make_tls_context({.chain_file = leaf.file, .key_file = leaf.key_file});
  RawProvider proxy([&](RawConnection& peer) {
    const auto connect = peer.read_head();
    if (!connect || connect->line() != "CONNECT provider.test:443 HTTP/1.1") return;
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    if (!peer.start_tls(context.get())) return;
    while (const auto request = peer.read_request()) {
      peer.send(RawProvider::answer(200, request->field("Host").value_or("")));
    }
  });
  transport::UpstreamSharedConfig shared;
  shared.ca_file = root.file;
  configure(shared);
  Ask ask = ask_through(proxy);
  ask.endpoint.tls = true;
  ask.endpoint.port = 443;
  const Outcome outcome = fetch(ask);
  EXPECT_EQ(outcome.body, "provider.test") << outcome.message;
}

TEST_F(Tunnel, ARefusalIsAFailedConnectInWords) {
  struct Row {
    const char* answer;
    const char* words;
  };
  for (const Row& row : {
           Row{"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
               "wants other credentials"},
           Row{"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno!", "refused with status 502"},
           Row{"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n", "refused with status 302"},
           Row{"SSH-2.0-x\r\n", "not HTTP"},
           Row{"", "closed the connection"},
           Row{"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "bytes of its own"},
       }) {
    RawProvider proxy([&](RawConnection& peer) {
      (void)peer.read_head();
      peer.send(row.answer);
    });
    const Outcome outcome = fetch(ask_through(proxy));
    EXPECT_EQ(outcome.error, ErrorKind::connect_failed) << row.answer;
    EXPECT_NE(outcome.message.find(row.words), std::string::npos) << outcome.message;
    EXPECT_NE(outcome.message.find("127.0.0.1:" + std::to_string(proxy.port())), std::string::npos)
        << outcome.message;
    EXPECT_EQ(outcome.times_sent, 0);
    EXPECT_EQ(proxy.requests(), 1U);
  }
}

TEST_F(Tunnel, ASilentProxyHasTheConnectDeadline) {
  RawProvider proxy([](RawConnection& peer) { peer.wait_for_close(); });
  const auto call = begin(ask_through(proxy));
  ASSERT_TRUE(eventually([&] { return proxy.connections() == 1; }));
  const Outcome outcome = outcome_as_time_passes(*call, std::chrono::seconds(1));
  EXPECT_EQ(outcome.error, ErrorKind::connect_failed) << outcome.message;
  EXPECT_TRUE(eventually([&] { return proxy.open_connections() == 0; }));
}

TEST_F(Tunnel, CancellingEndsATunnel) {
  RawProvider proxy([](RawConnection& peer) { peer.wait_for_close(); });
  const auto call = begin(ask_through(proxy));
  ASSERT_TRUE(eventually([&] { return proxy.connections() == 1; }));
  call->cancel(call);
  EXPECT_EQ(call->outcome().error, ErrorKind::cancelled);
  EXPECT_TRUE(eventually([&] { return proxy.open_connections() == 0; }));
}

}  // namespace
}  // namespace weir::test
