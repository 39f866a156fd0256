#include "gateway/client_deadline.hpp"

#include <charconv>
#include <chrono>
#include <string>
#include <string_view>

namespace weir::gateway {
namespace {

constexpr std::string_view kOurs = "x-weir-timeout-ms";

std::optional<Duration> in(std::string_view text, Duration unit) {
  constexpr double kMost = 1e9;
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || !(value > 0) || value > kMost)
    return std::nullopt;
  return std::chrono::duration_cast<Duration>(unit * value);
}

}  // namespace

Result<std::optional<Duration>> client_deadline(const http::Fields& fields) {
  if (const auto text = fields.find(kOurs)) {
    if (const auto ms = in(*text, std::chrono::milliseconds(1))) return ms;
    return Error{ErrorKind::invalid_request,
                 std::string(kOurs) + " must be a number of milliseconds above 0, at most 1000000000"};
  }
  if (const auto text = fields.find("x-stainless-timeout")) return in(*text, std::chrono::seconds(1));
  return std::optional<Duration>();
}

}  // namespace weir::gateway
