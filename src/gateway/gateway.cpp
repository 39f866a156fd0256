#include "weir/gateway/gateway.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>

#include "gateway/local_answer.hpp"
#include "gateway/model_list.hpp"
#include "gateway/model_watch.hpp"
#include "gateway/proxy_request.hpp"
#include "gateway/refusal.hpp"
#include "gateway/request_id.hpp"
#include "gateway/snapshot.hpp"
#include "gateway/token_counter.hpp"
#include "gateway/tokenize.hpp"
#include "gateway/visit.hpp"
#include "weir/base/json_text.hpp"
#include "weir/base/version.hpp"
#include "weir/http/target.hpp"
#include "weir/telemetry/request_record.hpp"
#include "weir/wire/error_body.hpp"

namespace weir::gateway {

namespace {

enum class Place : std::uint8_t {
  chat,
  tokenize,
  models,
  model,
  live,
  ready,
  card,
  admin,
  metrics,
  later,
  unknown
};

struct Location {
  Place place = Place::unknown;
  std::string_view rest;  // the model's id
};

constexpr std::string_view kEvents = "/admin/v1/events";

// Paths that other OpenAI-compatible servers have, and this version doesn't serve yet.
constexpr std::array<std::string_view, 9> kLater{
    "/completions", "/embeddings",           "/responses", "/messages", "/rerank", "/moderations",
    "/batches",     "/audio/transcriptions", "/files"};

// People set base URLs with /v1, without it, and with the /openai/v1 that some providers have.
std::string_view without_prefix(std::string_view path) {
  for (const std::string_view prefix : {std::string_view("/openai/v1"), std::string_view("/v1")})
    if (path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/'))
      return path.substr(prefix.size());
  return path;
}

Location locate(std::string_view path) {
  constexpr std::string_view kModel = "/models/";
  if (path == "/livez" || path == "/healthz") return {Place::live, {}};
  if (path == "/readyz") return {Place::ready, {}};
  if (path == "/") return {Place::card, {}};
  if (path.starts_with("/admin/")) return {Place::admin, {}};
  if (path == "/metrics") return {Place::metrics, {}};
  path = without_prefix(path);
  if (path == "/chat/completions") return {Place::chat, {}};
  if (path == "/tokenize") return {Place::tokenize, {}};
  if (path == "/models") return {Place::models, {}};
  if (path.starts_with(kModel) && path.size() > kModel.size())
    return {Place::model, path.substr(kModel.size())};
  const bool later = std::ranges::any_of(kLater, [&](std::string_view known) {
    return path == known || (path.starts_with(known) && path[known.size()] == '/');
  });
  return {later ? Place::later : Place::unknown, {}};
}

telemetry::Route route_of(Place place) {
  using telemetry::Route;
  switch (place) {
    case Place::chat:
      return Route::chat;
    case Place::models:
    case Place::model:
      return Route::models;
    case Place::live:
    case Place::ready:
      return Route::health;
    case Place::card:
      return Route::card;
    case Place::admin:
      return Route::admin;
    case Place::metrics:
      return Route::metrics;
    case Place::tokenize:
      return Route::tokenize;
    case Place::later:
    case Place::unknown:
      break;
  }
  return Route::other;
}

std::string_view method_of(Place place) {
  return place == Place::chat || place == Place::tokenize ? "POST" : "GET";
}

// Whoever may ask for health needn't be told of disks and paths: /admin/v1/quota has the reason.
std::string health_json(std::string_view status, bool degraded) {
  return "{\"status\":\"" + std::string(status) + (degraded ? "\",\"degraded\":true}" : "\"}");
}

std::string card(const routing::Catalogue& catalogue) {
  std::string out = "{\"name\":\"weir\",\"version\":";
  append_json_string(out, version());
  out += ",\"providers\":" + std::to_string(catalogue.providers().size()) +
         ",\"models\":" + std::to_string(catalogue.model_count()) +
         ",\"endpoints\":[\"POST /v1/chat/completions\",\"POST /v1/tokenize\",\"GET /v1/models\",\"GET "
         "/livez\",\"GET /readyz\"]}";
  return out;
}

// Of /admin/: where there is no surface for it.
bool is_nowhere(Place place) {
  return place == Place::later || place == Place::unknown || place == Place::admin;
}

// Without an admin surface nobody knows any figures.
Location locate_here(std::string_view path, bool has_admin) {
  const Location location = locate(path);
  return location.place == Place::metrics && !has_admin ? Location{Place::later, {}} : location;
}

Refusal wrong_path(const http::RequestHead& head, Place place) {
  const std::string asked = head.method + " " + std::string(head.path());
  if (place == Place::later)
    return {.error = {ErrorKind::unknown_url, asked + " is not supported yet; this version serves POST "
                                                      "/v1/chat/completions, POST /v1/tokenize and "
                                                      "GET /v1/models"}};
  if (is_nowhere(place))
    return {.error = {ErrorKind::unknown_url, "there is no " + asked +
                                                  "; use POST /v1/chat/completions or GET /v1/models "
                                                  "(base_url http://HOST:PORT/v1)"}};
  return {.error = {ErrorKind::method_not_allowed,
                    asked + " is not possible; use " + std::string(method_of(place))}};
}

void add_cors(const http::HostGuard& guard, const http::RequestHead& head, http::FieldLines& lines) {
  const std::string_view origin = head.fields.get("origin");
  if (origin.empty() || !guard.origin_allowed(origin)) return;
  lines.add("access-control-allow-origin: ", origin);
  lines.add("vary: ", "origin");
  if (head.method == "OPTIONS") {
    lines.add("access-control-allow-methods: ", "GET, POST, OPTIONS");
    lines.add("access-control-allow-headers: ", head.fields.get("access-control-request-headers"));
    lines.add("access-control-max-age: ", "600");
  } else {
    lines.add("access-control-expose-headers: ", "*");
  }
}

bool is_preflight(const http::RequestHead& head) {
  return head.method == "OPTIONS" && head.fields.find("access-control-request-method").has_value();
}

std::optional<dashboard::Page> page_of(const Snapshot& current, const http::RequestHead& asked) {
  if (!current.dashboard) return std::nullopt;
  return dashboard::answer(asked);
}

bool fits_method(std::string_view method, Place place) {
  return method == method_of(place) || (method == "HEAD" && method_of(place) == "GET");
}

}  // namespace

Gateway::Gateway(quota::Ledger& ledger, routing::Memory& memory, const http::HostGuard& guard,
                 std::vector<Lane> lanes, WallTime started, AdminSurface* admin)
    : ledger_(ledger),
      memory_(memory),
      guard_(guard),
      lanes_(std::move(lanes)),
      telemetry_(lanes_.size()),
      started_(started),
      admin_(admin),
      models_(std::make_unique<ModelWatch>()),
      counter_(std::make_unique<TokenCounter>()),
      history_(telemetry_, lanes_.front().loop->now()),
      tick_alarm_(lanes_.front().loop->timers(), [this] { tick(); }),
      queue_alarm_(lanes_.front().loop->timers(), [this] { queue_.ring(lanes_.front().loop->now()); }),
      queue_(std::make_unique<SystemRandom>(),
             [this](BootTime at) { lanes_.front().loop->post([this, at] { queue_alarm_.arm(at); }); }) {
  for (Lane& lane : lanes_) lane.live = &telemetry_.live(number_of(lane));
  ledger_.listen(&queue_);
  for (Lane& lane : lanes_) lane.counter = counter_.get();
}

Gateway::~Gateway() {
  ledger_.listen(nullptr);
}

void Gateway::configure(Settings settings) {
  ledger_.break_by(settings.routing.breaker);
  queue_.set_max_length(settings.routing.queue_length);
  auto fresh = std::make_shared<const Snapshot>(std::move(settings), ledger_, memory_, telemetry_);
  const std::lock_guard lock(mutex_);
  snapshot_.swap(fresh);
}

std::shared_ptr<const Snapshot> Gateway::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

Lane& Gateway::lane_of(const net::Loop& loop) {
  return *std::ranges::find(lanes_, &loop, &Lane::loop);
}

transport::Rejection Gateway::reject(const net::Loop& loop, const http::RequestHead& head,
                                     const Error& error) {
  const Lane& lane = lane_of(loop);
  const std::string id = request_id(head.fields.get("x-request-id"), loop.now().wall, *lane.random);
  telemetry_.count_rejected(number_of(lane), route_of(locate(head.path()).place),
                            traits(error.kind).http_status);
  transport::Rejection refusal{.lines = {}, .body = wire::error_body(error, "", id, {}), .request_id = id};
  refusal.lines.add("x-request-id: ", id);
  refusal.lines.add("openai-processing-ms: ", "0");
  if (error.kind == ErrorKind::method_not_allowed)
    refusal.lines.add("allow: ", method_of(locate(head.path()).place));
  add_cors(guard_, head, refusal.lines);
  return refusal;
}

std::optional<Error> Gateway::refuse_early(const transport::Request& request) {
  const http::RequestHead& head = *request.head;
  if (is_preflight(head)) return std::nullopt;
  const Place place = locate_here(head.path(), admin_ != nullptr).place;
  if (place == Place::admin && admin_ != nullptr) {
    auto admitted = admin_->admit(request);
    return admitted ? std::nullopt : std::optional(std::move(admitted).error());
  }
  if (place == Place::metrics && fits_method(head.method, place)) {
    auto admitted = admin_->admit_scrape(request);
    return admitted ? std::nullopt : std::optional(std::move(admitted).error());
  }
  if (place == Place::chat && draining_) return shutting_down().error;
  if (is_nowhere(place) || !fits_method(head.method, place)) return wrong_path(head, place).error;
  if (place == Place::live || place == Place::ready || place == Place::card) return std::nullopt;
  auto client = snapshot()->client_of(head.fields);
  return client ? std::nullopt : std::optional(std::move(client).error());
}

// Everything but chat: made at once, and no provider is asked.
LocalAnswer Gateway::answer_locally(const Snapshot& current, const transport::Request& request,
                                    telemetry::RequestRecord& record) const {
  const http::RequestHead& head = *request.head;
  const Instant now = request.arrived;
  const Location location = locate_here(head.path(), admin_ != nullptr);
  const bool draining = draining_;
  if (location.place == Place::chat && draining) return {shutting_down()};
  if (location.place == Place::metrics && fits_method(head.method, location.place)) {
    if (auto admitted = admin_->admit_scrape(request); !admitted)
      return {Refusal{.error = std::move(admitted).error()}};
    return {admin_->metrics(context(current), now), {}, "text/plain; version=0.0.4; charset=utf-8"};
  }
  if (location.place == Place::admin && admin_ != nullptr) {
    AdminAnswer answer = admin_->answer(request, context(current), now);
    if (answer.json) return {*std::move(answer.json)};
    return {Refusal{.error = std::move(answer.json).error()}, answer.allow};
  }
  if (is_nowhere(location.place)) return {wrong_path(head, location.place)};
  if (!fits_method(head.method, location.place))
    return {wrong_path(head, location.place), method_of(location.place)};
  const bool degraded = admin_ != nullptr && admin_->is_degraded();
  switch (location.place) {
    case Place::live:
      return {health_json("ok", degraded)};
    case Place::card:
      return {card(current.catalogue)};
    case Place::ready:
      if (!draining && !current.catalogue.providers().empty()) return {health_json("ready", degraded)};
      return {Refusal{.error = {ErrorKind::overloaded, draining ? "draining" : "no provider is configured"}}};
    default:
      break;
  }
  const auto client = current.client_of(head.fields);
  if (!client) return {Refusal{.error = client.error()}};
  if (*client != nullptr) record.client = (*client)->name;
  if (location.place == Place::models) return {model_list(current, *client, now, started_)};
  const std::string id = http::unescape(location.rest);
  const routing::Route* const route = current.catalogue.find(id);
  if (route == nullptr) return {unknown_model(current.catalogue, id)};
  if (!may_use(*client, id)) return {model_not_allowed(**client, id)};
  return {model_card(current, id, *route, now, started_)};
}

// No coroutine: a chat's frames are kept for as long as its stream, and need no room for the other paths.
net::Awaitable<void> Gateway::serve(net::Loop& loop, transport::Request& request,
                                    transport::Responder& responder) {
  const http::RequestHead& asked = *request.head;
  auto visit = std::make_unique<Visit>(lane_of(loop), loop.now(), snapshot());
  const Place place = locate(asked.path()).place;
  telemetry::RequestRecord& record = visit->record;
  record.at = visit->began.wall;
  record.route = route_of(place);
  record.request_id = request_id(asked.fields.get("x-request-id"), visit->began.wall, *visit->lane.random);
  record.peer = request.peer;
  record.method = asked.method;
  record.path = asked.path();
  record.bytes_in = request.body.size();
  visit->common.add("x-request-id: ", record.request_id);
  add_cors(guard_, asked, visit->common);
  if (asked.method == "POST" && place == Place::chat && !draining_)
    return serve_chat(request, responder, std::move(visit));
  return serve_other(request, responder, std::move(visit));
}

net::Awaitable<void> Gateway::serve_chat(const transport::Request& request, transport::Responder& responder,
                                         std::unique_ptr<Visit> visit) {
  models_->look(visit->lane, visit->current, visit->began);
  auto proxy = std::make_unique<ProxyRequest>(*visit, queue_, request, responder);
  co_await proxy->run();
  if (proxy->found_model_gone()) models_->note_gone();
  proxy.reset();  // from here on nobody looks into the record
  finish(*visit);
}

net::Awaitable<void> Gateway::serve_other(transport::Request& request, transport::Responder& responder,
                                          std::unique_ptr<Visit> visit) {
  const http::RequestHead& asked = *request.head;
  if (asked.method == "POST" && visit->record.route == telemetry::Route::tokenize) {
    net::Cancellation& cancellation = responder.cancellation();
    LocalAnswer answer = co_await tokenize(visit->lane, visit->current, request, cancellation, visit->record);
    co_await tell(std::move(answer), responder, *visit);
  } else if (auto page = page_of(*visit->current, asked)) {
    visit->record.route = telemetry::Route::dashboard;
    co_await show(*std::move(page), responder, visit->record);
  } else if (asked.method == "GET" && asked.path() == kEvents && admin_ != nullptr) {
    co_await serve_events(request, responder, *visit);
  } else {
    LocalAnswer answer = local_answer(*visit->current, request, visit->record);
    co_await tell(std::move(answer), responder, *visit);
  }
  finish(*visit);
}

void Gateway::finish(Visit& visit) {
  telemetry::RequestRecord& record = visit.record;
  record.took = visit.lane.loop->now().boot - visit.began.boot;
  if (visit.access_log) telemetry::log_access(record);
  telemetry_.count(number_of(visit.lane), record);
  if (record.route == telemetry::Route::chat) telemetry_.keep(std::move(record));
}

LocalAnswer Gateway::local_answer(const Snapshot& current, const transport::Request& request,
                                  telemetry::RequestRecord& record) const {
  if (is_preflight(*request.head)) return {.status = 204};
  return answer_locally(current, request, record);
}

net::Awaitable<void> Gateway::tell(LocalAnswer answer, transport::Responder& responder, Visit& visit) {
  telemetry::RequestRecord& record = visit.record;
  http::ResponseHead head;
  head.status = answer.status;
  std::string body;
  if (const auto* refusal = std::get_if<Refusal>(&answer.what)) {
    head.status = status_of(*refusal);
    record.error = traits(refusal->error.kind).name;
    write_fields(*refusal, head.fields);
    if (!answer.allow.empty()) head.fields.add("allow", answer.allow);
    body = body_of(*refusal, record);
  } else {
    body = std::get<std::string>(std::move(answer.what));
    if (head.status != 204) head.fields.add("content-type", answer.type);
  }
  head.lines.append(visit.common);
  head.lines.add("openai-processing-ms: ", "0");
  record.status = head.status;
  record.bytes_out = body.size();
  const bool told = co_await responder.respond(head, body);
  if (!told) record.error = "cancelled";
}

}  // namespace weir::gateway
