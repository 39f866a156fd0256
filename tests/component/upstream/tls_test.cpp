// TLS to providers: five bad certificates, one good one, sessions, and streams that were cut.
#include <cstdlib>
#include <filesystem>
#include <latch>
#include <mutex>
#include <string>
#include <vector>

#include "support/test_certificates.hpp"
#include "upstream_fixture.hpp"
#include "weir/transport/certificate.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

class Tls : public UpstreamTest {
 protected:
  Tls() {
    CertificateWish ca;
    ca.is_ca = true;
    root_ = certificates_.issue("weir test root", ca);
    intermediate_ = certificates_.issue("weir test intermediate", ca, &root_);
    good_ = certificates_.issue("good", {}, &intermediate_);
  }

  void trust(const Certificate& certificate) {
    transport::UpstreamSharedConfig shared;
    shared.ca_file = certificate.file;
    configure(shared);
  }
  [[nodiscard]] RawProvider::Tls with_chain(const Certificate& leaf) {
    return {.chain_file = certificates_.chain({&leaf, &intermediate_}), .key_file = leaf.key_file};
  }
  [[nodiscard]] static Ask ask_over_tls(const RawProvider& provider, std::string host = "localhost") {
    Ask ask = ask_of(provider);
    ask.endpoint.tls = true;
    ask.endpoint.host = std::move(host);
    return ask;
  }
  // Refused before anything of the request was sent, and in these words.
  void expect_refused(const RawProvider::Tls& tls, const char* words, const std::string& host = "localhost") {
    RawProvider provider(RawProvider::always(RawProvider::answer(200, "{}")), tls);
    const Outcome outcome = fetch(ask_over_tls(provider, host));
    EXPECT_EQ(outcome.error, ErrorKind::tls_failed);
    EXPECT_NE(outcome.message.find(words), std::string::npos) << outcome.message;
    EXPECT_NE(outcome.message.find(host), std::string::npos) << outcome.message;
    EXPECT_EQ(outcome.times_sent, 0);
    EXPECT_EQ(provider.requests(), 0U);
  }

  TestCertificates certificates_;
  Certificate root_;
  Certificate intermediate_;
  Certificate good_;
};

TEST_F(Tls, AGoodCertificateIsAcceptedByNameAndByAddress) {
  trust(root_);
  RawProvider provider(RawProvider::always(RawProvider::answer(200, R"({"ok":true})")), with_chain(good_));
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const Outcome first = fetch(ask_over_tls(provider, host));
    EXPECT_FALSE(first.error) << first.message;
    EXPECT_EQ(first.body, R"({"ok":true})");
    EXPECT_TRUE(fetch(ask_over_tls(provider, host)).reused);
  }
}

// So the commands know the daemon: its certificate is for other names, and often signed by nobody.
TEST_F(Tls, AKnownCertificateIsAcceptedWhateverItsName) {
  CertificateWish wish;
  wish.names = {"DNS:elsewhere.test"};
  const Certificate own = certificates_.issue("self-signed", wish);
  const auto fingerprint = transport::certificate_fingerprint(own.file);
  ASSERT_TRUE(fingerprint);
  EXPECT_EQ(fingerprint->size(), 64U);
  transport::UpstreamSharedConfig shared;
  shared.certificate = *fingerprint;
  configure(shared);
  RawProvider provider(RawProvider::always(RawProvider::answer(200, "{}")),
                       {.chain_file = own.file, .key_file = own.key_file});
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const Outcome outcome = fetch(ask_over_tls(provider, host));
    EXPECT_EQ(outcome.status, 200) << outcome.message;
  }
  expect_refused(with_chain(good_), "certificate rejected");
}

TEST_F(Tls, AnExpiredCertificateIsRefused) {
  trust(root_);
  CertificateWish wish;
  wish.valid_from_days = -30;
  wish.valid_until_days = -1;
  expect_refused(with_chain(certificates_.issue("expired", wish, &intermediate_)), "certificate has expired");
}

TEST_F(Tls, ACertificateThatIsNotValidYetIsRefused) {
  trust(root_);
  CertificateWish wish;
  wish.valid_from_days = 1;
  wish.valid_until_days = 30;
  expect_refused(with_chain(certificates_.issue("early", wish, &intermediate_)),
                 "certificate is not yet valid");
}

TEST_F(Tls, AServerWithoutTls12IsRefused) {
  trust(root_);
  RawProvider::Tls old = with_chain(good_);
  old.only_1_1 = true;
  expect_refused(old, "protocol version");
}

