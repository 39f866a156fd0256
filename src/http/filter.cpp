#include "weir/http/filter.hpp"

#include <algorithm>
#include <array>

#include "weir/base/text.hpp"

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

bool names(std::string_view connection, std::string_view lower_case_name) noexcept {
  while (!connection.empty()) {
    const std::size_t comma = connection.find(',');
    if (equals_ignoring_case(trim(connection.substr(0, comma)), lower_case_name)) return true;
    connection.remove_prefix(comma == std::string_view::npos ? connection.size() : comma + 1);
  }
  return false;
}

}  // namespace

bool passes_upstream(std::string_view lower_case_name, const Fields& request) noexcept {
  if (!contains(kUpstream, lower_case_name)) return false;
  for (std::size_t i = 0; i < request.size(); ++i)
    if (request[i].name == "connection" && names(request[i].value, lower_case_name)) return false;
  return true;
}
bool passes_downstream(std::string_view lower_case_name) noexcept {
  return contains(kDownstream, lower_case_name);
}

}  // namespace weir::http
