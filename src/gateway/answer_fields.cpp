#include "gateway/answer_fields.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "weir/base/log.hpp"
#include "weir/base/text.hpp"
#include "weir/http/filter.hpp"

namespace weir::gateway {
namespace {

// "12ms", "1s", "6m0s", "1h0m0s": never shorter than it is.
std::string openai_duration(Duration duration) {
  using namespace std::chrono_literals;
  if (duration < 1s)
    return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(duration).count()) + "ms";
  const std::int64_t all = std::chrono::ceil<std::chrono::seconds>(duration).count();
  std::string text;
  if (all >= 3600) text += std::to_string(all / 3600) + "h";
  if (all >= 60) text += std::to_string(all / 60 % 60) + "m";
  return text + std::to_string(all % 60) + "s";
}

struct RateNames {
  http::FieldLines::Name limit;
  http::FieldLines::Name remaining;
  http::FieldLines::Name reset;
};
constexpr RateNames kRequestNames{
    "x-ratelimit-limit-requests: ", "x-ratelimit-remaining-requests: ", "x-ratelimit-reset-requests: "};
constexpr RateNames kTokenNames{
    "x-ratelimit-limit-tokens: ", "x-ratelimit-remaining-tokens: ", "x-ratelimit-reset-tokens: "};

using Room = std::optional<quota::WindowRoom>;

const Room& tighter(const Room& target, const Room& client) {
  return client && (!target || client->share_left() < target->share_left()) ? client : target;
}

void add(const RateNames& names, const Room& room, Instant now, http::FieldLines& lines) {
  if (!room) return;
  lines.add(names.limit, room->amount);
  lines.add(names.remaining, room->left);
  if (room->reset)
    lines.add(names.reset, openai_duration(std::max(*room->reset - now.boot, Duration::zero())));
}

template <class Unit>
std::uint64_t count_of(Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<Unit>(duration).count());
}

}  // namespace

std::string fitted_text(std::optional<std::uint64_t> asked, std::uint64_t sent) {
  return (asked ? std::to_string(*asked) : "none") + "->" + std::to_string(sent);
}

bool is_event_stream(const http::Fields& theirs) {
  return equals_ignoring_case(theirs.get("content-type").substr(0, 17), "text/event-stream");
}

void add_own_fields(const telemetry::RequestRecord& record, http::FieldLines& lines) {
  lines.add("x-weir-overhead-us: ", count_of<std::chrono::microseconds>(record.overhead));
  lines.add("x-weir-queue-ms: ", count_of<std::chrono::milliseconds>(record.queued));
  if (!record.served_by.empty()) {
    lines.add("x-weir-served-by: ", record.served_by);
    lines.add("x-weir-key: ", record.key);
  }
  if (!record.max_tokens.empty()) lines.add("x-weir-max-tokens: ", record.max_tokens);
  if (!record.truncated.empty()) lines.add("x-weir-truncated: ", record.truncated);
  if (record.attempts.empty()) return;
  lines.add("x-weir-attempts: ", record.attempts.size());
  lines.add("x-weir-trail: ", telemetry::trail(record.attempts));
}

void add_stream_fields(http::FieldLines& lines) {
  lines.add("content-type: ", "text/event-stream; charset=utf-8");
  lines.add("x-accel-buffering: ", "no");
}

void add_passed_fields(const http::Fields& theirs, http::Fields& fields) {
  for (std::size_t i = 0; i < theirs.size(); ++i)
    if (http::passes_downstream(theirs[i].name)) fields.add(theirs[i].name, log::redact(theirs[i].value));
}

void add_rate_fields(const quota::Pool& pool, const quota::Pool* client, Instant now,
                     http::FieldLines& lines) {
  const quota::TightestRooms targets = pool.tightest(now);
  const quota::TightestRooms theirs = client == nullptr ? quota::TightestRooms{} : client->tightest(now);
  add(kRequestNames, tighter(targets.requests, theirs.requests), now, lines);
  add(kTokenNames, tighter(targets.tokens, theirs.tokens), now, lines);
}

}  // namespace weir::gateway
