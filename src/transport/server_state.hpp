#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "transport/tls.hpp"
#include "weir/transport/server.hpp"

namespace weir::transport {

// What all loops' shares of a server have in common. Sessions keep it alive; `guard` and `handler` outlive
// them. Threads: any.
struct ServerState {
  ServerState(ServerConfig c, const http::HostGuard& g, Handler& h)
      : config(std::move(c)), guard(g), handler(h) {}

  const ServerConfig config;
  const http::HostGuard& guard;
  Handler& handler;
  std::atomic<std::size_t> connections{0};  // that are served
  std::atomic<std::size_t> turned_away{0};  // that are being told there is no room
  std::atomic<bool> draining{false};

  // Null: plain, and that stays as it was before the first connection. A handshake keeps what it began with.
  [[nodiscard]] std::shared_ptr<ssl_ctx_st> tls() const {
    const std::lock_guard lock(tls_mutex_);
    return tls_;
  }
  void set_tls(std::shared_ptr<ssl_ctx_st> context) {
    const std::lock_guard lock(tls_mutex_);
    tls_.swap(context);
  }

 private:
  mutable std::mutex tls_mutex_;
  std::shared_ptr<ssl_ctx_st> tls_;  // shared with the handshakes that begin
};

// One of a limited number of places, given back when it ends.
class Place {
 public:
  using Counter = std::atomic<std::size_t> ServerState::*;

  // Nothing where all `limit` places are taken.
  [[nodiscard]] static std::optional<Place> take(const std::shared_ptr<ServerState>& server, Counter counter,
                                                 std::size_t limit) {
    if ((server.get()->*counter).fetch_add(1, std::memory_order_relaxed) < limit)
      return Place(server, counter);
    (server.get()->*counter).fetch_sub(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  Place(Place&&) noexcept = default;
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (server_) (server_.get()->*counter_).fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  Place(std::shared_ptr<ServerState> server, Counter counter)
      : server_(std::move(server)), counter_(counter) {}

  std::shared_ptr<ServerState> server_;
  Counter counter_;
};

}  // namespace weir::transport
