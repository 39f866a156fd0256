#include "component/gateway/gateway_fixture.hpp"

namespace weir::test {
namespace {

constexpr std::string_view kStreamed =
    R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})";

// The client's leaving ends the upstream request, at every stage.
class Leaving : public GatewayTest {
 protected:
  // A provider that sends this after the request, and then only watches whether we close.
  RawProvider::Script sends_and_watches(std::string bytes) {
    return [this, bytes](RawConnection& peer) {
      if (!peer.read_request()) return;
      if (!bytes.empty()) peer.send(bytes);
      asked_ = true;
      if (peer.wait_for_close()) closed_ = true;
    };
  }
  std::atomic<bool> asked_ = false;
  std::atomic<bool> closed_ = false;
};

TEST_F(Leaving, WhileTheProviderThinks) {
  RawProvider provider(sends_and_watches(""));
  RawProvider other(serves());
  start({provider_at("slow", provider.port()), provider_at("other", other.port())});
  RawClient client = connect();
  client.send(post(kStreamed));
  ASSERT_TRUE(eventually([&] { return asked_.load(); }));
  client.close();
  EXPECT_TRUE(eventually([&] { return closed_.load(); }));
  EXPECT_EQ(other.requests(), 0U);  // nobody is there to be served
}

TEST_F(Leaving, ByAReset) {
  RawProvider provider(sends_and_watches(""));
  start({provider_at("slow", provider.port())});
  RawClient client = connect();
  client.send(post(kStreamed));
  ASSERT_TRUE(eventually([&] { return asked_.load(); }));
  client.reset();
  EXPECT_TRUE(eventually([&] { return closed_.load(); }));
}

TEST_F(Leaving, AfterTheHeadAndBeforeTheFirstToken) {
  RawProvider provider(sends_and_watches(std::string(kStreamHead) + ": PROCESSING\n\n"));
  start({provider_at("slow", provider.port())});
  RawClient client = connect();
  client.send(post(kStreamed));
  ASSERT_TRUE(eventually([&] { return asked_.load(); }));
  client.close();
  EXPECT_TRUE(eventually([&] { return closed_.load(); }));
}

TEST_F(Leaving, InMidStream) {
  RawProvider provider(sends_and_watches(std::string(kStreamHead) + std::string(kTextEvent)));
  start({provider_at("slow", provider.port())});
  RawClient client = connect();
  client.send(post(kStreamed));
  ASSERT_TRUE(eventually([&] { return client.has_input(); }));
  client.close();
  EXPECT_TRUE(eventually([&] { return closed_.load(); }));
}

TEST_F(Leaving, DuringABackoff) {
  RawProvider provider(answers(500, "{}"));
  start({provider_at("bad", provider.port())});
  RawClient client = connect();
  client.send(post(kStreamed));
  ASSERT_TRUE(eventually([&] { return provider.requests() == 1; }));
  client.close();
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));  // though time stands still
  EXPECT_EQ(provider.requests(), 1U);
}

TEST_F(Leaving, WithPipelinedBytesBehindTheRequestItHasNotLeft) {
  RawProvider provider(serves());
  start({provider_at("groq", provider.port())});
  RawClient client = connect();
  const std::string request = post(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})");
  client.send(request + request);
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(Leaving, WhatWasStreamedIsSettledAndTheRequestStaysCounted) {
  RawProvider provider(sends_and_watches(std::string(kStreamHead) + std::string(kTextEvent)));
  start({provider_at("slow", provider.port(), {requests_per_minute(1)})});
  RawClient client = connect();
  client.send(post(kStreamed));
  ASSERT_TRUE(eventually([&] { return client.has_input(); }));
  client.close();
  ASSERT_TRUE(eventually([&] { return closed_.load(); }));
  EXPECT_EQ(ask().status, 429);
}

}  // namespace
}  // namespace weir::test
