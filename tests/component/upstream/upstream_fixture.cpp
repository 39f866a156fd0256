#include "upstream_fixture.hpp"

#include <string_view>
#include <utility>

namespace weir::test {

bool Call::done() const {
  return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

Outcome Call::outcome() {
  if (future_.wait_for(std::chrono::seconds(10)) == std::future_status::ready) return future_.get();
  ADD_FAILURE() << "the exchange never ended";
  return {};
}

void Call::cancel(std::shared_ptr<Call> self) {
  loop_.post([self = std::move(self)] { self->cancellation_.request(); });
}

net::Awaitable<void> Call::run(std::shared_ptr<Call> call, transport::UpstreamClient* client) {
  Outcome outcome;
  co_await call->exchange(*client, outcome);
  call->promise_.set_value(std::move(outcome));
}

net::Awaitable<void> Call::exchange(transport::UpstreamClient& client, Outcome& outcome) {
  const std::vector<std::string_view> body(ask_.body.begin(), ask_.body.end());
  transport::UpstreamRequest request;
  request.endpoint = &ask_.endpoint;
  request.method = ask_.method;
  request.path = ask_.path;
  request.fields = ask_.fields;
  request.body = body;
  request.connect_timeout = ask_.connect_timeout;
  request.tls_timeout = ask_.tls_timeout;
  request.head_by = loop_.now().boot + ask_.head_in;
  request.on_sent = [&outcome](Instant) { ++outcome.times_sent; };
  const auto answer = co_await client.exchange(request, cancellation_);
  if (!answer) {
    outcome.error = answer.error().kind;
    outcome.message = answer.error().message;
    co_return;
  }
  outcome.status = (*answer)->head().status;
  outcome.fields = (*answer)->head().fields;
  outcome.reused = (*answer)->reused_connection();
  while (ask_.read_body) {
    const BootTime by = loop_.now().boot + ask_.piece_in;
    const auto piece = co_await (*answer)->next(by);
    if (!piece) {
      outcome.error = piece.error().kind;
      outcome.message = piece.error().message;
      const auto again = co_await (*answer)->next(by);
      EXPECT_TRUE(!again && again.error().message == outcome.message) << "a failure stays what it is";
    }
    if (!piece || piece->empty()) break;
    outcome.body += *piece;
    if (ask_.cancel_behind_piece) cancellation_.request();
  }
}

UpstreamTest::UpstreamTest() : thread_([this] { loop_.run(); }) {}

UpstreamTest::~UpstreamTest() {
  on_loop([this] { client_.reset(); });
  EXPECT_TRUE(eventually([this] { return loop_.tasks() == 0; }));
  loop_.stop();
  thread_.join();
  shared_.reset();
  EXPECT_EQ(loop_.escaped_exceptions(), 0U);
}

void UpstreamTest::configure(transport::UpstreamSharedConfig shared, transport::UpstreamConfig config) {
  shared_ = std::make_unique<transport::UpstreamShared>(std::move(shared));
  on_loop([&] { client_ = shared_->make_client(loop_, config); });
}

std::shared_ptr<Call> UpstreamTest::begin(Ask ask) {
  if (!client_) configure({});
  const auto call = std::make_shared<Call>(loop_, std::move(ask));
  loop_.post([this, call] { loop_.spawn("call", Call::run(call, client_.get())); });
  return call;
}

Ask UpstreamTest::ask_of(const RawProvider& provider) {
  Ask ask;
  ask.endpoint.tls = false;
  ask.endpoint.host = "127.0.0.1";
  ask.endpoint.port = provider.port();
  return ask;
}

Outcome UpstreamTest::outcome_as_time_passes(Call& call, Duration step) {
  EXPECT_TRUE(eventually([&] {
    advance(step);
    return call.done();
  }));
  return call.outcome();
}

void UpstreamTest::on_loop(const std::function<void()>& work) {
  std::promise<void> done;
  loop_.post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace weir::test
