#include "gateway/model_watch.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/upstream_call.hpp"
#include "weir/base/log.hpp"
#include "weir/net/cancellation.hpp"
#include "weir/providers/preset.hpp"
#include "weir/wire/model_list.hpp"

namespace weir::gateway {
namespace {

constexpr Duration kBetweenLooks = std::chrono::minutes(5);
constexpr Duration kListTimeout = std::chrono::seconds(10);
constexpr std::size_t kMaxList = 8U << 20U;  // bytes; the longest seen is about 600 KB

bool is_gone(const routing::Target& target, Instant now) {
  const auto cooldown = target.pool.cooldown(now);
  return cooldown && cooldown->cause == quota::CooldownCause::model_gone;
}

bool has_list(const routing::Target& target) {
  const providers::Endpoints endpoints = target.provider->preset->endpoints;
  return (endpoints & providers::endpoints_of({providers::Endpoint::models})) != 0;
}

net::Awaitable<std::optional<std::string>> fetch(Lane* lane, const transport::Endpoint* endpoint,
                                                 const routing::Target* target) {
  const std::string path = target->provider->base_url.path + "/models";
  const std::string fields = "accept: application/json\r\n" + identity_lines(*target);
  transport::UpstreamRequest request;
  request.endpoint = endpoint;
  request.method = "GET";
  request.path = path;
  request.fields = fields;
  const BootTime by = lane->loop->now().boot + kListTimeout;
  request.head_by = by;
  net::Cancellation cancellation;
  const auto answer = co_await lane->upstream->exchange(request, cancellation);
  if (!answer || (*answer)->head().status != 200) co_return std::nullopt;
  std::string body;
  while (body.size() < kMaxList) {
    const auto piece = co_await (*answer)->next(by);
    if (!piece) co_return std::nullopt;
    if (piece->empty()) break;
    body += *piece;
  }
  co_return body;
}

// For those of the account that `asked` is of: others may see another list.
net::Awaitable<void> ask(net::Loop& loop, Lane* lane, std::shared_ptr<const Snapshot> snapshot,
                         const routing::Target* asked) {
  const auto body = co_await fetch(lane, &snapshot->endpoint_of(*asked->provider), asked);
  if (!body) co_return;
  const auto ids = wire::read_model_ids(*body);
  if (!ids) co_return;  // it says nothing, and the requests' own probes go on
  const Instant now = loop.now();
  for (const routing::Target& target : snapshot->catalogue.targets()) {
    if (target.provider != asked->provider || target.key != asked->key || !is_gone(target, now)) continue;
    const bool listed = std::ranges::find(*ids, target.model->id) != ids->end();
    target.pool.hear_listed(listed);
    log::debug("model_list", {{"target", target.name()}, {"listed", listed}});
  }
}

}  // namespace

void ModelWatch::look(Lane& lane, const std::shared_ptr<const Snapshot>& snapshot, Instant now) {
  BootTime::rep due = due_.load(std::memory_order_relaxed);
  if (now.boot.time_since_epoch().count() < due) return;
  const BootTime::rep next = (now.boot + kBetweenLooks).time_since_epoch().count();
  if (!due_.compare_exchange_strong(due, next)) return;  // another thread's turn
  const routing::Target* last = nullptr;
  for (const routing::Target& target : snapshot->catalogue.targets()) {
    const bool asked = last != nullptr && last->provider == target.provider && last->key == target.key;
    if (asked || !has_list(target) || !is_gone(target, now)) continue;
    last = &target;
    lane.loop->spawn("model list", ask(*lane.loop, &lane, snapshot, &target));
  }
}

}  // namespace weir::gateway
