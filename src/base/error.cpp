#include "weir/base/error.hpp"

#include <array>
#include <cstddef>

namespace weir {
namespace {

constexpr std::string_view kInvalid = "invalid_request_error";
constexpr std::string_view kServer = "server_error";

// In the order of ErrorKind. Clients go by the statuses, types and codes: they don't change.
constexpr std::array kTable{
    ErrorTraits{"invalid_request", 400, kInvalid, ""},
    ErrorTraits{"unauthorized", 401, kInvalid, "invalid_api_key"},
    ErrorTraits{"model_not_allowed", 403, kInvalid, "model_not_allowed"},
    ErrorTraits{"forbidden", 403, kInvalid, "forbidden"},
    ErrorTraits{"unknown_url", 404, kInvalid, "unknown_url"},
    ErrorTraits{"method_not_allowed", 405, kInvalid, "method_not_allowed"},
    ErrorTraits{"unsupported_media_type", 415, kInvalid, "unsupported_media_type"},
    ErrorTraits{"length_required", 411, kInvalid, "length_required"},
    ErrorTraits{"expectation_failed", 417, kInvalid, "expectation_failed"},
    ErrorTraits{"uri_too_long", 414, kInvalid, "uri_too_long"},
    ErrorTraits{"head_too_large", 431, kInvalid, "head_too_large"},
    ErrorTraits{"not_implemented", 501, kInvalid, "not_implemented"},
    ErrorTraits{"version_not_supported", 505, kInvalid, "version_not_supported"},
    ErrorTraits{"model_not_found", 404, kInvalid, "model_not_found"},
    ErrorTraits{"request_too_large", 413, kInvalid, "request_too_large"},
    ErrorTraits{"context_length_exceeded", 400, kInvalid, "context_length_exceeded"},
    ErrorTraits{"request_timeout", 408, kInvalid, "request_timeout"},
    ErrorTraits{"rate_limited", 429, "rate_limit_error", "rate_limit_exceeded"},
    ErrorTraits{"quota_exhausted", 429, "insufficient_quota", "insufficient_quota"},
    ErrorTraits{"overloaded", 503, kServer, "overloaded"},
    ErrorTraits{"dns_failed", 502, kServer, "upstream_error"},
    ErrorTraits{"connect_failed", 502, kServer, "upstream_error"},
    ErrorTraits{"tls_failed", 502, kServer, "upstream_error"},
    ErrorTraits{"upstream_closed", 502, kServer, "upstream_error"},
    ErrorTraits{"upstream_protocol", 502, kServer, "upstream_error"},
    ErrorTraits{"upstream_timeout", 504, kServer, "upstream_timeout"},
    ErrorTraits{"upstream_failed", 502, kServer, "upstream_error"},
    ErrorTraits{"deadline_spent", 504, kServer, "upstream_timeout"},
    ErrorTraits{"cancelled", 499, kServer, "cancelled"},
    ErrorTraits{"config", 500, kServer, "internal_error"},
    ErrorTraits{"io", 500, kServer, "internal_error"},
    ErrorTraits{"internal", 500, kServer, "internal_error"},
};
static_assert(kTable.size() == static_cast<std::size_t>(ErrorKind::internal) + 1);

}  // namespace

const ErrorTraits& traits(ErrorKind kind) noexcept {
  return kTable[static_cast<std::size_t>(kind)];
}

}  // namespace weir
