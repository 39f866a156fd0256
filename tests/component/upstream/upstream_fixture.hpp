#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_clock.hpp"
#include "support/loop_turns.hpp"
#include "support/raw_provider.hpp"
#include "weir/http/fields.hpp"
#include "weir/net/loop.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::test {

// What a test asks of the client.
struct Ask {
  transport::Endpoint endpoint;
  std::string method = "POST";
  std::string path = "/v1/chat/completions";
  std::string fields = "content-type: application/json\r\n";
  std::vector<std::string> body = {R"({"model":")", "m", R"("})"};
  Duration connect_timeout = std::chrono::seconds(5);
  Duration tls_timeout = std::chrono::seconds(10);
  Duration head_in = std::chrono::seconds(60);   // from the start
  Duration piece_in = std::chrono::seconds(60);  // for each piece of the body
  bool read_body = true;                         // false: drop the answer once its head is here
  bool cancel_behind_piece = false;              // the first
};

// What became of it.
struct Outcome {
  std::optional<ErrorKind> error;  // of the exchange, or of the body behind a head
  std::string message;
  int status = 0;  // 0: no head came
  http::Fields fields;
  std::string body;  // what came of it
  bool reused = false;
  int times_sent = 0;
};

// One exchange under way. Shared by the test and the coroutine.
class Call {
 public:
  Call(net::Loop& loop, Ask ask) : loop_(loop), ask_(std::move(ask)) {}

  [[nodiscard]] bool done() const;
  [[nodiscard]] Outcome outcome();  // waits, at most 10 s
  void cancel(std::shared_ptr<Call> self);

  static net::Awaitable<void> run(std::shared_ptr<Call> call, transport::UpstreamClient* client);

 private:
  net::Awaitable<void> exchange(transport::UpstreamClient& client, Outcome& outcome);

  net::Loop& loop_;
  Ask ask_;
  net::Cancellation cancellation_;  // loop's thread only
  std::promise<Outcome> promise_;
  std::shared_future<Outcome> future_ = promise_.get_future().share();
};

// A client on a loop's own thread, with time in the test's hand.
class UpstreamTest : public ::testing::Test {
 protected:
  UpstreamTest();
  ~UpstreamTest() override;

  // Makes the client otherwise than with the defaults. Before the first request.
  void configure(transport::UpstreamSharedConfig shared, transport::UpstreamConfig config = {});
  void reload_trust() { shared_->reload_trust(); }

  [[nodiscard]] std::shared_ptr<Call> begin(Ask ask);
  [[nodiscard]] Outcome fetch(Ask ask) { return begin(std::move(ask))->outcome(); }
  // The same POST to a plain provider.
  [[nodiscard]] Outcome fetch(const RawProvider& provider) { return fetch(ask_of(provider)); }
  [[nodiscard]] static Ask ask_of(const RawProvider& provider);
  // Time passes, for what is under way by now.
  void advance(Duration by) {
    take_turns(loop_);
    clock_.advance(by);
  }
  // Lets time pass in steps until the call has ended.
  [[nodiscard]] Outcome outcome_as_time_passes(Call& call, Duration step);
  void on_loop(const std::function<void()>& work);  // runs it there and waits

  FakeClock clock_;
  net::Loop loop_{clock_, std::chrono::milliseconds(2)};

 private:
  std::unique_ptr<transport::UpstreamShared> shared_;
  std::unique_ptr<transport::UpstreamClient> client_;
  std::thread thread_;
};

}  // namespace weir::test