TEST_F(Tls, TheHostIsNamedAndAnAddressIsNot) {
  trust(root_);
  std::mutex mutex;
  std::vector<std::string> named;
  RawProvider provider(
      [&](RawConnection& peer) {
        while (peer.read_request()) {
          const std::lock_guard lock(mutex);
          named.push_back(peer.server_name());
          peer.send(RawProvider::answer(200, "{}"));
        }
      },
      with_chain(good_));
  for (const char* host : {"localhost", "127.0.0.1"})
    EXPECT_EQ(fetch(ask_over_tls(provider, host)).status, 200);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(named, (std::vector<std::string>{"localhost", ""}));
}

TEST_F(Tls, ACertificateForAnotherNameIsRefused) {
  trust(root_);
  CertificateWish wish;
  wish.names = {"DNS:other.test", "IP:127.0.0.2"};
  const Certificate other = certificates_.issue("localhost", wish, &intermediate_);
  expect_refused(with_chain(other), "certificate is for another name");
  expect_refused(with_chain(other), "certificate is for another name", "127.0.0.1");
}

TEST_F(Tls, ASelfSignedCertificateIsRefused) {
  trust(root_);
  const Certificate own = certificates_.issue("own", {});
  expect_refused({.chain_file = own.file, .key_file = own.key_file}, "self-signed certificate");
}

TEST_F(Tls, AnUnknownAuthorityIsRefused) {
  CertificateWish ca;
  ca.is_ca = true;
  trust(certificates_.issue("another root", ca));
  expect_refused(with_chain(good_), "unable to get local issuer certificate");
}

TEST_F(Tls, AChainWithAGapIsRefused) {
  trust(root_);
  expect_refused({.chain_file = good_.file, .key_file = good_.key_file},
                 "unable to get local issuer certificate");
}

TEST_F(Tls, TrustComesFromSslCertFile) {
  ::setenv("SSL_CERT_FILE", root_.file.c_str(), 1);
  configure({});
  RawProvider provider(RawProvider::always(RawProvider::answer(200, "{}")), with_chain(good_));
  const Outcome outcome = fetch(ask_over_tls(provider));
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_EQ(outcome.status, 200) << outcome.message;
}

TEST_F(Tls, AnUnreadableTrustStoreFailsEveryHandshakeInWords) {
  transport::UpstreamSharedConfig shared;
  shared.ca_file = "/nonexistent/ca.pem";
  configure(shared);
  RawProvider provider(RawProvider::always(RawProvider::answer(200, "{}")), with_chain(good_));
  const Outcome outcome = fetch(ask_over_tls(provider));
  EXPECT_EQ(outcome.error, ErrorKind::tls_failed);
  EXPECT_NE(outcome.message.find("/nonexistent/ca.pem"), std::string::npos) << outcome.message;
}

// A reload before that has nothing to read again.
TEST_F(Tls, TrustIsReadForTheFirstWhoWantsIt) {
  Certificate later = root_;
  later.file += ".later";
  trust(later);
  RawProvider plain(RawProvider::always(RawProvider::answer(200, "{}")));
  EXPECT_EQ(fetch(ask_of(plain)).status, 200);
  reload_trust();
  std::filesystem::copy_file(root_.file, later.file);
  RawProvider provider(RawProvider::always(RawProvider::answer(200, "{}")), with_chain(good_));
  EXPECT_EQ(fetch(ask_over_tls(provider)).status, 200);
}

// The second call waits for what the first has begun.
TEST_F(Tls, TrustIsReadAgainWhenToldToAndKeptWhereItCannotBe) {
  CertificateWish ca;
  ca.is_ca = true;
  const Certificate other = certificates_.issue("another root", ca);
  Certificate file = other;
  file.file += ".now";
  const auto is_now = [&](const Certificate& root) {
    std::filesystem::copy_file(root.file, file.file, std::filesystem::copy_options::overwrite_existing);
  };
  const auto read_again = [this] {
    reload_trust();
    reload_trust();
  };
  is_now(other);
  trust(file);
  RawProvider provider(RawProvider::always(RawProvider::answer(200, "{}", "Connection: close\r\n")),
                       with_chain(good_));
  EXPECT_EQ(fetch(ask_over_tls(provider)).error, ErrorKind::tls_failed);
  is_now(root_);
  read_again();
  EXPECT_EQ(fetch(ask_over_tls(provider)).status, 200);
  std::filesystem::remove(file.file);
  read_again();
  EXPECT_EQ(fetch(ask_over_tls(provider)).status, 200);
  is_now(other);
  read_again();
  EXPECT_EQ(fetch(ask_over_tls(provider, "127.0.0.1")).error, ErrorKind::tls_failed);
}

TEST_F(Tls, APlainServerIsNotSpokenToInPlain) {
  trust(root_);
  RawProvider plain([](RawConnection& peer) {
    peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    peer.wait_for_close();
  });
  EXPECT_EQ(fetch(ask_over_tls(plain)).error, ErrorKind::tls_failed);
  RawProvider closing([](RawConnection&) {});
  EXPECT_EQ(fetch(ask_over_tls(closing)).error, ErrorKind::tls_failed);
}

