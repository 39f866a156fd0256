#include "weir/telemetry/exposition.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <vector>

namespace weir::telemetry {
namespace {

using enum MetricType;

// The gen_ai_ names are OpenTelemetry's, in Prometheus' form.
constexpr std::array kFamilies{
    Family{"gen_ai_client_token_usage", histogram, "Tokens of requests that were served.",
           "gen_ai_operation_name gen_ai_provider_name gen_ai_request_model gen_ai_response_model "
           "gen_ai_token_type"},
    Family{"gen_ai_client_operation_duration_seconds", histogram,
           "How long an attempt at a provider took, until the last byte where it served.",
           "gen_ai_operation_name gen_ai_provider_name gen_ai_request_model gen_ai_response_model "
           "error_type"},
    Family{"gen_ai_client_operation_time_to_first_chunk_seconds", histogram,
           "From an attempt's begin to the first content of its stream.",
           "gen_ai_operation_name gen_ai_provider_name gen_ai_request_model gen_ai_response_model"},
    Family{"weir_http_requests_total", counter, "Requests answered, by the kind of path and the status.",
           "route status"},
    Family{"weir_http_requests_unanswered_total", counter, "Requests whose client left before an answer.",
           "route"},
    Family{"weir_http_request_duration_seconds", histogram, "From a request's head to its answer's end.",
           "route"},
    Family{"weir_http_requests_in_flight", gauge, "Chat requests under way.", ""},
    Family{"weir_upstream_attempts_total", counter, "Attempts at providers, by what they came to.",
           "provider model outcome"},
    Family{"weir_failovers_total", counter, "Attempts that followed one that failed elsewhere.",
           "from_provider to_provider reason"},
    Family{"weir_token_estimate_error_ratio", histogram,
           "Prompt tokens as the provider counted them, divided by the estimate.", "provider model"},
    Family{"weir_token_ratio", gauge, "What answers taught: a provider's prompt tokens for one of ours.",
           "provider model"},
    Family{"weir_token_overhead", gauge, "What answers taught: prompt tokens that a provider adds to each.",
           "provider model"},
    Family{"weir_token_spread_ratio", gauge,
           "What answers taught: the standard deviation of the estimate's relative error.", "provider model"},
    Family{"weir_token_answers", gauge, "Answers that taught it, those of earlier runs too.",
           "provider model"},
    Family{"weir_queue_depth", gauge, "Chat requests that wait for room.", ""},
    Family{"weir_queue_wait_seconds", histogram, "How long chat requests waited for room.", ""},
    Family{"weir_overhead_seconds", histogram, "weir's own part of the time to the first byte.", ""},
    Family{"weir_quota_limit", gauge, "A window's limit, where it is known.",
           "provider account model models window unit source"},
    Family{"weir_quota_used", gauge, "What has been sent or is held of a window.",
           "provider account model models window unit source"},
    Family{"weir_quota_remaining", gauge, "What is left of a window, where its limit is known.",
           "provider account model models window unit source"},
    Family{"weir_quota_reset_timestamp_seconds", gauge, "When time next gives something back to a window.",
           "provider account model models window unit source"},
    Family{
        "weir_quota_dry_timestamp_seconds", gauge,
        "When a window is used up at its present pace, where that is before its reset; or since when it is.",
        "provider account model models window unit source"},
    Family{"weir_key_state", gauge, "1 for the state that a key is in, 0 for the others.",
           "provider key state"},
    Family{"weir_alerts_total", counter, "Alerts raised, by kind.", "alert"},
    Family{"weir_webhook_deliveries_total", counter, "Alerts sent to alerts.webhook, by how it went.",
           "result"},
    Family{"weir_state_degraded", gauge, "1 where a restart would forget what was spent.", ""},
    Family{"weir_config_last_reload_successful", gauge, "Whether the last reload was taken.", ""},
    Family{"weir_config_last_reload_timestamp_seconds", gauge, "When the configuration in force was taken.",
           ""},
    Family{"weir_build_info", gauge, "1, with the version.", "version"},
    Family{"process_cpu_seconds_total", counter, "User and system CPU time.", ""},
    Family{"process_open_fds", gauge, "Open file descriptors.", ""},
    Family{"process_max_fds", gauge, "Most file descriptors that may be open.", ""},
    Family{"process_resident_memory_bytes", gauge, "Resident memory.", ""},
    Family{"process_virtual_memory_bytes", gauge, "Virtual memory.", ""},
    Family{"process_start_time_seconds", gauge, "When the process started, since the epoch.", ""},
};

std::string_view word_of(MetricType type) {
  switch (type) {
    case counter:
      return "counter";
    case gauge:
      return "gauge";
    case histogram:
      break;
  }
  return "histogram";
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '"' || c == '\\')
      out.append("\\").push_back(c);
    else
      out.push_back(c);
  }
}

constexpr std::string_view kOperation = "chat";

struct Counted {
  TargetName name;
  TargetCounters counters;
};

void write_targets(const std::vector<std::unique_ptr<Counted>>& all, Exposition& out) {
  out.begin("weir_upstream_attempts_total");
  for (const auto& one : all)
    for (std::size_t i = 0; i < kAttemptClasses; ++i)
      if (one->counters.attempts[i].value() > 0)
        out.sample({{"provider", one->name.provider},
                    {"model", one->name.model},
                    {"outcome", name(static_cast<AttemptClass>(i))}},
                   one->counters.attempts[i]);
  out.begin("weir_token_estimate_error_ratio");
  for (const auto& one : all)
    if (one->counters.estimate.total() > 0)
      out.histogram({{"provider", one->name.provider}, {"model", one->name.model}}, one->counters.estimate);
}

