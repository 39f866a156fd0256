#include "weir/telemetry/request_record.hpp"

#include <array>
#include <chrono>

#include "weir/base/log.hpp"

namespace weir::telemetry {
namespace {

std::int64_t ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

std::string_view name(AttemptClass what) noexcept {
  constexpr std::array<std::string_view, kAttemptClasses> kNames{
      "ok", "rate_limited", "quota", "timeout", "server_error", "auth", "bad_request", "network", "aborted"};
  return kNames[static_cast<std::size_t>(what)];
}

std::string_view name(Route route) noexcept {
  constexpr std::array<std::string_view, kRoutes> kNames{"chat",      "tokenize", "models",  "health", "card",
                                                         "dashboard", "admin",    "metrics", "other"};
  return kNames[static_cast<std::size_t>(route)];
}

std::string trail(const std::vector<AttemptRecord>& attempts) {
  constexpr std::size_t kHopsMax = 10;
  constexpr std::size_t kBytesMax = 1024;
  std::string out;
  for (std::size_t i = 0; i < attempts.size() && i < kHopsMax; ++i) {
    const AttemptRecord& attempt = attempts[i];
    const std::size_t before = out.size();
    if (!out.empty()) out += "; ";
    out.append(attempt.target).append("#").append(attempt.key).append("=").append(attempt.outcome);
    if (attempt.outcome != "ok") out.append("(").append(std::to_string(ms(attempt.took))).append("ms)");
    if (out.size() <= kBytesMax) continue;
    out.resize(before);
    break;
  }
  return out;
}

void log_access(const RequestRecord& record) {
  log::access("request", {{"request_id", record.request_id},
                          {"client", record.client},
                          {"peer", record.peer},
                          {"method", record.method},
                          {"path", record.path},
                          {"status", record.status},
                          {"error", record.error},
                          {"model", record.model},
                          {"priority", record.priority},
                          {"served_by", record.served_by},
                          {"key", record.key},
                          {"attempts", static_cast<std::uint64_t>(record.attempts.size())},
                          {"trail", trail(record.attempts)},
                          {"stream", record.stream},
                          {"max_tokens", record.max_tokens},
                          {"truncated", record.truncated},
                          {"reserved_tokens", record.estimated_tokens},
                          {"used_tokens", record.used_tokens.value_or(0)},
                          {"ttfb_ms", ms(record.first_byte)},
                          {"queue_ms", ms(record.queued)},
                          {"duration_ms", ms(record.took)},
                          {"overhead_us",
                           std::chrono::duration_cast<std::chrono::microseconds>(record.overhead).count()},
                          {"bytes_in", record.bytes_in},
                          {"bytes_out", record.bytes_out}});
}

}  // namespace weir::telemetry
