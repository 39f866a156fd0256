#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "transport/stream.hpp"
#include "transport/tls.hpp"
#include "weir/net/loop.hpp"
#include "weir/net/timers.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::transport {

// Idle connections of one loop, kept by endpoint. Last in, first out: the one used last is the likeliest to
// be alive, and the others may age. Ages are counted on the boot clock, so that a suspended machine doesn't
// trust connections that its provider gave up hours ago. Loop's thread only.
class Pool final : public net::IdleConnections {
 public:
  // What is kept for one endpoint. Stays where it is as long as the pool.
  struct Lane {
    explicit Lane(Endpoint e) : endpoint(std::move(e)) {}

    const Endpoint endpoint;
    // Shared with the endpoint's open connections: a TLS 1.3 ticket comes with an answer.
    const std::shared_ptr<SessionSlot> session = std::make_shared<SessionSlot>();

   private:
    friend class Pool;
    struct Idle {
      Stream stream;
      BootTime since;
    };
    std::vector<Idle> idle;  // oldest first
  };

  Pool(net::Loop& loop, Duration idle_timeout, std::size_t idle_max);

  [[nodiscard]] Lane& lane(const Endpoint& endpoint);
  // A connection that is still quiet, or nothing. Closes those it finds otherwise.
  [[nodiscard]] std::optional<Stream> take(Lane& lane);
  // Only after a complete message with nothing behind it, and never after a cancellation: the next user would
  // read the rest of this one's answer.
  void put(Lane& lane, Stream stream);
  bool close_idle() noexcept override;

 private:
  void sweep();

  net::Loop& loop_;
  const Duration idle_timeout_;
  const std::size_t idle_max_;
  std::vector<std::unique_ptr<Lane>>
      lanes_;  // as many as endpoints in the configuration: searched one by one
  net::Deadline sweep_;
  bool sweep_armed_ = false;
};

}  // namespace weir::transport
