#include "weir/http/credentials.hpp"

#include "weir/base/text.hpp"

namespace weir::http {

std::string_view credential(const Fields& fields) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view authorization = fields.get("authorization");
  if (equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme))
    return trim(authorization.substr(kScheme.size()));
  return fields.get("x-api-key");
}

}  // namespace weir::http
