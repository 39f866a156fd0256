#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "transport/connector.hpp"
#include "transport/exchange.hpp"
#include "transport/look_ups.hpp"
#include "transport/pool.hpp"
#include "transport/resolver.hpp"
#include "transport/trust_store.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::transport {
namespace {

// One loop's client: takes or makes a connection and converses on it.
class PooledClient final : public UpstreamClient {
 public:
  PooledClient(net::Loop& loop, LookUps& look_ups, TrustStore& trust, UpstreamConfig config)
      : loop_(loop),
        config_(config),
        resolver_(loop, look_ups, config.dns_ttl),
        connector_(loop, resolver_, trust),
        pool_(std::make_shared<Pool>(loop, config.idle_timeout, config.idle_max)) {}

  net::Awaitable<Result<std::unique_ptr<Answer>>> exchange(const UpstreamRequest& request,
                                                           net::Cancellation& cancellation) override;
  void close_idle() override { (void)pool_->close_idle(); }

 private:
  [[nodiscard]] std::unique_ptr<Exchange> pooled(Pool::Lane& lane);
  [[nodiscard]] net::Awaitable<Result<std::unique_ptr<Exchange>>> connect(Pool::Lane& lane,
                                                                          const UpstreamRequest& request,
                                                                          net::Cancellation& cancellation);

  net::Loop& loop_;
  const UpstreamConfig config_;
  Resolver resolver_;
  Connector connector_;
  const std::shared_ptr<Pool> pool_;  // shared with the exchanges under way
};

net::Awaitable<Result<std::unique_ptr<Answer>>> PooledClient::exchange(const UpstreamRequest& request,
                                                                       net::Cancellation& cancellation) {
  if (cancellation.requested()) co_return cancelled_error();
  Pool::Lane& lane = pool_->lane(*request.endpoint);
  std::unique_ptr<Exchange> exchange = pooled(lane);
  while (true) {
    if (!exchange) {
      Result<std::unique_ptr<Exchange>> fresh = co_await connect(lane, request, cancellation);
      if (!fresh) co_return std::move(fresh).error();
      exchange = std::move(fresh).value();
    }
    const Result<void> conversed = co_await exchange->converse(request, cancellation);
    if (conversed) co_return std::move(exchange);
    if (!exchange->was_stale(conversed.error())) co_return conversed.error();
    exchange.reset();
  }
}

std::unique_ptr<Exchange> PooledClient::pooled(Pool::Lane& lane) {
  std::optional<Stream> stream = pool_->take(lane);
  return stream ? std::make_unique<Exchange>(loop_, pool_, lane, *std::move(stream), true) : nullptr;
}

// Apart from the conversation, which takes longer.
net::Awaitable<Result<std::unique_ptr<Exchange>>> PooledClient::connect(Pool::Lane& lane,
                                                                        const UpstreamRequest& request,
                                                                        net::Cancellation& cancellation) {
  ConnectLimits limits;
  limits.look_up = config_.dns_timeout;
  limits.connect = request.connect_timeout;
  limits.tls = request.tls_timeout;
  limits.by = request.head_by;
  Result<Stream> fresh = co_await connector_.connect(lane.endpoint, lane.session, limits, cancellation);
  if (!fresh) co_return std::move(fresh).error();
  co_return std::make_unique<Exchange>(loop_, pool_, lane, std::move(fresh).value(), false);
}

}  // namespace

std::string Endpoint::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

class UpstreamShared::Impl {
 public:
  explicit Impl(UpstreamSharedConfig config)
      : look_ups(config.look_up ? std::move(config.look_up) : system_look_up),
        trust(std::move(config.ca_file), std::move(config.certificate)) {}

  LookUps look_ups;
  TrustStore trust;
};

UpstreamShared::UpstreamShared() : UpstreamShared(UpstreamSharedConfig{}) {}
UpstreamShared::UpstreamShared(UpstreamSharedConfig config)
    : impl_(std::make_unique<Impl>(std::move(config))) {}
UpstreamShared::~UpstreamShared() = default;

void UpstreamShared::want_trust() {
  impl_->trust.want();
}

void UpstreamShared::reload_trust() {
  impl_->trust.reload();
}

std::unique_ptr<UpstreamClient> UpstreamShared::make_client(net::Loop& loop, UpstreamConfig config) {
  return std::make_unique<PooledClient>(loop, impl_->look_ups, impl_->trust, config);
}

}  // namespace weir::transport
