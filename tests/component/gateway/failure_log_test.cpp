// Why a target couldn't be reached is found in the log, however often it happens.
#include "component/gateway/gateway_fixture.hpp"
#include "support/log_file.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

class FailureLog : public GatewayTest {};

TEST_F(FailureLog, SaysWhyOnceAMinuteForEachTargetAndKind) {
  RawProvider breaking([](RawConnection& peer) {
    if (peer.read_request()) peer.send("220 mail.test ESMTP\r\n");
  });
  RawProvider closing([](RawConnection&) {});
  RawProvider good(serves());
  auto secure = provider_at("secure", closing.port());
  secure.base_url.tls = true;
  start({std::move(secure), provider_at("breaking", breaking.port()), provider_at("good", good.port())});
  const LogFile log;
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(log.count("\"attempt_failed\""), 2U);
  EXPECT_EQ(log.count(R"("target":"secure/m","key":"main","kind":"tls_failed","reason":"TLS with 127.0.0.1)"),
            1U)
      << log.text();
  EXPECT_EQ(log.count(R"("reason":"the answer breaks HTTP: no HTTP/1 status line")"), 1U) << log.text();
  advance(61s);
  EXPECT_EQ(ask().status, 200);
  stop();
  EXPECT_EQ(log.count("\"attempt_failed\""), 4U);
}

}  // namespace
}  // namespace weir::test
