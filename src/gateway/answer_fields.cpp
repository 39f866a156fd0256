#include "gateway/answer_fields.hpp"

#include <algorithm>
#include <array>
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
  quota::Dimension dimension;
  std::string_view limit;
  std::string_view remaining;
  std::string_view reset;
};
constexpr std::array kRateNames{RateNames{quota::Dimension::requests, "x-ratelimit-limit-requests",
                                          "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
                                RateNames{quota::Dimension::tokens, "x-ratelimit-limit-tokens",
                                          "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"}};

void add(const RateNames& names, const quota::WindowRoom& room, Instant now, http::Fields& fields) {
  fields.add(names.limit, room.amount);
  fields.add(names.remaining, room.left);
  if (room.reset)
    fields.add(names.reset, openai_duration(std::max(*room.reset - now.boot, Duration::zero())));
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

void add_own_fields(const telemetry::RequestRecord& record, http::Fields& fields) {
  fields.add("x-weir-overhead-us", count_of<std::chrono::microseconds>(record.overhead));
  fields.add("x-weir-queue-ms", count_of<std::chrono::milliseconds>(record.queued));
  if (!record.served_by.empty()) {
    fields.add("x-weir-served-by", record.served_by);
    fields.add("x-weir-key", record.key);
  }
  if (!record.max_tokens.empty()) fields.add("x-weir-max-tokens", record.max_tokens);
  if (!record.truncated.empty()) fields.add("x-weir-truncated", record.truncated);
  if (record.attempts.empty()) return;
  fields.add("x-weir-attempts", record.attempts.size());
  fields.add("x-weir-trail", telemetry::trail(record.attempts));
}

void add_stream_fields(http::Fields& fields) {
  fields.add("content-type", "text/event-stream; charset=utf-8");
  fields.add("x-accel-buffering", "no");
}

void add_passed_fields(const http::Fields& theirs, http::Fields& fields) {
  for (std::size_t i = 0; i < theirs.size(); ++i)
    if (http::passes_downstream(theirs[i].name)) fields.add(theirs[i].name, log::redact(theirs[i].value));
}

void add_rate_fields(const quota::Pool& pool, const quota::Pool* client, Instant now, http::Fields& fields) {
  for (const RateNames& names : kRateNames) {
    auto tightest = pool.tightest(names.dimension, now);
    const auto theirs = client == nullptr ? std::nullopt : client->tightest(names.dimension, now);
    if (theirs && (!tightest || theirs->share_left() < tightest->share_left())) tightest = theirs;
    if (tightest) add(names, *tightest, now, fields);
  }
}

}  // namespace weir::gateway