void write_gen_ai(const std::vector<std::unique_ptr<Counted>>& all, Exposition& out) {
  out.begin("gen_ai_client_token_usage");
  for (const auto& one : all)
    for (const bool input : {true, false}) {
      const auto& histogram = input ? one->counters.input : one->counters.output;
      if (histogram.total() == 0) continue;
      out.histogram({{"gen_ai_operation_name", kOperation},
                     {"gen_ai_provider_name", one->name.provider},
                     {"gen_ai_request_model", one->name.model},
                     {"gen_ai_response_model", one->name.model},
                     {"gen_ai_token_type", input ? "input" : "output"}},
                    histogram);
    }
  out.begin("gen_ai_client_operation_duration_seconds");
  for (const auto& one : all)
    for (std::size_t i = 0; i < kAttemptClasses; ++i) {
      if (one->counters.operation[i].total() == 0) continue;
      const auto what = static_cast<AttemptClass>(i);
      out.histogram({{"gen_ai_operation_name", kOperation},
                     {"gen_ai_provider_name", one->name.provider},
                     {"gen_ai_request_model", one->name.model},
                     {"gen_ai_response_model", one->name.model},
                     {"error_type", what == AttemptClass::ok ? "" : name(what)}},
                    one->counters.operation[i]);
    }
  out.begin("gen_ai_client_operation_time_to_first_chunk_seconds");
  for (const auto& one : all)
    if (one->counters.first_chunk.total() > 0)
      out.histogram({{"gen_ai_operation_name", kOperation},
                     {"gen_ai_provider_name", one->name.provider},
                     {"gen_ai_request_model", one->name.model},
                     {"gen_ai_response_model", one->name.model}},
                    one->counters.first_chunk);
}

void write_general(const GeneralCounters& sums, Exposition& out) {
  const auto route = [](std::size_t i) { return name(static_cast<Route>(i)); };
  out.begin("weir_http_requests_total");
  for (std::size_t i = 0; i < kRoutes; ++i)
    for (std::size_t status = 0; status < kStatuses; ++status)
      if (const std::uint64_t count = sums.requests[i][status].value(); count > 0)
        out.sample({{"route", route(i)}, {"status", std::to_string(status + 100)}}, count);
  out.begin("weir_http_requests_unanswered_total");
  for (std::size_t i = 0; i < kRoutes; ++i)
    if (sums.unanswered[i].value() > 0) out.sample({{"route", route(i)}}, sums.unanswered[i]);
  out.begin("weir_http_request_duration_seconds");
  for (std::size_t i = 0; i < kRoutes; ++i)
    if (sums.duration[i].total() > 0) out.histogram({{"route", route(i)}}, sums.duration[i]);
  out.begin("weir_queue_wait_seconds");
  out.histogram({}, sums.queued);
  out.begin("weir_overhead_seconds");
  out.histogram({}, sums.overhead);
}

}  // namespace

std::span<const Family> families() noexcept {
  return kFamilies;
}

std::string Exposition::number(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

void Exposition::begin(std::string_view name) {
  const auto family = std::ranges::find(kFamilies, name, &Family::name);
  assert(family != kFamilies.end());
  name_ = family->name;
  text_.append("# HELP ").append(name_).append(" ").append(family->help).append("\n");
  text_.append("# TYPE ").append(name_).append(" ").append(word_of(family->type)).append("\n");
}

void Exposition::head(std::string_view suffix, Labels labels, std::string_view bound) {
  text_.append(name_).append(suffix);
  const char* before = "{";
  for (const auto& [label, value] : labels) {
    text_.append(before).append(label).append("=\"");
    append_escaped(text_, value);
    text_ += '"';
    before = ",";
  }
  if (!bound.empty()) text_.append(before).append("le=\"").append(bound).append("\"");
  text_ += labels.size() == 0 && bound.empty() ? " " : "} ";
}

void Exposition::line(std::string_view suffix, Labels labels, std::string_view bound, double value) {
  head(suffix, labels, bound);
  text_.append(number(value)).append("\n");
}

void Exposition::line(std::string_view suffix, Labels labels, std::string_view bound, std::uint64_t value) {
  head(suffix, labels, bound);
  text_.append(std::to_string(value)).append("\n");
}

void write_counters(const Telemetry& telemetry, Exposition& out) {
  const auto sums = std::make_unique<GeneralCounters>();  // too large for a stack
  telemetry.add_up(*sums);
  write_general(*sums, out);
  out.begin("weir_http_requests_in_flight");
  out.sample({}, std::uint64_t{telemetry.in_flight()});
  std::vector<std::unique_ptr<Counted>> targets;
  telemetry.for_targets([&](const TargetName& name, const TargetCounters& counters) {
    auto& one = targets.emplace_back(std::make_unique<Counted>());
    one->name = name;
    one->counters.add(counters);
  });
  write_targets(targets, out);
  write_gen_ai(targets, out);
  out.begin("weir_failovers_total");
  for (const Telemetry::Failover& one : telemetry.failovers())
    out.sample({{"from_provider", one.from}, {"to_provider", one.to}, {"reason", name(one.why)}}, one.count);
}

}  // namespace weir::telemetry
