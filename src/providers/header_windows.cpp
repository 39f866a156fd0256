#include "providers/header_windows.hpp"

#include <algorithm>
#include <charconv>

#include "providers/value_formats.hpp"
#include "weir/base/text.hpp"

namespace weir::providers {
namespace {

// LiteLLM's mark of a header that came from the provider behind it.
constexpr std::string_view kForwarded = "llm_provider-";
constexpr std::size_t kLongestName = 96;
constexpr std::uint64_t kLongestSpan = 40'000'000;  // seconds: over a year

struct Word {
  std::string_view word;
  Counted counted;
};
constexpr std::array kCountedWords{Word{"requests", Counted::requests},
                                   Word{"request", Counted::requests},
                                   Word{"req", Counted::requests},
                                   Word{"reqs", Counted::requests},
                                   Word{"queries", Counted::requests},
                                   Word{"tokens", Counted::tokens},
                                   Word{"token", Counted::tokens},
                                   Word{"tokenlimit", Counted::tokens},
                                   Word{"input", Counted::input_tokens},
                                   Word{"output", Counted::output_tokens},
                                   Word{"prompt", Counted::prompt_tokens},
                                   Word{"generated", Counted::generated_tokens},
                                   Word{"call", Counted::calls},
                                   Word{"calls", Counted::calls},
                                   Word{"audio", Counted::audio_seconds},
                                   Word{"neurons", Counted::neurons},
                                   Word{"cache", Counted::cache_adjusted_prompt_tokens},
                                   Word{"concurrent", Counted::concurrent_requests}};

struct SpanWord {
  std::string_view word;
  Span::Unit unit;
};
constexpr std::array kSpanWords{
    SpanWord{"second", Span::Unit::second}, SpanWord{"seconds", Span::Unit::second},
    SpanWord{"minute", Span::Unit::minute}, SpanWord{"minutes", Span::Unit::minute},
    SpanWord{"min", Span::Unit::minute},    SpanWord{"hour", Span::Unit::hour},
    SpanWord{"hours", Span::Unit::hour},    SpanWord{"day", Span::Unit::day},
    SpanWord{"days", Span::Unit::day},      SpanWord{"week", Span::Unit::week},
    SpanWord{"month", Span::Unit::month},   SpanWord{"hourly", Span::Unit::hour},
    SpanWord{"daily", Span::Unit::day},     SpanWord{"weekly", Span::Unit::week},
    SpanWord{"monthly", Span::Unit::month}};

// What a more exact word makes of what was said before: "tokens-prompt", "cache-adjusted-prompt".
Counted narrowed(Counted known, Counted more) {
  if (known == Counted::cache_adjusted_prompt_tokens) return known;
  if (more == Counted::tokens && known != Counted::unknown) return known;
  return more;
}

// "default";q=100;w=60 and "default";r=0;t=30, and the older forms without a name.
struct Policy {
  std::string_view name;
  std::optional<std::uint64_t> quota, window, remaining;
  std::optional<Duration> reset;
};

std::optional<Policy> read_policy(std::string_view item) {
  Policy policy;
  for (bool first = true; !item.empty(); first = false) {
    const std::size_t end = std::min(item.find(';'), item.size());
    const std::string_view part = trim(item.substr(0, end));
    item.remove_prefix(std::min(end + 1, item.size()));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      if (!first) continue;
      policy.name = part;
      policy.quota = parse_count_value(part);
      continue;
    }
    const std::string_view key = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (key == "q" || key == "limit") policy.quota = parse_count_value(value);
    if (key == "w" || key == "window") policy.window = parse_count_value(value);
    if (key == "r" || key == "remaining") policy.remaining = parse_count_value(value);
    if (key == "t" || key == "reset") policy.reset = parse_wait(value, ValueFormat::seconds, {});
  }
  return policy;
}

// The policies of a list; more than a few are left out.
std::size_t read_policies(std::string_view list, std::span<Policy> into) {
  std::size_t count = 0;
  while (!list.empty() && count < into.size()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (const auto policy = read_policy(trim(list.substr(0, end)))) into[count++] = *policy;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return count;
}

// RateLimit-Policy and RateLimit of the IETF draft.
void read_ietf(const http::Fields& fields, WindowList& into) {
  const auto policies = fields.find("ratelimit-policy");
  if (!policies) return;
  constexpr std::size_t kMost = 4;
  std::array<Policy, kMost> known;
  std::array<Policy, kMost> state;
  const std::size_t known_count = read_policies(*policies, known);
  const std::size_t state_count = read_policies(fields.get("ratelimit"), state);
  for (const Policy& policy : std::span(known).first(known_count)) {
    if (!policy.window || *policy.window == 0 || *policy.window > kLongestSpan) continue;
    const Span span{Span::Unit::seconds, static_cast<std::uint32_t>(*policy.window)};
    Window* const window = into.of({Counted::requests, span});
    if (window == nullptr) return;
    if (policy.quota) window->limit = static_cast<double>(*policy.quota);
    for (const Policy& now : std::span(state).first(state_count)) {
      if (known_count > 1 && now.name != policy.name) continue;
      if (now.remaining) window->remaining = static_cast<double>(*now.remaining);
      if (now.reset) window->reset = now.reset;
    }
  }
}

bool may_tell_limits(std::string_view name) {
  return name.find("limit") != std::string_view::npos ||
         name.find("call-remaining") != std::string_view::npos;
}

void set_reset(Window& window, std::string_view value, std::optional<ValueFormat> format, WallTime now) {
  if (window.reset || window.reset_at) return;
  window.reset_at = parse_moment(value, format);
  window.reset = format ? parse_wait(value, *format, now) : parse_wait_of_any_form(value, now);
}

void set(Window& window, HeaderField field, std::string_view value, std::optional<ValueFormat> format,
         WallTime now) {
  if (field == HeaderField::reset) return set_reset(window, value, format, now);
  std::optional<double>& place = field == HeaderField::limit ? window.limit : window.remaining;
  const auto count = parse_count_value(value);
  if (!place && count) place = static_cast<double>(*count);
}

Counted counted_of(quota::Dimension dimension) {
  switch (dimension) {
    case quota::Dimension::requests:
      return Counted::requests;
    case quota::Dimension::tokens:
      return Counted::tokens;
    case quota::Dimension::input_tokens:
      return Counted::input_tokens;
    case quota::Dimension::output_tokens:
      return Counted::output_tokens;
    case quota::Dimension::in_flight:
      return Counted::concurrent_requests;
  }
  return Counted::unknown;
}

Span span_of(const quota::Period& period) {
  if (period == quota::kSecondPeriod) return {Span::Unit::second};
  if (period == quota::kMinutePeriod) return {Span::Unit::minute};
  if (period == quota::kHourPeriod) return {Span::Unit::hour};
  if (period == quota::kDayPeriod) return {Span::Unit::day};
  if (period == quota::kMonthPeriod) return {Span::Unit::month};
  return {Span::Unit::seconds, static_cast<std::uint32_t>(period.length / std::chrono::seconds(1))};
}

}  // namespace

Window* WindowList::of(const WindowName& name) {
  const auto known = std::ranges::find(all(), name, &Window::name);
  if (known != all().end()) return &*known;
  if (size_ == kMost) return nullptr;
  Window& fresh = windows_[size_++];
  fresh = Window{};
  fresh.name = name;
  return &fresh;
}

void WindowList::drop_silent() {
  // Not std::ranges: clang 14 can't read libstdc++'s subrange.
  const std::span<Window> windows = all();
  const auto end = std::remove_if(windows.begin(), windows.end(),
                                  [](const Window& w) { return !w.limit && !w.remaining; });
  size_ = static_cast<std::size_t>(end - windows.begin());
}

std::optional<LimitHeader> read_limit_header(std::string_view name) {
  LimitHeader header;
  bool has_mark = false;
  bool has_field = false;
  std::uint32_t count = 0;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find('-'), name.size());
    const std::string_view part = name.substr(0, end);
    name.remove_prefix(std::min(end + 1, name.size()));
    const auto counted = std::ranges::find(kCountedWords, part, &Word::word);
    const auto span = std::ranges::find(kSpanWords, part, &SpanWord::word);
    if (part == "ratelimit" || part == "ratelimitbysize" || part == "endpoint" || part == "tokenlimit" ||
        part == "rate")
      has_mark = true;
    if (part == "limit" || part == "remaining" || part == "reset") {
      header.field = part == "limit"   ? HeaderField::limit
                     : part == "reset" ? HeaderField::reset
                                       : HeaderField::remaining;
      has_field = true;
    } else if (counted != kCountedWords.end()) {
      header.window.counted = narrowed(header.window.counted, counted->counted);
    } else if (span != kSpanWords.end()) {
      const bool is_unit_of_sound = header.window.counted == Counted::audio_seconds && part == "seconds";
      if (!is_unit_of_sound) header.window.span = {count > 1 ? Span::Unit::seconds : span->unit, 0};
      if (count > 1) {
        const auto each = static_cast<std::uint64_t>(length_of({span->unit}) / std::chrono::seconds(1));
        if (count * each > kLongestSpan) return std::nullopt;
        header.window.span.count = static_cast<std::uint32_t>(count * each);
      }
    } else if (!part.empty() && part.size() <= 4 &&
               part.find_first_not_of("0123456789") == std::string_view::npos) {
      std::from_chars(part.data(), part.data() + part.size(), count);
    } else if (part != "x" && part != "per" && part != "anthropic" && part != "ratelimit" && part != "rate" &&
               part != "adjusted" && part != "ratelimitbysize" && part != "endpoint") {
      return std::nullopt;
    }
  }
  if (!has_mark || !has_field) return std::nullopt;
  if (header.window.counted == Counted::unknown) header.window.counted = Counted::requests;
  return header;
}

