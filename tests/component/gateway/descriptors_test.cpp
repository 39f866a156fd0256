// Where descriptors run out: connections that nobody uses now make room for who needs one.
#include <gmock/gmock.h>

#include "component/gateway/gateway_fixture.hpp"
#include "support/no_more_descriptors.hpp"

namespace weir::test {
namespace {

using ::testing::HasSubstr;

class Descriptors : public GatewayTest {
 protected:
  void SetUp() override {
    if (kChecksNeedDescriptors) GTEST_SKIP() << "the sanitizer itself needs descriptors";
  }
};

TEST_F(Descriptors, AClientTakesThatOfAnIdleConnection) {
  RawProvider provider(serves());
  start({provider_at("only", provider.port())});
  ASSERT_EQ(ask().status, 200);
  take_turns(*loop_);  // the connection is kept once the answer has been written
  RawClient client;
  const NoMoreDescriptors none;
  client.connect(server_->port());
  EXPECT_EQ(client.exchange("GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").status, 200);
  EXPECT_TRUE(eventually([&] { return provider.open_connections() == 0; }));
}

TEST_F(Descriptors, AConnectionToAProviderTakesThatOfAnIdleOne) {
  RawProvider kept(serves());
  RawProvider other(serves());
  start({provider_at("kept", kept.port()), provider_at("other", other.port())});
  RawClient client = connect();
  ASSERT_EQ(client.exchange(post(R"({"model":"kept/m","messages":[{"role":"user","content":"hi"}]})")).status,
            200);
  take_turns(*loop_);
  const NoMoreDescriptors none;
  const RawAnswer answer =
      client.exchange(post(R"({"model":"other/m","messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_TRUE(eventually([&] { return kept.open_connections() == 0; }));
}

}  // namespace
}  // namespace weir::test
