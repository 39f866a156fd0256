#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"

namespace weir::telemetry {

// What an attempt came to, in the few words of a label.
enum class AttemptClass : std::uint8_t {
  ok,
  rate_limited,
  quota,
  timeout,
  server_error,
  auth,
  bad_request,
  network,
  aborted
};
inline constexpr std::size_t kAttemptClasses = 9;
[[nodiscard]] std::string_view name(AttemptClass what) noexcept;

// Which kind of path was asked for.
enum class Route : std::uint8_t { chat, tokenize, models, health, card, dashboard, admin, metrics, other };
inline constexpr std::size_t kRoutes = 9;
[[nodiscard]] std::string_view name(Route route) noexcept;

// One try of one target.
struct AttemptRecord {
  std::string target;   // "groq/openai/gpt-oss-120b"
  std::string key;      // its label
  std::string outcome;  // "ok", "429", "connect_failed"
  Duration took{};
  AttemptClass what = AttemptClass::ok;
  std::uint32_t series = 0;  // the target's number, by Telemetry::number_of
  Duration after{};          // it began so long after its request
};

// Everything that is said of one request afterwards: access log, answer headers, error bodies, metrics, the
// list of the last requests. Plain values.
struct RequestRecord {
  WallTime at{};  // when it began
  Route route = Route::other;
  std::string request_id;
  std::string peer;
  std::string method;
  std::string path;
  std::string client;         // the client key's name, or empty
  std::string model;          // as asked for
  std::string_view priority;  // static text
  std::string served_by;      // the target, or empty
  std::string key;            // its key's label
  std::string max_tokens;     // "80000->7400" where it was fitted, or empty
  std::string truncated;  // "6 messages, 5400 tokens" where it was sent without its oldest turns, or empty
  std::vector<AttemptRecord> attempts;
  bool stream = false;
  int status = 0;     // 0: nothing was answered
  std::string error;  // its kind, or empty
  std::uint64_t estimated_tokens = 0;
  std::optional<std::uint64_t> used_tokens;
  std::uint64_t estimated_prompt = 0;          // of the attempt that served
  std::optional<std::uint64_t> prompt_tokens;  // as the provider counted, else as estimated
  std::optional<std::uint64_t> completion_tokens;
  bool usage_told = false;  // the provider counted
  Duration first_byte{};    // until the commit event; 0 where there was none
  Duration took{};
  Duration queued{};    // for room
  Duration overhead{};  // our own part before the first byte
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  // The client has all of a good answer.
  [[nodiscard]] bool is_good() const { return error.empty() && status >= 200 && status < 400; }
};

// "groq/m#main=429(210ms); gemini/m#main=ok", at most 10 hops and 1 KB.
[[nodiscard]] std::string trail(const std::vector<AttemptRecord>& attempts);

// The one access line of a request.
void log_access(const RequestRecord& record);

}  // namespace weir::telemetry
