// The same server under TLS. OpenSSL's own blocking client is the other side.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "component/server/server_fixture.hpp"
#include "support/test_certificates.hpp"

namespace weir::test {
namespace {

class TlsClient {
 public:
  TlsClient(std::uint16_t port, const std::string& trusted_file)
      : socket_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_load_verify_file(context_.get(), trusted_file.c_str());
    ssl_.reset(SSL_new(context_.get()));
    SSL_set1_host(ssl_.get(), "localhost");
    SSL_set_fd(ssl_.get(), socket_.fd());
  }

  [[nodiscard]] bool shake_hands() { return SSL_connect(ssl_.get()) == 1; }
  void send(std::string_view bytes) {
    ASSERT_EQ(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
  }
  // Everything up to close_notify; `clean` is false where the connection ended without one.
  std::string read_to_end(bool& clean) {
    std::string all;
    std::array<char, 16384> bytes;
    int n = 0;
    while ((n = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))) > 0) {
      all.append(bytes.data(), static_cast<std::size_t>(n));
    }
    clean = SSL_get_error(ssl_.get(), n) == SSL_ERROR_ZERO_RETURN;
    return all;
  }
  RawClient& socket() { return socket_; }

 private:
  RawClient socket_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
};

class Tls : public testing::Test {
 protected:
  TestCertificates certificates_;
  Certificate certificate_ = certificates_.issue("localhost", {});
  TestServer server_{{.tls_cert_file = certificate_.file, .tls_key_file = certificate_.key_file}};
};

TEST_F(Tls, RequestsAreServedAndTheEndIsClean) {
  TlsClient client(server_.port(), certificate_.file);
  ASSERT_TRUE(client.shake_hands());
  client.send(post("/a", "{}") + get("/large") + get("/stream", "Connection: close\r\n"));
  bool clean = false;
  const std::string all = client.read_to_end(clean);
  EXPECT_TRUE(clean);
  EXPECT_NE(all.find("POST /a\n{}"), std::string::npos);
  EXPECT_NE(all.find(std::string(3'000'000, 'x')), std::string::npos);
  EXPECT_TRUE(all.ends_with("0\r\n\r\n"));
  EXPECT_EQ(server_.handler().calls(), 3U);
}

TEST_F(Tls, AnAbortedAnswerHasNoCleanEndFor10) {
  TlsClient client(server_.port(), certificate_.file);
  ASSERT_TRUE(client.shake_hands());
  client.send("GET /abort-late HTTP/1.0\r\nHost: localhost\r\n\r\n");
  bool clean = true;
  const std::string all = client.read_to_end(clean);
  EXPECT_FALSE(clean);
}

TEST_F(Tls, ARefusalArrives) {
  TlsClient client(server_.port(), certificate_.file);
  ASSERT_TRUE(client.shake_hands());
  client.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  bool clean = false;
  EXPECT_TRUE(client.read_to_end(clean).starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(clean);
  EXPECT_EQ(server_.handler().calls(), 0U);
}

TEST_F(Tls, AClientThatNeverShakesHandsIsClosed) {
  RawClient client = server_.connect_and_settle();
  server_.advance(std::chrono::seconds(11));
  EXPECT_TRUE(client.ends_silently());
}

TEST_F(Tls, AClientThatHasNotShakenHandsHoldsUpNoDrain) {
  RawClient client = server_.connect_and_settle();
  TlsClient idle(server_.port(), certificate_.file);
  ASSERT_TRUE(idle.shake_hands());
  server_.settle();
  server_.server().drain();
  EXPECT_TRUE(client.ends_silently());
  EXPECT_TRUE(becomes_true([&] { return server_.server().connections() == 0; }));
}

TEST_F(Tls, APlainRequestIsNotServed) {
  RawClient client = server_.connect();
  client.send(get("/a"));
  EXPECT_EQ(client.read_to_end().first.find("200 OK"), std::string::npos);
  EXPECT_EQ(server_.handler().calls(), 0U);
  EXPECT_EQ(server_.escaped_exceptions(), 0U);
}

TEST_F(Tls, ARenewedCertificateIsForNewConnections) {
  TlsClient before(server_.port(), certificate_.file);
  ASSERT_TRUE(before.shake_hands());
  const Certificate renewed = certificates_.issue("localhost", {});
  ASSERT_TRUE(server_.server().take_certificate(renewed.file, renewed.key_file));
  TlsClient after(server_.port(), renewed.file);
  EXPECT_TRUE(after.shake_hands());
  TlsClient who_trusts_the_old(server_.port(), certificate_.file);
  EXPECT_FALSE(who_trusts_the_old.shake_hands());
  before.send(get("/a", "Connection: close\r\n"));
  bool clean = false;
  EXPECT_NE(before.read_to_end(clean).find("GET /a\n"), std::string::npos) << "who is in stays in";
}

TEST_F(Tls, ABrokenCertificateLeavesTheOldOneInUse) {
  const Certificate other = certificates_.issue("localhost", {});
  const auto mixed = server_.server().take_certificate(other.file, certificate_.key_file);
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().kind, ErrorKind::config);
  EXPECT_FALSE(server_.server().take_certificate("/nowhere.pem", certificate_.key_file));
  TlsClient client(server_.port(), certificate_.file);
  EXPECT_TRUE(client.shake_hands());
}

TEST_F(Tls, AClientThatLeavesCancelsItsRequest) {
  TlsClient client(server_.port(), certificate_.file);
  ASSERT_TRUE(client.shake_hands());
  client.send(get("/wait"));
  ASSERT_TRUE(becomes_true([&] { return server_.handler().waiting() == 1; }));
  client.socket().close();
  EXPECT_TRUE(becomes_true([&] { return server_.handler().cancelled() == 1; }));
}

}  // namespace
}  // namespace weir::test
