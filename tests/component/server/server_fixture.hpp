#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/fake_clock.hpp"
#include "support/raw_client.hpp"
#include "weir/http/guard.hpp"
#include "weir/net/loop.hpp"
#include "weir/transport/server.hpp"

namespace weir::test {

// Answers 200 with what it got, or does what the path says. Counts every call. Threads: any.
class EchoHandler final : public transport::Handler {
 public:
  struct Seen {
    std::string method;
    std::string target;
    std::string body;
    std::string peer;
    std::vector<std::pair<std::string, std::string>> fields;
  };

  [[nodiscard]] net::Awaitable<void> serve(net::Loop& loop, transport::Request& request,
                                           transport::Responder& responder) override;
  [[nodiscard]] transport::Rejection reject(const net::Loop& loop, const http::RequestHead& head,
                                            const Error& error) override;

  [[nodiscard]] std::size_t calls() const { return calls_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }      // within "/wait" now
  [[nodiscard]] std::size_t cancelled() const { return cancelled_; }  // whose wait the client ended
  [[nodiscard]] std::size_t cut_off() const { return cut_off_; }      // calls of a responder that said "gone"
  [[nodiscard]] std::vector<Seen> seen() const;

 private:
  net::Awaitable<void> stream(transport::Responder& responder);
  net::Awaitable<void> flood(transport::Responder& responder);
  net::Awaitable<void> wait(net::Loop& loop, transport::Responder& responder);
  net::Awaitable<void> inject(transport::Responder& responder);
  net::Awaitable<void> answer(transport::Responder& responder, int status, std::string body);

  std::atomic<std::size_t> calls_{0};
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::size_t> cancelled_{0};
  std::atomic<std::size_t> cut_off_{0};
  std::atomic<std::size_t> padding_seen_{0};  // read only for the reading's sake
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;  // protected by mutex_
};

// Waits until the condition holds, at most half a minute: for what another thread is about to do.
[[nodiscard]] bool becomes_true(const std::function<bool()>& condition);

// A server on loopback with loops in threads of their own, real sockets and a clock that the test moves.
class TestServer {
 public:
  explicit TestServer(transport::ServerConfig config = {}, std::size_t loops = 1);
  ~TestServer();

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] RawClient connect() const { return RawClient(port()); }
  // One that has hardly any room: what is written to it stops as long as it doesn't read.
  [[nodiscard]] RawClient connect_narrow() const {
    RawClient client;
    client.set_receive_buffer(4096);
    client.connect(port());
    return client;
  }
  // connect(), and the server has a session for it.
  [[nodiscard]] RawClient connect_and_settle();
  // The loops have looked at everything that was sent to them.
  void settle();
  // The loops stand still until what this gives is gone.
  [[nodiscard]] std::shared_ptr<void> hold_loops();
  // Moves the clock. All that was due then has happened, and what follows from it.
  void advance(Duration by);

  [[nodiscard]] EchoHandler& handler() { return handler_; }
  [[nodiscard]] transport::Server& server() { return server_; }
  // Exceptions that nobody expected. A test ends with none.
  [[nodiscard]] std::size_t escaped_exceptions();

 private:
  FakeClock clock_;
  http::HostGuard guard_;
  EchoHandler handler_;
  std::vector<std::unique_ptr<net::Loop>> loops_;
  transport::Server server_;
  std::vector<std::thread> threads_;
};

[[nodiscard]] std::string get(std::string_view target, std::string_view more_fields = "");
[[nodiscard]] std::string post(std::string_view target, std::string_view body,
                               std::string_view more_fields = "");

}  // namespace weir::test
