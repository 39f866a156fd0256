#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "weir/base/secret.hpp"
#include "weir/net/awaitable.hpp"
#include "weir/net/cancellation.hpp"
#include "weir/net/loop.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::app {

// Where alerts are sent.
struct WebhookTarget {
  transport::Endpoint endpoint;
  std::string path;
  Secret secret;  // empty: nothing is signed
};

// Sends alerts to alerts.webhook, one after the other, each until it is taken: again after 1 s, 5 s, 30 s, 2
// min and 10 min, and then it is let go. A request never waits for it. Its coroutine lives on one loop.
class Webhook {
 public:
  static constexpr std::size_t kMostWaiting = 100;

  // `result` hears of each alert whether it was taken at last. `loop` outlives it.
  Webhook(net::Loop& loop, std::unique_ptr<transport::UpstreamClient> client,
          std::function<void(bool taken)> result);

  // From now on alerts go there; nothing: nowhere. Any thread.
  void configure(std::optional<WebhookTarget> target);
  // Any thread; returns at once. Where too many wait the oldest is let go.
  void send(std::string json);
  // What is under way ends. Any thread.
  void stop();

 private:
  [[nodiscard]] net::Awaitable<void> run();
  [[nodiscard]] net::Awaitable<void> deliver(std::string json);
  enum class Outcome : std::uint8_t { taken, refused, failed };
  // One try.
  [[nodiscard]] net::Awaitable<Outcome> try_once(const WebhookTarget& target, const std::string& json);

  net::Loop& loop_;
  const std::unique_ptr<transport::UpstreamClient> client_;
  const std::function<void(bool)> result_;
  // The loop's thread only.
  std::shared_ptr<const WebhookTarget> target_;
  std::deque<std::string> waiting_;
  net::Cancellation stopping_;
  bool is_running_ = false;
};

}  // namespace weir::app
