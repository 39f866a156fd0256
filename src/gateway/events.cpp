#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "gateway/answer_fields.hpp"
#include "gateway/local_answer.hpp"
#include "gateway/snapshot.hpp"
#include "gateway/visit.hpp"
#include "weir/gateway/gateway.hpp"

// What the gateway does for those who look at it: the dashboard, the stream of events, and what it notes from
// time to time.
namespace weir::gateway {
namespace {

constexpr Duration kBetweenEvents = std::chrono::seconds(1);

}  // namespace

AdminContext Gateway::context(const Snapshot& current) const {
  AdminContext context{.catalogue = current.catalogue,
                       .routing = current.routing,
                       .telemetry = telemetry_,
                       .history = history_,
                       .room = queue_,
                       .started = started_,
                       .waiting = queue_.waiting(),
                       .draining = draining_,
                       .quantile = current.tokens.quantile};
  for (const ClientKey& key : current.client_keys)
    if (const quota::Pool* const pool = current.pool_of(&key)) context.clients.push_back({key.name, pool});
  return context;
}

void Gateway::start() {
  lanes_.front().loop->post([this] { tick_alarm_.arm(history_.next_at()); });
}

void Gateway::tick() {
  const Instant now = lanes_.front().loop->now();
  history_.sample(now);
  if (admin_ != nullptr) {
    const auto current = snapshot();
    admin_->tick(context(*current), now);
  }
  tick_alarm_.arm(history_.next_at());
}

std::string Gateway::next_events(EventFeed& feed, Instant now) const {
  const auto current = snapshot();
  return feed.next(context(*current), now);
}

Result<std::unique_ptr<EventFeed>> Gateway::listen(const transport::Request& request) {
  auto admitted = admin_->admit(request);
  if (!admitted) return std::move(admitted).error();
  return admin_->listen();
}

// What is new is put together when the last of it has been taken, so that a slow reader gets less and not
// later.
net::Awaitable<void> Gateway::serve_events(const transport::Request& request, transport::Responder& responder,
                                           Visit& visit) {
  visit.current.reset();  // a reader may stay for longer than a configuration
  net::Loop& loop = *visit.lane.loop;
  telemetry::RequestRecord& record = visit.record;
  auto feed = listen(request);
  if (!feed) {
    LocalAnswer refusal{.what = Refusal{.error = std::move(feed).error()}};
    co_await tell(std::move(refusal), responder, visit);
    co_return;
  }
  http::ResponseHead head;
  head.lines.append(visit.common);
  add_stream_fields(head.lines);
  record.status = head.status;
  std::string piece = next_events(**feed, loop.now());
  bool is_there = co_await responder.begin(head, piece);
  record.bytes_out = piece.size();
  while (is_there && !draining_) {
    const BootTime at = loop.now().boot + kBetweenEvents;
    net::Cancellation& cancellation = responder.cancellation();
    co_await loop.sleep_until(at, cancellation);
    if (cancellation.requested()) break;
    piece = next_events(**feed, loop.now());
    if (piece.empty()) continue;
    is_there = co_await responder.write(piece);
    record.bytes_out += piece.size();
  }
  if (!is_there || responder.cancellation().client_gone()) co_return;
  piece = (*feed)->end();
  is_there = co_await responder.write(piece);
  if (is_there) is_there = co_await responder.finish();
}

// Whoever may open the page needn't be anybody: it has no more in it than the program's source.
net::Awaitable<void> Gateway::show(dashboard::Page page, transport::Responder& responder,
                                   telemetry::RequestRecord& record) {
  page.head.fields.add("x-request-id", record.request_id);
  page.head.fields.add("openai-processing-ms", "0");
  record.status = page.head.status;
  record.bytes_out = page.body.size();
  const bool told = co_await responder.respond(page.head, page.body);
  if (!told) record.error = "cancelled";
}

}  // namespace weir::gateway
