#include "transport/session.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "transport/response_head.hpp"
#include "weir/base/log.hpp"

namespace weir::transport {
namespace {

using boost::system::error_code;

// How long a client that is still sending is read from after its last answer: in all, and while nothing
// comes. Closing with unread bytes would reset the connection, and the reset might overtake the answer: who
// sends too large a body would not learn it, and send it again.
constexpr Duration kFarewell = std::chrono::seconds(30);
constexpr Duration kFarewellIdle = std::chrono::seconds(2);

Error internal_error() {
  return {ErrorKind::internal, "weir failed to answer this request; its log says why"};
}

}  // namespace

Session::Session(std::shared_ptr<ServerState> server, net::Loop& loop, Stream stream, std::string peer)
    : server_(std::move(server)),
      loop_(loop),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      reader_(stream_, loop, server_->config, server_->guard, loop.now().boot) {}

net::Awaitable<void> Session::run([[maybe_unused]] std::shared_ptr<const void> listener,
                                  [[maybe_unused]] Place place, std::unique_ptr<Session> owned) {
  const std::unique_ptr<Session> self = std::move(owned);  // so that it is gone before the parameters are
  const bool secure = co_await self->shake_hands();
  Next next = secure ? Next::request : Next::nothing;
  while (next == Next::request) {
    next = co_await self->read_request();
    if (next != Next::answer) break;
    next = co_await self->answer();
    self->reader_.finish();
  }
  if (next == Next::farewell) co_await self->say_farewell();
  self->stream_.close();
}

net::Awaitable<void> Session::turn_away(Error error) {
  const Next next = co_await refuse(std::move(error));
  if (next == Next::farewell) co_await say_farewell();
  stream_.close();
}

void Session::drain() noexcept {
  if (shaking_hands_ || reader_.idle()) stream_.close();
}

void Session::end_request() noexcept {
  if (serving_ != nullptr) serving_->request(net::Cancellation::Reason::stopping);
}

void Session::close() noexcept {
  if (serving_ != nullptr) serving_->request();
  stream_.close();
}

net::Awaitable<bool> Session::shake_hands() {
  const std::shared_ptr<ssl_ctx_st> tls = server_->tls();
  if (!tls) co_return true;
  net::Deadline clock(loop_.timers(), [this] { stream_.close(); });
  clock.arm_after(server_->config.head_timeout);
  error_code ec;
  shaking_hands_ = true;
  co_await stream_.handshake_as_server(tls.get(), ec);
  shaking_hands_ = false;
  if (ec) log::debug("tls_handshake_failed", {{"peer", peer_}, {"reason", ec.message()}});
  co_return !ec;
}

// Apart from its answer, which may be long.
net::Awaitable<Session::Next> Session::read_request() {
  if (draining() && !reader_.has_input()) co_return Next::farewell;
  Result<bool> arrived = co_await reader_.read_head();
  if (arrived && *arrived) {
    std::optional<Error> refused = refuse_early();
    if (refused) co_return co_await refuse(*std::move(refused));
    arrived = co_await reader_.read_body();
  }
  if (!arrived) co_return co_await refuse(std::move(arrived).error());
  co_return *arrived ? Next::answer : Next::nothing;
}

// Who may not ask needn't send all of it first. A small body is waited for: its connection can be kept.
std::optional<Error> Session::refuse_early() {
  if (!reader_.has_much_to_come()) return std::nullopt;
  Request request;
  request.head = &reader_.parsed().head;
  request.arrived = reader_.arrived();
  request.peer = peer_;
  return server_->handler.refuse_early(request);
}

net::Awaitable<Session::Next> Session::answer() {
  const ParsedHead& parsed = reader_.parsed();
  const AnswerRules rules{.head_only = parsed.head.method == "HEAD",
                          .minor_version = parsed.head.minor_version,
                          .keep_alive = parsed.keep_alive};
  SocketResponder responder(stream_, loop_, *server_, rules);
  Request request{.head = &parsed.head,
                  .body = reader_.body(),
                  .arrived = reader_.arrived(),
                  .peer = peer_,
                  .drop = [this] { reader_.drop(); }};
  net::Cancellation& cancellation = responder.cancellation();
  serving_ = &cancellation;
  stream_.watch([&cancellation] { cancellation.request(); });
  bool threw = true;
  try {
    co_await server_->handler.serve(loop_, request, responder);
    threw = false;
  } catch (const std::exception& e) {
    log::error("handler_failed", {{"peer", peer_}, {"what", e.what()}});
  } catch (...) {
    log::error("handler_failed", {{"peer", peer_}, {"what", "of a type that is no exception's"}});
  }
  stream_.stop_watching();
  serving_ = nullptr;

  using State = SocketResponder::State;
  const State state = responder.state();
  if (state == State::fresh && !cancellation.client_gone()) {
    // A bug, told already where it threw. The client must not wait for it.
    if (!threw) log::error("handler_gave_no_answer", {{"peer", peer_}});
    co_return co_await refuse(internal_error());
  }
  if (state == State::begun) responder.abort();
  if (state != State::whole) co_return Next::nothing;
  co_return responder.keeps_connection() ? Next::request : Next::farewell;
}

net::Awaitable<Session::Next> Session::refuse(Error error) {
  const ErrorTraits& kind = traits(error.kind);
  const http::RequestHead& asked = reader_.parsed().head;
  const Rejection refusal = server_->handler.reject(loop_, asked, error);
  log::info("request_refused", {{"request_id", refusal.request_id},
                                {"peer", peer_},
                                {"status", kind.http_status},
                                {"kind", kind.name},
                                {"reason", error.message}});
  const AnswerRules rules{.head_only = asked.method == "HEAD", .minor_version = 1, .keep_alive = false};
  SocketResponder responder(stream_, loop_, *server_, rules);
  const http::ResponseHead head = refusal_head(error, refusal.lines);
  const bool sent = co_await responder.respond(head, refusal.body);
  co_return sent ? Next::farewell : Next::nothing;
}

net::Awaitable<void> Session::say_farewell() {
  stream_.end_writing();
  co_await reader_.discard(kFarewellIdle, kFarewell);
}

}  // namespace weir::transport