TEST_F(Tls, TheSecondConnectionResumesTheSession) {
  trust(root_);
  std::atomic<int> resumed = 0;
  RawProvider provider(
      [&](RawConnection& peer) {
        if (peer.resumed()) ++resumed;
        while (peer.read_request()) peer.send(RawProvider::answer(200, "{}", "Connection: close\r\n"));
      },
      with_chain(good_));
  for (int i = 0; i < 4; ++i) {
    const Outcome outcome = fetch(ask_over_tls(provider));
    EXPECT_EQ(outcome.status, 200) << outcome.message;
    EXPECT_EQ(resumed, i);
  }
  EXPECT_EQ(provider.connections(), 4U);
}

// The half of a handshake that a session saves is the one that looks at the certificate.
TEST_F(Tls, ASessionEndsWithTheTrustThatItCameFrom) {
  CertificateWish ca;
  ca.is_ca = true;
  const Certificate other = certificates_.issue("another root", ca);
  Certificate file = root_;
  file.file += ".now";
  std::filesystem::copy_file(root_.file, file.file);
  trust(file);
  std::latch over(1);
  RawProvider provider(
      [&](RawConnection& peer) {
        for (int n = 0; peer.read_request(); ++n) {
          if (peer.number() == 0 && n == 0) over.wait();  // its ticket comes last
          peer.send(RawProvider::answer(200, "{}", "Connection: close\r\n"));
        }
      },
      with_chain(good_));
  const auto first = begin(ask_over_tls(provider));
  ASSERT_TRUE(eventually([&] { return provider.requests() == 1; }));
  EXPECT_EQ(fetch(ask_over_tls(provider)).status, 200);
  std::filesystem::copy_file(other.file, file.file, std::filesystem::copy_options::overwrite_existing);
  reload_trust();
  reload_trust();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(fetch(ask_over_tls(provider)).error, ErrorKind::tls_failed);
    if (i == 0) over.count_down();
    EXPECT_EQ(first->outcome().status, 200);
  }
}

TEST_F(Tls, LargeBodiesGoThroughBothWays) {
  trust(root_);
  const std::string large(3'000'000, 'x');
  std::promise<std::size_t> seen;
  RawProvider provider(
      [&](RawConnection& peer) {
        const auto request = peer.read_request();
        seen.set_value(request ? request->body.size() : 0);
        peer.send(RawProvider::answer(200, large));
        peer.wait_for_close();
      },
      with_chain(good_));
  Ask ask = ask_over_tls(provider);
  ask.body = {"{", large, "}"};
  const Outcome outcome = fetch(ask);
  EXPECT_FALSE(outcome.error) << outcome.message;
  EXPECT_EQ(outcome.body.size(), large.size());
  EXPECT_EQ(seen.get_future().get(), large.size() + 2);
}

TEST_F(Tls, AStaleConnectionIsReplacedOnce) {
  trust(root_);
  for (const int how : {0, 1, 2}) {
    RawProvider provider(
        [&](RawConnection& peer) {
          if (!peer.read_request()) return;
          peer.send(RawProvider::answer(200, std::to_string(peer.number())));
          if (peer.number() == 0 && peer.read_request()) {
            if (how == 0) return peer.close();
            if (how == 1) return peer.cut();
            return peer.reset();
          }
          peer.wait_for_close();
        },
        with_chain(good_));
    EXPECT_EQ(fetch(ask_over_tls(provider)).body, "0");
    const Outcome second = fetch(ask_over_tls(provider));
    EXPECT_EQ(second.body, "1") << second.message;
  }
}

TEST_F(Tls, UntilCloseNeedsACloseNotify) {
  trust(root_);
  for (const bool cut : {false, true}) {
    RawProvider provider(
        [&](RawConnection& peer) {
          if (!peer.read_request()) return;
          peer.send("HTTP/1.1 200 OK\r\n\r\nall of it?");
          cut ? peer.cut() : peer.close();
          peer.wait_for_close();
        },
        with_chain(good_));
    const Outcome outcome = fetch(ask_over_tls(provider));
    EXPECT_EQ(outcome.body, "all of it?");
    EXPECT_EQ(outcome.error, cut ? std::optional(ErrorKind::upstream_closed) : std::nullopt)
        << outcome.message;
  }
}

TEST_F(Tls, ACompleteMessageNeedsNoCloseNotify) {
  trust(root_);
  RawProvider provider(
      [&](RawConnection& peer) {
        if (!peer.read_request()) return;
        peer.send(RawProvider::answer(200, "whole"));
        peer.cut();
      },
      with_chain(good_));
  const Outcome outcome = fetch(ask_over_tls(provider));
  EXPECT_FALSE(outcome.error) << outcome.message;
  EXPECT_EQ(outcome.body, "whole");
}

}  // namespace
}  // namespace weir::test
