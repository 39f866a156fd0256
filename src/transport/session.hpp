#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "transport/request_reader.hpp"
#include "transport/responder.hpp"
#include "transport/server_state.hpp"
#include "transport/stream.hpp"
#include "weir/net/loop.hpp"

namespace weir::transport {

// One client's connection from accept to close: request, answer, request, answer, in order, one at a time.
// Unlinks itself from its listener's list when it ends. Loop's thread only.
class Session
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Session(std::shared_ptr<ServerState> server, net::Loop& loop, Stream stream, std::string peer);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Until the connection has ended; then the session ends, and after it lets go of the listener.
  [[nodiscard]] static net::Awaitable<void> run(std::shared_ptr<const void> listener, Place place,
                                                std::unique_ptr<Session> owned);
  // In place of run(), for a connection that can't be served: answers without reading a request.
  [[nodiscard]] net::Awaitable<void> turn_away(Error error);

  // The server drains: ends at once where no request is under way.
  void drain() noexcept;
  // The request under way is to be answered now, or what has begun of its answer ended.
  void end_request() noexcept;
  // Ends now, and cancels the request under way.
  void close() noexcept;

 private:
  enum class Next : std::uint8_t { request, answer, farewell, nothing };

  [[nodiscard]] net::Awaitable<bool> shake_hands();
  [[nodiscard]] net::Awaitable<Next> read_request();
  [[nodiscard]] std::optional<Error> refuse_early();
  [[nodiscard]] net::Awaitable<Next> answer();
  [[nodiscard]] net::Awaitable<Next> refuse(Error error);
  [[nodiscard]] net::Awaitable<void> say_farewell();
  [[nodiscard]] bool draining() const noexcept { return server_->draining.load(std::memory_order_relaxed); }

  const std::shared_ptr<ServerState> server_;
  net::Loop& loop_;
  Stream stream_;
  const std::string peer_;
  RequestReader reader_;
  bool shaking_hands_ = false;
  net::Cancellation* serving_ = nullptr;  // of the request that the handler has
};

}  // namespace weir::transport
