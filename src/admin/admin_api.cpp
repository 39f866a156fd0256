#include "weir/admin/admin_api.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "admin/alerts.hpp"
#include "admin/event_feed.hpp"
#include "admin/explain.hpp"
#include "admin/json_words.hpp"
#include "admin/metrics_report.hpp"
#include "admin/model_report.hpp"
#include "admin/quota_report.hpp"
#include "admin/request_report.hpp"
#include "admin/status_report.hpp"
#include "admin/target_orders.hpp"
#include "weir/base/log.hpp"
#include "weir/base/units.hpp"
#include "weir/base/version.hpp"
#include "weir/http/credentials.hpp"
#include "weir/http/target.hpp"

namespace weir::admin {
namespace {

using gateway::AdminAnswer;
using gateway::AdminContext;

constexpr std::string_view kRoot = "/admin/v1/";

AdminAnswer wrong_method(std::string_view methods) {
  std::string said(methods);
  if (const std::size_t comma = said.find(", HEAD"); comma != std::string::npos) said.resize(comma);
  return {Error{ErrorKind::method_not_allowed, "use " + said + " here"}, methods};
}

bool is_on_this_machine(std::string_view peer) {
  return peer == "::1" || peer.starts_with("127.") || peer.starts_with("::ffff:127.");
}

// A proxy on this machine would make everybody look local.
bool came_through_a_proxy(const http::Fields& fields) {
  constexpr std::array kMarks{"forwarded",         "x-forwarded-for", "x-forwarded-host",
                              "x-forwarded-proto", "x-real-ip",       "via"};
  return std::ranges::any_of(kMarks, [&](const char* mark) { return fields.find(mark).has_value(); });
}

// Pages that server.cors_origins lets use the models are not thereby let in here.
bool comes_from_another_page(const http::Fields& fields) {
  const auto origin = fields.find("origin");
  return origin && !origin->ends_with("://" + std::string(fields.get("host")));
}

bool is_local(const transport::Request& request) {
  const http::Fields& fields = request.head->fields;
  return is_on_this_machine(request.peer) && !came_through_a_proxy(fields) &&
         !comes_from_another_page(fields);
}

}  // namespace

AdminApi::AdminApi(const store::Store& store, Orders orders)
    : store_(store),
      orders_(std::move(orders)),
      settings_(std::make_shared<const AdminSettings>()),
      own_(std::make_unique<OwnFigures>()),
      alerts_(std::make_unique<Alerts>()) {}

AdminApi::~AdminApi() = default;

void AdminApi::configure(AdminSettings settings, WallTime now) {
  auto fresh = std::make_shared<const AdminSettings>(std::move(settings));
  own_->configured_at = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  own_->reload_was_good = true;
  const std::lock_guard lock(mutex_);
  settings_.swap(fresh);
}

void AdminApi::note_reload_failed() {
  own_->reload_was_good = false;
}

std::shared_ptr<const AdminSettings> AdminApi::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

bool AdminApi::is_degraded() const {
  return store_.health().degraded;
}

Result<void> AdminApi::admit(const transport::Request& request) const {
  const http::Fields& fields = request.head->fields;
  const auto current = settings();
  if (!current->key) {
    if (is_local(request)) return {};
    return Error{ErrorKind::forbidden,
                 "without admin.key only clients on this machine are served here; configure one"};
  }
  const std::string_view shown = http::credential(fields);
  if (shown.empty())
    return Error{ErrorKind::unauthorized, "send the admin key as \"Authorization: Bearer KEY\""};
  if (same_digest(*current->key, sha256(shown))) return {};
  return Error{ErrorKind::unauthorized, "this is not the admin key"};
}

// A scraper has a token of its own, so that it needn't be trusted with orders. Without one the figures are
// for this machine, and for whoever has the admin key.
Result<void> AdminApi::admit_scrape(const transport::Request& request) const {
  const auto current = settings();
  if (!current->metrics) return Error{ErrorKind::unknown_url, "metrics.enabled is false"};
  const std::string_view shown = http::credential(request.head->fields);
  const Sha256 digest = sha256(shown);
  const auto is = [&](const std::optional<Sha256>& key) { return key && same_digest(*key, digest); };
  if (!shown.empty() && (is(current->metrics_token) || is(current->key))) return {};
  if (current->metrics_token)
    return Error{ErrorKind::unauthorized, "send metrics.token as \"Authorization: Bearer TOKEN\""};
  if (is_local(request)) return {};
  return Error{ErrorKind::forbidden,
               "without metrics.token only clients on this machine are served here; configure one"};
}

std::string AdminApi::metrics(const AdminContext& context, Instant now) {
  return metrics_report(context, store_.health(), *own_, now);
}

void AdminApi::note_delivery(bool taken) {
  ++(taken ? own_->delivered : own_->undelivered);
}

void AdminApi::tick(const AdminContext& context, Instant now) {
  alerts_->configure(settings()->alert_at);
  for (const Alert& alert : alerts_->look(context.catalogue, store_.health(), now)) {
    ++own_->alerts[static_cast<std::size_t>(alert.kind)];
    const bool is_mild = alert.kind == AlertKind::key_ready || alert.is_brief;
    const log::Level level = is_mild ? log::Level::info : log::Level::warn;
    log::write(level, "alert",
               {{"alert", name(alert.kind)},
                {"message", alert.message},
                {"provider", alert.provider},
                {"key", alert.key},
                {"model", alert.model},
                {"window", alert.window}});
    if (orders_.alert && !alert.is_brief) orders_.alert(alert_json(alert, now));
  }
  own_->forecasts.set(alerts_->forecasts());
}

Result<std::unique_ptr<gateway::EventFeed>> AdminApi::listen() {
  if (++readers_ <= StatusFeed::kMostReaders)
    return std::unique_ptr<gateway::EventFeed>(std::make_unique<StatusFeed>(store_, readers_));
  --readers_;
  return Error{ErrorKind::overloaded,
               std::to_string(StatusFeed::kMostReaders) + " listen to events already; close one of them"};
}

AdminAnswer AdminApi::answer(const transport::Request& request, const AdminContext& context, Instant now) {
  if (auto admitted = admit(request); !admitted) return {std::move(admitted).error(), {}};
  const std::string_view path = request.head->path();
  if (path.starts_with(kRoot)) {
    const std::string_view rest = path.substr(kRoot.size());
    if (auto answer = answer_report(request, rest, context, now)) return *std::move(answer);
    if (auto answer = answer_order(request, rest, context, now)) return *std::move(answer);
  }
  return {Error{ErrorKind::unknown_url,
                "there is no " + request.head->method + " " + std::string(path) +
                    "; this version has status, models, requests, quota, config, version, events, explain, "
                    "reload, drain, keys and cooldowns under /admin/v1/"},
          {}};
}

// What is read.
std::optional<AdminAnswer> AdminApi::answer_report(const transport::Request& request, std::string_view path,
                                                   const AdminContext& context, Instant now) {
  constexpr std::string_view kOne = "requests/";
  constexpr std::array<std::string_view, 7> kReports{"status", "quota",   "models", "requests",
                                                     "config", "version", "events"};
  const bool is_one = path.starts_with(kOne) && path.size() > kOne.size();
  if (!is_one && std::ranges::find(kReports, path) == kReports.end()) return std::nullopt;
  if (path == "events") return wrong_method("GET");  // a GET is answered by the gateway
  if (request.head->method != "GET" && request.head->method != "HEAD") return wrong_method("GET, HEAD");
  if (is_one)
    return AdminAnswer{request_by_id(context.telemetry, http::unescape(path.substr(kOne.size())), now), {}};
  if (path == "status") return AdminAnswer{text_of(status_json(context, store_.health(), now)), {}};
  if (path == "quota") return AdminAnswer{quota_report(context, store_.health(), now), {}};
  if (path == "models") return AdminAnswer{model_report(context.catalogue, context.routing, now), {}};
  if (path == "requests") return AdminAnswer{request_list(context.telemetry, request.head->target, now), {}};
  if (path == "config") return AdminAnswer{config_report(), {}};
  return AdminAnswer{version_report(context, now), {}};
}

// What is done.
std::optional<AdminAnswer> AdminApi::answer_order(const transport::Request& request, std::string_view path,
                                                  const AdminContext& context, Instant now) {
  if (path == "explain" || path == "reload" || path == "drain") {
    if (request.head->method != "POST") return wrong_method("POST");
    if (path == "explain") return AdminAnswer{explain(context, request.body_text(), now), {}};
    return order(path, path == "reload" ? orders_.reload : orders_.drain);
  }
  for (const auto& [prefix, answer_there] :
       {std::pair<std::string_view, decltype(&answer_quota_of)>("quota/", &answer_quota_of),
        std::pair<std::string_view, decltype(&answer_quota_of)>("cooldowns/", &answer_cooldowns),
        std::pair<std::string_view, decltype(&answer_quota_of)>("keys/", &answer_keys)})
    if (path.starts_with(prefix)) return answer_there(request, path.substr(prefix.size()), context, now);
  return std::nullopt;
}

AdminAnswer AdminApi::order(std::string_view what, const std::function<void()>& give) {
  if (!give)
    return {Error{ErrorKind::invalid_request, "there is nothing to " + std::string(what) + " here"}, {}};
  log::info("ordered", {{"what", what}});
  give();
  nlohmann::ordered_json json{{"ordered", what}};
  return {text_of(json), {}};
}

std::string AdminApi::config_report() const {
  const auto current = settings();
  nlohmann::ordered_json json;
  json["file"] = word_or_null(current->config_file);
  json["yaml"] = current->config_yaml;
  json["lines"] = nlohmann::ordered_json::object();
  for (const auto& [path, line] : current->config_lines) json["lines"][path] = line;
  return text_of(json);
}

std::string AdminApi::version_report(const AdminContext& context, Instant now) const {
  nlohmann::ordered_json json;
  json["version"] = version();
  json["compiler"] = compiler();
  for (const auto& [library, number] : orders_.libraries) json[library] = number;
  json["started_at"] = format_utc(context.started);
  json["uptime_s"] = std::chrono::duration_cast<std::chrono::seconds>(now.wall - context.started).count();
  return text_of(json);
}

}  // namespace weir::admin
