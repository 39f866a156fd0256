#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/state_directory.hpp"
#include "weir/admin/admin_api.hpp"
#include "weir/base/clock.hpp"
#include "weir/base/result.hpp"
#include "weir/config/config.hpp"

namespace weir::app {

// The object graph of a running gateway: clock, ledger, loops and their threads, gateway, server. Everything
// is made here and passed down. Main thread only.
class Daemon {
 public:
  Daemon();
  ~Daemon();  // stops what runs

  // Listens and serves. Fails with kind io or config; then nothing runs.
  // What earlier runs left in the state directory is taken up first; one that can't be used is done without.
  [[nodiscard]] Result<void> start(const config::GatewayConfig& config, const StateDirectory& state,
                                   admin::Orders orders);
  // Takes what can change while running: providers, models, aliases, keys, routing, the log's level, the time
  // for a drain, the certificate (one that can't be read leaves the old one in use). Says in the log which
  // other keys have changed, which needs a restart. Where it fails nothing has changed.
  [[nodiscard]] Result<void> reload(const config::GatewayConfig& config);
  // A reload that never came so far.
  void note_reload_failed();

  // Where clients reach us: "http://127.0.0.1:8484".
  [[nodiscard]] std::string url() const;

  // No new connections, no new requests; what is under way may finish.
  void drain();
  void end_requests();  // the drain's time is over: what is under way is answered so, or ended with an error
  [[nodiscard]] bool idle() const;
  [[nodiscard]] Duration drain_timeout() const;  // how long idle() is to be waited for
  // The last counts are written. Nothing is served any more.
  void close_store();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// As many as it runs: what is configured, else one for each core, up to four.
[[nodiscard]] std::uint32_t loop_count(const config::GatewayConfig& config);

}  // namespace weir::app
