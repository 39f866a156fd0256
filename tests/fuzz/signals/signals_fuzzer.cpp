// Durations, quota headers and error bodies as an arbitrary provider might send them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "providers/header_windows.hpp"
#include "providers/refusal_prose.hpp"
#include "providers/value_formats.hpp"
#include "weir/providers/signals.hpp"

namespace {

using namespace weir;

constexpr WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 10 / 2);
constexpr int kStatuses[] = {200, 400, 401, 402, 404, 413, 422, 429, 498, 500, 503};

void require(bool holds) {
  if (!holds) std::abort();
}

void require_within_bounds(const std::optional<Duration>& wait) {
  require(!wait || (*wait >= Duration::zero() && *wait <= providers::kLongestWait));
}

// The part up to the next line feed, which is taken off.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

void read_values(std::string_view text) {
  using providers::ValueFormat;
  for (const auto format : {ValueFormat::count, ValueFormat::seconds, ValueFormat::go_duration,
                            ValueFormat::unix_s, ValueFormat::unix_ms, ValueFormat::rfc3339})
    require_within_bounds(providers::parse_wait(text, format, kNow));
  require_within_bounds(providers::parse_wait_of_any_form(text, kNow));
  static_cast<void>(providers::parse_http_date(text));
  require_within_bounds(providers::read_worded_duration(text));
  static_cast<void>(providers::read_limit_header(text));
  static_cast<void>(providers::read_refusal_prose(text));
  static_cast<void>(providers::read_quota_id(text));
  if (const auto prefix = providers::read_go_duration(text)) require(prefix->size <= text.size());
}

// The value in every header that the tables name, and in those that are read by their names.
void read_answer(const providers::Signals& signals, int status, std::string_view value,
                 std::string_view body) {
  http::Fields fields;
  for (const providers::HeaderRule& rule : signals.headers) fields.add(rule.header, value);
  for (const char* header :
       {"retry-after", "retry-after-ms", "date", "x-ratelimit-reset", "x-ratelimit-limit-tokens-10-second",
        "llm_provider-x-ratelimit-limit-requests", "ratelimit-policy", "ratelimit", "x-error-message"})
    fields.add(header, value);
  fields.add("x-ratelimit-remaining", "0");
  fields.add(value, "7");
  for (const quota::Observation& heard : providers::observations(signals, fields, kNow))
    require_within_bounds(heard.reset);
  for (const providers::Verdict& verdict : {providers::classify(signals, {status, fields, body}, kNow),
                                            providers::diagnose(signals, status, fields, body, kNow)}) {
    require_within_bounds(verdict.wait);
    require(verdict.dimension.has_value() == verdict.period.has_value());
    require(!verdict.stated || verdict.dimension);
    require(verdict.wait_rule != providers::WaitRule::seconds || verdict.wait);
    require(verdict.wait_rule != providers::WaitRule::at_time || verdict.wait_until);
  }
  const auto in_stream = providers::classify(signals, {200, fields, body, /*is_error_in_answer=*/true}, kNow);
  require(in_stream.answer_class != providers::AnswerClass::ok);
}

}  // namespace

// First byte: the status and, with the size, whose answer it is. First line: a value. The rest: a body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::size_t first = static_cast<unsigned char>(rest.front());
  const int status = kStatuses[first % std::size(kStatuses)];
  const auto all = providers::builtin_signals();
  rest.remove_prefix(1);
  const std::string_view value = take_line(rest);
  read_values(value);
  read_answer(all[(first / std::size(kStatuses) + size) % all.size()], status, value, rest);
  return 0;
}
