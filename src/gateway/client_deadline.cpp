#include "gateway/client_deadline.hpp"

#include <charconv>
#include <chrono>

namespace weir::gateway {
namespace {

std::optional<double> positive(std::string_view text) {
  constexpr double kMost = 1e9;
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || !(value > 0) || value > kMost)
    return std::nullopt;
  return value;
}

std::optional<Duration> in(std::string_view text, Duration unit) {
  const auto value = positive(text);
  if (!value) return std::nullopt;
  return std::chrono::duration_cast<Duration>(unit * *value);
}

}  // namespace

std::optional<Duration> client_deadline(const http::Fields& fields) {
  if (const auto ms = fields.find("x-weir-timeout-ms")) return in(*ms, std::chrono::milliseconds(1));
  if (const auto seconds = fields.find("x-stainless-timeout")) return in(*seconds, std::chrono::seconds(1));
  return std::nullopt;
}

}  // namespace weir::gateway
