#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "weir/base/random.hpp"
#include "weir/dashboard/dashboard.hpp"
#include "weir/gateway/admin_surface.hpp"
#include "weir/gateway/settings.hpp"
#include "weir/http/guard.hpp"
#include "weir/net/awaitable.hpp"
#include "weir/net/loop.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/admission_queue.hpp"
#include "weir/routing/memory.hpp"
#include "weir/telemetry/history.hpp"
#include "weir/telemetry/request_record.hpp"
#include "weir/telemetry/telemetry.hpp"
#include "weir/transport/server.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::gateway {

struct LocalAnswer;
struct Snapshot;
class ModelWatch;
class TokenCounter;
struct Visit;

// What belongs to one loop's thread: its connections to providers and its source of chance.
struct Lane {
  net::Loop* loop = nullptr;
  std::unique_ptr<transport::UpstreamClient> upstream;
  std::unique_ptr<RandomSource> random;
  TokenCounter* counter = nullptr;          // set by the gateway
  telemetry::LiveRequests* live = nullptr;  // set by the gateway
};

// The handler behind the server: finds out which path was asked for and runs it. configure() and drain() may
// be called from any thread; a request keeps the settings it began with.
class Gateway final : public transport::Handler {
 public:
  // All outlive the gateway. Every loop that will call serve() has its lane here. Where `admin` is null there
  // is nothing under /admin/.
  Gateway(quota::Ledger& ledger, routing::Memory& memory, const http::HostGuard& guard,
          std::vector<Lane> lanes, WallTime started, AdminSurface* admin = nullptr);
  ~Gateway() override;

  // Builds the new catalogue and swaps it in. Counts and cooldowns of windows that stay are kept, and so is
  // what routing remembers.
  void configure(Settings settings);
  // From now on notes what happened in each step of time. Once, when the loops are about to run.
  void start();
  // From now on /readyz says no and new requests are answered 503.
  void drain() noexcept { draining_ = true; }

  // What has been counted, and the last requests. Any thread.
  [[nodiscard]] const telemetry::Telemetry& telemetry() const noexcept { return telemetry_; }
  // What happened in each step of time. Any thread; an earlier run's is restored before start().
  [[nodiscard]] telemetry::History& history() noexcept { return history_; }
  // Requests that wait for room now. Any thread.
  [[nodiscard]] std::size_t waiting() const noexcept { return queue_.waiting(); }

  [[nodiscard]] net::Awaitable<void> serve(net::Loop& loop, transport::Request& request,
                                           transport::Responder& responder) override;
  // The path, the method, the drain and the client's key, which need no body.
  [[nodiscard]] std::optional<Error> refuse_early(const transport::Request& request) override;
  [[nodiscard]] transport::Rejection reject(const net::Loop& loop, const http::RequestHead& head,
                                            const Error& error) override;

 private:
  [[nodiscard]] LocalAnswer answer_locally(const Snapshot& current, const transport::Request& request,
                                           telemetry::RequestRecord& record) const;
  [[nodiscard]] LocalAnswer local_answer(const Snapshot& current, const transport::Request& request,
                                         telemetry::RequestRecord& record) const;
  [[nodiscard]] net::Awaitable<void> serve_chat(const transport::Request& request,
                                                transport::Responder& responder,
                                                std::unique_ptr<Visit> visit);
  [[nodiscard]] net::Awaitable<void> serve_other(transport::Request& request, transport::Responder& responder,
                                                 std::unique_ptr<Visit> visit);
  void finish(Visit& visit);
  [[nodiscard]] static net::Awaitable<void> tell(LocalAnswer answer, transport::Responder& responder,
                                                 Visit& visit);
  [[nodiscard]] net::Awaitable<void> serve_events(const transport::Request& request,
                                                  transport::Responder& responder, Visit& visit);
  [[nodiscard]] static net::Awaitable<void> show(dashboard::Page page, transport::Responder& responder,
                                                 telemetry::RequestRecord& record);
  [[nodiscard]] Result<std::unique_ptr<EventFeed>> listen(const transport::Request& request);
  [[nodiscard]] std::string next_events(EventFeed& feed, Instant now) const;
  [[nodiscard]] AdminContext context(const Snapshot& current) const;
  void tick();
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;
  [[nodiscard]] Lane& lane_of(const net::Loop& loop);

  [[nodiscard]] std::size_t number_of(const Lane& lane) const noexcept {
    return static_cast<std::size_t>(&lane - lanes_.data());
  }

  quota::Ledger& ledger_;
  routing::Memory& memory_;
  const http::HostGuard& guard_;
  std::vector<Lane> lanes_;
  telemetry::Telemetry telemetry_;
  const WallTime started_;
  AdminSurface* const admin_;
  const std::unique_ptr<ModelWatch> models_;
  const std::unique_ptr<TokenCounter> counter_;
  telemetry::History history_;
  net::Deadline tick_alarm_;               // of the first lane's loop
  net::Deadline queue_alarm_;              // of the first lane's loop
  mutable routing::AdmissionQueue queue_;  // admin may tell it of room
  std::atomic<bool> draining_ = false;
  mutable std::mutex mutex_;  // guards snapshot_
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace weir::gateway