void read_header(const Signals& signals, std::string_view name, std::string_view value, WallTime now,
                 WindowList& into) {
  const auto rule = std::ranges::find(signals.headers, name, &HeaderRule::header);
  if (rule != signals.headers.end()) {
    Window* const window = into.of({counted_of(rule->dimension), span_of(rule->period)});
    const auto format = rule->field == HeaderField::reset ? std::optional(rule->format) : std::nullopt;
    if (window != nullptr) set(*window, rule->field, value, format, now);
    return;
  }
  if (!may_tell_limits(name)) return;
  auto header = read_limit_header(name);
  if (!header) return;
  if (header->window.span.unit == Span::Unit::unknown) header->window.span = signals.bare_span;
  if (Window* const window = into.of(header->window)) set(*window, header->field, value, std::nullopt, now);
}

void read_head(const Signals& signals, const http::Fields& fields, WallTime now, WindowList& into) {
  bool is_forwarded = false;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = fields[i].name;
    is_forwarded = is_forwarded || (name.size() > kForwarded.size() &&
                                    equals_ignoring_case(name.substr(0, kForwarded.size()), kForwarded));
  }
  std::array<char, kLongestName> small{};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto [name, value] = fields[i];
    if (name.size() > small.size()) continue;
    std::ranges::transform(name, small.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    std::string_view lower(small.data(), name.size());
    const bool from_behind = lower.starts_with(kForwarded);
    if (is_forwarded && !from_behind) continue;  // those are the proxy's own
    if (from_behind) lower.remove_prefix(kForwarded.size());
    read_header(signals, lower, trim(value), now, into);
  }
  read_ietf(fields, into);
  into.drop_silent();
}

}  // namespace weir::providers
