#include "admin/metrics_report.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "admin/cards.hpp"
#include "admin/counting_report.hpp"
#include "admin/json_words.hpp"
#include "admin/process_figures.hpp"
#include "admin/window_list.hpp"
#include "weir/base/version.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/telemetry/exposition.hpp"

namespace weir::admin {
namespace {

using telemetry::Exposition;
using telemetry::Labels;

template <class Value>
void write_windows(const std::vector<NamedWindow>& windows, std::string_view name, Exposition& out,
                   Value value) {
  out.begin(name);
  for (const NamedWindow& window : windows) {
    const auto figure = value(window);
    if (!figure) continue;
    const bool known = window.view.limit.amount != quota::kUnknownAmount;
    out.sample({{"provider", window.provider},
                {"account", window.account},
                {"model", window.model},
                {"models", window.models},
                {"window", window.name},
                {"kind", quota::name(window.view.limit.window)},
                {"unit", quota::name(window.view.limit.dimension)},
                {"source", known ? quota::name(window.view.limit.source) : "unknown"}},
               *figure);
  }
}

double epoch_seconds(BootTime at, Instant now) {
  return std::chrono::duration<double>(steady_wall(at, now).time_since_epoch()).count();
}

void write_quota(const routing::Catalogue& catalogue, const Forecasts& forecasts, Exposition& out,
                 Instant now) {
  using Figure = std::optional<std::uint64_t>;
  const std::vector<NamedWindow> windows = windows_of(catalogue, now);
  const auto known = [](const quota::MeterView& view, std::uint64_t figure) {
    return view.limit.amount == quota::kUnknownAmount ? Figure() : Figure(figure);
  };
  write_windows(windows, "weir_quota_limit", out,
                [&](const NamedWindow& one) { return known(one.view, one.view.limit.amount); });
  write_windows(windows, "weir_quota_used", out,
                [](const NamedWindow& one) { return Figure(one.view.used + one.view.reserved); });
  write_windows(windows, "weir_quota_remaining", out,
                [&](const NamedWindow& one) { return known(one.view, one.view.left); });
  write_windows(windows, "weir_quota_reset_timestamp_seconds", out,
                [now](const NamedWindow& one) -> std::optional<double> {
                  const auto reset = one.view.reset;
                  if (!reset || *reset == BootTime::max()) return std::nullopt;
                  return epoch_seconds(std::max(*reset, now.boot), now);
                });
  write_windows(windows, "weir_quota_dry_timestamp_seconds", out,
                [&](const NamedWindow& one) -> std::optional<double> {
                  const auto dry = forecasts.of(one.key());
                  return dry ? std::optional(epoch_seconds(*dry, now)) : std::nullopt;
                });
}

void write_keys(const routing::Catalogue& catalogue, Exposition& out, Instant now) {
  out.begin("weir_key_state");
  for (const Card& card : cards_of(catalogue, now))
    for (std::size_t i = 0; i < kCardStates; ++i) {
      const auto state = static_cast<CardState>(i);
      out.sample({{"provider", card.provider->name}, {"key", card.key->label}, {"state", name(state)}},
                 std::uint64_t{card.state == state});
    }
}

void write_counting(const routing::Catalogue& catalogue, Exposition& out) {
  const std::vector<Counting> all = countings_of(catalogue);
  const auto write = [&](std::string_view name, auto value_of) {
    out.begin(name);
    for (const Counting& one : all)
      out.sample({{"provider", one.target->provider->name}, {"model", one.target->model->name}},
                 value_of(one.learned));
  };
  using Summary = tokens::Calibration::Summary;
  write("weir_token_ratio", [](const Summary& learned) { return learned.ratio; });
  write("weir_token_overhead", [](const Summary& learned) { return learned.overhead; });
  write("weir_token_spread_ratio", [](const Summary& learned) { return learned.spread; });
  write("weir_token_answers", [](const Summary& learned) { return learned.answers; });
}

void write_process(Exposition& out, WallTime started) {
  const ProcessFigures process = process_figures();
  const auto gauge = [&out](std::string_view name, auto value) {
    out.begin(name);
    out.sample({}, value);
  };
  gauge("process_cpu_seconds_total", process.cpu_seconds);
  gauge("process_open_fds", process.open_descriptors);
  gauge("process_max_fds", process.most_descriptors);
  gauge("process_resident_memory_bytes", process.resident_bytes);
  gauge("process_virtual_memory_bytes", process.virtual_bytes);
  gauge("process_start_time_seconds", std::chrono::duration<double>(started.time_since_epoch()).count());
}

}  // namespace

std::string metrics_report(const gateway::AdminContext& context, const store::Health& health,
                           const OwnFigures& own, Instant now) {
  Exposition out;
  const auto gauge = [&out](std::string_view name, std::uint64_t value) {
    out.begin(name);
    out.sample({}, value);
  };
  telemetry::write_counters(context.telemetry, out);
  gauge("weir_queue_depth", context.waiting);
  write_quota(context.catalogue, own.forecasts, out, now);
  write_keys(context.catalogue, out, now);
  write_counting(context.catalogue, out);
  gauge("weir_state_degraded", std::uint64_t{health.degraded});
  gauge("weir_config_last_reload_successful", std::uint64_t{own.reload_was_good.load()});
  gauge("weir_config_last_reload_timestamp_seconds", static_cast<std::uint64_t>(own.configured_at.load()));
  out.begin("weir_alerts_total");
  for (std::size_t i = 0; i < kAlertKinds; ++i)
    out.sample({{"alert", name(static_cast<AlertKind>(i))}}, own.alerts[i].load());
  out.begin("weir_webhook_deliveries_total");
  out.sample({{"result", "ok"}}, own.delivered.load());
  out.sample({{"result", "failed"}}, own.undelivered.load());
  out.begin("weir_build_info");
  out.sample({{"version", version()}}, std::uint64_t{1});
  write_process(out, context.started);
  return out.take();
}

}  // namespace weir::admin
