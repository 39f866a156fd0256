#include "weir/http/filter.hpp"

#include <algorithm>
#include <array>

namespace weir::http {
namespace {

// Trace context is made to travel. Nothing else of the client's is the provider's business; what a dialect
// needs (content type, accept, version headers) it writes itself.
constexpr std::array<std::string_view, 2> kUpstream{"traceparent", "tracestate"};

// Framing, dates, rate limits and identifiers are written anew; cookies, server names and CORS grants of a
// provider are not the client's business.
constexpr std::array<std::string_view, 1> kDownstream{"content-type"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view name) noexcept {
  return std::ranges::find(list, name) != list.end();
}

}  // namespace

bool passes_upstream(std::string_view lower_case_name) noexcept {
  return contains(kUpstream, lower_case_name);
}
bool passes_downstream(std::string_view lower_case_name) noexcept {
  return contains(kDownstream, lower_case_name);
}

}  // namespace weir::http
