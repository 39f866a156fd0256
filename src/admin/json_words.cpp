#include "admin/json_words.hpp"

#include <algorithm>
#include <chrono>

#include "weir/base/units.hpp"

namespace weir::admin {

using nlohmann::ordered_json;

ordered_json word_or_null(std::string_view word) {
  return word.empty() ? ordered_json(nullptr) : ordered_json(word);
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(std::chrono::ceil<std::chrono::milliseconds>(duration)).count();
}

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

WallTime steady_wall(BootTime at, Instant now) {
  return std::chrono::round<std::chrono::milliseconds>(now.wall_at(at));
}

void put_moment(ordered_json& json, const std::string& name, std::optional<BootTime> at, Instant now) {
  if (!at || *at == BootTime::max()) {
    json[name] = nullptr;
    json[name + "_in_s"] = nullptr;
    return;
  }
  const BootTime when = std::max(*at, now.boot);
  json[name] = format_utc(steady_wall(when, now));
  json[name + "_in_s"] = seconds(when - now.boot);
}

namespace {

void put_figures(ordered_json& json, const quota::MeterView& view, Instant now) {
  const bool known = view.limit.amount != quota::kUnknownAmount;
  json["limit"] = known ? ordered_json(view.limit.amount) : ordered_json(nullptr);
  json["used"] = view.used;
  json["reserved"] = view.reserved;
  json["left"] = known ? ordered_json(view.left) : ordered_json(nullptr);
  put_moment(json, "reset", view.reset, now);
  json["source"] = known ? ordered_json(quota::name(view.limit.source)) : ordered_json(nullptr);
  json["as_of"] = word_or_null(view.limit.as_of);
}

}  // namespace

ordered_json window_json(const quota::MeterView& view, Instant now) {
  ordered_json json;
  json["window"] = quota::short_name(view.limit);
  json["kind"] = quota::name(view.limit.window);
  if (!view.limit.models.empty()) json["models"] = view.limit.models;
  put_figures(json, view, now);
  json["used_by_others"] = view.drift;
  return json;
}

ordered_json card_window_json(const quota::MeterView& view, Instant now) {
  using quota::WindowKind;
  const bool known = view.limit.amount != quota::kUnknownAmount;
  const bool has_period =
      view.limit.window != WindowKind::credit && view.limit.window != WindowKind::concurrency;
  ordered_json json;
  json["model"] = is_of_account(view) ? ordered_json(nullptr) : ordered_json(view.scope);
  json["window"] = quota::short_name(view.limit);
  json["dimension"] = quota::name(view.limit.dimension);
  json["kind"] = quota::name(view.limit.window);
  json["period_s"] = has_period ? ordered_json(seconds(view.limit.period.length)) : ordered_json(nullptr);
  if (!view.limit.models.empty()) json["models"] = view.limit.models;
  put_figures(json, view, now);
  json["unknown"] = known ? ordered_json(nullptr) : ordered_json("nobody has said; a refusal will show it");
  json["used_by_others"] = view.drift;
  return json;
}

bool is_of_account(const quota::MeterView& view) {
  return view.scope == "account";
}

bool is_same_window(const quota::Limit& one, const quota::Limit& other) {
  return one.dimension == other.dimension && one.period == other.period && one.window == other.window &&
         one.models == other.models && one.zone == other.zone && one.expires == other.expires;
}

std::string text_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace weir::admin
