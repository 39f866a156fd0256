#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/fake_clock.hpp"
#include "support/loop_turns.hpp"
#include "support/providers.hpp"
#include "support/raw_client.hpp"
#include "support/raw_provider.hpp"
#include "weir/gateway/gateway.hpp"
#include "weir/http/guard.hpp"
#include "weir/net/loop.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/transport/server.hpp"

namespace weir::test {

inline constexpr std::string_view kGoodAnswer =
    R"({"id":"c1","object":"chat.completion","created":1,"model":"upstream-m","choices":[{"index":0,)"
    R"("message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}})";
inline constexpr std::string_view kTextEvent =
    R"(data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"upstream-m",)"
    R"("choices":[{"index":0,"delta":{"role":"assistant","content":"hello"}}]})"
    "\n\n";
inline constexpr std::string_view kStopEvent =
    R"(data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"upstream-m",)"
    R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
    "\n\n";
inline constexpr std::string_view kUsageEvent =
    R"(data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"upstream-m","choices":[],)"
    R"("usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}})"
    "\n\n";
inline constexpr std::string_view kDoneEvent = "data: [DONE]\n\n";

// A script that answers every request with a good plain answer.
RawProvider::Script serves();
RawProvider::Script answers(int status, std::string_view body, std::string_view fields = "");
// The head of an event stream until close, and then these bytes.
RawProvider::Script streams(std::string bytes);
inline constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

// A provider of the name on that port, with the model "m".
providers::Provider provider_at(std::string name, std::uint16_t port, std::vector<quota::Limit> limits = {});

// The gateway behind a real listener on loopback, on one loop, with time in the test's hand.
class GatewayTest : public ::testing::Test {
 protected:
  ~GatewayTest() override;

  // Routes "smart" over model "m" of each, in the order given, by priority.
  void start(std::vector<providers::Provider> providers);
  // The settings that start() makes, for changing or for a reload. No request waits for room.
  gateway::Settings settings_for(std::vector<providers::Provider> providers);
  void start_with(gateway::Settings settings);  // again only after stop(); the ledger stays
  void stop();

  RawClient connect() { return RawClient(server_->port()); }
  RawAnswer chat(std::string_view body, std::string_view more_fields = "");
  RawAnswer ask() { return chat(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})"); }
  RawAnswer ask_stream() {
    return chat(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})");
  }
  RawAnswer get(std::string_view path);
  // Time passes, for what is under way by now.
  void advance(Duration by) {
    take_turns(*loop_);
    clock_.advance(by);
  }

  std::vector<double> chance_{0.0, 0.3, 0.7};  // in turn, for all that is left to chance
  FakeClock clock_;
  quota::Ledger ledger_;
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<transport::UpstreamShared> upstream_;
  std::unique_ptr<http::HostGuard> guard_;
  routing::Memory memory_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<transport::Server> server_;
  std::thread thread_;
};

std::string post(std::string_view body, std::string_view more_fields = "");

}  // namespace weir::test
