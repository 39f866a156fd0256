#include <algorithm>
#include <utility>

#include "http/authority.hpp"
#include "weir/base/text.hpp"
#include "weir/http/guard.hpp"

namespace weir::http {
namespace {

Error forbidden(const char* message) {
  return {ErrorKind::forbidden, message};
}

bool carries_content(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

bool is_json(std::string_view content_type) {
  return equals_ignoring_case(trim(content_type.substr(0, content_type.find(';'))), "application/json");
}

// A page that we served: its origin is a scheme and the very Host it was asked for.
bool is_same_origin(std::string_view origin, std::string_view host) {
  const auto authority = absolute_authority(origin);
  return authority && origin.ends_with(*authority) && equals_ignoring_case(*authority, host);
}

// A link that a person follows: the page that has it never sees what comes.
bool is_followed_link(const RequestHead& head) {
  return (head.method == "GET" || head.method == "HEAD") &&
         equals_ignoring_case(head.fields.get("sec-fetch-mode"), "navigate") &&
         equals_ignoring_case(head.fields.get("sec-fetch-dest"), "document");
}

}  // namespace

HostGuard::HostGuard(const std::vector<std::string>& own, const std::vector<std::string>& allowed,
                     const std::vector<std::string>& origins) {
  hosts_.emplace_back("localhost");
  for (const std::string& host : own) hosts_.push_back(lower(host));
  for (const std::string& host : allowed) hosts_.push_back(lower(host));
  for (const std::string& origin : origins) {
    any_origin_ = any_origin_ || origin == "*";
    origins_.push_back(lower(origin.ends_with('/') ? origin.substr(0, origin.size() - 1) : origin));
  }
}

Result<void> HostGuard::check(const RequestHead& head) const {
  const std::string_view host = head.fields.get("host");
  const auto target_host = absolute_authority(head.target);
  if (!host_allowed(host)) {
    return forbidden("this Host is not served here; add its name to server.allowed_hosts");
  }
  if (target_host && !host_allowed(*target_host)) {
    return Error{ErrorKind::invalid_request, "the target names another host; this is no forward proxy"};
  }
  const auto origin = head.fields.find("origin");
  const bool configured = origin && head.fields.count("origin") == 1 && origin_allowed(*origin);
  if (origin && !configured && (head.fields.count("origin") > 1 || !is_same_origin(*origin, host))) {
    return forbidden("this Origin may not call weir; add it to server.cors_origins");
  }
  if (!configured && equals_ignoring_case(head.fields.get("sec-fetch-site"), "cross-site") &&
      !is_followed_link(head)) {
    return forbidden("a page of another site may not call weir");
  }
  if (carries_content(head.method) &&
      (head.fields.count("content-type") != 1 || !is_json(head.fields.get("content-type")))) {
    return Error{ErrorKind::unsupported_media_type, "send the body as Content-Type: application/json"};
  }
  return {};
}

bool HostGuard::origin_allowed(std::string_view origin) const {
  return any_origin_ || std::ranges::find(origins_, lower(origin)) != origins_.end();
}

bool HostGuard::host_allowed(std::string_view host) const {
  const auto authority = parse_authority(host);
  if (!authority) return false;
  return authority->ip_literal || std::ranges::find(hosts_, lower(authority->host)) != hosts_.end();
}

}  // namespace weir::http
