#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/result.hpp"
#include "weir/http/guard.hpp"
#include "weir/http/head.hpp"
#include "weir/net/awaitable.hpp"
#include "weir/net/cancellation.hpp"
#include "weir/net/loop.hpp"

namespace weir::transport {

// One whole request: its head passed the guard, its body has arrived. Valid until serve() returns.
struct Request {
  const http::RequestHead* head = nullptr;
  // Mutable, so that a reader may work in place; at least kBodyPadding readable bytes stand behind it.
  std::span<char> body;
  Instant arrived;        // when its head was complete
  std::string_view peer;  // address of the client, for the log
  // Gives back the memory of its body and of its head's fields, which a long answer doesn't need.
  std::function<void()> drop = [] {};

  [[nodiscard]] std::string_view body_text() const { return {body.data(), body.size()}; }
};
inline constexpr std::size_t kBodyPadding = 64;  // what simdjson may read beyond the end

// Where the answer to one request goes. Each call returns false where the client has gone; then stop.
// Session's thread only.
class Responder {
 public:
  virtual ~Responder() = default;

  // A whole answer. Content-Length, Date and Connection are added.
  [[nodiscard]] virtual net::Awaitable<bool> respond(const http::ResponseHead& head,
                                                     std::string_view body) = 0;

  // An answer in pieces: the head with the first piece in one write, then more, then finish(). Chunked for
  // a 1.1 client, until-close for a 1.0 one. An empty piece writes nothing.
  [[nodiscard]] virtual net::Awaitable<bool> begin(const http::ResponseHead& head,
                                                   std::string_view first) = 0;
  [[nodiscard]] virtual net::Awaitable<bool> write(std::string_view piece) = 0;
  [[nodiscard]] virtual net::Awaitable<bool> finish() = 0;
  // Ends without the framing's end: the client sees that it was cut. The connection closes.
  virtual void abort() noexcept = 0;

  // Requested as soon as the client leaves: a reset, or a FIN after its whole request (we take that for
  // gone). And where it is still there, by Server::end_requests(): then it is to be answered at once, or what
  // has begun to be ended.
  [[nodiscard]] virtual net::Cancellation& cancellation() noexcept = 0;
};

// An answer that says no: a JSON body, and fields beside the server's own.
struct Rejection {
  http::FieldLines lines;
  std::string body;
  std::string request_id;  // for the log
};

// What answers requests. One object serves all threads; serve() must not block.
class Handler {
 public:
  virtual ~Handler() = default;
  // Answers exactly once, or aborts. `loop` is the session's. Where it throws or gives no answer the client
  // gets a 500, or a cut where the answer had begun; where the client has gone nothing is missed.
  [[nodiscard]] virtual net::Awaitable<void> serve(net::Loop& loop, Request& request,
                                                   Responder& responder) = 0;
  // Judges a request by its head, where much of its body hasn't come yet or the client waits to be asked for
  // it. An error here is all that it is told, by reject(), and the body is neither asked for nor kept: the
  // connection closes. `request` has no body. No I/O.
  [[nodiscard]] virtual std::optional<Error> refuse_early(const Request& /*request*/) { return std::nullopt; }
  // What a request is told that never became one (framing, guard, limits, clocks), or that serve() left
  // unanswered. Its status is of the error's kind. `head` is what could be read of the request's, perhaps
  // nothing. No I/O.
  [[nodiscard]] virtual Rejection reject(const net::Loop& loop, const http::RequestHead& head,
                                         const Error& error) = 0;
};

struct ServerConfig {
  std::string address = "127.0.0.1";  // an IP literal
  std::uint16_t port = 8484;          // 0: any free one
  std::string tls_cert_file;          // both empty: plain
  std::string tls_key_file;
  std::uint64_t max_body = 32U << 20U;               // bytes
  std::size_t max_connections = 4096;                // of all threads together
  Duration head_timeout = std::chrono::seconds(10);  // accept, or first byte of the next, to whole head
  Duration body_idle_timeout = std::chrono::seconds(30);
  Duration body_timeout = std::chrono::seconds(120);
  Duration keep_alive_timeout = std::chrono::seconds(75);
  Duration write_timeout = std::chrono::seconds(60);  // a reader that is stuck
};

// Listens and runs sessions on the loops it is given, one SO_REUSEPORT acceptor each. Sessions live on their
// loops. A request that breaks a rule of weir/http/guard.hpp, a limit or a clock is answered with a JSON
// error and `connection: close`, and nothing behind it on its connection is looked at; a connection beyond
// max_connections gets a 503 (under TLS it is just closed).
class Server {
 public:
  // `handler` and `guard` outlive the server, and the sessions too: wait for connections() to be 0, or stop
  // the loops, before they go. The loops outlive the server.
  Server(ServerConfig config, const http::HostGuard& guard, Handler& handler);
  ~Server();

  // Binds and begins to accept on each loop. Once, on the main thread. Fails with kind io ("address in use")
  // or config (bad certificate).
  [[nodiscard]] Result<void> start(std::span<net::Loop* const> loops);
  [[nodiscard]] std::uint16_t port() const noexcept;

  // Under TLS, for new connections: reads the certificate and key from there. Where that fails (kind config)
  // those in use stay. A plain server stays plain. Any thread, after start().
  [[nodiscard]] Result<void> take_certificate(const std::string& cert_file, const std::string& key_file);

  // Accepts no more, closes idle connections and lets the others finish their request: answers from now on
  // say `connection: close`. Any thread; idempotent.
  void drain();
  // The drain's time is over: the cancellations of all requests under way are requested, as stopping, so that
  // their handlers end them. Waits for nobody. Any thread.
  void end_requests();
  // Closes what is left. Any thread; the loops must still run.
  void close_all();
  [[nodiscard]] std::size_t connections() const noexcept;  // open now, any thread
  [[nodiscard]] bool draining() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::transport
