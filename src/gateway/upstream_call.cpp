#include "gateway/upstream_call.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "weir/base/version.hpp"
#include "weir/http/filter.hpp"

namespace weir::gateway {
namespace {

constexpr std::size_t kOwnLines = 160;  // and the key; few clients' fields go on

void append_identity(std::string& lines, const routing::Target& target) {
  // Some providers' CDNs turn away clients without an ordinary versioned name.
  lines.append("user-agent: weir/").append(version()).append("\r\n");
  if (!target.key->value.empty())
    lines.append("authorization: Bearer ").append(target.key->value.reveal()).append("\r\n");
}

std::string header_lines(const routing::Target& target, const wire::ChatRequest& request,
                         const http::Fields& client_fields) {
  std::string lines;
  lines.reserve(kOwnLines + target.key->value.reveal().size());
  lines += "content-type: application/json\r\naccept-encoding: identity\r\n";
  lines += request.stream ? "accept: text/event-stream\r\n" : "accept: application/json\r\n";
  append_identity(lines, target);
  for (std::size_t i = 0; i < client_fields.size(); ++i) {
    const auto field = client_fields[i];
    if (http::passes_upstream(field.name, client_fields))
      lines.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return lines;
}

bool asks_for_usage(const routing::Target& target, const wire::ChatRequest& request) {
  return request.stream && !request.asks_for_usage &&
         target.provider->preset->stream_usage == providers::StreamUsage::ask;
}

}  // namespace

std::string identity_lines(const routing::Target& target) {
  std::string lines;
  append_identity(lines, target);
  return lines;
}

UpstreamCall::UpstreamCall(const routing::Target& target, const wire::ChatRequest& request,
                           std::string_view body, const http::Fields& client_fields,
                           std::optional<std::uint64_t> max_tokens)
    : path_(target.provider->base_url.path + "/chat/completions"),
      fields_(header_lines(target, request, client_fields)),
      translation_(providers::translate(target.provider->preset->dialect, target.model->id, request, body,
                                        max_tokens)),
      body_(body, edits(target, request, body)) {}

std::vector<wire::Edit> UpstreamCall::edits(const routing::Target& target, const wire::ChatRequest& request,
                                            std::string_view body) {
  auto edits = wire::edits_for(request, body, target.model->id, asks_for_usage(target, request));
  if (translation_.edits.empty()) return edits;
  std::ranges::move(translation_.edits, std::back_inserter(edits));
  wire::put_in_order(edits);
  return edits;
}

}  // namespace weir::gateway
